//! Reading tables whole, as they were at one moment: one read-only transaction for all of them.

use futures_util::TryStreamExt as _;
use sqlx::postgres::PgConnection;

use super::catalog::{Table, TableColumn};
use super::config::{Server, run};
use super::name::list as names;
use super::read;
use crate::connectors::StoreError;
use crate::connectors::export::{Batches, Export, Gather};
use crate::connectors::feed;
use crate::connectors::tables::layout;

/// Starts reading, on a connection of its own.
pub(super) async fn export(
    mut connection: PgConnection,
    server: Server,
    entities: &[String],
    batch: usize,
) -> Result<Export, StoreError> {
    run(&mut connection, "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        .await
        .map_err(|error| server.error(&error))?;
    let mut tables = Vec::with_capacity(entities.len());
    for entity in entities {
        tables.push(read::table(&mut connection, entity, &server).await?);
    }
    let (sender, export) = Export::new(true);
    tokio::spawn(async move {
        let done = all(&mut connection, &server, &tables, batch, &sender).await;
        feed::end(&sender, done).await;
    });
    Ok(export)
}

async fn all(
    connection: &mut PgConnection,
    server: &Server,
    tables: &[Table],
    batch: usize,
    sender: &Batches,
) -> Result<(), StoreError> {
    for (place, table) in tables.iter().enumerate() {
        let columns: Vec<&TableColumn> =
            table.columns.iter().filter(|column| !column.generated).collect();
        let mut sql = format!("SELECT {} FROM {}", read::list(&columns), table.from);
        let key = table.primary_key();
        if !key.is_empty() {
            sql.push_str(&format!(" ORDER BY {}", names(key.iter().map(String::as_str))));
        }
        let mut gather = Gather::new(sender, place, layout(&columns), batch);
        let mut stream = read::once(sql, &columns).fetch(&mut *connection);
        while let Some(row) = stream.try_next().await.map_err(|e| server.error(&e))? {
            if !gather.add(read::whole_row(&row, &columns, server)?).await {
                return Ok(());
            }
        }
        if !gather.flush().await {
            return Ok(());
        }
    }
    Ok(())
}
