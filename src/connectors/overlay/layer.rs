//! Changes in memory, in layers: a transaction and each savepoint is one more.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::connectors::{Layout, value_at};
use crate::value::{Key, Row, Schema, Value};

/// What tells a row from all others of its entity.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum RowId {
    /// Its primary key.
    Key(Key),
    /// Its whole content, when the table below has no primary key.
    Content(Vec<u8>),
    /// Its number among those that were inserted without a primary key.
    New(u64),
}

/// A changed or inserted row.
#[derive(Clone, Debug)]
pub(super) struct Changed {
    /// What it is now; `None` when it was deleted.
    pub(super) row: Option<Arc<Row>>,
    /// What the store below has in its place.
    pub(super) below: Option<Arc<Row>>,
    /// When it was written.
    pub(super) sequence: u64,
}

/// Rows by the values of some columns. It may name rows that have changed since.
type Lookup = HashMap<Vec<u8>, Vec<RowId>>;

/// What became of an entity's shape in a layer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Definition {
    /// Nothing.
    #[default]
    Untouched,
    /// It was created or changed.
    Is(Arc<Schema>),
    /// It was dropped.
    Dropped,
}

impl Definition {
    /// The shape, when it was created or changed.
    pub(super) fn shape(&self) -> Option<Arc<Schema>> {
        match self {
            Self::Is(schema) => Some(Arc::clone(schema)),
            _ => None,
        }
    }
}

/// Who holds a value of unique columns, as a layer knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Holder {
    /// This row.
    Row(RowId),
    /// Nobody any more.
    Nobody,
}

/// Changes of one entity.
#[derive(Debug, Default)]
pub(super) struct EntityLayer {
    pub(super) rows: BTreeMap<RowId, Changed>,
    /// Who holds values of unique columns.
    pub(super) unique: HashMap<(Vec<String>, Vec<u8>), Holder>,
    lookups: HashMap<Vec<String>, Lookup>,
    /// What became of its shape here.
    pub(super) schema: Definition,
    /// Whether the rows below are gone, as after a drop.
    pub(super) hides_below: bool,
}

impl EntityLayer {
    /// Writes a row.
    pub(super) fn put(&mut self, layout: &Layout, id: RowId, changed: Changed) {
        if let Some(row) = &changed.row {
            for (paths, lookup) in &mut self.lookups {
                lookup.entry(lookup_key(layout, row, paths)).or_default().push(id.clone());
            }
        }
        self.rows.insert(id, changed);
    }

    /// The rows that may have these values at these paths.
    pub(super) fn find(
        &mut self,
        layout: &Layout,
        paths: &[String],
        tuples: &[Vec<Value>],
    ) -> Vec<RowId> {
        let rows = &self.rows;
        let lookup = self.lookups.entry(paths.to_vec()).or_insert_with(|| {
            let mut lookup = Lookup::new();
            for (id, changed) in rows {
                if let Some(row) = &changed.row {
                    lookup.entry(lookup_key(layout, row, paths)).or_default().push(id.clone());
                }
            }
            lookup
        });
        let mut found: Vec<RowId> = tuples
            .iter()
            .filter_map(|tuple| Key::new(tuple).ok())
            .filter_map(|key| lookup.get(key.as_bytes()))
            .chain(lookup.get(&[][..]))
            .flatten()
            .cloned()
            .collect();
        found.sort();
        found.dedup();
        found
    }

    /// Takes over what a later layer changed.
    fn absorb(&mut self, later: Self, layout: &Layout) {
        if later.hides_below {
            *self = Self { hides_below: true, schema: self.schema.clone(), ..Self::default() };
        }
        if later.schema != Definition::Untouched {
            self.schema = later.schema;
        }
        for (id, changed) in later.rows {
            self.put(layout, id, changed);
        }
        self.unique.extend(later.unique);
    }
}

/// The key under which a lookup has a row. Rows with lists, objects or nothing there go under the
/// empty one, and are always looked at.
fn lookup_key(layout: &Layout, row: &Row, paths: &[String]) -> Vec<u8> {
    Key::new(paths.iter().map(|path| value_at(layout, row, path)))
        .map(|key| key.as_bytes().to_vec())
        .unwrap_or_default()
}

/// Changes of a store.
#[derive(Debug, Default)]
pub(super) struct Layer {
    pub(super) entities: HashMap<String, EntityLayer>,
}

impl Layer {
    /// The changes of an entity, to add to them.
    pub(super) fn entity(&mut self, name: &str) -> &mut EntityLayer {
        self.entities.entry(name.to_owned()).or_default()
    }

    /// Takes over what a later layer changed. `layout` tells how an entity's rows are named.
    pub(super) fn absorb(&mut self, later: Self, layout: impl Fn(&str) -> Layout) {
        for (name, changes) in later.entities {
            let layout = layout(&name);
            self.entity(&name).absorb(changes, &layout);
        }
    }
}

/// Layers from the lowest to the highest, read as one.
pub(super) struct Layers<'l>(pub(super) Vec<&'l mut Layer>);

impl Layers<'_> {
    /// What became of an entity's shape.
    pub(super) fn schema(&self, entity: &str) -> Definition {
        let touched = |layer: &&mut Layer| {
            let schema = &layer.entities.get(entity)?.schema;
            (*schema != Definition::Untouched).then(|| schema.clone())
        };
        self.0.iter().rev().find_map(touched).unwrap_or_default()
    }

    /// Whether the layers change rows of an entity.
    pub(super) fn touch(&self, entity: &str) -> bool {
        self.0.iter().any(|layer| {
            layer.entities.get(entity).is_some_and(|e| !e.rows.is_empty() || e.hides_below)
        })
    }

    /// Whether the rows of the store below are hidden.
    pub(super) fn hide_below(&self, entity: &str) -> bool {
        self.0.iter().any(|layer| layer.entities.get(entity).is_some_and(|e| e.hides_below))
    }

    /// The changes of an entity that count, from the highest layer that hides what is below.
    fn of(&self, entity: &str) -> Vec<&EntityLayer> {
        let mut found = Vec::new();
        for layer in self.0.iter().rev() {
            if let Some(changes) = layer.entities.get(entity) {
                found.push(changes);
                if changes.hides_below {
                    break;
                }
            }
        }
        found
    }

    /// A row, if it was changed.
    pub(super) fn row(&self, entity: &str, id: &RowId) -> Option<&Changed> {
        self.of(entity).into_iter().find_map(|changes| changes.rows.get(id))
    }

    /// All changed rows.
    pub(super) fn rows(&self, entity: &str) -> BTreeMap<&RowId, &Changed> {
        let mut rows = BTreeMap::new();
        for changes in self.of(entity).into_iter().rev() {
            rows.extend(changes.rows.iter());
        }
        rows
    }

    /// The rows that may have these values at these paths.
    pub(super) fn find(
        &mut self,
        entity: &str,
        layout: &Layout,
        paths: &[String],
        tuples: &[Vec<Value>],
    ) -> Vec<RowId> {
        let mut found = Vec::new();
        for layer in &mut self.0 {
            if let Some(changes) = layer.entities.get_mut(entity) {
                found.extend(changes.find(layout, paths, tuples));
            }
        }
        found.sort();
        found.dedup();
        found
    }

    /// Who holds a value of unique columns; `None` when the layers don't say.
    pub(super) fn holder(&self, entity: &str, claim: &(Vec<String>, Vec<u8>)) -> Option<Holder> {
        self.of(entity).into_iter().find_map(|changes| changes.unique.get(claim).cloned())
    }
}
