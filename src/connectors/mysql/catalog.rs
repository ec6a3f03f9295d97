//! What is in a database: tables, columns, keys, indexes.

use sqlx::AssertSqlSafe;
use sqlx::mysql::{MySqlConnection, MySqlRow};

use super::codec::{optional_text, plain_text, quoted};
use super::types::{Charset, ColumnType, charset};
use crate::connectors::tables::{CatalogColumn, CatalogTable};
use crate::value::{Column, DataType, ForeignKey, Index, IndexKey, Schema};

/// A table as statements need it.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) columns: Vec<TableColumn>,
    pub(super) primary_key: Vec<String>,
}

/// A column of a [`Table`].
#[derive(Clone, Debug)]
pub(super) struct TableColumn {
    pub(super) name: String,
    pub(super) declared: String,
    pub(super) column_type: ColumnType,
    pub(super) nullable: bool,
    pub(super) has_default: bool,
    pub(super) generated: bool,
    pub(super) auto_increment: bool,
}

impl CatalogTable for Table {
    type Column = TableColumn;

    fn name(&self) -> &str {
        &self.name
    }

    fn columns(&self) -> &[TableColumn] {
        &self.columns
    }
}

impl CatalogColumn for TableColumn {
    fn name(&self) -> &str {
        &self.name
    }
}

