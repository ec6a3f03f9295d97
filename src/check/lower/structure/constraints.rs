//! Keys, constraints and indexes of a table, with their names.

use super::{Known, World, default_name};
use crate::check::Checker;
use crate::diagnostics::{Diagnostic, Span, codes, wording};
use crate::document::{Spanned, Text};
use crate::spec::{self, DeclaredTable};
use crate::value::IndexKey;
use crate::value::constraint::Constraint as _;
use crate::value::structure::{
    CheckDefinition, ForeignKeyDefinition, IndexDefinition, IndexMethod, ReferentialAction,
    TableDefinition, UniqueDefinition,
};

impl Checker<'_> {
    /// The whole definition of a table whose columns are known.
    pub(super) fn constraints(&mut self, world: &World<'_>, at: usize) -> TableDefinition {
        let known = &world.tables[at];
        let declared = known.declared;
        let mut table = known.definition.clone();
        let mut names = Names { taken: Vec::new() };
        self.own_columns(known, &declared.primary_key);
        table.primary_key = declared.primary_key.iter().map(ToString::to_string).collect();
        for name in &declared.primary_key {
            if let Some(column) = known.column(name).filter(|column| column.null) {
                self.report(
                    Diagnostic::new(
                        &codes::NULL_IN_KEY,
                        format!("`{name}` is of the primary key, and may be null"),
                    )
                    .at(column.name.span(), "has `null = true`")
                    .and(name.span(), "of the primary key"),
                );
            }
        }
        self.unique_constraints(known, &mut table, &mut names);
        self.table_checks(declared, &mut table, &mut names);
        self.foreign_keys(world, known, &mut table, &mut names);
        self.table_indexes(known, &mut table, &mut names);
        if known.handle.facts.documents {
            self.no_constraints(declared);
        }
        table
    }

    fn unique_constraints(
        &mut self,
        known: &Known<'_>,
        table: &mut TableDefinition,
        names: &mut Names,
    ) {
        let declared = known.declared;
        let single = declared
            .columns
            .iter()
            .filter(|column| column.unique)
            .map(|column| (std::slice::from_ref(&column.name), None, column.name.span()));
        let several = declared
            .unique
            .iter()
            .map(|unique| (&unique.columns[..], unique.name.as_ref(), unique.span));
        for (columns, name, span) in single.chain(several) {
            self.own_columns(known, columns);
            let columns: Vec<String> = columns.iter().map(ToString::to_string).collect();
            let twin = table.unique.iter().any(|other| other.columns == columns);
            if twin || table.primary_key == columns {
                self.report(
                    Diagnostic::new(
                        &codes::DUPLICATE,
                        format!("({}) is unique already", columns.join(", ")),
                    )
                    .at(span, "said again"),
                );
                continue;
            }
            let name = self.name(names, name, span, || of(&declared.name, &columns, "key"));
            table.unique.push(UniqueDefinition { name, columns });
        }
    }

    fn table_checks(
        &mut self,
        declared: &DeclaredTable,
        table: &mut TableDefinition,
        names: &mut Names,
    ) {
        for column in &declared.columns {
            let Some(check) = &column.check else { continue };
            let columns = [column.name.to_string()];
            let name =
                self.name(names, None, check.span(), || of(&declared.name, &columns, "check"));
            table.checks.push(CheckDefinition { name, expression: check.to_string() });
        }
        for (at, check) in declared.checks.iter().enumerate() {
            let Some(expression) = &check.expression else { continue };
            let number = [(at + 1).to_string()];
            let name = self.name(names, check.name.as_ref(), check.span, || {
                of(&declared.name, &number, "check")
            });
            table.checks.push(CheckDefinition { name, expression: expression.to_string() });
        }
    }

    fn foreign_keys(
        &mut self,
        world: &World<'_>,
        known: &Known<'_>,
        table: &mut TableDefinition,
        names: &mut Names,
    ) {
        let declared = known.declared;
        for column in &declared.columns {
            let Some(references) = &column.references else { continue };
            let Some((other, target)) = references.rsplit_once('.') else {
                self.report(
                    Diagnostic::new(
                        &codes::UNKNOWN_TABLE,
                        format!("`{references}` names no column of a table"),
                    )
                    .at(references.span(), "expected `table.column`"),
                );
                continue;
            };
            let columns = vec![column.name.to_string()];
            let name =
                self.name(names, None, references.span(), || of(&declared.name, &columns, "fkey"));
            table.foreign_keys.push(ForeignKeyDefinition {
                name,
                columns,
                table: other.to_owned(),
                references: vec![target.to_owned()],
                on_delete: action(column.on_delete),
                on_update: action(column.on_update),
            });
        }
        for key in &declared.foreign_keys {
            let Some(other) = &key.table else { continue };
            self.own_columns(known, &key.columns);
            let columns: Vec<String> = key.columns.iter().map(ToString::to_string).collect();
            let references: Vec<String> = if key.references.is_empty() {
                let of_other = world
                    .table(known.handle.store, other)
                    .map(|other| &other.declared.primary_key[..])
                    .unwrap_or_default();
                of_other.iter().map(ToString::to_string).collect()
            } else {
                key.references.iter().map(ToString::to_string).collect()
            };
            let name = self
                .name(names, key.name.as_ref(), key.span, || of(&declared.name, &columns, "fkey"));
            table.foreign_keys.push(ForeignKeyDefinition {
                name,
                columns,
                table: other.to_string(),
                references,
                on_delete: action(key.on_delete),
                on_update: action(key.on_update),
            });
        }
    }

    fn table_indexes(&mut self, known: &Known<'_>, table: &mut TableDefinition, names: &mut Names) {
        let declared = known.declared;
        let documents = known.handle.facts.documents;
        for index in &declared.indexes {
            // In a collection paths may go on inside a field.
            let keys: Vec<Text> = index.keys.iter().map(|key| key.text.clone()).collect();
            for (key, text) in index.keys.iter().zip(&keys) {
                let root = if documents {
                    key.path.split('.').next().unwrap_or_default()
                } else {
                    &key.path
                };
                let known_field = documents && (declared.columns.is_empty() || root == "_id");
                if !known_field {
                    self.own_column(known, root, text.span());
                }
            }
            let keys: Vec<IndexKey> = index
                .keys
                .iter()
                .map(|key| IndexKey { path: key.path.clone(), descending: key.descending })
                .collect();
            let columns: Vec<String> = keys.iter().map(|key| key.path.clone()).collect();
            let name = self.name(names, index.name.as_ref(), index.span, || {
                of(&declared.name, &columns, "idx")
            });
            let made = IndexDefinition {
                name,
                keys,
                unique: index.unique,
                condition: index.condition.as_ref().map(ToString::to_string),
                method: match index.method.as_ref().map(Text::as_str) {
                    None | Some("btree") => IndexMethod::Ordered,
                    Some("gin") => IndexMethod::Contents,
                    Some(method) => IndexMethod::Native(method.to_owned()),
                },
            };
            if table.indexes.iter().any(|other| other.means_the_same(&made)) {
                self.report(
                    Diagnostic::new(
                        &codes::DUPLICATE,
                        format!("table `{}` has this index twice", declared.name),
                    )
                    .at(index.span, "again"),
                );
                continue;
            }
            table.indexes.push(made);
        }
    }

    /// The name of a constraint: the one that is given, or one that is made.
    fn name(
        &mut self,
        names: &mut Names,
        given: Option<&Text>,
        span: Span,
        made: impl FnOnce() -> String,
    ) -> String {
        let name = match given {
            Some(name) => {
                self.short_enough(name);
                name.to_string()
            }
            None => made(),
        };
        if let Some((_, first)) = names.taken.iter().find(|(other, _)| *other == name) {
            let first = *first;
            self.report(
                Diagnostic::new(&codes::DUPLICATE, format!("two are called `{name}`"))
                    .at(given.map_or(span, Text::span), "this one")
                    .and(first, "and this one")
                    .help("give one of them another `name`"),
            );
        }
        names.taken.push((name.clone(), given.map_or(span, Text::span)));
        name
    }

    fn own_columns(&mut self, known: &Known<'_>, names: &[Text]) {
        for (at, name) in names.iter().enumerate() {
            self.own_column(known, name, name.span());
            if let Some(first) = names[..at].iter().find(|other| *other == name) {
                self.report(
                    Diagnostic::new(&codes::DUPLICATE, format!("`{name}` is named twice"))
                        .at(name.span(), "again")
                        .and(first.span(), "first here"),
                );
            }
        }
    }

    fn own_column(&mut self, known: &Known<'_>, name: &str, span: Span) {
        let declared = known.declared;
        // Of a table that is there, the spec may declare a part; what was refused is told already.
        if declared.damaged || declared.existing || known.column(name).is_some() {
            return;
        }
        let columns: Vec<&str> =
            declared.columns.iter().map(|column| column.name.as_str()).collect();
        self.report_unknown(
            Diagnostic::new(
                &codes::UNKNOWN_COLUMN,
                format!("table `{}` has no column `{name}`", declared.name),
            )
            .at(span, "not a column of it")
            .maybe_help(wording::did_you_mean(name, &columns, "its columns are")),
        );
    }

    fn no_constraints(&mut self, declared: &DeclaredTable) {
        let spans = declared
            .foreign_keys
            .iter()
            .map(|key| (key.span, "a foreign key"))
            .chain(declared.checks.iter().map(|check| (check.span, "a check")));
        for (span, what) in spans {
            self.report(
                Diagnostic::new(
                    &codes::NOT_IN_THIS_STORE,
                    "a store of documents has no such thing",
                )
                .at(span, format!("{what} is a table's"))
                .help("take it out; a `[[check]]` can look at references afterwards"),
            );
        }
    }
}

/// Names that are taken in a table, with their places.
pub(super) struct Names {
    taken: Vec<(String, Span)>,
}

fn of(table: &str, columns: &[String], ending: &str) -> String {
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    default_name(table, &columns, ending)
}

fn action(of: Option<Spanned<spec::ReferentialAction>>) -> ReferentialAction {
    match of.map(|action| action.value) {
        None | Some(spec::ReferentialAction::NoAction) => ReferentialAction::NoAction,
        Some(spec::ReferentialAction::Restrict) => ReferentialAction::Restrict,
        Some(spec::ReferentialAction::Cascade) => ReferentialAction::Cascade,
        Some(spec::ReferentialAction::SetNull) => ReferentialAction::SetNull,
        Some(spec::ReferentialAction::SetDefault) => ReferentialAction::SetDefault,
    }
}
