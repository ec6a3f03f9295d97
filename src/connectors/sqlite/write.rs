//! Inserts, updates and deletes in tables.

use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments as _, AssertSqlSafe};

use super::catalog::{Table, TableColumn, quote};
use super::codec::{bind, decode};
use super::read::list;
use super::writer::Writer;
use crate::connectors::tables::{CatalogTable as _, inserted, runs};
use crate::connectors::{Delete, Insert, Update, Violation, ViolationKind, WriteError};
use crate::value::{DataType, Row, Value};

/// Parameters per statement: enough that the cost of a statement does not count, and few enough
/// that preparing one does not either.
const PARAMETERS: usize = 2_400;

/// Inserts rows into a table.
pub(crate) async fn insert(
    writer: &mut Writer,
    table: &Table,
    insert: Insert<'_>,
) -> Result<Vec<Row>, WriteError> {
    let targets = table.named(inserted(&insert, &table.name)?)?;
    let returning = table.named(insert.returning)?;
    let most = rows_at_once(targets.len(), !returning.is_empty());
    let runs = runs(insert.rows, most);
    if let [run] = runs.as_slice() {
        return insert_run(writer, table, &targets, run, &returning).await;
    }
    if runs.is_empty() {
        return Ok(Vec::new());
    }
    writer.group().await?;
    let mut result = Ok(Vec::new());
    for run in &runs {
        match insert_run(writer, table, &targets, run, &returning).await {
            Ok(rows) => result.iter_mut().for_each(|all: &mut Vec<Row>| all.extend(rows.clone())),
            Err(error) => {
                result = Err(error);
                break;
            }
        }
    }
    writer.end(result).await
}

/// How many rows go into one statement at most.
fn rows_at_once(columns: usize, singly: bool) -> usize {
    if singly { 1 } else { (PARAMETERS / columns.max(1)).max(1) }
}

async fn insert_run(
    writer: &mut Writer,
    table: &Table,
    targets: &[&TableColumn],
    rows: &[Row],
    returning: &[&TableColumn],
) -> Result<Vec<Row>, WriteError> {
    let Some(first) = rows.first() else { return Ok(Vec::new()) };
    let present: Vec<usize> =
        (0..targets.len()).filter(|&index| !matches!(first[index], Value::Missing)).collect();
    let mut sql = format!("INSERT INTO {}", quote(&table.name));
    let mut arguments = SqliteArguments::default();
    if present.is_empty() {
        sql.push_str(" DEFAULT VALUES");
    } else {
        let chosen: Vec<&TableColumn> = present.iter().map(|&index| targets[index]).collect();
        arguments.reserve(rows.len() * present.len(), 0);
        for row in rows {
            for &index in &present {
                bind_column(&mut arguments, &row[index], targets[index])?;
            }
        }
        let marks = format!("({})", vec!["?"; present.len()].join(","));
        let marks = vec![marks.as_str(); rows.len()].join(",");
        sql = format!("{sql}({}) VALUES {marks}", list(&chosen));
    }
    if returning.is_empty() {
        writer.change(sql, arguments).await?;
        return Ok(Vec::new());
    }
    sql = format!("{sql} RETURNING {}", list(returning));
    let row = sqlx::query_with(AssertSqlSafe(sql), arguments)
        .fetch_one(writer.connection())
        .await
        .map_err(|e| writer.write_error(&e))?;
    let (_, context) = writer.parts();
    let mut values = Vec::with_capacity(returning.len());
    for (index, column) in returning.iter().enumerate() {
        let value = decode(&row, index, &column.column_type, context.policies);
        values.push(value.unwrap_or(Value::Null));
    }
    Ok(vec![values])
}

fn bind_column(
    arguments: &mut SqliteArguments,
    value: &Value,
    column: &TableColumn,
) -> Result<(), WriteError> {
    bind(arguments, value, &column.column_type).map_err(|_| {
        WriteError::Record(Violation {
            kind: ViolationKind::Value,
            constraint: None,
            column: Some(column.name.clone()),
        })
    })
}

/// Changes rows by key.
pub(crate) async fn update(
    writer: &mut Writer,
    table: &Table,
    update: Update<'_>,
) -> Result<u64, WriteError> {
    let (keys, sets) = (table.named(update.key)?, table.named(update.set)?);
    let assignments: Vec<String> =
        sets.iter().map(|column| format!("{} = ?", quote(&column.name))).collect();
    let sql = if sets.is_empty() {
        // Nothing to set: which rows are there is still told.
        format!("SELECT count(*) FROM {} WHERE {}", quote(&table.name), conditions(&keys))
    } else {
        let name = quote(&table.name);
        format!("UPDATE {name} SET {} WHERE {}", assignments.join(","), conditions(&keys))
    };
    let grouped = update.rows.len() > 1;
    if grouped {
        writer.group().await?;
    }
    let mut result = Ok(0);
    for row in update.rows {
        let (key, set) = row.split_at(keys.len().min(row.len()));
        match update_one(writer, &sql, &keys, key, &sets, set).await {
            Ok(matched) => result.iter_mut().for_each(|sum| *sum += matched),
            Err(error) => {
                result = Err(error);
                break;
            }
        }
    }
    if grouped { writer.end(result).await } else { result }
}

