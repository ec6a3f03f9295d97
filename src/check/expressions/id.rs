//! New ids.

use uuid::Uuid;

use super::Mapper;
use crate::diagnostics::{Diagnostic, codes};
use crate::document::Text;
use crate::expr::{IdKind, IdRule, TextKind};
use crate::spec::{self, Rule};

impl<'s> Mapper<'_, 's> {
    /// The rule of a new id. Ids are made of the phase's first name, so that they stay the same
    /// when it is renamed.
    pub(super) fn id(&mut self, rule: &'s Rule, id: &'s spec::Id, inside: bool) -> Option<IdRule> {
        let kind = match id.kind.value {
            spec::IdKind::Uuid => IdKind::Uuid(match &id.namespace {
                Some(namespace) => Some(self.namespace(namespace)?),
                None => None,
            }),
            spec::IdKind::ObjectId => {
                let into_table = self.documents == Some(false) && !inside;
                if into_table && rule.cast.as_ref().is_none_or(|cast| !cast.starts_with("text")) {
                    self.report(
                        Diagnostic::new(&codes::BAD_ID, "a table has no object ids")
                            .at(id.kind.span, "for documents")
                            .help("take `uuid`, or write it as text: `cast = \"text\"`"),
                    );
                    return None;
                }
                IdKind::ObjectId
            }
            spec::IdKind::Keep => IdKind::Keep,
        };
        if let Some(name) = &id.name {
            self.template(name, TextKind::Template, inside, false)?;
        }
        let phase = self.checker.phases[self.phase].phase;
        Some(IdRule {
            kind,
            spec: self.checker.spec_name(self.spec).to_owned(),
            phase: phase.renamed_from.as_ref().unwrap_or(&phase.name).to_string(),
            name: id.name.as_ref().map(ToString::to_string),
        })
    }

    fn namespace(&mut self, text: &Text) -> Option<Uuid> {
        let namespace = match text.as_str() {
            "dns" => Some(Uuid::NAMESPACE_DNS),
            "url" => Some(Uuid::NAMESPACE_URL),
            "oid" => Some(Uuid::NAMESPACE_OID),
            "x500" => Some(Uuid::NAMESPACE_X500),
            text => Uuid::try_parse(text).ok(),
        };
        if namespace.is_none() {
            self.report(
                Diagnostic::new(&codes::BAD_ID, "the namespace is not a UUID")
                    .at(text.span(), "not a UUID")
                    .help("write a UUID, or one of `dns`, `url`, `oid` and `x500`"),
            );
        }
        namespace
    }
}
