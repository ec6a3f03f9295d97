//! What is in an SQLite file: tables, columns, keys, indexes.

use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Row as _};

use super::types::ColumnType;
use crate::connectors::tables::{CatalogColumn, CatalogTable};
use crate::value::{Column, ForeignKey, Index, IndexKey, Schema};

/// A table as statements need it.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) columns: Vec<TableColumn>,
}

/// A column of a [`Table`].
#[derive(Clone, Debug)]
pub(crate) struct TableColumn {
    pub(crate) name: String,
    pub(crate) declared: String,
    pub(crate) column_type: ColumnType,
    pub(crate) nullable: bool,
    pub(crate) has_default: bool,
    pub(crate) generated: bool,
    /// Its place in the primary key, from 1; 0 when it is not in it.
    pub(crate) primary: i64,
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

impl Table {
    /// Its columns and primary key.
    pub(crate) fn schema(&self) -> Schema {
        let columns = self.columns.iter().map(TableColumn::column).collect();
        Schema { columns, primary_key: self.primary_key(), ..Schema::default() }
    }

    /// The primary key's columns in order.
    pub(crate) fn primary_key(&self) -> Vec<String> {
        let mut key: Vec<_> = self.columns.iter().filter(|column| column.primary > 0).collect();
        key.sort_by_key(|column| column.primary);
        key.into_iter().map(|column| column.name.clone()).collect()
    }
}

impl TableColumn {
    fn column(&self) -> Column {
        Column {
            name: self.name.clone(),
            data_type: self.column_type.data_type.clone(),
            declared: self.declared.clone(),
            nullable: self.nullable,
            has_default: self.has_default,
            generated: self.generated,
        }
    }
}

/// Quotes a name.
pub(crate) fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The tables and views, SQLite's own and the ledger's left out.
pub(crate) async fn entities(
    connection: &mut SqliteConnection,
) -> Result<Vec<String>, sqlx::Error> {
    let rows = sqlx::query(
        r"SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')
          AND name NOT LIKE 'sqlite\_%' ESCAPE '\' AND name NOT LIKE 'mapper\_%' ESCAPE '\'
          ORDER BY name",
    )
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| row.try_get(0)).collect()
}

/// A table or view by name; `None` when there is none.
pub(crate) async fn table(
    connection: &mut SqliteConnection,
    entity: &str,
) -> Result<Option<Table>, sqlx::Error> {
    let rows = sqlx::query(
        r#"SELECT name, type, "notnull", dflt_value IS NOT NULL, pk, hidden
           FROM pragma_table_xinfo(?) WHERE hidden <> 1"#,
    )
    .bind(entity.to_owned())
    .fetch_all(connection)
    .await?;
    if rows.is_empty() {
        return Ok(None);
    }
    let mut columns = Vec::with_capacity(rows.len());
    for row in &rows {
        let declared: String = row.try_get(1)?;
        let hidden: i64 = row.try_get(5)?;
        columns.push(TableColumn {
            name: row.try_get(0)?,
            column_type: ColumnType::of(&declared),
            declared,
            nullable: row.try_get::<i64, _>(2)? == 0,
            has_default: row.try_get::<i64, _>(3)? != 0,
            generated: hidden == 2 || hidden == 3,
            primary: row.try_get(4)?,
        });
    }
    let mut keys = columns.iter_mut().filter(|column| column.primary > 0);
    if let (Some(key), None) = (keys.next(), keys.next())
        && key.declared.eq_ignore_ascii_case("INTEGER")
    {
        // The alias of the row's number: SQLite fills it, and it is never null.
        key.has_default = true;
        key.nullable = false;
    }
    Ok(Some(Table { name: entity.to_owned(), columns }))
}

/// The whole shape of a table.
pub(crate) async fn describe(
    connection: &mut SqliteConnection,
    entity: &str,
) -> Result<Option<Schema>, sqlx::Error> {
    let Some(table) = table(connection, entity).await? else { return Ok(None) };
    Ok(Some(Schema {
        foreign_keys: foreign_keys(connection, entity).await?,
        indexes: indexes(connection, entity).await?,
        ..table.schema()
    }))
}