async fn update_one(
    writer: &mut Writer,
    sql: &str,
    keys: &[&TableColumn],
    key: &[Value],
    sets: &[&TableColumn],
    set: &[Value],
) -> Result<u64, WriteError> {
    use sqlx::Row as _;
    let mut arguments = SqliteArguments::default();
    for (value, column) in set.iter().zip(sets) {
        bind_column(&mut arguments, value, column)?;
    }
    if !bind_key(&mut arguments, key, keys) {
        return Ok(0);
    }
    if sets.is_empty() {
        let row = sqlx::query_with(AssertSqlSafe(sql.to_owned()), arguments)
            .fetch_one(writer.connection())
            .await
            .map_err(|e| writer.write_error(&e))?;
        let count: i64 = row.try_get(0).map_err(|e| writer.write_error(&e))?;
        return Ok(u64::try_from(count).unwrap_or(0));
    }
    Ok(writer.change(sql.to_owned(), arguments).await?.rows_affected())
}

/// Deletes rows by key.
pub(crate) async fn delete(
    writer: &mut Writer,
    table: &Table,
    delete: Delete<'_>,
) -> Result<u64, WriteError> {
    let keys = table.named(delete.key)?;
    let singly = keys.iter().any(|column| second_spelling(column).is_some());
    let most = if singly { 1 } else { (PARAMETERS / keys.len().max(1)).max(1) };
    let grouped = delete.rows.len() > most;
    if grouped {
        writer.group().await?;
    }
    let mut result = Ok(0);
    for rows in delete.rows.chunks(most) {
        let mut arguments = SqliteArguments::default();
        let mut tuples = 0;
        for row in rows {
            let mut one = SqliteArguments::default();
            // A value that the column can't hold is in no row.
            if bind_key(&mut one, row, &keys) && bind_key(&mut arguments, row, &keys) {
                tuples += 1;
            }
        }
        if tuples == 0 {
            continue;
        }
        let marks = vec!["?"; keys.len()].join(",");
        let tuple = if keys.len() == 1 { marks } else { format!("({marks})") };
        let values = if keys.len() == 1 { "" } else { "VALUES " };
        let condition = if singly {
            conditions(&keys)
        } else {
            let tuples = vec![tuple.as_str(); tuples].join(",");
            format!("({}) IN ({values}{tuples})", list(&keys))
        };
        let sql = format!("DELETE FROM {} WHERE {condition}", quote(&table.name));
        match writer.change(sql, arguments).await {
            Ok(done) => result.iter_mut().for_each(|sum| *sum += done.rows_affected()),
            Err(error) => {
                result = Err(error);
                break;
            }
        }
    }
    if grouped { writer.end(result).await } else { result }
}

/// How SQL makes the second spelling under which a column may hold the same value.
fn second_spelling(column: &TableColumn) -> Option<&'static str> {
    match column.column_type.data_type {
        DataType::Uuid | DataType::ObjectId => Some("upper(?)"),
        DataType::DateTime | DataType::Timestamp => Some("replace(?, ' ', 'T')"),
        _ => None,
    }
}

fn conditions(keys: &[&TableColumn]) -> String {
    let parts: Vec<String> = keys
        .iter()
        .map(|column| match second_spelling(column) {
            Some(spelling) => format!("{} IN (?, {spelling})", quote(&column.name)),
            None => format!("{} = ?", quote(&column.name)),
        })
        .collect();
    parts.join(" AND ")
}

/// Binds a key; false when a part is one that the column can't hold, so that no row has it.
fn bind_key(arguments: &mut SqliteArguments, key: &[Value], columns: &[&TableColumn]) -> bool {
    key.len() == columns.len()
        && key.iter().zip(columns).all(|(value, column)| {
            let times = if second_spelling(column).is_some() { 2 } else { 1 };
            (0..times).all(|_| bind(arguments, value, &column.column_type).is_ok())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_that_leave_out_the_same_columns_go_together() {
        let row = |a: Value, b: Value| vec![a, b];
        let rows = [
            row(1.into(), 1.into()),
            row(2.into(), 2.into()),
            row(3.into(), Value::Missing),
            row(Value::Missing, Value::Missing),
            row(Value::Missing, Value::Missing),
            row(4.into(), Value::Null),
        ];
        let lengths: Vec<usize> =
            runs(&rows, rows_at_once(2, false)).iter().map(|run| run.len()).collect();
        assert_eq!(lengths, [2, 1, 1, 1, 1]);
        assert_eq!(runs(&rows, rows_at_once(2, true)).len(), 6);
        let many = vec![row(1.into(), 1.into()); PARAMETERS];
        assert_eq!(runs(&many, rows_at_once(2, false)).len(), 2);
    }
}
