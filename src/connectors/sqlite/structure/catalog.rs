//! The structure of a table out of its definition.

use sqlx::Row as _;
use sqlx::sqlite::SqliteConnection;

use super::parse::{Clause, ColumnText, IndexText, Kind, References, TableText, members};
use super::types;
use crate::connectors::sqlite::error::store_error;
use crate::connectors::{StoreError, StoreErrorKind};
use crate::value::structure::{
    CheckDefinition, ColumnDefinition, ColumnType, DefaultValue, EnumDefinition,
    ForeignKeyDefinition, IndexDefinition, IndexMethod, ReferentialAction, TableDefinition,
    UniqueDefinition,
};
use crate::value::{DataType, IndexKey};

/// The definition of a table; `None` when there is none of that name. A view is none.
pub(super) async fn sql_of(
    connection: &mut SqliteConnection,
    entity: &str,
) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ? AND sql NOT LIKE 'CREATE VIRTUAL%'")
        .bind(entity.to_owned())
        .fetch_optional(connection)
        .await
}

/// Takes the definition of a table apart.
pub(super) fn parsed(sql: &str, entity: &str, location: &str) -> Result<TableText, StoreError> {
    TableText::parse(sql).ok_or_else(|| {
        StoreError::new(
            StoreErrorKind::Unsupported,
            format!("{location}: the definition of `{entity}` is not understood"),
        )
    })
}

/// All that makes a table.
pub(in crate::connectors::sqlite) async fn structure(
    connection: &mut SqliteConnection,
    entity: &str,
    location: &str,
) -> Result<Option<TableDefinition>, StoreError> {
    let failed = |error: sqlx::Error| store_error(&error, location);
    let Some(sql) = sql_of(connection, entity).await.map_err(failed)? else { return Ok(None) };
    let text = parsed(&sql, entity, location)?;
    let mut table = table_of(entity, &text);
    for key in &mut table.foreign_keys {
        if key.references.is_empty()
            && let Some(sql) = sql_of(connection, &key.table).await.map_err(failed)?
            && let Some(parent) = TableText::parse(&sql)
        {
            key.references = primary_key(&parent);
        }
    }
    let rows = sqlx::query(
        "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = ? AND sql NOT NULL",
    )
    .bind(entity.to_owned())
    .fetch_all(connection)
    .await
    .map_err(failed)?;
    for row in &rows {
        let name: String = row.try_get(0).map_err(failed)?;
        let sql: String = row.try_get(1).map_err(failed)?;
        let Some(index) = IndexText::parse(&sql) else {
            return Err(StoreError::new(
                StoreErrorKind::Unsupported,
                format!("{location}: the definition of index `{name}` is not understood"),
            ));
        };
        let keys = index.keys.into_iter();
        table.indexes.push(IndexDefinition {
            name,
            keys: keys.map(|(path, descending)| IndexKey { path, descending }).collect(),
            unique: sql.to_ascii_uppercase().starts_with("CREATE UNIQUE"),
            condition: index.condition,
            method: IndexMethod::Ordered,
        });
    }
    table.indexes.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Some(table))
}

fn primary_key(text: &TableText) -> Vec<String> {
    for column in &text.columns {
        if column.clauses.iter().any(|clause| matches!(clause.kind, Kind::PrimaryKey { .. })) {
            return vec![column.name.clone()];
        }
    }
    let declared = text.constraints.iter().find_map(|clause| match &clause.kind {
        Kind::PrimaryKey { columns, .. } => Some(columns.as_slice()),
        _ => None,
    });
    declared.unwrap_or_default().iter().map(|name| spelled(text, name)).collect()
}

/// A column's name as its own definition spells it.
fn spelled(text: &TableText, name: &str) -> String {
    let found = text.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name));
    found.map_or_else(|| name.to_owned(), |column| column.name.clone())
}

fn table_of(entity: &str, text: &TableText) -> TableDefinition {
    let mut table = TableDefinition {
        name: entity.to_owned(),
        primary_key: primary_key(text),
        ..TableDefinition::default()
    };
    for column in &text.columns {
        table.columns.push(column_of(column, &table.primary_key));
        for clause in &column.clauses {
            constraint(&mut table, clause, Some(&column.name), text);
        }
    }
    for clause in &text.constraints {
        constraint(&mut table, clause, None, text);
    }
    table.unique.sort_by(|a, b| a.name.cmp(&b.name));
    table.checks.sort_by(|a, b| a.name.cmp(&b.name));
    table.foreign_keys.sort_by(|a, b| a.name.cmp(&b.name));
    table
}

