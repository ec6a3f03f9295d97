//! Writes into memory, with the constraints that the store below would enforce.

use std::collections::HashMap;
use std::sync::Arc;

use super::layer::{Changed, Holder, Layer, RowId};
use super::shape::{Shape, Unique};
use super::{Shared, layers, locked};
use crate::connectors::tables::no_documents;
use crate::connectors::{
    Insert, Layout, StoreError, Update, Violation, ViolationKind, WriteError, matches, value_at,
};
use crate::value::query::{Filter, Select};
use crate::value::{DataType, FieldPath, ForeignKey, IndexKey, Key, Object, Row, Value};

/// Rows below by the key that a statement finds them by.
type Candidates = HashMap<Option<Key>, Vec<Arc<Row>>>;

/// A row in memory or below, as a write finds it.
struct Found {
    id: RowId,
    row: Arc<Row>,
    below: Option<Arc<Row>>,
}

impl Shared {
    /// Inserts rows into the topmost layer.
    pub(super) async fn insert(
        &self,
        shape: &Shape,
        insert: Insert<'_>,
        late: bool,
        own: &mut [Layer],
    ) -> Result<Vec<Row>, WriteError> {
        let mut rows = Vec::with_capacity(insert.rows.len());
        for row in insert.rows {
            rows.push(whole_row(shape, insert.layout, row)?);
        }
        let as_given = rows.clone();
        self.fill_numbers(shape, &mut rows, own).await?;
        for row in &mut rows {
            not_null(shape, row)?;
        }
        self.probe(shape, &as_given).await?;
        let refers = if late { Ok(()) } else { self.refer(shape, &rows, |_| true, own).await };
        self.hold_below(shape, &rows, own).await?;
        let mut committed = locked(&self.committed);
        for row in &rows {
            let id = shape.id_by_key(row).unwrap_or_else(|| RowId::New(self.next()));
            // A row that was deleted before has a place below still.
            let below = layers(&mut committed, own)
                .row(&shape.name, &id)
                .and_then(|changed| changed.below.clone());
            let found = Changed { row: Some(Arc::new(row.clone())), below, sequence: self.next() };
            Self::put(&mut committed, own, shape, id, None, found)?;
        }
        refers?;
        let value = |row: &Row, path: &String| value_at(&shape.layout, row, path).clone();
        if insert.returning.is_empty() {
            return Ok(Vec::new());
        }
        shape.check(insert.returning)?;
        let given = rows.iter().map(|row| insert.returning.iter().map(|p| value(row, p)).collect());
        Ok(given.collect())
    }

    /// Writes one row: checks what is unique, moves the claims.
    fn put(
        committed: &mut Layer,
        own: &mut [Layer],
        shape: &Shape,
        id: RowId,
        before: Option<&Row>,
        changed: Changed,
    ) -> Result<(), WriteError> {
        let mut claims = Vec::new();
        for unique in shape.unique() {
            let old = before.and_then(|row| unique.claim(shape, row));
            let new = changed.row.as_ref().and_then(|row| unique.claim(shape, row));
            if old == new {
                continue;
            }
            if let Some(new) = &new
                && let Some(Holder::Row(holder)) = layers(committed, own).holder(&shape.name, new)
                && (holder != id || before.is_none())
            {
                return Err(taken(shape, &unique));
            }
            claims.extend(old.map(|old| (old, Holder::Nobody)));
            claims.extend(new.map(|new| (new, Holder::Row(id.clone()))));
        }
        let top = own.last_mut().unwrap_or(committed).entity(&shape.name);
        top.unique.extend(claims);
        top.put(&shape.layout, id, changed);
        Ok(())
    }

    /// Notes who below holds the unique values that rows want, where the layers don't say.
    async fn hold_below(
        &self,
        shape: &Shape,
        rows: &[Row],
        own: &mut [Layer],
    ) -> Result<(), StoreError> {
        if !shape.below {
            return Ok(());
        }
        for unique in shape.unique() {
            let mut tuples = Vec::new();
            {
                let mut committed = locked(&self.committed);
                let layers = layers(&mut committed, own);
                for row in rows {
                    let Some(claim) = unique.claim(shape, row) else { continue };
                    if layers.holder(&shape.name, &claim).is_none() {
                        let values = unique.columns.iter().map(|path| shape.value(row, path));
                        tuples.push(values.cloned().collect::<Vec<_>>());
                    }
                }
            }
            if tuples.is_empty() {
                continue;
            }
            let filter = Filter::Tuples { paths: unique.columns.clone(), tuples };
            for row in self.rows_below(shape, &filter).await? {
                let id = shape.id_below(&row);
                let mut committed = locked(&self.committed);
                let visible = layers(&mut committed, own).row(&shape.name, &id).is_none();
                if let Some(claim) = unique.claim(shape, &row).filter(|_| visible) {
                    committed.entity(&shape.name).unique.entry(claim).or_insert(Holder::Row(id));
                }
            }
        }
        Ok(())
    }

