//! Targets against the catalog: columns, keys, what must be filled.

use super::Live;
use super::field::Field;
use super::source::column;
use crate::check::origins::PhaseOrigins;
use crate::diagnostics::{Diagnostic, Diagnostics, codes, wording};
use crate::plan::{OnConflict, Phase, WriteMode};
use crate::value::{Column, DataType, Schema};

impl Live<'_> {
    /// Checks what a phase writes. `types` are those of its fields; `source` is what it reads.
    pub(super) fn target(
        &self,
        phase: &Phase,
        origins: &PhaseOrigins,
        types: &[DataType],
        source: Option<&Schema>,
        diagnostics: &mut Diagnostics,
    ) {
        let target = &phase.target;
        if self.catalog.is_missing(target.connection, &target.entity) {
            if !self.implicit(target.connection) {
                self.missing(target.connection, &target.entity, origins.target, diagnostics);
            }
            return;
        }
        let Some(schema) = self.catalog.schema(target.connection, &target.entity) else { return };
        self.unique_key(phase, origins, schema, diagnostics);
        if schema.open {
            return;
        }
        for (((path, expr), of), (key, rule)) in
            phase.mapping.fields.iter().zip(types).zip(&origins.fields)
        {
            let Some(into) = schema.column(path.root()) else {
                let whose = format!("`{}`", target.entity);
                let code = &codes::NO_SUCH_TARGET_COLUMN;
                column(schema, path.root(), *key, &whose, code, diagnostics);
                continue;
            };
            let field = Field { path, expr, of, into, key: *key, rule: *rule };
            field.check(phase, source, diagnostics);
        }
        unmapped(phase, origins, schema, diagnostics);
    }

    /// Warns when nothing in the store keeps two records with one key apart.
    fn unique_key(
        &self,
        phase: &Phase,
        origins: &PhaseOrigins,
        schema: &Schema,
        diagnostics: &mut Diagnostics,
    ) {
        let target = &phase.target;
        let key: Vec<String> = target.key.iter().map(ToString::to_string).collect();
        let Some(first) = origins.target_key.first() else { return };
        let planned = self.checked.plan.indexes.iter().any(|task| {
            task.index.unique
                && task.entity == target.entity
                && self.url(task.connection) == self.url(target.connection)
                && task.index.keys.len() == key.len()
                && task.index.keys.iter().all(|part| key.contains(&part.path))
        });
        if !planned && !schema.is_unique(&key) {
            diagnostics.push(
                Diagnostic::new(
                    &codes::NO_UNIQUE_INDEX,
                    format!(
                        "no unique index of `{}` covers the key ({})",
                        target.entity,
                        key.join(", ")
                    ),
                )
                .at(first.span(), "compared under the run's lock")
                .help("add an `[[index]]` with `unique = true` and `when = \"before\"`"),
            );
        }
    }
}

/// Columns that the mapping leaves out.
fn unmapped(phase: &Phase, origins: &PhaseOrigins, schema: &Schema, diagnostics: &mut Diagnostics) {
    let left_out: Vec<&Column> = schema
        .columns
        .iter()
        .filter(|column| {
            !column.generated
                && !phase.mapping.fields.iter().any(|(path, _)| path.root() == column.name)
        })
        .collect();
    let creates = matches!(phase.target.write, WriteMode::Insert(_) | WriteMode::Append);
    if creates {
        for column in left_out.iter().filter(|column| !column.nullable && !column.has_default) {
            let name = &column.name;
            diagnostics.push(
                Diagnostic::new(
                    &codes::COLUMN_NOT_FILLED,
                    format!("column `{name}` must be filled"),
                )
                .at(origins.target, format!("`{name}` ({}) is not null", column.declared))
                .help(format!("add `{name} = …` to the fields")),
            );
        }
    }
    let optional: Vec<&str> = left_out
        .iter()
        .filter(|column| column.nullable || column.has_default)
        .map(|column| column.name.as_str())
        .collect();
    if phase.target.write == WriteMode::Insert(OnConflict::Replace) && !optional.is_empty() {
        diagnostics.push(
            Diagnostic::new(
                &codes::REPLACE_FORGETS,
                format!("replacing empties {}", wording::and_list(&optional)),
            )
            .at(origins.target, "columns that are not mapped")
            .help("map them, or take `on_conflict = \"update\"`"),
        );
    }
}
