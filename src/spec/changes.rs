//! `changes = { … }`: how a later run finds what changed in a source.

use std::time::Duration;

use super::read::{self, Context};
use crate::diagnostics::{Diagnostic, codes};
use crate::document::{
    KeyShape, Node, NodeKind, Shape, Spanned, Table, TableShape, Text, TextKind,
};

/// The shape of `changes`.
pub(super) static SHAPE: TableShape = TableShape {
    name: "`changes`",
    id: "changes",
    summary: "How later runs find what changed in a source.",
    keys: &[
        KeyShape::required(
            "by",
            &Shape::Choice(&read::words(&ChangesBy::CHOICES)),
            "by keys that are new, by a column that rises with every change, or by comparing content",
        ),
        KeyShape::optional(
            "column",
            &Shape::Text(TextKind::Column),
            "the column, of a time or a number, with `by = \"column\"`",
        ),
        KeyShape::optional(
            "overlap",
            &Shape::OneOf(&[&Shape::Duration, &Shape::Integer { min: 0, max: i64::MAX }]),
            "how far before the last run's mark is read again: a duration, or a number",
        ),
    ],
    groups: &[],
};

/// How changes are found.
#[derive(Clone, Debug)]
pub struct Changes {
    /// By what.
    pub by: Spanned<ChangesBy>,
    /// The column that rises with every change.
    pub column: Option<Text>,
    /// How far before the mark is read again.
    pub overlap: Option<Spanned<Overlap>>,
}

/// By what changes are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangesBy {
    /// Keys after the highest one.
    Key,
    /// A column that rises with every change.
    Column,
    /// All is read, and compared with what was written.
    Hash,
}

/// How far before the mark is read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overlap {
    /// Of a time.
    Time(Duration),
    /// Of a number.
    Number(u64),
}

impl ChangesBy {
    const CHOICES: [(&str, Self); 3] =
        [("key", Self::Key), ("column", Self::Column), ("hash", Self::Hash)];
}

impl Changes {
    /// Reads the `changes` of a source, and says what can't be together with the rest of it.
    pub(super) fn read(source: &Table, context: &mut Context<'_>) -> Option<Self> {
        let node = source.get("changes")?;
        let table = node.as_table()?;
        let by = read::choice(table, "by", &ChangesBy::CHOICES)?;
        if by.value == ChangesBy::Column {
            context.needed(table, "column", node.span, "which column rises with every change?");
        } else {
            context.misplaced(table, "column", "belongs to `by = \"column\"`");
        }
        if by.value == ChangesBy::Hash {
            context.misplaced(table, "overlap", "by content all is read");
        } else {
            for (key, what) in [
                ("files", "files have no mark to go on from"),
                ("query", "a query selects by itself"),
                ("pipeline", "a pipeline selects by itself"),
            ] {
                if source.get(key).is_some() {
                    context.diagnostics.push(
                        Diagnostic::new(&codes::MISPLACED_KEY, "changes can't be found so")
                            .at(by.span, what)
                            .help("read all and compare: `changes = { by = \"hash\" }`"),
                    );
                }
            }
        }
        Some(Self { by, column: read::text(table, "column"), overlap: overlap(table) })
    }
}

fn overlap(table: &Table) -> Option<Spanned<Overlap>> {
    let node: &Node = table.get("overlap")?;
    if let NodeKind::Integer(_) = node.kind {
        let number = read::integer(table, "overlap")?;
        return Some(Spanned::new(Overlap::Number(number.value), number.span));
    }
    let time = read::duration(table, "overlap")?;
    Some(Spanned::new(Overlap::Time(time.value), time.span))
}