async fn foreign_keys(
    connection: &mut SqliteConnection,
    entity: &str,
) -> Result<Vec<ForeignKey>, sqlx::Error> {
    let rows = sqlx::query(
        r#"SELECT id, "table", "from", "to" FROM pragma_foreign_key_list(?) ORDER BY id DESC, seq"#,
    )
    .bind(entity.to_owned())
    .fetch_all(&mut *connection)
    .await?;
    let mut keys: Vec<(i64, ForeignKey)> = Vec::new();
    for row in &rows {
        let id: i64 = row.try_get(0)?;
        if keys.last().is_none_or(|(last, _)| *last != id) {
            let table = row.try_get(1)?;
            keys.push((id, ForeignKey { columns: Vec::new(), table, references: Vec::new() }));
        }
        if let Some((_, key)) = keys.last_mut() {
            key.columns.push(row.try_get(2)?);
            key.references.extend(row.try_get::<Option<String>, _>(3)?);
        }
    }
    for (_, key) in &mut keys {
        if key.references.is_empty()
            && let Some(parent) = table(connection, &key.table).await?
        {
            key.references = parent.primary_key();
        }
    }
    Ok(keys.into_iter().map(|(_, key)| key).collect())
}

/// The indexes of a table, the primary key's aside. An expression's place is named by its JSON path
/// when it reads one out of a document, and by `(expression)` otherwise.
pub(crate) async fn indexes(
    connection: &mut SqliteConnection,
    entity: &str,
) -> Result<Vec<Index>, sqlx::Error> {
    let rows = sqlx::query(
        r#"SELECT list.name, list."unique" AND NOT list.partial,
             (SELECT sql FROM sqlite_schema WHERE type = 'index' AND name = list.name)
           FROM pragma_index_list(?) AS list WHERE list.origin <> 'pk' ORDER BY list.name"#,
    )
    .bind(entity.to_owned())
    .fetch_all(&mut *connection)
    .await?;
    let mut indexes = Vec::with_capacity(rows.len());
    for row in &rows {
        let name: String = row.try_get(0)?;
        let unique = row.try_get::<i64, _>(1)? != 0;
        let sql: Option<String> = row.try_get(2)?;
        let mut paths = json_paths(sql.as_deref().unwrap_or_default()).into_iter();
        let keys = sqlx::query(
            r#"SELECT name, "desc" FROM pragma_index_xinfo(?) WHERE key = 1 ORDER BY seqno"#,
        )
        .bind(name.clone())
        .fetch_all(&mut *connection)
        .await?;
        let keys: Result<_, sqlx::Error> = keys
            .iter()
            .map(|row| {
                let column: Option<String> = row.try_get(0)?;
                let path =
                    column.or_else(|| paths.next()).unwrap_or_else(|| "(expression)".to_owned());
                Ok(IndexKey { path, descending: row.try_get::<i64, _>(1)? != 0 })
            })
            .collect();
        indexes.push(Index { name, keys: keys?, unique });
    }
    Ok(indexes)
}

/// The dotted paths of `json_extract(document, '$."a"."b"')` in an index's definition, in order.
fn json_paths(sql: &str) -> Vec<String> {
    let mut paths = Vec::new();
    let mut rest = sql;
    while let Some(start) = rest.find("json_extract(document, '$.") {
        rest = &rest[start + "json_extract(document, '$.".len()..];
        let mut literal = String::new();
        let mut quotes = rest.split("''").peekable();
        // A quote inside the literal is doubled; the first single one ends it.
        while let Some(part) = quotes.next() {
            if let Some((last, _)) = part.split_once('\'') {
                literal.push_str(last);
                break;
            }
            literal.push_str(part);
            if quotes.peek().is_some() {
                literal.push('\'');
            }
        }
        paths.push(literal.trim_matches('"').replace("\".\"", "."));
    }
    paths
}

/// Whether a table has a number for each row, and under which name.
pub(crate) async fn row_number(
    connection: &mut SqliteConnection,
    table: &Table,
) -> Result<Option<&'static str>, sqlx::Error> {
    let plain = sqlx::query("SELECT 1 FROM pragma_table_list(?) WHERE type = 'table' AND wr = 0")
        .bind(table.name.clone())
        .fetch_optional(connection)
        .await?
        .is_some();
    let free = |name: &&str| !table.columns.iter().any(|c| c.name.eq_ignore_ascii_case(name));
    Ok(["rowid", "_rowid_", "oid"].into_iter().find(free).filter(|_| plain))
}

/// Runs a statement that has no parameters and gives no rows.
pub(crate) async fn execute(
    connection: &mut SqliteConnection,
    sql: impl Into<String>,
) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(AssertSqlSafe(sql.into())).execute(connection).await.map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_an_index_on_documents() {
        let sql = r#"CREATE INDEX "i" ON "t" (json_extract(document, '$."a"."b"'), json_extract(document, '$."it''s"') DESC)"#;
        assert_eq!(json_paths(sql), ["a.b", "it's"]);
        assert!(json_paths("CREATE INDEX i ON t (lower(name))").is_empty());
    }

    #[test]
    fn names_are_quoted() {
        assert_eq!(quote("a\"b"), "\"a\"\"b\"");
    }
}
