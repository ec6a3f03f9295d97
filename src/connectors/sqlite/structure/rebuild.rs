//! Making a table anew, with its rows, within a transaction and whatever refers to it.
//!
//! The way that SQLite's manual gives turns foreign keys off, which nothing can in a transaction;
//! with them on, dropping the old table would delete, or empty, the rows that refer to it. So the old
//! table gets a name that nothing refers to before it is dropped, and the new one takes its name:
//! in the catalog alone, as `PRAGMA writable_schema` allows.

use sqlx::Row as _;

use super::catalog::{enum_of, named, parsed, sql_of};
use super::parse::{Clause, ColumnText, Kind, TableText};
use super::render::{
    check_text, clauses, declared_type, foreign_key_text, is_identity, primary_key, unique_text,
};
use crate::connectors::sqlite::catalog::{execute, quote};
use crate::connectors::sqlite::writer::Writer;
use crate::connectors::{StoreError, StoreErrorKind};
use crate::value::DataType;
use crate::value::structure::{
    ColumnDefinition, ColumnType, DefaultValue, StructureChange, TableDefinition,
};

/// Makes a change by making its table anew. `before` is the table as it is.
pub(super) async fn rebuild(
    writer: &mut Writer,
    change: &StructureChange,
    before: &TableDefinition,
) -> Result<(), StoreError> {
    let table = before.name.as_str();
    let (connection, context) = writer.parts();
    let location = context.location.to_owned();
    let sql = sql_of(connection, table).await.map_err(|e| context.error(&e))?;
    let Some(sql) = sql else {
        let message = format!("{location}: there is no table `{table}`");
        return Err(StoreError::new(StoreErrorKind::NotFound, message));
    };
    let mut text = parsed(&sql, table, &location)?;
    edit(&mut text, change, before);
    let kept: Vec<String> = before
        .columns
        .iter()
        .filter(|column| column.generated.is_none())
        .filter(|column| !is_generated(&text, &column.name))
        .map(|column| quote(&column.name))
        .collect();
    let (new, old) = (format!("mapper_new_{table}"), format!("mapper_old_{table}"));
    let belongings = belongings(writer, table).await?;
    for (kind, name, _) in &belongings {
        writer.run(format!("DROP {kind} {}", quote(name))).await?;
    }
    writer.run(text.create(&quote(&new))).await?;
    let columns = kept.join(", ");
    if !kept.is_empty() {
        writer
            .run(format!(
                "INSERT INTO {} ({columns}) SELECT {columns} FROM {}",
                quote(&new),
                quote(table)
            ))
            .await?;
    }
    let renamed = async {
        writer.run("PRAGMA writable_schema = ON").await?;
        rename(writer, table, &old).await?;
        rename(writer, &new, table).await
    }
    .await;
    // Also where it failed: the next transaction must not find the catalog open.
    writer.run("PRAGMA writable_schema = RESET").await?;
    renamed?;
    numbers(writer, table, &new).await?;
    writer.run(format!("DROP TABLE {}", quote(&old))).await?;
    for (_, _, sql) in belongings {
        writer.run(sql).await?;
    }
    Ok(())
}

/// The indexes and triggers of a table, with their definitions.
async fn belongings(
    writer: &mut Writer,
    table: &str,
) -> Result<Vec<(String, String, String)>, StoreError> {
    let (connection, context) = writer.parts();
    let rows = sqlx::query(
        "SELECT upper(type), name, sql FROM sqlite_schema
         WHERE type IN ('index', 'trigger') AND tbl_name = ? AND sql NOT NULL ORDER BY rowid",
    )
    .bind(table.to_owned())
    .fetch_all(connection)
    .await
    .map_err(|e| context.error(&e))?;
    let read =
        |row: &sqlx::sqlite::SqliteRow| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?));
    rows.iter().map(read).collect::<Result<_, sqlx::Error>>().map_err(|e| context.error(&e))
}

