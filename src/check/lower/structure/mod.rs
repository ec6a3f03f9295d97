//! Enums, tables and what belongs to them, in an order in which each can be made.

mod columns;
mod constraints;
mod order;
mod references;

use std::collections::HashMap;

use crate::check::Checker;
use crate::check::connections::Handle;
use crate::check::graph::{EntityKey, StructureFacts};
use crate::diagnostics::{Diagnostic, Span, codes};
use crate::document::Text;
use crate::plan::{EnumTask, Prerequisite, StructureTask, TableTask};
use crate::spec::{DeclaredEnum, DeclaredTable};
use crate::value::DataType;
use crate::value::structure::{EnumDefinition, TableDefinition};

/// The most bytes that a name has in every store.
const MOST_BYTES: usize = 63;

/// What the plan has of structure.
pub(super) struct Structures {
    pub(super) tasks: Vec<StructureTask>,
    pub(super) facts: Vec<StructureFacts>,
    pub(super) prerequisites: Vec<Prerequisite>,
}

/// A table of some spec with where it is.
#[derive(Clone)]
struct Known<'s> {
    spec: usize,
    handle: Handle,
    declared: &'s DeclaredTable,
    /// Its columns, keys and constraints, as far as they are sound.
    definition: TableDefinition,
}

impl<'s> Known<'s> {
    fn key(&self) -> EntityKey {
        (self.handle.store, self.declared.name.to_string())
    }

    /// Whether a spec makes it.
    fn is_made(&self) -> bool {
        !self.declared.existing
    }

    /// Whether it is only named to be dropped.
    fn is_dropped(&self) -> bool {
        self.is_made() && self.declared.columns.is_empty()
    }

    fn column(&self, name: &str) -> Option<&'s crate::spec::DeclaredColumn> {
        self.declared.columns.iter().find(|column| column.name.as_str() == name)
    }
}

/// An enum of some spec with where it is.
struct KnownEnum<'s> {
    spec: usize,
    handle: Handle,
    declared: &'s DeclaredEnum,
}

/// What all specs declare.
struct World<'s> {
    tables: Vec<Known<'s>>,
    enums: Vec<KnownEnum<'s>>,
    /// Extensions: spec, connection, name.
    extensions: Vec<(usize, Handle, Text)>,
    /// Which spec's task makes what another one takes in too: this spec waits for that one.
    shared: Vec<(usize, usize)>,
}

impl World<'_> {
    fn enumeration(&self, store: usize, name: &str) -> Option<&KnownEnum<'_>> {
        self.enums
            .iter()
            .find(|known| known.handle.store == store && known.declared.name.as_str() == name)
    }

    /// The table of that name that a spec makes, or else one that is there.
    fn table(&self, store: usize, name: &str) -> Option<&Known<'_>> {
        let mut found = self
            .tables
            .iter()
            .filter(|known| known.handle.store == store && known.declared.name.as_str() == name);
        let first = found.next()?;
        if first.is_made() {
            Some(first)
        } else {
            found.find(|known| known.is_made()).or(Some(first))
        }
    }
}

impl<'s> Checker<'s> {
    /// Lowers everything that specs declare of structure.
    pub(super) fn structures(&mut self) -> Option<Structures> {
        let before = self.diagnostics.len();
        let mut world = self.world();
        for at in 0..world.tables.len() {
            let definition = self.table_columns(&world, at);
            world.tables[at].definition = definition;
        }
        for at in 0..world.tables.len() {
            let definition = self.constraints(&world, at);
            world.tables[at].definition = definition;
        }
        for at in 0..world.tables.len() {
            self.check_references(&world, at);
        }
        let prerequisites = self.prerequisites(&world);
        let structures = self.tasks(&world, prerequisites);
        (self.diagnostics.len() == before).then_some(structures)
    }