    /// Gives numbers to rows whose only key is a number that the store fills.
    async fn fill_numbers(
        &self,
        shape: &Shape,
        rows: &mut [Row],
        own: &mut [Layer],
    ) -> Result<(), StoreError> {
        let [key] = shape.primary_key() else { return Ok(()) };
        let Some(place) = shape.schema.columns.iter().position(|column| column.name == *key) else {
            return Ok(());
        };
        let column = &shape.schema.columns[place];
        let filled = matches!(column.data_type, DataType::Int { .. }) && column.has_default;
        if shape.layout == Layout::Document
            || !filled
            || !rows.iter().any(|row| row[place].is_absent())
        {
            return Ok(());
        }
        let select = Select {
            entity: shape.name.clone(),
            columns: Some(vec![key.clone()]),
            order: vec![IndexKey { path: key.clone(), descending: true }],
            limit: Some(1),
            ..Select::default()
        };
        let last = self.select(&select, own).await?.rows.pop().and_then(|mut row| row.pop());
        let mut last = if let Some(Value::Int(last)) = last { last } else { 0 };
        for row in rows {
            match &row[place] {
                Value::Int(given) => last = last.max(*given),
                value if value.is_absent() => {
                    last += 1;
                    row[place] = Value::Int(last);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The rows below that keys may find, by key.
    async fn candidates(
        &self,
        shape: &Shape,
        key: &[String],
        rows: &[Row],
    ) -> Result<Candidates, StoreError> {
        shape.check(key)?;
        let tuples = rows.iter().map(|row| row[..key.len().min(row.len())].to_vec());
        let filter = Filter::Tuples { paths: key.to_vec(), tuples: tuples.collect() };
        let mut candidates = Candidates::new();
        for row in self.rows_below(shape, &filter).await? {
            let values = key.iter().map(|path| shape.value(&row, path));
            // A list has no key; such rows are looked at for every one.
            let name = Key::new(values).ok();
            candidates.entry(name).or_default().push(Arc::new(row));
        }
        Ok(candidates)
    }

    /// The rows that a key finds.
    fn found(
        &self,
        shape: &Shape,
        key: &[String],
        values: &[Value],
        candidates: &Candidates,
        own: &mut [Layer],
    ) -> Vec<Found> {
        let filter = Filter::Tuples { paths: key.to_vec(), tuples: vec![values.to_vec()] };
        let mut committed = locked(&self.committed);
        let mut layers = layers(&mut committed, own);
        let mut found = Vec::new();
        let named = Key::new(values).ok().and_then(|name| candidates.get(&Some(name)));
        let wanted = |row: &&Arc<Row>| matches(&filter, &shape.layout, row);
        for row in named.into_iter().chain(candidates.get(&None)).flatten().filter(wanted) {
            let id = shape.id_below(row);
            if layers.row(&shape.name, &id).is_none() {
                found.push(Found { id, below: Some(Arc::clone(row)), row: Arc::clone(row) });
            }
        }
        for id in layers.find(&shape.name, &shape.layout, key, &[values.to_vec()]) {
            if let Some(changed) = layers.row(&shape.name, &id)
                && let Some(row) = changed.row.as_ref().filter(wanted)
            {
                found.push(Found { row: Arc::clone(row), below: changed.below.clone(), id });
            }
        }
        found
    }

    /// Changes rows in the topmost layer.
    pub(super) async fn update(
        &self,
        shape: &Shape,
        update: Update<'_>,
        late: bool,
        own: &mut [Layer],
    ) -> Result<u64, WriteError> {
        shape.check(update.set)?;
        let candidates = self.candidates(shape, update.key, update.rows).await?;
        let unique = shape.unique();
        let mut matched = 0;
        for row in update.rows {
            let (key, set) = row.split_at(update.key.len().min(row.len()));
            for old in self.found(shape, update.key, key, &candidates, own) {
                matched += 1;
                let mut new = Row::clone(&old.row);
                for (path, value) in update.set.iter().zip(set) {
                    assign(shape, &mut new, path, value)?;
                }
                not_null(shape, &mut new)?;
                self.probe(shape, std::slice::from_ref(&new)).await?;
                if !late {
                    let differs = |foreign: &ForeignKey| {
                        let of = |row| foreign.columns.iter().map(move |it| shape.value(row, it));
                        !of(&new).eq(of(&old.row))
                    };
                    self.refer(shape, std::slice::from_ref(&new), differs, own).await?;
                }
                let same = |u: &Unique| u.claim(shape, &old.row) == u.claim(shape, &new);
                if !unique.iter().all(same) {
                    self.hold_below(shape, std::slice::from_ref(&new), own).await?;
                }
                let mut committed = locked(&self.committed);
                let id = shape.id_by_key(&new).unwrap_or_else(|| old.id.clone());
                let moved = id != old.id;
                let sequence = self.next();
                if moved {
                    let gone = Changed { row: None, below: old.below.clone(), sequence };
                    Self::put(&mut committed, own, shape, old.id, Some(&old.row), gone)?;
                }
                let below = if moved { None } else { old.below };
                let before = (!moved).then_some(&*old.row);
                let changed = Changed { row: Some(Arc::new(new)), below, sequence };
                Self::put(&mut committed, own, shape, id, before, changed)?;
            }
        }
        Ok(matched)
    }

    /// Deletes rows in the topmost layer.
    pub(super) async fn delete(
        &self,
        shape: &Shape,
        key: &[String],
        rows: &[Row],
        own: &mut [Layer],
    ) -> Result<u64, WriteError> {
        let candidates = self.candidates(shape, key, rows).await?;
        let mut deleted = 0;
        for row in rows {
            for old in self.found(shape, key, row, &candidates, own) {
                deleted += 1;
                let mut committed = locked(&self.committed);
                let gone = Changed { row: None, below: old.below, sequence: self.next() };
                Self::put(&mut committed, own, shape, old.id, Some(&old.row), gone)?;
            }
        }
        Ok(deleted)
    }
}

/// A row with a value for every column of the table, or the document.
fn whole_row(shape: &Shape, layout: &Layout, row: &Row) -> Result<Row, WriteError> {
    match (&shape.layout, layout) {
        (Layout::Document, Layout::Document) => {
            let document = row.first().and_then(Value::as_object);
            match document.and_then(|document| document.get("_id")) {
                Some(Value::Missing | Value::Array(_)) => Err(value_error("_id")),
                Some(_) => Ok(row.clone()),
                None => Err(value_error("_id")),
            }
        }
        (Layout::Document, Layout::Columns(names)) => {
            let mut document = Object::new();
            for (name, value) in names.iter().zip(row) {
                let path: FieldPath = name.parse().map_err(|_| value_error(name))?;
                path.set(&mut document, value.clone());
            }
            Ok(vec![Value::object(document)])
        }
        (Layout::Columns(all), Layout::Columns(names)) => {
            shape.check(names.iter())?;
            let value = |column: &String| {
                let place = names.iter().position(|name| name == column)?;
                row.get(place).cloned()
            };
            Ok(all.iter().map(|column| value(column).unwrap_or(Value::Missing)).collect())
        }
        (Layout::Columns(_), Layout::Document) => Err(no_documents(&shape.name).into()),
    }
}

fn value_error(column: &str) -> WriteError {
    refused(ViolationKind::Value, None, Some(column.to_owned()))
}

fn refused(kind: ViolationKind, constraint: Option<String>, column: Option<String>) -> WriteError {
    WriteError::Record(Violation { kind, constraint, column })
}

/// As the store below names it: by its columns in tables, by the index's name in collections.
fn taken(shape: &Shape, unique: &Unique) -> WriteError {
    let constraint = unique.index.clone().filter(|_| shape.layout == Layout::Document);
    let column = constraint.is_none().then(|| unique.columns.join(", "));
    refused(ViolationKind::Unique, constraint, column)
}

/// Refuses nulls where they are not allowed, and makes what was left out null.
fn not_null(shape: &Shape, row: &mut Row) -> Result<(), WriteError> {
    if shape.layout == Layout::Document {
        return Ok(());
    }
    for (column, value) in shape.schema.columns.iter().zip(row.iter_mut()) {
        let left_out = matches!(value, Value::Missing);
        let filled = left_out && (column.has_default || column.generated);
        if value.is_absent() && !column.nullable && !filled {
            return Err(refused(ViolationKind::NotNull, None, Some(column.name.clone())));
        }
        if left_out {
            *value = Value::Null;
        }
    }
    Ok(())
}

fn assign(shape: &Shape, row: &mut Row, path: &str, value: &Value) -> Result<(), WriteError> {
    if let Layout::Columns(names) = &shape.layout {
        if let Some(slot) =
            names.iter().position(|name| name == path).and_then(|place| row.get_mut(place))
        {
            *slot = if matches!(value, Value::Missing) { Value::Null } else { value.clone() };
        }
        return Ok(());
    }
    let field: FieldPath = path.parse().map_err(|_| value_error(path))?;
    if let Some(Value::Object(document)) = row.first_mut() {
        let document = Arc::make_mut(document);
        let id = document.get("_id").cloned();
        field.set(document, value.clone());
        if document.get("_id") != id.as_ref() {
            return Err(value_error("_id"));
        }
    }
    Ok(())
}
