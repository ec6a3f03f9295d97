//! Other databases of the server.

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Row as _};

use super::config::run;
use super::name::{literal, quote};

/// The databases whose names begin so, in order.
pub(super) async fn list(
    connection: &mut PgConnection,
    prefix: &str,
) -> Result<Vec<String>, sqlx::Error> {
    let sql =
        "SELECT datname::text FROM pg_database WHERE starts_with(datname::text, $1) ORDER BY 1";
    let rows = sqlx::query(sql).bind(prefix.to_owned()).fetch_all(connection).await?;
    rows.iter().map(|row| row.try_get(0)).collect()
}

/// Creates a database, with the encoding and the order of text of this one.
pub(super) async fn create(connection: &mut PgConnection, name: &str) -> Result<(), sqlx::Error> {
    let sql = "SELECT pg_encoding_to_char(encoding)::text, datcollate::text, datctype::text \
               FROM pg_database WHERE datname = current_database()";
    let row = sqlx::query(sql).fetch_one(&mut *connection).await?;
    let text = |place: usize| row.try_get::<String, _>(place).map(|text| literal(&text));
    let sql = format!(
        "CREATE DATABASE {} TEMPLATE template0 ENCODING {} LC_COLLATE {} LC_CTYPE {}",
        quote(name),
        text(0)?,
        text(1)?,
        text(2)?
    );
    run(connection, sql).await
}

/// Drops a database; what is connected to it is ended.
pub(super) async fn drop(connection: &mut PgConnection, name: &str) -> Result<(), sqlx::Error> {
    let sql = format!(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = {}",
        literal(name)
    );
    sqlx::query(AssertSqlSafe(sql)).fetch_one(&mut *connection).await?;
    run(connection, format!("DROP DATABASE IF EXISTS {}", quote(name))).await
}