    /// Everything that is declared, each thing once.
    fn world(&mut self) -> World<'s> {
        let set = self.set;
        let mut world = World {
            tables: Vec::new(),
            enums: Vec::new(),
            extensions: Vec::new(),
            shared: Vec::new(),
        };
        for (spec, content) in set.specs.iter().enumerate() {
            for declared in &content.extensions {
                let Some(handle) =
                    declared.connection.as_ref().and_then(|name| self.connection(spec, name))
                else {
                    continue;
                };
                if handle.scheme != "postgres" {
                    self.report(
                        Diagnostic::new(
                            &codes::NOT_IN_THIS_STORE,
                            format!("connection `{}` has no extensions", handle.name),
                        )
                        .at(declared.name.span(), "an extension of PostgreSQL")
                        .help("take it out: the portable types and defaults need none"),
                    );
                }
                let twin = world
                    .extensions
                    .iter()
                    .find(|(_, other, name)| other.store == handle.store && *name == declared.name);
                match twin {
                    // Whoever comes first creates it; for the others it is there.
                    Some((owner, ..)) => world.shared.push((spec, *owner)),
                    None => world.extensions.push((spec, handle, declared.name.clone())),
                }
            }
            for declared in &content.enums {
                let Some(handle) =
                    declared.connection.as_ref().and_then(|name| self.connection(spec, name))
                else {
                    continue;
                };
                self.enumeration(declared);
                let twin = world.enums.iter().find(|other| {
                    other.handle.store == handle.store && other.declared.name == declared.name
                });
                match twin.map(|twin| (twin.spec, twin.declared.name.span())) {
                    Some((owner, span)) if span == declared.name.span() => {
                        world.shared.push((spec, owner));
                    }
                    Some((_, span)) => self.declared_twice("enum", &declared.name, span),
                    None => world.enums.push(KnownEnum { spec, handle, declared }),
                }
            }
            for declared in &content.tables {
                let Some(handle) =
                    declared.connection.as_ref().and_then(|name| self.connection(spec, name))
                else {
                    continue;
                };
                let twin = world.tables.iter().find(|other| {
                    other.is_made()
                        && !declared.existing
                        && other.handle.store == handle.store
                        && other.declared.name == declared.name
                });
                match twin.map(|twin| (twin.spec, twin.declared.name.span())) {
                    Some((owner, span)) if span == declared.name.span() => {
                        world.shared.push((spec, owner));
                    }
                    Some((_, span)) => self.declared_twice("table", &declared.name, span),
                    None => {
                        self.short_enough(&declared.name);
                        let definition = TableDefinition::default();
                        world.tables.push(Known { spec, handle, declared, definition });
                    }
                }
            }
        }
        self.renames(&world);
        world
    }

    fn enumeration(&mut self, declared: &DeclaredEnum) {
        self.short_enough(&declared.name);
        if declared.name.parse::<DataType>().is_ok() {
            self.report(
                Diagnostic::new(
                    &codes::DUPLICATE,
                    format!("`{}` is the name of a portable type", declared.name),
                )
                .at(declared.name.span(), "an enum needs another name"),
            );
        }
        for (at, value) in declared.values.iter().enumerate() {
            self.short_enough(value);
            if let Some(first) = declared.values[..at].iter().find(|other| *other == value) {
                self.report(
                    Diagnostic::new(
                        &codes::DUPLICATE,
                        format!("enum `{}` has `{value}` twice", declared.name),
                    )
                    .at(value.span(), "again")
                    .and(first.span(), "first here"),
                );
            }
        }
    }

    fn declared_twice(&mut self, what: &str, again: &Text, first: Span) {
        self.report(
            Diagnostic::new(&codes::DUPLICATE, format!("the {what} `{again}` is made twice"))
                .at(again.span(), "made again here")
                .and(first, "made here")
                .help(format!(
                    "declare it in one spec; others refer to it by name{}",
                    if what == "table" { ", or declare it with `existing = true`" } else { "" }
                )),
        );
    }

    /// Reports a name that a store would cut off.
    fn short_enough(&mut self, name: &Text) {
        if name.len() > MOST_BYTES {
            let shown: String = name.chars().take(20).collect();
            self.report(
                Diagnostic::new(
                    &codes::NAME_TOO_LONG,
                    format!("the name `{shown}…` has {} bytes", name.len()),
                )
                .at(name.span(), format!("at most {MOST_BYTES}")),
            );
        }
    }

    /// Names before, of tables, enums and columns.
    fn renames(&mut self, world: &World<'s>) {
        let mut tables: HashMap<EntityKey, Span> = HashMap::new();
        for known in &world.tables {
            if let Some(from) = &known.declared.renamed_from {
                let there =
                    world.table(known.handle.store, from).map(|other| other.declared.name.span());
                let earlier = tables.insert((known.handle.store, from.to_string()), from.span());
                self.rename("table", from, there, earlier);
            }
            let mut columns: HashMap<&str, Span> = HashMap::new();
            for column in &known.declared.columns {
                let Some(from) = &column.renamed_from else { continue };
                let there = known.column(from).map(|other| other.name.span());
                let earlier = columns.insert(from.as_str(), from.span());
                self.rename("column", from, there, earlier);
            }
        }
        let mut enums: HashMap<EntityKey, Span> = HashMap::new();
        for known in &world.enums {
            let Some(from) = &known.declared.renamed_from else { continue };
            let there =
                world.enumeration(known.handle.store, from).map(|other| other.declared.name.span());
            let earlier = enums.insert((known.handle.store, from.to_string()), from.span());
            self.rename("enum", from, there, earlier);
        }
    }

    fn rename(&mut self, what: &str, from: &Text, there: Option<Span>, earlier: Option<Span>) {
        let told = match (there, earlier) {
            (Some(there), _) => Some((there, format!("the {what} `{from}` is still declared"))),
            (None, Some(earlier)) => Some((earlier, format!("two have the name `{from}` before"))),
            (None, None) => None,
        };
        if let Some((other, message)) = told {
            self.report(
                Diagnostic::new(&codes::BAD_RENAME, message)
                    .at(from.span(), "can't be its name before")
                    .and(other, "this one has it"),
            );
        }
    }

    /// The tables that must be there before anything starts; those that another spec makes come
    /// from it.
    fn prerequisites(&mut self, world: &World<'s>) -> Vec<Prerequisite> {
        let mut all: Vec<Prerequisite> = Vec::new();
        for known in world.tables.iter().filter(|known| known.declared.existing) {
            let made = world.table(known.handle.store, &known.declared.name);
            if made.is_some_and(Known::is_made) {
                continue;
            }
            let prerequisite = Prerequisite {
                connection: known.handle.id,
                table: known.declared.name.to_string(),
                columns: known.definition.columns.clone(),
            };
            // Several specs may need one table.
            if all.contains(&prerequisite) {
                continue;
            }
            all.push(prerequisite);
            let columns = known.declared.columns.iter().map(|column| column.name.span()).collect();
            self.origins.prerequisites.push((known.declared.name.span(), columns));
        }
        all
    }
}

