//! Sources and lookups against the catalog.

use super::Live;
use crate::check::origins::{MentionRoot, PhaseOrigins};
use crate::connectors::ScanSource;
use crate::diagnostics::{Diagnostic, Diagnostics, Span, codes, wording};
use crate::document::Text;
use crate::plan::{Changes, LookupKind, Overlap, Phase};
use crate::value::{DataType, Schema};

impl Live<'_> {
    /// Checks what a phase reads, and gives its shape when it is known.
    pub(super) fn source(
        &self,
        phase: &Phase,
        origins: &PhaseOrigins,
        diagnostics: &mut Diagnostics,
    ) -> Option<&Schema> {
        let connection = phase.source.connection;
        let entity = match &phase.source.scan {
            ScanSource::Entity(entity) => entity.as_str(),
            ScanSource::Files => "",
            // What a pipeline or a query gives is known only when it runs.
            ScanSource::Pipeline { .. } | ScanSource::Query(_) => return None,
        };
        if self.catalog.is_missing(connection, entity) {
            self.missing(connection, entity, origins.source, diagnostics);
            return None;
        }
        let schema = self.catalog.schema(connection, entity)?;
        let key_missing = phase.source.key.is_empty() && schema.primary_key.is_empty();
        if key_missing && phase.source.scan != ScanSource::Files && !schema.open {
            diagnostics.push(
                Diagnostic::new(&codes::NO_SOURCE_KEY, format!("`{entity}` has no primary key"))
                    .at(origins.source, "in which order?")
                    .help("name a unique key: `key = [\"…\"]`"),
            );
        }
        if schema.open {
            self.paths(phase, origins, schema, diagnostics);
            return Some(schema);
        }
        let texts = origins.source_key.iter().chain(&origins.filter).chain(&origins.ignore);
        for text in texts.chain(&origins.changes) {
            column(schema, text, text.span(), "the source", &codes::NO_SUCH_COLUMN, diagnostics);
        }
        if let (Some(name), Some(changes)) = (&origins.changes, &phase.source.changes)
            && let Some(found) = schema.column(name)
        {
            rises(name, &found.data_type, changes, diagnostics);
        }
        for mention in &origins.mentions {
            if mention.root == MentionRoot::Record
                && let Some(name) = mention.path.first()
            {
                let span = mention.span;
                column(schema, name, span, "the source", &codes::NO_SUCH_COLUMN, diagnostics);
            }
        }
        Some(schema)
    }

    /// Paths that no document of a profile has.
    fn paths(
        &self,
        phase: &Phase,
        origins: &PhaseOrigins,
        schema: &Schema,
        diagnostics: &mut Diagnostics,
    ) {
        let Some(sampled) = schema.sampled.filter(|sampled| *sampled > 0) else { return };
        let entity = match &phase.source.scan {
            ScanSource::Entity(entity) => entity.as_str(),
            _ => "",
        };
        let mut names: Vec<&str> = schema
            .columns
            .iter()
            .map(|column| column.name.split(['.', '[']).next().unwrap_or_default())
            .collect();
        // What another phase sets is there when this one reads.
        for writer in self.writers(phase.source.connection, entity) {
            names.extend(writer.mapping.fields.iter().map(|(path, _)| path.root()));
        }
        names.sort_unstable();
        names.dedup();
        for mention in &origins.mentions {
            let Some(name) = mention.path.first() else { continue };
            if mention.root != MentionRoot::Record || names.contains(&name.as_str()) {
                continue;
            }
            let looked_at =
                wording::plural(usize::try_from(sampled).unwrap_or(usize::MAX), "document");
            diagnostics.push(
                Diagnostic::new(
                    &codes::PATH_NOT_FOUND,
                    format!("`{name}` is in none of the documents looked at"),
                )
                .at(mention.span, format!("not in {looked_at}"))
                .maybe_help(
                    wording::suggest(name, names.iter().copied())
                        .map(|candidate| format!("did you mean `{candidate}`?")),
                ),
            );
        }
    }

    /// Checks what a phase looks up, and gives the type of what each lookup finds.
    pub(super) fn lookups(
        &self,
        phase: &Phase,
        origins: &PhaseOrigins,
        diagnostics: &mut Diagnostics,
    ) -> Vec<DataType> {
        for (lookup, places) in phase.lookups.iter().zip(&origins.lookups) {
            let LookupKind::Entity { connection, entity, take, by, .. } = &lookup.kind else {
                continue;
            };
            if self.catalog.is_missing(*connection, entity) {
                self.missing(*connection, entity, places.target, diagnostics);
                continue;
            }
            let Some(schema) = self.catalog.schema(*connection, entity) else { continue };
            if schema.open {
                continue;
            }
            let taken = places.take.map(|span| (take, span));
            for (name, span) in taken.into_iter().chain(by.iter().zip(places.by.iter().copied())) {
                let whose = format!("`{entity}`");
                column(schema, name, span, &whose, &codes::NO_SUCH_COLUMN, diagnostics);
            }
        }
        phase.lookups.iter().map(|lookup| self.lookup_type(&lookup.kind)).collect()
    }

    /// Reports a table or collection that is not there and that no phase makes.
    pub(super) fn missing(
        &self,
        connection: usize,
        entity: &str,
        span: Span,
        diagnostics: &mut Diagnostics,
    ) {
        let implicit = self.implicit(connection);
        if implicit && self.writers(connection, entity).next().is_some() {
            return;
        }
        let names = self.catalog.names(connection);
        let help = wording::did_you_mean(entity, &names, "there are");
        let name = &self.checked.plan.connections[connection].name;
        let (code, what) = if implicit {
            (&codes::ENTITY_NOT_THERE, "collection")
        } else {
            (&codes::NO_SUCH_ENTITY, "table")
        };
        diagnostics.push(
            Diagnostic::new(code, format!("`{name}` has no {what} `{entity}`"))
                .at(span, "not there")
                .maybe_help(help),
        );
    }
}

