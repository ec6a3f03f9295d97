//! The constraints that need more than the row: what it refers to, and conditions in the language of
//! the store below, which are put to an empty copy of the table there.

use std::collections::HashSet;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use super::layer::Layer;
use super::shape::Shape;
use super::{Shared, locked};
use crate::connectors::{
    Copied, Fitter, Insert, Layout, StoreError, StoreErrorKind, Violation, ViolationKind,
    WriteError,
};
use crate::value::query::{Filter, Select};
use crate::value::structure::{ColumnType, TableDefinition};
use crate::value::{Column, ForeignKey, Key, Row, Value};

/// How many values one query asks for.
const VALUES_PER_QUERY: usize = 5_000;

/// An empty copy of a table below.
pub(super) struct Probe {
    copy: Copied,
    layout: Layout,
    /// The places of its columns in a whole row.
    places: Vec<usize>,
}

impl Shared {
    /// Finds a row that refers to something that is not there: neither below, nor in the layers, nor
    /// among these rows themselves. `changed` says which foreign keys matter.
    pub(super) async fn refer(
        &self,
        shape: &Shape,
        rows: &[Row],
        changed: impl Fn(&ForeignKey) -> bool,
        own: &mut [Layer],
    ) -> Result<(), WriteError> {
        if shape.layout == Layout::Document {
            return Ok(());
        }
        for foreign in shape.schema.foreign_keys.iter().filter(|foreign| changed(foreign)) {
            if !self.has_orphan(shape, foreign, rows, own).await? {
                continue;
            }
            let constraint = self.definition(shape).await?.and_then(|table| {
                let named = |columns: &[String]| *columns == foreign.columns[..];
                let key = table.foreign_keys.iter().find(|key| named(&key.columns))?;
                Some(key.name.clone()).filter(|name| !name.is_empty())
            });
            let column = Some(foreign.columns.join(", "));
            let violation = Violation { kind: ViolationKind::ForeignKey, constraint, column };
            return Err(WriteError::Record(violation));
        }
        Ok(())
    }

