//! What the database makes of seeded rows, against its catalog.

use crate::check::connect::Live;
use crate::diagnostics::{Diagnostic, Diagnostics, codes, wording};

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
}