fn enum_task(declared: &DeclaredEnum) -> EnumTask {
    EnumTask {
        definition: EnumDefinition {
            name: declared.name.to_string(),
            values: declared.values.iter().map(ToString::to_string).collect(),
        },
        renamed_from: declared.renamed_from.as_ref().map(ToString::to_string),
        allow_drop: declared.allow_drop,
    }
}

fn table_task(known: &Known<'_>, later: Vec<String>) -> TableTask {
    let declared = known.declared;
    TableTask {
        definition: known.definition.clone(),
        renamed_from: declared.renamed_from.as_ref().map(ToString::to_string),
        renamed_columns: declared
            .columns
            .iter()
            .filter_map(|column| {
                Some((column.renamed_from.as_ref()?.to_string(), column.name.to_string()))
            })
            .collect(),
        allow_drop: declared.allow_drop,
        later,
    }
}

/// `tasks_status_idx`: what a constraint is called that has no name, short enough for every store.
fn default_name(table: &str, columns: &[&str], ending: &str) -> String {
    use sha2::{Digest as _, Sha256};
    let table = table.rsplit('.').next().unwrap_or(table);
    let mut parts = vec![table];
    parts.extend(columns);
    let name = format!("{}_{ending}", parts.join("_"));
    if name.len() <= MOST_BYTES {
        return name;
    }
    let digest = Sha256::digest(name.as_bytes());
    let hash = hex::encode(&digest[..4]);
    let mut most = MOST_BYTES - ending.len() - hash.len() - 2;
    while !name.is_char_boundary(most) {
        most -= 1;
    }
    format!("{}_{hash}_{ending}", &name[..most])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_enough_and_differ() {
        assert_eq!(default_name("audit.tasks", &["status"], "idx"), "tasks_status_idx");
        let long = "a".repeat(60);
        let one = default_name(&long, &["one"], "idx");
        let two = default_name(&long, &["two"], "idx");
        assert_eq!(one.len(), MOST_BYTES);
        assert_ne!(one, two);
    }
}