    /// Whether one of the rows refers to nothing by a foreign key.
    async fn has_orphan(
        &self,
        shape: &Shape,
        foreign: &ForeignKey,
        rows: &[Row],
        own: &mut [Layer],
    ) -> Result<bool, StoreError> {
        let Some(parent) = self.shape(&foreign.table, own).await? else {
            // Of a table in another database nothing is known here.
            return Ok(false);
        };
        let references =
            if foreign.references.is_empty() { parent.primary_key() } else { &foreign.references };
        if references.len() != foreign.columns.len() {
            return Ok(false);
        }
        let fitters: Vec<Fitter> = references
            .iter()
            .map(|name| {
                let column = parent.schema.column(name).cloned().unwrap_or_else(Column::any);
                self.inner.fitter(&column)
            })
            .collect();
        // What each row refers to, as the parent spells it; a row with a null part refers to nothing.
        let mut wanted: Vec<Option<Row>> = Vec::with_capacity(rows.len());
        let mut asked: HashSet<Key> = HashSet::new();
        let mut tuples: Vec<Row> = Vec::new();
        for row in rows {
            let values: Row =
                foreign.columns.iter().map(|name| shape.value(row, name).clone()).collect();
            if values.iter().any(Value::is_absent) {
                wanted.push(None);
                continue;
            }
            let fitted: Row = values
                .into_iter()
                .zip(&fitters)
                .map(|(value, fit)| fit(value.clone()).unwrap_or(value))
                .collect();
            if Key::new(&fitted).is_ok_and(|key| asked.insert(key)) {
                tuples.push(fitted.clone());
            }
            wanted.push(Some(fitted));
        }
        let mut there: HashSet<Key> = HashSet::new();
        for tuples in tuples.chunks((VALUES_PER_QUERY / references.len().max(1)).max(1)) {
            let select = Select {
                entity: foreign.table.clone(),
                columns: Some(references.to_vec()),
                filter: Filter::Tuples { paths: references.to_vec(), tuples: tuples.to_vec() },
                ..Select::default()
            };
            let found = self.select(&select, own).await?;
            there.extend(found.rows.iter().filter_map(|row| Key::new(row).ok()));
        }
        let itself = foreign.table == shape.name;
        let key_of =
            |row: &Row| Key::new(references.iter().map(|name| shape.value(row, name))).ok();
        if itself && !self.inner.capabilities().row_by_row {
            there.extend(rows.iter().filter_map(key_of));
        }
        for (row, wanted) in rows.iter().zip(&wanted) {
            if itself {
                there.extend(key_of(row));
            }
            let Some(wanted) = wanted else { continue };
            if !Key::new(wanted).is_ok_and(|key| there.contains(&key)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Puts rows to an empty copy of the table below, to find one that a condition refuses.
    pub(super) async fn probe(&self, shape: &Shape, rows: &[Row]) -> Result<(), WriteError> {
        if shape.layout == Layout::Document || !shape.below || rows.is_empty() {
            return Ok(());
        }
        let mut probes = self.probes.lock().await;
        let known = match probes.entry(shape.name.clone()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(self.open_probe(shape).await?),
        };
        let Some(probe) = known else { return Ok(()) };
        let chosen: Vec<Row> = rows
            .iter()
            .map(|row| {
                probe.places.iter().map(|&at| row.get(at).cloned().unwrap_or_default()).collect()
            })
            .collect();
        probe.copy.session.savepoint().await?;
        let (entity, layout) = (&probe.copy.entity, &probe.layout);
        let insert = Insert { entity, layout, rows: &chosen, returning: &[] };
        let done = probe.copy.session.insert(insert).await;
        probe.copy.session.rollback_to_savepoint().await?;
        match done {
            Err(WriteError::Record(violation))
                if matches!(violation.kind, ViolationKind::Check | ViolationKind::Value) =>
            {
                Err(WriteError::Record(violation))
            }
            // What else stands in the way is known better here.
            Ok(_) | Err(WriteError::Record(_)) => Ok(()),
            Err(WriteError::Store(error)) => Err(error.into()),
        }
    }

    /// An empty copy of a table that has conditions; `None` where it has none, or can't be had.
    async fn open_probe(&self, shape: &Shape) -> Result<Option<Probe>, StoreError> {
        let Some(table) = self.definition(shape).await? else { return Ok(None) };
        let native = table.columns.iter().any(|it| matches!(it.column_type, ColumnType::Native(_)));
        if table.checks.is_empty() && !native {
            return Ok(None);
        }
        let copy = match self.inner.probe(&shape.name).await {
            Ok(Some(copy)) => copy,
            Ok(None) => return Ok(None),
            Err(error) if error.kind == StoreErrorKind::Unavailable => return Err(error),
            Err(_) => {
                let note = format!(
                    "what the checks of `{}` refuse is not foretold: the user may not make a \
                     temporary table",
                    shape.name
                );
                locked(&self.notes).push(note);
                return Ok(None);
            }
        };
        let kept = |column: &&(usize, &Column)| !column.1.generated;
        let columns: Vec<(usize, &Column)> = shape.schema.columns.iter().enumerate().collect();
        let columns: Vec<&(usize, &Column)> = columns.iter().filter(kept).collect();
        Ok(Some(Probe {
            copy,
            layout: Layout::Columns(columns.iter().map(|(_, it)| it.name.clone()).collect()),
            places: columns.iter().map(|(at, _)| *at).collect(),
        }))
    }

    /// What the catalog below says of a table; `None` where it is not there.
    async fn definition(&self, shape: &Shape) -> Result<Option<Arc<TableDefinition>>, StoreError> {
        if !shape.below {
            return Ok(None);
        }
        if let Some(known) = locked(&self.definitions).get(&shape.name) {
            return Ok(known.clone());
        }
        let found = match self.inner.structure(&shape.name).await {
            Ok(found) => found.map(Arc::new),
            Err(error) if error.kind == StoreErrorKind::Unsupported => None,
            Err(error) => return Err(error),
        };
        locked(&self.definitions).insert(shape.name.clone(), found.clone());
        Ok(found)
    }
}