/// Gives a table another name in the catalog, and to nothing that refers to it.
async fn rename(writer: &mut Writer, from: &str, to: &str) -> Result<(), StoreError> {
    let (connection, context) = writer.parts();
    let sql = sql_of(connection, from).await.map_err(|e| context.error(&e))?.unwrap_or_default();
    let rest = sql.find('(').map_or("", |open| &sql[open..]);
    // A name may hold a parenthesis; what comes after the quoted name is found behind it.
    let quoted = quote(from);
    let rest = match sql.find(&quoted) {
        Some(at) => &sql[at + quoted.len()..],
        None => rest,
    };
    let changed = sqlx::query(
        "UPDATE sqlite_schema SET sql = ?3, name = ?2, tbl_name = ?2
         WHERE type = 'table' AND name = ?1",
    )
    .bind(from.to_owned())
    .bind(to.to_owned())
    .bind(format!("CREATE TABLE {} {}", quote(to), rest.trim_start()))
    .execute(&mut *connection)
    .await;
    changed.map_err(|e| context.error(&e))?;
    sqlx::query(
        "UPDATE sqlite_schema SET tbl_name = ?2,
           name = 'sqlite_autoindex_' || ?2 || substr(name, length('sqlite_autoindex_' || ?1) + 1)
         WHERE type = 'index' AND tbl_name = ?1 AND name LIKE 'sqlite\\_autoindex\\_%' ESCAPE '\\'",
    )
    .bind(from.to_owned())
    .bind(to.to_owned())
    .execute(connection)
    .await
    .map_err(|e| context.error(&e))?;
    Ok(())
}

/// Keeps count of the numbers that were given to rows.
async fn numbers(writer: &mut Writer, table: &str, new: &str) -> Result<(), StoreError> {
    let (connection, context) = writer.parts();
    let counted = sql_of(connection, "sqlite_sequence").await.map_err(|e| context.error(&e))?;
    if counted.is_none() {
        return Ok(());
    }
    for sql in [
        "DELETE FROM sqlite_sequence WHERE name = ?2
           AND EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = ?1)",
        "UPDATE sqlite_sequence SET name = ?1 WHERE name = ?2",
    ] {
        sqlx::query(sql)
            .bind(table.to_owned())
            .bind(new.to_owned())
            .execute(&mut *connection)
            .await
            .map_err(|e| context.error(&e))?;
    }
    Ok(())
}

fn is_generated(text: &TableText, name: &str) -> bool {
    text.columns
        .iter()
        .filter(|column| column.name == name)
        .any(|column| column.clauses.iter().any(|it| matches!(it.kind, Kind::Generated { .. })))
}

/// Changes the definition of a table.
fn edit(text: &mut TableText, change: &StructureChange, before: &TableDefinition) {
    use StructureChange as C;
    let plain = |name: Option<&str>, kind: Kind, text: String| Clause {
        name: name.map(str::to_owned),
        kind,
        text,
    };
    match change {
        C::AddColumn { column, .. } => text.columns.push(ColumnText {
            name: column.name.clone(),
            declared: declared_type(column, false),
            clauses: clauses(column, false),
        }),
        C::AlterColumn { after, .. } => alter(text, after, before),
        C::SetPrimaryKey { after, .. } => {
            without_primary_key(text);
            let identity = before.columns.iter().find(|column| is_identity(column, after));
            match identity {
                Some(column) => alter(text, column, before),
                None if after.is_empty() => {}
                None => {
                    let kind = Kind::PrimaryKey { columns: after.clone(), autoincrement: false };
                    text.constraints.insert(0, plain(None, kind, primary_key(after)));
                }
            }
        }
        C::AddUnique { unique, .. } => {
            let kind = Kind::Unique { columns: unique.columns.clone() };
            text.constraints.push(plain(Some(&unique.name), kind, unique_text(unique)));
        }
        C::AddCheck { check, .. } => {
            let kind = Kind::Check { expression: check.expression.clone() };
            text.constraints.push(plain(Some(&check.name), kind, check_text(check)));
        }
        C::AddForeignKey { key, .. } => {
            let kind = Kind::References(super::parse::References::default());
            text.constraints.push(plain(Some(&key.name), kind, foreign_key_text(key)));
        }
        C::DropUnique { unique, .. } => leave_out(text, &before.name, "unique", &unique.name),
        C::DropCheck { check, .. } => leave_out(text, &before.name, "check", &check.name),
        C::DropForeignKey { key, .. } => leave_out(text, &before.name, "foreign key", &key.name),
        _ => {}
    }
}

fn without_primary_key(text: &mut TableText) {
    let is_other = |clause: &Clause| !matches!(clause.kind, Kind::PrimaryKey { .. });
    text.constraints.retain(is_other);
    for column in &mut text.columns {
        column.clauses.retain(is_other);
    }
}

