//! Tables that refer to one another: in which order they are written, and what must not go.

use std::sync::Arc;

use super::Table;
use crate::backup::BATCH;
use crate::connectors::Store;
use crate::diagnostics::wording::plural;
use crate::run::{RunError, RunErrorKind};
use crate::value::query::{Filter, Select};
use crate::value::{ForeignKey, Row, Value};

fn keys<'t>(table: &'t Table<'_>) -> impl Iterator<Item = &'t ForeignKey> {
    table.schema.iter().flat_map(|schema| &schema.foreign_keys)
}

fn is(table: &Table<'_>, name: &str) -> bool {
    table.part.table.table.eq_ignore_ascii_case(name)
}

/// Puts tables that are referred to before those that refer; circles keep their order.
pub(super) fn parents_first(tables: &mut Vec<Table<'_>>) {
    let mut open = std::mem::take(tables);
    while !open.is_empty() {
        let waits = |table: &Table<'_>| {
            keys(table)
                .any(|key| !is(table, &key.table) && open.iter().any(|other| is(other, &key.table)))
        };
        let next = open.iter().position(|table| !waits(table)).unwrap_or(0);
        tables.push(open.remove(next));
    }
}

/// The columns of a table that refer to rows which are not written yet when it is: to itself, or in
/// a circle. They are set afterwards, where they may be null meanwhile.
pub(super) fn deferred(tables: &[Table<'_>], place: usize) -> Vec<String> {
    let table = &tables[place];
    let mut columns = Vec::new();
    for key in keys(table) {
        let later = tables[place..].iter().any(|other| is(other, &key.table));
        let nullable = key.columns.iter().all(|name| {
            table.schema.as_ref().and_then(|schema| schema.column(name)).is_some_and(|c| c.nullable)
        });
        if later && nullable {
            for name in &key.columns {
                if !columns.contains(name) && !table.difference.key.contains(name) {
                    columns.push(name.clone());
                }
            }
        }
    }
    columns
}

/// Sees that no row of another table refers to one that would go: the store might delete it along.
pub(super) async fn refuse_referenced(
    store: &Arc<dyn Store>,
    tables: &[Table<'_>],
) -> Result<(), RunError> {
    if store.capabilities().documents
        || tables.iter().all(|table| table.difference.extra.is_empty())
    {
        return Ok(());
    }
    for from in store.entities().await? {
        if tables.iter().any(|table| is(table, &from)) {
            continue;
        }
        let Some(schema) = store.describe(&from).await? else { continue };
        for key in &schema.foreign_keys {
            let Some(table) = tables.iter().find(|table| is(table, &key.table)) else { continue };
            let count = referring(store, &from, key, table).await?;
            if count > 0 {
                let message = format!(
                    "{} of table `{from}`, which is not put back, refer to rows of `{}` that came \
                     since the backup",
                    plural(count, "row"),
                    table.part.table.table
                );
                return Err(RunError::new(RunErrorKind::Refused, message)
                    .help("`mapper rollback` keeps such rows; or delete what refers first"));
            }
        }
    }
    Ok(())
}

/// How many rows refer to rows of a table that would go.
async fn referring(
    store: &Arc<dyn Store>,
    from: &str,
    key: &ForeignKey,
    table: &Table<'_>,
) -> Result<usize, RunError> {
    let difference = &table.difference;
    let columns = if key.references.is_empty() { &difference.key } else { &key.references };
    let places: Option<Vec<usize>> = columns
        .iter()
        .map(|name| difference.carried.iter().position(|carried| carried == name))
        .collect();
    let Some(places) = places else { return Ok(0) };
    let mut count = 0;
    for rows in difference.extra.chunks(BATCH) {
        let tuples: Vec<Row> = rows
            .iter()
            .map(|row| places.iter().map(|place| row[*place].clone()).collect::<Row>())
            .filter(|tuple| !tuple.iter().any(Value::is_absent))
            .collect();
        if tuples.is_empty() {
            continue;
        }
        let select = Select {
            entity: from.to_owned(),
            columns: Some(key.columns.clone()),
            filter: Filter::Tuples { paths: key.columns.clone(), tuples },
            ..Select::default()
        };
        count += store.select(&select).await?.rows.len();
    }
    Ok(count)
}
