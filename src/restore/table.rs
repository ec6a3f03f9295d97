//! Writing one table or collection back.

use std::sync::Arc;

use super::Table;
use super::difference::key_of;
use crate::backup::BATCH;
use crate::connectors::{Definition, Delete, Insert, Layout, Session, Store, Update, WriteError};
use crate::run::{RunError, RunErrorKind, problem_of};
use crate::value::{Object, Row, Value};

/// Deletes what came since the backup; of a collection also what differs, which is put in anew so
/// that its fields are in the order that they had.
pub(super) async fn delete(
    store: &Arc<dyn Store>,
    session: &mut dyn Session,
    table: &Table<'_>,
) -> Result<(), RunError> {
    let entity = &table.part.table.table;
    let difference = &table.difference;
    let documents = store.capabilities().documents;
    if table.schema.is_none() {
        return Ok(());
    }
    if documents && table.part.table.file.is_none() {
        // It was not there.
        session.define(&Definition::DropEntity { entity: entity.clone() }).await?;
        return Ok(());
    }
    let width = difference.key.len();
    for rows in difference.extra.chunks(BATCH) {
        let rows: Vec<Row> = rows.iter().map(|row| row[..width].to_vec()).collect();
        let delete = Delete { entity, key: &difference.key, rows: &rows };
        session.delete(delete).await.map_err(|error| refused(table, error))?;
    }
    if !documents || difference.changed.is_empty() {
        return Ok(());
    }
    each(table, async |rows: Vec<Object>| {
        let rows = rows.into_iter().filter(|row| is_in(table, row, false));
        let rows: Vec<Row> = rows.map(|row| values(&row, &difference.key)).collect();
        if rows.is_empty() {
            return Ok(());
        }
        let delete = Delete { entity, key: &difference.key, rows: &rows };
        session.delete(delete).await.map(|_| ()).map_err(|error| refused(table, error))
    })
    .await
}

/// Inserts what is missing and changes what differs, but for the columns that are set later.
pub(super) async fn write(
    store: &Arc<dyn Store>,
    session: &mut dyn Session,
    table: &Table<'_>,
    later: &[String],
) -> Result<(), RunError> {
    let entity = &table.part.table.table;
    let difference = &table.difference;
    if difference.missing.is_empty() && difference.changed.is_empty() {
        return Ok(());
    }
    let documents = store.capabilities().documents;
    if documents && table.schema.is_none() {
        session.define(&Definition::CreateCollection { entity: entity.clone() }).await?;
    }
    let columns = written(table);
    let set: Vec<String> =
        columns.iter().filter(|name| !difference.key.contains(name)).cloned().collect();
    let set: Vec<String> = set.into_iter().filter(|name| !later.contains(name)).collect();
    let layout = if documents { Layout::Document } else { Layout::Columns(columns.clone().into()) };
    each(table, async |rows: Vec<Object>| {
        let (mut new, mut changed) = (Vec::new(), Vec::new());
        for mut row in rows {
            let is_missing = is_in(table, &row, true);
            if documents {
                if is_missing || is_in(table, &row, false) {
                    new.push(vec![Value::object(row)]);
                }
            } else if is_missing {
                for name in later {
                    row.insert(name.as_str(), Value::Null);
                }
                new.push(values(&row, &columns));
            } else if is_in(table, &row, false) {
                let mut change = values(&row, &difference.key);
                change.extend(values(&row, &set));
                changed.push(change);
            }
        }
        if !changed.is_empty() && !set.is_empty() {
            let update = Update { entity, key: &difference.key, set: &set, rows: &changed };
            session.update(update).await.map_err(|error| refused(table, error))?;
        }
        if !new.is_empty() {
            let insert = Insert { entity, layout: &layout, rows: &new, returning: &[] };
            session.insert(insert).await.map_err(|error| refused(table, error))?;
        }
        Ok(())
    })
    .await
}

/// Sets the columns that refer to rows which were not there before.
pub(super) async fn write_deferred(
    session: &mut dyn Session,
    table: &Table<'_>,
    later: &[String],
) -> Result<(), RunError> {
    let difference = &table.difference;
    if later.is_empty() || (difference.missing.is_empty() && difference.changed.is_empty()) {
        return Ok(());
    }
    let entity = &table.part.table.table;
    each(table, async |rows: Vec<Object>| {
        let rows =
            rows.into_iter().filter(|row| is_in(table, row, true) || is_in(table, row, false));
        let rows: Vec<Row> = rows
            .map(|row| {
                let mut change = values(&row, &difference.key);
                change.extend(values(&row, later));
                change
            })
            .collect();
        if rows.is_empty() {
            return Ok(());
        }
        let update = Update { entity, key: &difference.key, set: later, rows: &rows };
        session.update(update).await.map(|_| ()).map_err(|error| refused(table, error))
    })
    .await
}

/// Reads a table's backup from its beginning, a batch at a time.
async fn each(
    table: &Table<'_>,
    mut each: impl AsyncFnMut(Vec<Object>) -> Result<(), RunError>,
) -> Result<(), RunError> {
    let mut rows = table.part.backup.rows(&table.part.table)?;
    loop {
        let batch = rows.next(BATCH)?;
        if batch.is_empty() {
            return Ok(());
        }
        let objects = batch.into_iter().filter_map(|row| match row {
            Value::Object(row) => Some(Arc::unwrap_or_clone(row)),
            _ => None,
        });
        each(objects.collect()).await?;
    }
}

/// Whether a row of the backup is missing, or changed.
fn is_in(table: &Table<'_>, row: &Object, missing: bool) -> bool {
    let difference = &table.difference;
    let set = if missing { &difference.missing } else { &difference.changed };
    key_of(row, &difference.key).is_ok_and(|key| set.contains(&key))
}

/// The columns that are written.
fn written(table: &Table<'_>) -> Vec<String> {
    let columns = table.part.table.columns.iter().filter(|column| !column.generated);
    columns.map(|column| column.name.clone()).collect()
}

fn values(row: &Object, names: &[String]) -> Row {
    names.iter().map(|name| row.get(name).cloned().unwrap_or(Value::Null)).collect()
}

fn refused(table: &Table<'_>, error: WriteError) -> RunError {
    match error {
        WriteError::Store(error) => error.into(),
        WriteError::Record(violation) => {
            let message = format!(
                "a row of `{}` can't become what it was: {}",
                table.part.table.table,
                problem_of(&violation)
            );
            RunError::new(RunErrorKind::Refused, message)
                .help("nothing of the restore stays; look at what the table holds now")
        }
    }
}