/// Takes the first constraint out without which none of that name is left.
fn leave_out(text: &mut TableText, table: &str, of: &str, name: &str) {
    let is_kind = |clause: &Clause| match of {
        "unique" => matches!(clause.kind, Kind::Unique { .. }),
        "check" => matches!(clause.kind, Kind::Check { .. }),
        _ => matches!(clause.kind, Kind::References(_)),
    };
    for at in 0..text.constraints.len() {
        if is_kind(&text.constraints[at]) {
            let clause = text.constraints.remove(at);
            if !named(table, text, of, name) {
                return;
            }
            text.constraints.insert(at, clause);
        }
    }
    for column in 0..text.columns.len() {
        for at in 0..text.columns[column].clauses.len() {
            if is_kind(&text.columns[column].clauses[at]) {
                let clause = text.columns[column].clauses.remove(at);
                if !named(table, text, of, name) {
                    return;
                }
                text.columns[column].clauses.insert(at, clause);
            }
        }
    }
}

/// Declares a column otherwise. Its keys and checks stay.
fn alter(text: &mut TableText, after: &ColumnDefinition, before: &TableDefinition) {
    let identity = after.default == Some(DefaultValue::Identity)
        && (is_identity(after, &before.primary_key) || before.primary_key.is_empty());
    if identity {
        without_primary_key(text);
    }
    let Some(column) = text.columns.iter_mut().find(|column| column.name == after.name) else {
        return;
    };
    let was_identity = column
        .clauses
        .iter()
        .any(|clause| matches!(clause.kind, Kind::PrimaryKey { autoincrement: true, .. }));
    let stays: Vec<Clause> = column
        .clauses
        .iter()
        .filter(|clause| match clause.kind {
            Kind::Unique { .. } | Kind::References(_) => true,
            Kind::Check { .. } => enum_of(column, clause).is_none(),
            Kind::PrimaryKey { autoincrement, .. } => !autoincrement && !identity,
            _ => false,
        })
        .cloned()
        .collect();
    column.declared = declared_type(after, identity);
    column.clauses = clauses(after, identity);
    column.clauses.extend(stays);
    if was_identity && !identity {
        let columns = vec![after.name.clone()];
        let text_of = primary_key(&columns);
        let kind = Kind::PrimaryKey { columns, autoincrement: false };
        text.constraints.insert(0, Clause { name: None, kind, text: text_of });
    }
}

/// The condition of rows whose value the new type would not hold: SQLite itself takes any.
pub(super) fn unfit(after: &ColumnDefinition) -> Option<String> {
    let name = quote(&after.name);
    let ColumnType::Portable(data_type) = &after.column_type else { return None };
    Some(match data_type {
        DataType::Int { .. } => format!(
            "typeof({name}) NOT IN ('integer', 'null') AND CAST(CAST({name} AS INTEGER) AS TEXT) \
             <> CAST({name} AS TEXT)"
        ),
        DataType::Float { .. } | DataType::Decimal { .. } => format!(
            "typeof({name}) = 'blob' OR (typeof({name}) = 'text' AND {name} NOT GLOB '[-+0-9.]*')"
        ),
        DataType::Text { length: Some(length) } => format!("length({name}) > {length}"),
        _ => return None,
    })
}

/// Refuses a type that does not hold the values that are there, with how many they are.
pub(super) async fn refuse_unfit(
    writer: &mut Writer,
    table: &str,
    after: &ColumnDefinition,
) -> Result<(), StoreError> {
    let Some(condition) = unfit(after) else { return Ok(()) };
    let (connection, context) = writer.parts();
    let sql = format!("SELECT count(*) FROM {} WHERE {condition}", quote(table));
    let count: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
        .fetch_one(connection)
        .await
        .map_err(|e| context.error(&e))?;
    if count == 0 {
        return Ok(());
    }
    Err(StoreError::new(
        StoreErrorKind::Query,
        format!(
            "{}: `{table}`.`{}`: {count} rows hold a value that the new type does not hold",
            context.location, after.name
        ),
    ))
}

/// Closes the catalog again after a failure in the middle.
pub(super) async fn close_catalog(writer: &mut Writer) {
    let _ = execute(writer.connection(), "PRAGMA writable_schema = OFF").await;
}
