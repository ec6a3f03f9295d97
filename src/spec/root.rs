//! The top level of a spec file.

use super::read::{self, Context};
use super::{
    Check, Connection, Crosswalk, DeclaredEnum, DeclaredExtension, DeclaredTable, Index, Phase,
    Seed, TestCase, check, connection, crosswalk, enumeration, index, phase, seed, table,
    test_case,
};
use crate::diagnostics::{Diagnostic, codes};
use crate::document::{KeyKind, KeyShape, NodeKind, Shape, Table, TableShape, Text, TextKind};

/// The version of the language that this program reads.
pub(super) const VERSION: i64 = 1;

/// The shape of a spec file.
pub(super) static SHAPE: TableShape = TableShape {
    name: "a spec",
    id: "spec",
    summary: "A spec file. A file that others include may leave out `spec` and `name`.",
    keys: &[
        KeyShape::required(
            "spec",
            &Shape::Integer { min: i64::MIN, max: i64::MAX },
            "the version of the language: 1",
        ),
        KeyShape::required(
            "name",
            &Shape::Text(TextKind::Name),
            "the spec's name; ids and the ledger build on it",
        ),
        KeyShape::optional("description", &Shape::PLAIN, "what it is for"),
        KeyShape::optional(
            "include",
            &Shape::Names(TextKind::File),
            "files whose definitions are taken in, relative to this one",
        ),
        KeyShape::optional(
            "connections",
            &Shape::MapOf(KeyKind::Name, &Shape::Table(&connection::SHAPE)),
            "connections by name",
        ),
        KeyShape::optional(
            "crosswalk",
            &Shape::MapOf(KeyKind::Name, &crosswalk::SHAPE),
            "crosswalks by name: codes with what they become; `*` is any other code",
        ),
        KeyShape::optional(
            "phase",
            &Shape::MapOf(KeyKind::Name, &Shape::Table(&phase::SHAPE)),
            "phases by name",
        ),
        KeyShape::optional("index", &Shape::List(&Shape::Table(&index::SHAPE)), "indexes"),
        KeyShape::optional("check", &Shape::List(&Shape::Table(&check::SHAPE)), "checks"),
        KeyShape::optional("test", &Shape::List(&Shape::Table(&test_case::SHAPE)), "tests"),
        KeyShape::optional(
            "table",
            &Shape::MapOf(KeyKind::Reference, &Shape::Table(&table::SHAPE)),
            "tables by name",
        ),
        KeyShape::optional(
            "enum",
            &Shape::MapOf(KeyKind::Reference, &Shape::Table(&enumeration::ENUM)),
            "types with named values, by name",
        ),
        KeyShape::optional(
            "extension",
            &Shape::MapOf(KeyKind::Reference, &Shape::Table(&enumeration::EXTENSION)),
            "extensions of PostgreSQL, by name",
        ),
        KeyShape::optional(
            "seed",
            &Shape::MapOf(KeyKind::Name, &Shape::Table(&seed::SHAPE)),
            "test data by name, which `mapper seed` makes",
        ),
    ],
    groups: &[],
};

/// What one file defines.
#[derive(Clone, Debug, Default)]
pub(super) struct Definitions {
    pub(super) name: Option<Text>,
    pub(super) description: Option<Text>,
    pub(super) include: Vec<Text>,
    pub(super) connections: Vec<Connection>,
    pub(super) crosswalks: Vec<Crosswalk>,
    pub(super) phases: Vec<Phase>,
    pub(super) indexes: Vec<Index>,
    pub(super) checks: Vec<Check>,
    pub(super) tests: Vec<TestCase>,
    pub(super) tables: Vec<DeclaredTable>,
    pub(super) enums: Vec<DeclaredEnum>,
    pub(super) extensions: Vec<DeclaredExtension>,
    pub(super) seeds: Vec<Seed>,
    /// The keys that are there, refused or not.
    pub(super) keys: Vec<String>,
}

impl Definitions {
    /// Reads a root table that was held against [`SHAPE`].
    pub(super) fn read(root: &Table, context: &mut Context<'_>) -> Self {
        if let Some(node) = root.get("spec")
            && let NodeKind::Integer(version) = node.kind
            && version != VERSION
        {
            context.diagnostics.push(
                Diagnostic::new(
                    &codes::SPEC_VERSION,
                    format!("version {version} of the language is unknown"),
                )
                .at(node.span, format!("this program reads version {VERSION}")),
            );
        }
        Self {
            name: read::text(root, "name"),
            description: read::text(root, "description"),
            include: read::texts(root, "include"),
            connections: read::entries(root, "connections")
                .iter()
                .filter_map(|entry| Connection::read(entry, context))
                .collect(),
            crosswalks: read::entries(root, "crosswalk")
                .iter()
                .filter_map(|entry| Crosswalk::read(entry, context))
                .collect(),
            phases: read::entries(root, "phase")
                .iter()
                .filter_map(|entry| Phase::read(entry, context))
                .collect(),
            indexes: read::tables(root, "index")
                .map(|(table, span)| Index::read(table, span))
                .collect(),
            checks: read::tables(root, "check")
                .map(|(table, span)| Check::read(table, span, context))
                .collect(),
            tests: read::tables(root, "test")
                .map(|(table, span)| TestCase::read(table, span, context))
                .collect(),
            tables: read::entries(root, "table")
                .iter()
                .filter_map(|entry| DeclaredTable::read(entry, context))
                .collect(),
            enums: read::entries(root, "enum")
                .iter()
                .filter_map(|entry| DeclaredEnum::read(entry, context))
                .collect(),
            extensions: read::entries(root, "extension")
                .iter()
                .filter_map(DeclaredExtension::read)
                .collect(),
            seeds: read::entries(root, "seed")
                .iter()
                .filter_map(|entry| Seed::read(entry, context))
                .collect(),
            keys: root.entries.iter().map(|entry| entry.key.to_string()).collect(),
        }
    }
}