/// Reports a column of `changes` that has no order to go on in, or not that of its overlap.
fn rises(name: &Text, of: &DataType, changes: &Changes, diagnostics: &mut Diagnostics) {
    let overlap = match changes {
        Changes::Column { overlap, .. } => *overlap,
        Changes::Key { .. } | Changes::Hash => None,
    };
    let (right, wanted) = match overlap {
        None => (is_time(of) || is_number(of), "a time or a number"),
        Some(Overlap::Time(_)) => (is_time(of), "a time, for this overlap"),
        Some(Overlap::Number(_)) => {
            (matches!(of, DataType::Int { .. }), "a whole number, for this overlap")
        }
    };
    if right || *of == DataType::Any {
        return;
    }
    diagnostics.push(
        Diagnostic::new(&codes::TYPE_MISMATCH, format!("changes can't be found by `{name}`"))
            .at(name.span(), format!("is {of}, must be {wanted}"))
            .help("compare the content instead: `changes = { by = \"hash\" }`"),
    );
}

fn is_time(of: &DataType) -> bool {
    matches!(of, DataType::Date | DataType::DateTime | DataType::Timestamp)
}

fn is_number(of: &DataType) -> bool {
    matches!(of, DataType::Int { .. } | DataType::Float { .. } | DataType::Decimal { .. })
}

/// Reports a column that a table does not have. In tables a name with dots may go on inside the
/// column.
pub(super) fn column(
    schema: &Schema,
    name: &str,
    span: Span,
    whose: &str,
    code: &'static crate::diagnostics::Code,
    diagnostics: &mut Diagnostics,
) {
    let head = name.split('.').next().unwrap_or(name);
    if schema.column(name).is_some() || schema.column(head).is_some() {
        return;
    }
    let names: Vec<&str> = schema.columns.iter().map(|column| column.name.as_str()).collect();
    diagnostics.push(
        Diagnostic::new(code, format!("{whose} has no column `{head}`"))
            .at(span, "no such column")
            .maybe_help(wording::did_you_mean(head, &names, "its columns are")),
    );
}
