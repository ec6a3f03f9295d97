//! What the database makes of seeded rows, against its catalog.

use crate::check::connect::Live;
use crate::diagnostics::{Diagnostic, Diagnostics, codes, wording};
use crate::plan::Phase;
use crate::value::{DataType, FieldPath};

impl Live<'_> {
    /// A field that only the database makes is found by the ledger when it is the primary key.
    pub(in crate::check) fn seed_takes(&self, diagnostics: &mut Diagnostics) {
        for taken in &self.checked.seed_takes {
            let target = &self.checked.plan.phases[taken.phase].target;
            let Some(schema) = self.catalog.schema(target.connection, &target.entity) else {
                continue;
            };
            if schema.primary_key == [taken.take.clone()] {
                continue;
            }
            let key: Vec<&str> = schema.primary_key.iter().map(String::as_str).collect();
            diagnostics.push(
                Diagnostic::new(
                    &codes::UNKNOWN_SEED_FIELD,
                    format!("`{}` is not known when rows refer to it", taken.take),
                )
                .at(taken.span, format!("not the primary key of `{}`", target.entity))
                .help(match key[..] {
                    [] => "make it a field of the seed that is referred to".to_owned(),
                    _ => format!(
                        "make it a field of the seed that is referred to, or take {}",
                        wording::and_list(&key)
                    ),
                }),
            );
        }
    }

    /// The fields by which seeded rows are found again where a table has no primary key, by phase.
    pub(in crate::check) fn seed_keys(
        &self,
        diagnostics: &mut Diagnostics,
    ) -> Vec<(usize, FieldPath)> {
        let mut keys = Vec::new();
        for (phase, key) in self.checked.seed_keys.iter().enumerate() {
            let target = &self.checked.plan.phases[phase].target;
            let schema = self.catalog.schema(target.connection, &target.entity);
            if schema.is_none_or(|schema| schema.open || !schema.primary_key.is_empty()) {
                continue;
            }
            match key {
                Some(key) => keys.push((phase, key.clone())),
                None => diagnostics.push(
                    Diagnostic::new(
                        &codes::NOT_UNIQUE,
                        format!("seeded rows of `{}` could not be found again", target.entity),
                    )
                    .at(
                        self.checked.origins.phases[phase].target,
                        "no primary key, and no field that is unique",
                    )
                    .help("give one of the fields `unique = true`"),
                ),
            }
        }
        keys
    }

    /// The seeded fields that go into columns of moments without a zone, by phase and place: what is
    /// made there is a moment, of which the column takes the clock in UTC.
    pub(in crate::check) fn seed_clocks(&self) -> Vec<(usize, usize)> {
        let mut clocks = Vec::new();
        for phase in 0..self.checked.seed_keys.len() {
            let Phase { target, mapping, .. } = &self.checked.plan.phases[phase];
            let Some(schema) = self.catalog.schema(target.connection, &target.entity) else {
                continue;
            };
            for (place, (path, _)) in mapping.fields.iter().enumerate() {
                let column = path.to_string();
                if schema
                    .column(&column)
                    .is_some_and(|column| column.data_type == DataType::DateTime)
                {
                    clocks.push((phase, place));
                }
            }
        }
        clocks
    }
}