/// Quotes a name.
pub(super) fn quote(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// Runs a statement and gives all its rows.
pub(super) async fn rows(
    connection: &mut MySqlConnection,
    sql: String,
) -> Result<Vec<MySqlRow>, sqlx::Error> {
    sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(connection).await
}

/// Runs statements that give no rows.
pub(super) async fn execute(
    connection: &mut MySqlConnection,
    sql: impl Into<String>,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::raw_sql(AssertSqlSafe(sql.into())).execute(connection).await?;
    Ok(done.rows_affected())
}

/// The tables and views, the ledger's left out.
pub(super) async fn entities(connection: &mut MySqlConnection) -> Result<Vec<String>, sqlx::Error> {
    let sql = r"SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()
        AND TABLE_TYPE <> 'SEQUENCE'";
    let found = rows(connection, sql.to_owned()).await?;
    let mut names: Vec<String> = found.iter().map(|row| plain_text(row, 0)).collect();
    names.retain(|name| !name.starts_with("mapper_"));
    names.sort();
    Ok(names)
}

/// The condition that picks a table's rows of the catalog.
pub(super) fn of_table(entity: &str) -> String {
    format!(
        "TABLE_SCHEMA = DATABASE() AND TABLE_NAME = {name} \
         AND (CAST(TABLE_NAME AS BINARY) = {name} OR @@lower_case_table_names <> 0)",
        name = quoted(entity)
    )
}

/// A table or view by name; `None` when there is none. `truths` says whether `TINYINT(1)` holds
/// truth values.
pub(super) async fn table(
    connection: &mut MySqlConnection,
    entity: &str,
    mariadb: bool,
    truths: bool,
) -> Result<Option<Table>, sqlx::Error> {
    let sql = format!(
        "SELECT COLUMN_NAME, COLUMN_TYPE, IS_NULLABLE, COLUMN_DEFAULT, EXTRA, CHARACTER_SET_NAME, \
         COLLATION_NAME, COLUMN_KEY FROM information_schema.COLUMNS WHERE {} \
         ORDER BY ORDINAL_POSITION",
        of_table(entity)
    );
    let found = rows(connection, sql).await?;
    if found.is_empty() {
        return Ok(None);
    }
    let texts = found.iter().any(|row| plain_text(row, 1) == "longtext");
    let json = if mariadb && texts { json_columns(connection, entity).await? } else { Vec::new() };
    let primary = found.iter().any(|row| plain_text(row, 7) == "PRI");
    let primary_key = if primary { primary_key(connection, entity).await? } else { Vec::new() };
    let column = |row: &MySqlRow| {
        let name = plain_text(row, 0);
        let charset = charset(optional_text(row, 5).as_deref());
        let mut declared = plain_text(row, 1);
        if json.contains(&name) {
            "json".clone_into(&mut declared);
        }
        let collation = optional_text(row, 6);
        let column_type = ColumnType::of(&declared, charset, collation.as_deref(), truths);
        let extra = plain_text(row, 4).to_ascii_lowercase();
        let default = optional_text(row, 3).filter(|text| !(mariadb && text == "NULL"));
        let auto_increment = extra.contains("auto_increment");
        TableColumn {
            name,
            declared: spelled(declared, charset, &column_type.data_type),
            column_type,
            nullable: plain_text(row, 2) == "YES",
            has_default: default.is_some() || auto_increment,
            generated: extra.contains("generated") && !extra.contains("default_generated"),
            auto_increment,
        }
    };
    let columns = found.iter().map(column).collect();
    Ok(Some(Table { name: entity.to_owned(), columns, primary_key }))
}

/// The declared type with what the catalog leaves out: digits of a second, and a character set that
/// does not hold all characters.
fn spelled(declared: String, charset: Charset, data_type: &DataType) -> String {
    match (data_type, charset) {
        (DataType::DateTime | DataType::Timestamp | DataType::Time, _)
            if !declared.contains('(') =>
        {
            format!("{declared}(0)")
        }
        (DataType::Text { .. }, Charset::Utf8mb3) => format!("{declared} character set utf8mb3"),
        (DataType::Text { .. }, Charset::Latin1) => format!("{declared} character set latin1"),
        (DataType::Text { .. }, Charset::Ascii) => format!("{declared} character set ascii"),
        _ => declared,
    }
}

/// In MariaDB a column of JSON is a `LONGTEXT` with a check of its name.
pub(super) async fn json_columns(
    connection: &mut MySqlConnection,
    entity: &str,
) -> Result<Vec<String>, sqlx::Error> {
    let sql = format!(
        "SELECT CONSTRAINT_NAME FROM information_schema.CHECK_CONSTRAINTS \
         WHERE CONSTRAINT_SCHEMA = DATABASE() AND TABLE_NAME = {} \
         AND CHECK_CLAUSE = CONCAT('json_valid(`', CONSTRAINT_NAME, '`)')",
        quoted(entity)
    );
    Ok(rows(connection, sql).await?.iter().map(|row| plain_text(row, 0)).collect())
}

pub(super) async fn primary_key(
    connection: &mut MySqlConnection,
    entity: &str,
) -> Result<Vec<String>, sqlx::Error> {
    let sql = format!(
        "SELECT COLUMN_NAME FROM information_schema.STATISTICS WHERE {} \
         AND INDEX_NAME = 'PRIMARY' ORDER BY SEQ_IN_INDEX",
        of_table(entity)
    );
    Ok(rows(connection, sql).await?.iter().map(|row| plain_text(row, 0)).collect())
}

/// The whole shape of a table.
pub(super) async fn describe(
    connection: &mut MySqlConnection,
    entity: &str,
    mariadb: bool,
    truths: bool,
) -> Result<Option<Schema>, sqlx::Error> {
    let Some(table) = table(connection, entity, mariadb, truths).await? else { return Ok(None) };
    Ok(Some(Schema {
        foreign_keys: foreign_keys(connection, entity).await?,
        indexes: indexes(connection, entity).await?,
        columns: table
            .columns
            .into_iter()
            .map(|column| Column {
                name: column.name,
                data_type: column.column_type.data_type,
                declared: column.declared,
                nullable: column.nullable,
                has_default: column.has_default,
                generated: column.generated,
            })
            .collect(),
        primary_key: table.primary_key,
        open: false,
        sampled: None,
    }))
}

async fn foreign_keys(
    connection: &mut MySqlConnection,
    entity: &str,
) -> Result<Vec<ForeignKey>, sqlx::Error> {
    let sql = format!(
        "SELECT CONSTRAINT_NAME, COLUMN_NAME, REFERENCED_TABLE_NAME, REFERENCED_COLUMN_NAME, \
         IF(REFERENCED_TABLE_SCHEMA = TABLE_SCHEMA, NULL, REFERENCED_TABLE_SCHEMA) \
         FROM information_schema.KEY_COLUMN_USAGE WHERE {} AND REFERENCED_TABLE_NAME IS NOT NULL \
         ORDER BY CONSTRAINT_NAME, ORDINAL_POSITION",
        of_table(entity)
    );
    let mut keys: Vec<(String, ForeignKey)> = Vec::new();
    for row in &rows(connection, sql).await? {
        let name = plain_text(row, 0);
        if keys.last().is_none_or(|(last, _)| *last != name) {
            let table = plain_text(row, 2);
            let table = match optional_text(row, 4) {
                Some(schema) => format!("{schema}.{table}"),
                None => table,
            };
            keys.push((name, ForeignKey { columns: Vec::new(), table, references: Vec::new() }));
        }
        if let Some((_, key)) = keys.last_mut() {
            key.columns.push(plain_text(row, 1));
            key.references.push(plain_text(row, 3));
        }
    }
    Ok(keys.into_iter().map(|(_, key)| key).collect())
}

/// The indexes of a table, the primary key's aside. One over the beginning of a column, or over an
/// expression, is not unique by its columns.
async fn indexes(
    connection: &mut MySqlConnection,
    entity: &str,
) -> Result<Vec<Index>, sqlx::Error> {
    let sql = format!(
        "SELECT INDEX_NAME, NON_UNIQUE, COLUMN_NAME, COLLATION, SUB_PART \
         FROM information_schema.STATISTICS WHERE {} AND INDEX_NAME <> 'PRIMARY' \
         ORDER BY INDEX_NAME, SEQ_IN_INDEX",
        of_table(entity)
    );
    let mut indexes: Vec<Index> = Vec::new();
    for row in &rows(connection, sql).await? {
        let name = plain_text(row, 0);
        if indexes.last().is_none_or(|last| last.name != name) {
            indexes.push(Index { name, keys: Vec::new(), unique: plain_text(row, 1) == "0" });
        }
        let column = optional_text(row, 2);
        if let Some(index) = indexes.last_mut() {
            index.unique &= column.is_some() && optional_text(row, 4).is_none();
            let path = column.unwrap_or_else(|| "(expression)".to_owned());
            index.keys.push(IndexKey { path, descending: plain_text(row, 3) == "D" });
        }
    }
    indexes.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(indexes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted() {
        assert_eq!(quote("a`b"), "`a``b`");
    }
}
