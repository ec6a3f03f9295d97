//! Target fields that lie inside each other.

use super::Checker;
use crate::diagnostics::{Diagnostic, Span, codes};
use crate::value::FieldPath;

impl Checker<'_> {
    /// Reports fields of one object of which one is the other, or lies inside it.
    pub(super) fn overlaps(&mut self, fields: &[(FieldPath, Span)]) {
        for (at, (path, span)) in fields.iter().enumerate() {
            let Some((other, earlier)) = fields[..at].iter().find(|(other, _)| {
                let (a, b) = (other.parts(), path.parts());
                a.starts_with(b) || b.starts_with(a)
            }) else {
                continue;
            };
            let (code, message) = if other == path {
                (&codes::DUPLICATE, format!("field `{path}` is made twice"))
            } else {
                (&codes::OVERLAPPING_FIELDS, format!("fields `{other}` and `{path}` overlap"))
            };
            self.report(
                Diagnostic::new(code, message)
                    .at(*span, "this one")
                    .and(*earlier, "and this one")
                    .help("set the inner one in `object` or `extend` of the outer one"),
            );
        }
    }
}
