//! Small readers for values that the shapes have admitted. They say nothing: what is not of the
//! expected kind was told before.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Entity, EntityKind, Located, SortKey};
use crate::diagnostics::{Diagnostic, Diagnostics, Span, codes};
use crate::document::{Entry, Node, NodeKind, Spanned, Table, Text};

/// What readers need beside the tree.
pub(super) struct Context<'a> {
    /// The folder of the file that is read.
    pub(super) base: &'a Path,
    /// Where mistakes go.
    pub(super) diagnostics: &'a mut Diagnostics,
}

impl Context<'_> {
    /// A path as written with what it is relative to.
    pub(super) fn located(&self, text: &Text) -> Located {
        let base =
            if text.starts_with_variable() { PathBuf::new() } else { self.base.to_path_buf() };
        Located { text: text.clone(), base }
    }

    /// Says that a key means nothing without another one, if the key is there.
    pub(super) fn misplaced(&mut self, table: &Table, key: &str, why: &str) {
        if let Some(entry) = table.entry(key) {
            self.diagnostics.push(
                Diagnostic::new(&codes::MISPLACED_KEY, format!("`{key}` has no meaning here"))
                    .at(entry.key.span(), why),
            );
        }
    }

    /// Says that a key is missing because of another one, if it is.
    pub(super) fn needed(&mut self, table: &Table, key: &str, place: Span, why: &str) {
        if table.get(key).is_none() && table.misspelt(key).is_none() {
            self.diagnostics.push(
                Diagnostic::new(&codes::MISSING_KEY, format!("`{key}` is missing")).at(place, why),
            );
        }
    }
}

/// A text.
pub(super) fn text(table: &Table, key: &str) -> Option<Text> {
    table.get(key).and_then(Node::as_text).cloned()
}

/// A text or a list of texts; those that were refused are left out.
pub(super) fn texts(table: &Table, key: &str) -> Vec<Text> {
    table.get(key).map_or_else(Vec::new, node_texts)
}

/// As [`texts`], of a value.
pub(super) fn node_texts(node: &Node) -> Vec<Text> {
    match &node.kind {
        NodeKind::Text(text) => vec![text.clone()],
        NodeKind::Array(nodes) => nodes.iter().filter_map(Node::as_text).cloned().collect(),
        _ => Vec::new(),
    }
}

/// A whole number that is not negative.
pub(super) fn integer(table: &Table, key: &str) -> Option<Spanned<u64>> {
    let node = table.get(key)?;
    match node.kind {
        NodeKind::Integer(value) => Some(Spanned::new(u64::try_from(value).ok()?, node.span)),
        _ => None,
    }
}

/// A truth value.
pub(super) fn boolean(table: &Table, key: &str) -> Option<Spanned<bool>> {
    let node = table.get(key)?;
    match node.kind {
        NodeKind::Boolean(value) => Some(Spanned::new(value, node.span)),
        _ => None,
    }
}

/// A length of time.
pub(super) fn duration(table: &Table, key: &str) -> Option<Spanned<Duration>> {
    let text = text(table, key)?;
    Some(Spanned::new(humantime::parse_duration(&text).ok()?, text.span()))
}

/// One of a set of words.
pub(super) fn choice<T: Copy>(
    table: &Table,
    key: &str,
    choices: &[(&str, T)],
) -> Option<Spanned<T>> {
    let text = text(table, key)?;
    let (_, value) = choices.iter().find(|(word, _)| *word == text.as_str())?;
    Some(Spanned::new(*value, text.span()))
}

/// The words of a set of choices, for its shape.
pub(super) const fn words<T: Copy, const N: usize>(
    choices: &[(&'static str, T); N],
) -> [&'static str; N] {
    let mut words = [""; N];
    let mut index = 0;
    while index < N {
        words[index] = choices[index].0;
        index += 1;
    }
    words
}

/// The entries of a table value; none when it is absent or was refused.
pub(super) fn entries<'t>(table: &'t Table, key: &str) -> &'t [Entry] {
    table.get(key).and_then(Node::as_table).map_or(&[], |table| &table.entries)
}

/// Names with texts.
pub(super) fn text_map(table: &Table, key: &str) -> Vec<(Text, Text)> {
    entries(table, key)
        .iter()
        .filter_map(|entry| Some((entry.key.clone(), entry.value.as_text()?.clone())))
        .collect()
}

/// `table = …` or `collection = …`.
pub(super) fn entity(table: &Table) -> Option<Entity> {
    if let Some(name) = text(table, "table") {
        return Some(Entity { kind: EntityKind::Table, name });
    }
    text(table, "collection").map(|name| Entity { kind: EntityKind::Collection, name })
}

/// Columns or paths with directions.
pub(super) fn sort_keys(table: &Table, key: &str) -> Vec<SortKey> {
    texts(table, key)
        .into_iter()
        .map(|text| {
            let (path, descending) = match text.strip_prefix('-') {
                Some(path) => (path.to_owned(), true),
                None => (text.as_str().to_owned(), false),
            };
            SortKey { path, descending, text }
        })
        .collect()
}

/// Each table of a list of tables, with its place.
pub(super) fn tables<'t>(table: &'t Table, key: &str) -> impl Iterator<Item = (&'t Table, Span)> {
    let nodes = table.get(key).and_then(Node::as_array).unwrap_or(&[]);
    nodes.iter().filter_map(|node| Some((node.as_table()?, node.span)))
}
