//! Whether there are enough different values for the rows that want them.

use chrono::{DateTime, Utc};

use super::Seed;
use crate::diagnostics::{Diagnostic, codes};
use crate::generate::{Generator, Kind, Pool};
use crate::value::query::Filter;

/// What can't be unique for so many rows, seed by seed.
pub(super) fn too_few(seeds: &[Seed], counts: &[u64], now: DateTime<Utc>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (at, seed) in seeds.iter().enumerate() {
        for (field, span) in seed.fields.iter().zip(&seed.places.unique) {
            let Some(span) = span.filter(|_| field.generator.unique) else { continue };
            let Some(size) = size(&field.generator, at, counts, now) else { continue };
            let rows = counts[at];
            if size >= u128::from(rows) {
                continue;
            }
            let diagnostic = match &field.generator.kind {
                Kind::Fake(fake) => Diagnostic::new(
                    &codes::NOT_UNIQUE,
                    format!("a `{}` can't be different in every row", fake.name),
                )
                .at(span, "there are only so many")
                .help("leave `unique` out, or make the text with a `template` and `{{ row }}`"),
                _ => Diagnostic::new(
                    &codes::NOT_UNIQUE,
                    format!("`{}` can't be different in every row", field.path),
                )
                .at(span, format!("{size} different values for {rows} rows"))
                .help("widen the range, or make fewer rows"),
            };
            found.push(diagnostic);
        }
    }
    found
}

/// How many different values there are, where that is known before the rows are made.
fn size(generator: &Generator, at: usize, counts: &[u64], now: DateTime<Utc>) -> Option<u128> {
    match &generator.kind {
        Kind::Reference(reference) => match reference.pool {
            // Each row has only those before it to choose from.
            Pool::Table { table, .. } if table == at => Some(0),
            Pool::Table { table, .. } if reference.filter == Filter::All => {
                Some(counts[table].into())
            }
            _ => None,
        },
        _ => generator.size(now),
    }
}
