//! Queries in a store's own language: one text, or one for each kind of store that a connection may
//! lead to.

use super::read;
use crate::diagnostics::Span;
use crate::document::{KeyKind, Node, NodeKind, Shape, Table, Text, TextKind};

/// The shape of a query.
pub(super) static SHAPE: Shape = Shape::OneOf(&[
    &Shape::Text(TextKind::Query),
    &Shape::MapOf(KeyKind::Name, &Shape::Text(TextKind::Query)),
]);

/// A query.
#[derive(Clone, Debug)]
pub enum Query {
    /// The same text for every store.
    One(Text),
    /// A text by the scheme of the connection's URL.
    ByScheme {
        /// Scheme and text.
        texts: Vec<(Text, Text)>,
        /// The whole table.
        span: Span,
    },
}

impl Query {
    /// Reads a query; `None` when it is absent or was refused.
    pub(super) fn read(table: &Table, key: &str) -> Option<Self> {
        let node: &Node = table.get(key)?;
        match &node.kind {
            NodeKind::Text(text) => Some(Self::One(text.clone())),
            NodeKind::Table(_) => {
                Some(Self::ByScheme { texts: read::text_map(table, key), span: node.span })
            }
            _ => None,
        }
    }

    /// Where it stands.
    pub fn span(&self) -> Span {
        match self {
            Self::One(text) => text.span(),
            Self::ByScheme { span, .. } => *span,
        }
    }
}
