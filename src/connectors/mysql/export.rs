//! Reading tables whole, as they were at one moment: one read-only transaction for all of them.

use futures_util::TryStreamExt as _;
use sqlx::AssertSqlSafe;
use sqlx::mysql::MySqlConnection;

use super::catalog::{Table, TableColumn, execute, quote};
use super::database::Database;
use super::read;
use crate::connectors::StoreError;
use crate::connectors::export::{Batches, Export, Gather};
use crate::connectors::feed;
use crate::connectors::tables::layout;

/// Starts reading, on a connection of its own.
pub(super) async fn export(
    database: &Database,
    entities: &[String],
    batch: usize,
) -> Result<Export, StoreError> {
    let mut connection = database.connect().await?;
    let mut tables = Vec::with_capacity(entities.len());
    for entity in entities {
        tables.push(database.context().table(&mut connection, entity).await?);
    }
    execute(&mut connection, "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
        .await
        .map_err(|e| database.error(&e))?;
    let (sender, export) = Export::new(true);
    let database = database.clone();
    tokio::spawn(async move {
        let done = all(&mut connection, &database, &tables, batch, &sender).await;
        feed::end(&sender, done).await;
    });
    Ok(export)
}

async fn all(
    connection: &mut MySqlConnection,
    database: &Database,
    tables: &[Table],
    batch: usize,
    sender: &Batches,
) -> Result<(), StoreError> {
    let context = database.context();
    for (place, table) in tables.iter().enumerate() {
        let columns: Vec<&TableColumn> =
            table.columns.iter().filter(|column| !column.generated).collect();
        let list = read::list(&columns, context.reading);
        let mut sql = format!("SELECT {list} FROM {}", quote(&table.name));
        if !table.primary_key.is_empty() {
            let key: Vec<String> = table.primary_key.iter().map(|name| quote(name)).collect();
            sql.push_str(&format!(" ORDER BY {}", key.join(",")));
        }
        let mut gather = Gather::new(sender, place, layout(&columns), batch);
        let mut stream = sqlx::raw_sql(AssertSqlSafe(sql)).fetch(&mut *connection);
        while let Some(row) = stream.try_next().await.map_err(|e| context.error(&e))? {
            if !gather.add(context.row(&row, &columns)?).await {
                return Ok(());
            }
        }
        if !gather.flush().await {
            return Ok(());
        }
    }
    Ok(())
}
