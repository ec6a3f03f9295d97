//! What the overlay knows of an entity, and how its rows are told apart.

use std::sync::Arc;

use super::layer::RowId;
use crate::connectors::{Layout, StoreError, StoreErrorKind, value_at};
use crate::value::extended_json::to_text;
use crate::value::{Index, Key, Object, Row, Schema, Value};

/// An entity as statements see it.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    pub(super) name: String,
    pub(super) schema: Arc<Schema>,
    pub(super) layout: Layout,
    /// Whether the store below has rows of it that are not hidden.
    pub(super) below: bool,
}

impl Shape {
    pub(super) fn new(name: &str, schema: Arc<Schema>, documents: bool, below: bool) -> Self {
        let layout = layout_of(&schema, documents);
        Self { name: name.to_owned(), schema, layout, below }
    }

    pub(super) fn value<'r>(&self, row: &'r [Value], path: &str) -> &'r Value {
        value_at(&self.layout, row, path)
    }

    /// The columns of the primary key.
    pub(super) fn primary_key(&self) -> &[String] {
        &self.schema.primary_key
    }

    /// A row of the store below.
    pub(super) fn id_below(&self, row: &Row) -> RowId {
        self.id_by_key(row).unwrap_or_else(|| RowId::Content(content(row)))
    }

    /// A row by its primary key; `None` when it has none.
    pub(super) fn id_by_key(&self, row: &Row) -> Option<RowId> {
        if self.primary_key().is_empty() {
            return None;
        }
        let values = self.primary_key().iter().map(|path| self.value(row, path));
        Key::new(values).ok().map(RowId::Key)
    }

    /// What is unique: the primary key, then each unique index.
    pub(super) fn unique(&self) -> Vec<Unique> {
        let mut all = Vec::new();
        if !self.primary_key().is_empty() {
            all.push(Unique { columns: self.primary_key().to_vec(), index: None });
        }
        for index in self.schema.indexes.iter().filter(|index| index.unique) {
            all.push(Unique::of(index));
        }
        all
    }

    /// Checks that columns are there.
    pub(super) fn check(
        &self,
        paths: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Result<(), StoreError> {
        if self.layout == Layout::Document {
            return Ok(());
        }
        for path in paths {
            let path = path.as_ref();
            if self.schema.column(path).is_none() {
                return Err(StoreError::new(
                    StoreErrorKind::NotFound,
                    format!("table `{}` has no column `{path}`", self.name),
                ));
            }
        }
        Ok(())
    }
}

/// How the rows of an entity are named.
pub(super) fn layout_of(schema: &Schema, documents: bool) -> Layout {
    if documents {
        Layout::Document
    } else {
        Layout::Columns(schema.columns.iter().map(|column| column.name.clone()).collect())
    }
}

/// Columns that are unique together.
pub(super) struct Unique {
    pub(super) columns: Vec<String>,
    pub(super) index: Option<String>,
}

impl Unique {
    pub(super) fn of(index: &Index) -> Self {
        let columns = index.keys.iter().map(|key| key.path.clone()).collect();
        Self { columns, index: Some(index.name.clone()) }
    }

    /// The value that a row holds; `None` when a part is null, which never collides.
    pub(super) fn claim(&self, shape: &Shape, row: &Row) -> Option<(Vec<String>, Vec<u8>)> {
        let mut bytes = Vec::new();
        for path in &self.columns {
            let value = shape.value(row, path);
            match Key::new([value]) {
                Ok(key) => bytes.extend_from_slice(key.as_bytes()),
                Err(_) if value.is_absent() => return None,
                Err(_) => bytes.extend(to_text(value).unwrap_or_default().into_bytes()),
            }
        }
        Some((self.columns.clone(), bytes))
    }
}

/// A row's whole content.
fn content(row: &Row) -> Vec<u8> {
    let fields = row.iter().enumerate().map(|(index, value)| (index.to_string(), value.clone()));
    let whole = Value::object(fields.collect::<Object>());
    to_text(&whole).unwrap_or_else(|_| format!("{whole:?}")).into_bytes()
}
