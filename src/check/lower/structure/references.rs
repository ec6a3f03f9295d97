//! Foreign keys: what they refer to is there, is unique, and is of the same type.

use super::{Known, World};
use crate::check::Checker;
use crate::diagnostics::{Diagnostic, Span, codes, wording};
use crate::value::declared::type_text;
use crate::value::structure::{ForeignKeyDefinition, ReferentialAction};

/// Where the parts of a foreign key stand.
struct Places {
    /// What it refers to.
    target: Span,
    /// The action, if one is given.
    on_delete: Option<Span>,
}

impl Checker<'_> {
    /// Looks at every foreign key of a table.
    pub(super) fn check_references(&mut self, world: &World<'_>, at: usize) {
        let known = &world.tables[at];
        // That collections have none is told.
        if known.handle.facts.documents {
            return;
        }
        let declared = known.declared;
        let single = declared.columns.iter().filter_map(|column| {
            let references = column.references.as_ref().filter(|text| text.contains('.'))?;
            Some(Places {
                target: references.span(),
                on_delete: column.on_delete.map(|action| action.span),
            })
        });
        let several = declared.foreign_keys.iter().filter_map(|key| {
            Some(Places {
                target: key.table.as_ref()?.span(),
                on_delete: key.on_delete.map(|action| action.span),
            })
        });
        let places: Vec<Places> = single.chain(several).collect();
        for (key, places) in known.definition.foreign_keys.iter().zip(places) {
            self.target(world, known, key, places.target);
            self.action(known, key, places.on_delete.unwrap_or(places.target));
        }
    }

    fn target(
        &mut self,
        world: &World<'_>,
        known: &Known<'_>,
        key: &ForeignKeyDefinition,
        span: Span,
    ) {
        let Some(other) = world.table(known.handle.store, &key.table).filter(|it| !it.is_dropped())
        else {
            let names: Vec<&str> = world
                .tables
                .iter()
                .filter(|other| other.handle.store == known.handle.store)
                .map(|other| other.declared.name.as_str())
                .collect();
            let help = wording::suggest(&key.table, names.iter().copied()).map_or_else(
                || {
                    format!(
                        "declare it: [table.{}], with `existing = true` when it is there already",
                        key.table
                    )
                },
                |candidate| format!("did you mean `{candidate}`?"),
            );
            self.report_unknown(
                Diagnostic::new(
                    &codes::UNKNOWN_TABLE,
                    format!("no table `{}` is declared on this connection", key.table),
                )
                .at(span, "refers to it")
                .help(help),
            );
            return;
        };
        if other.declared.damaged {
            return;
        }
        // Of a table that is there, the spec may declare a part.
        let partial = other.declared.existing;
        let mut sound = true;
        for name in &key.references {
            if other.column(name).is_none() && !partial {
                sound = false;
                let columns: Vec<&str> =
                    other.declared.columns.iter().map(|column| column.name.as_str()).collect();
                self.report_unknown(
                    Diagnostic::new(
                        &codes::UNKNOWN_COLUMN,
                        format!("table `{}` has no column `{name}`", key.table),
                    )
                    .at(span, "refers to it")
                    .maybe_help(wording::did_you_mean(
                        name,
                        &columns,
                        "its columns are",
                    )),
                );
            }
        }
        if key.references.len() != key.columns.len() {
            let message = format!(
                "the foreign key has {} here, and refers to {}",
                wording::plural(key.columns.len(), "column"),
                if key.references.is_empty() {
                    "no known key".to_owned()
                } else {
                    format!("({})", key.references.join(", "))
                }
            );
            self.report(
                Diagnostic::new(&codes::REFERENCE_TYPE, message)
                    .at(span, "as many on either side")
                    .help("name the other table's columns: `references = [\"…\"]`"),
            );
            return;
        }
        if !sound {
            return;
        }
        if !partial && !is_unique(other, &key.references) {
            self.report(
                Diagnostic::new(
                    &codes::REFERENCE_NOT_UNIQUE,
                    format!("({}) of `{}` is not unique", key.references.join(", "), key.table),
                )
                .at(span, "which row is meant?")
                .and(other.declared.name.span(), "this table")
                .help("refer to its primary key, or make the columns unique there"),
            );
        }
        for (here, there) in key.columns.iter().zip(&key.references) {
            let find = |known: &Known<'_>, name: &str| {
                known.definition.columns.iter().find(|column| column.name == name).cloned()
            };
            let (Some(here), Some(there)) = (find(known, here), find(other, there)) else {
                continue;
            };
            if here.column_type != there.column_type {
                let (this, that) = (type_text(&here.column_type), type_text(&there.column_type));
                self.report(
                    Diagnostic::new(
                        &codes::REFERENCE_TYPE,
                        format!(
                            "`{}` is {this}, and `{}.{}` is {that}",
                            here.name, key.table, there.name
                        ),
                    )
                    .at(span, format!("refers to {that}"))
                    .help(format!("declare `{}` as {that} too", here.name)),
                );
            }
        }
    }

    fn action(&mut self, known: &Known<'_>, key: &ForeignKeyDefinition, span: Span) {
        let actions = [key.on_delete, key.on_update];
        let columns = || key.columns.iter().filter_map(|name| known.column(name));
        let refused = if actions.contains(&ReferentialAction::SetNull) {
            columns().find(|column| !column.null).map(|column| {
                (column, "`set_null` on a column that must not be null", "add `null = true` to it")
            })
        } else if actions.contains(&ReferentialAction::SetDefault) {
            columns().find(|column| column.default.is_none()).map(|column| {
                (column, "`set_default` on a column without a default", "give it a `default`")
            })
        } else {
            None
        };
        if let Some((column, message, help)) = refused {
            self.report(
                Diagnostic::new(&codes::IMPOSSIBLE_ACTION, message)
                    .at(span, "not possible")
                    .and(column.name.span(), "this column")
                    .help(help),
            );
        }
    }
}

fn is_unique(table: &Known<'_>, columns: &[String]) -> bool {
    let same = |other: &[String]| {
        other.len() == columns.len() && columns.iter().all(|column| other.contains(column))
    };
    let definition = &table.definition;
    same(&definition.primary_key)
        || definition.unique.iter().any(|unique| same(&unique.columns))
        || definition.indexes.iter().any(|index| {
            index.unique
                && index.condition.is_none()
                && same(&index.keys.iter().map(|key| key.path.clone()).collect::<Vec<_>>())
        })
}
