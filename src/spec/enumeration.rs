//! `[enum.NAME]` and `[extension.NAME]`: what tables build on.

use super::read::{self, Context};
use crate::document::{Entry, KeyShape, Shape, TableShape, Text, TextKind};

/// The shape of an enum.
pub(super) static ENUM: TableShape = TableShape {
    name: "an enum",
    id: "enum",
    summary: "A type with named values, for columns of tables on the same connection.",
    keys: &[
        KeyShape::required("connection", &Shape::Text(TextKind::Reference), "the connection"),
        KeyShape::optional(
            "values",
            &Shape::List(&Shape::Text(TextKind::Words)),
            "its values, in order",
        ),
        KeyShape::optional(
            "renamed_from",
            &Shape::Text(TextKind::Reference),
            "its name before; columns keep their values",
        ),
        KeyShape::optional(
            "allow_drop",
            &Shape::Boolean,
            "whether values that the spec no longer has are removed, where no row holds them; \
             without `values`, the enum",
        ),
    ],
    groups: &[],
};

/// The shape of an extension.
pub(super) static EXTENSION: TableShape = TableShape {
    name: "an extension",
    id: "extension",
    summary: "An extension of PostgreSQL that is created unless it is there.",
    keys: &[KeyShape::required("connection", &Shape::Text(TextKind::Reference), "the connection")],
    groups: &[],
};

/// An enum.
#[derive(Clone, Debug)]
pub struct DeclaredEnum {
    /// Its name.
    pub name: Text,
    /// The connection. `None` only after an error.
    pub connection: Option<Text>,
    /// Its values in order.
    pub values: Vec<Text>,
    /// Its name before.
    pub renamed_from: Option<Text>,
    /// Whether what the spec no longer has is removed.
    pub allow_drop: bool,
}

/// An extension.
#[derive(Clone, Debug)]
pub struct DeclaredExtension {
    /// Its name.
    pub name: Text,
    /// The connection. `None` only after an error.
    pub connection: Option<Text>,
}

impl DeclaredEnum {
    pub(super) fn read(entry: &Entry, context: &mut Context<'_>) -> Option<Self> {
        let table = entry.value.as_table()?;
        let allow_drop = read::boolean(table, "allow_drop").is_some_and(|it| it.value);
        let values = read::texts(table, "values");
        let is_empty =
            table.get("values").and_then(|node| node.as_array()).is_some_and(<[_]>::is_empty);
        if !allow_drop {
            let why =
                "an enum has at least one; with `allow_drop = true` and without them it is dropped";
            context.needed(table, "values", entry.key.span(), why);
            if is_empty {
                context.misplaced(table, "values", why);
            }
        }
        Some(Self {
            name: entry.key.clone(),
            connection: read::text(table, "connection"),
            values,
            renamed_from: read::text(table, "renamed_from"),
            allow_drop,
        })
    }
}

impl DeclaredExtension {
    pub(super) fn read(entry: &Entry) -> Option<Self> {
        let table = entry.value.as_table()?;
        Some(Self { name: entry.key.clone(), connection: read::text(table, "connection") })
    }
}
