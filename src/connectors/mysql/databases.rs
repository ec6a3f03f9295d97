//! Other databases of the server.

use sqlx::mysql::MySqlConnection;

use super::catalog::{execute, quote, rows};
use super::codec::{plain_text, quoted};

/// The databases whose names begin so, in order.
pub(super) async fn list(
    connection: &mut MySqlConnection,
    prefix: &str,
) -> Result<Vec<String>, sqlx::Error> {
    let sql = format!(
        "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE LEFT(SCHEMA_NAME, {}) = {} \
         ORDER BY 1",
        prefix.chars().count(),
        quoted(prefix)
    );
    let rows = rows(connection, sql).await?;
    Ok(rows.iter().map(|row| plain_text(row, 0)).collect())
}

/// Creates a database, with the character set and the order of text of this one.
pub(super) async fn create(
    connection: &mut MySqlConnection,
    name: &str,
) -> Result<(), sqlx::Error> {
    let found =
        rows(connection, "SELECT @@character_set_database, @@collation_database".to_owned())
            .await?;
    let (charset, collation) = match found.first() {
        Some(row) => (plain_text(row, 0), plain_text(row, 1)),
        None => ("utf8mb4".to_owned(), "utf8mb4_bin".to_owned()),
    };
    let sql =
        format!("CREATE DATABASE {} CHARACTER SET {charset} COLLATE {collation}", quote(name));
    execute(connection, sql).await.map(|_| ())
}

/// Drops a database.
pub(super) async fn drop(connection: &mut MySqlConnection, name: &str) -> Result<(), sqlx::Error> {
    execute(connection, format!("DROP DATABASE IF EXISTS {}", quote(name))).await.map(|_| ())
}