fn column_of(text: &ColumnText, primary_key: &[String]) -> ColumnDefinition {
    let mut nullable = true;
    let (mut default, mut generated, mut collation, mut identity) = (None, None, None, false);
    let mut enumeration = None;
    for clause in &text.clauses {
        match &clause.kind {
            Kind::NotNull => nullable = false,
            Kind::Default { text } => default = Some(text.clone()),
            Kind::Generated { expression } => generated = Some(expression.clone()),
            Kind::Collate { name } => collation = Some(name.clone()),
            Kind::PrimaryKey { autoincrement, .. } => identity = *autoincrement,
            Kind::Check { .. } => enumeration = enumeration.or(enum_of(text, clause)),
            _ => {}
        }
    }
    // The alias of the row's number is never null.
    if text.declared.eq_ignore_ascii_case("INTEGER") && *primary_key == [text.name.clone()] {
        nullable = false;
    }
    let column_type = match (enumeration, collation) {
        (Some(definition), None) => ColumnType::Enum(definition),
        (_, Some(collation)) => {
            ColumnType::Native(format!("{} COLLATE {collation}", text.declared))
        }
        (None, None) => match types::read(&text.declared) {
            Some(data_type) => ColumnType::Portable(data_type),
            None => ColumnType::Native(text.declared.clone()),
        },
    };
    let default = match default {
        _ if identity => Some(DefaultValue::Identity),
        Some(text) => types::read_default(&text, &column_type),
        None => None,
    };
    ColumnDefinition {
        name: text.name.clone(),
        column_type,
        nullable,
        default,
        generated,
        comment: None,
    }
}

/// The enum that a check stands for: it has the enum's name.
pub(super) fn enum_of(column: &ColumnText, clause: &Clause) -> Option<EnumDefinition> {
    let Kind::Check { expression } = &clause.kind else { return None };
    if types::read(&column.declared) != Some(DataType::TEXT) {
        return None;
    }
    let values = members(expression, &column.name)?;
    Some(EnumDefinition { name: clause.name.clone()?, values })
}

fn constraint(
    table: &mut TableDefinition,
    clause: &Clause,
    column: Option<&str>,
    text: &TableText,
) {
    match &clause.kind {
        Kind::Unique { columns } => {
            let columns = match column {
                Some(column) => vec![column.to_owned()],
                None => columns.iter().map(|name| spelled(text, name)).collect(),
            };
            table.unique.push(UniqueDefinition {
                name: unique_name(&table.name, clause, &columns),
                columns,
            });
        }
        Kind::Check { expression } => {
            let of_enum = text
                .columns
                .iter()
                .filter(|known| Some(&*known.name) == column)
                .any(|known| enum_of(known, clause).is_some());
            if !of_enum {
                table.checks.push(CheckDefinition {
                    name: check_name(&table.name, clause, column, table.checks.len()),
                    expression: expression.clone(),
                });
            }
        }
        Kind::References(key) => {
            let columns = match column {
                Some(column) => vec![column.to_owned()],
                None => key.columns.iter().map(|name| spelled(text, name)).collect(),
            };
            table.foreign_keys.push(foreign_key(&table.name, clause, columns, key));
        }
        _ => {}
    }
}

/// The name of a unique constraint: its own, or the one that it would be given.
pub(super) fn unique_name(table: &str, clause: &Clause, columns: &[String]) -> String {
    clause.name.clone().unwrap_or_else(|| format!("{table}_{}_key", columns.join("_")))
}

fn check_name(table: &str, clause: &Clause, column: Option<&str>, known: usize) -> String {
    clause.name.clone().unwrap_or_else(|| match column {
        Some(column) => format!("{table}_{column}_check"),
        None => format!("{table}_check{known}"),
    })
}

fn foreign_key(
    table: &str,
    clause: &Clause,
    columns: Vec<String>,
    key: &References,
) -> ForeignKeyDefinition {
    let action = |text: &str| match text {
        "RESTRICT" => ReferentialAction::Restrict,
        "CASCADE" => ReferentialAction::Cascade,
        "SET NULL" => ReferentialAction::SetNull,
        "SET DEFAULT" => ReferentialAction::SetDefault,
        _ => ReferentialAction::NoAction,
    };
    let name = clause.name.clone();
    ForeignKeyDefinition {
        name: name.unwrap_or_else(|| format!("{table}_{}_fkey", columns.join("_"))),
        columns,
        table: key.table.clone(),
        references: key.others.clone(),
        on_delete: action(&key.on_delete),
        on_update: action(&key.on_update),
    }
}

/// The constraints that a table's definition has under a name, told as `structure` tells them.
pub(super) fn named(table: &str, text: &TableText, of: &str, name: &str) -> bool {
    let whole = table_of(table, text);
    match of {
        "unique" => whole.unique.iter().any(|unique| unique.name == name),
        "check" => whole.checks.iter().any(|check| check.name == name),
        _ => whole.foreign_keys.iter().any(|key| key.name == name),
    }
}

/// The triggers, which no definition of a table holds.
pub(in crate::connectors::sqlite) async fn others(
    connection: &mut SqliteConnection,
) -> Result<Vec<String>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT format('trigger `%s` of `%s`', name, tbl_name) FROM sqlite_schema
         WHERE type = 'trigger'
         UNION ALL SELECT format('virtual table `%s`', name) FROM sqlite_schema
         WHERE type = 'table' AND sql LIKE 'CREATE VIRTUAL%' ORDER BY 1",
    )
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| row.try_get(0)).collect()
}
