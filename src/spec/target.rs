//! `target = { … }`: where a phase's records go and how they are written.

use super::Entity;
use super::read::{self, Context};
use crate::diagnostics::{Diagnostic, Span, codes};
use crate::document::{
    Group, GroupRule, KeyShape, Node, Shape, Spanned, TableShape, Text, TextKind,
};

/// The shape of a target.
pub(super) static SHAPE: TableShape = TableShape {
    name: "a target",
    id: "target",
    summary: "Where a phase's records go, and how they are written.",
    keys: &[
        KeyShape::required("connection", &Shape::Text(TextKind::Reference), "the connection"),
        KeyShape::optional("table", &Shape::Text(TextKind::Reference), "the table"),
        KeyShape::optional("collection", &Shape::Text(TextKind::Reference), "the collection"),
        KeyShape::optional(
            "key",
            &Shape::Names(TextKind::Column),
            "the fields that identify a record; only `append` does without",
        ),
        KeyShape::optional(
            "write",
            &Shape::Choice(&read::words(&WriteMode::CHOICES)),
            "how records are written (default: insert)",
        ),
        KeyShape::optional(
            "on_conflict",
            &Shape::Choice(&read::words(&OnConflict::CHOICES)),
            "what `insert` does about a record that is there (default: fail)",
        ),
        KeyShape::optional(
            "null_is_missing",
            &Shape::Boolean,
            "whether `fill` also replaces null (default: false)",
        ),
    ],
    groups: &[Group {
        name: "table or collection",
        keys: &["table", "collection"],
        rule: GroupRule::ExactlyOne,
    }],
};

/// A target.
#[derive(Clone, Debug)]
pub struct Target {
    /// Its table.
    pub span: Span,
    /// The connection. `None` only after an error.
    pub connection: Option<Text>,
    /// The table or collection. `None` only after an error.
    pub entity: Option<Entity>,
    /// The fields that identify a record.
    pub key: Vec<Text>,
    /// How records are written.
    pub write: Option<Spanned<WriteMode>>,
    /// What happens when a record with the key is there already (`write = "insert"`).
    pub on_conflict: Option<Spanned<OnConflict>>,
    /// Whether `fill` also replaces null.
    pub null_is_missing: Option<Spanned<bool>>,
}

impl Target {
    /// How records are written.
    pub fn write(&self) -> WriteMode {
        self.write.map_or(WriteMode::Insert, |write| write.value)
    }

    /// What happens when a record with the key is there already.
    pub fn on_conflict(&self) -> OnConflict {
        self.on_conflict.map_or(OnConflict::Fail, |choice| choice.value)
    }
}

/// How records are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteMode {
    /// New records; `on_conflict` decides about those that are there.
    Insert,
    /// Edits records that are there; creates nothing.
    Patch,
    /// Sets fields that are missing in records that are there.
    Fill,
    /// New records, without looking for those that are there.
    Append,
}

/// What happens when a record with the key is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnConflict {
    /// It stays as it is.
    Skip,
    /// Its mapped fields are updated.
    Update,
    /// It is replaced whole.
    Replace,
    /// The new one is rejected.
    Fail,
}

impl WriteMode {
    const CHOICES: [(&str, Self); 4] = [
        ("insert", Self::Insert),
        ("patch", Self::Patch),
        ("fill", Self::Fill),
        ("append", Self::Append),
    ];
}

impl OnConflict {
    const CHOICES: [(&str, Self); 4] = [
        ("skip", Self::Skip),
        ("update", Self::Update),
        ("replace", Self::Replace),
        ("fail", Self::Fail),
    ];
}

impl Target {
    pub(super) fn read(node: &Node, context: &mut Context<'_>) -> Option<Self> {
        let table = node.as_table()?;
        let target = Self {
            span: node.span,
            connection: read::text(table, "connection"),
            entity: read::entity(table),
            key: read::texts(table, "key"),
            write: read::choice(table, "write", &WriteMode::CHOICES),
            on_conflict: read::choice(table, "on_conflict", &OnConflict::CHOICES),
            null_is_missing: read::boolean(table, "null_is_missing"),
        };
        // A write mode that was refused says nothing about the other keys.
        let known = target.write.is_some() || table.get("write").is_none();
        if known && target.write() != WriteMode::Insert {
            context.misplaced(table, "on_conflict", "belongs to `write = \"insert\"`");
        }
        if known && target.write() != WriteMode::Fill {
            context.misplaced(table, "null_is_missing", "belongs to `write = \"fill\"`");
        }
        if known
            && target.write() != WriteMode::Append
            && table.get("key").is_none()
            && table.misspelt("key").is_none()
        {
            context.diagnostics.push(
                Diagnostic::new(&codes::MISSING_KEY, "a target needs `key`")
                    .at(node.span, "`key` is missing")
                    .help("`key` names the fields that identify a record, so that a second run finds them"),
            );
        }
        Some(target)
    }
}
