//! Transfers between two tables of the database: an `INSERT … SELECT` whose conditions leave out
//! every row that would not arrive exactly as the engine would write it. Its new rows come back while
//! it runs; not by COPY, after whose failures (a foreign key's comes behind the last row) the next
//! statement would be given this one's answer.

use futures_util::TryStreamExt as _;
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Row as _, ValueRef as _};
use tokio::sync::mpsc;

use super::catalog::{Collation, Table, TableColumn};
use super::config::Server;
use super::decode::decode;
use super::name::{Name, literal, quote};
use super::read::list;
use super::render::condition;
use super::text::text_of;
use super::transfer_compute::{Computing, fit};
use super::types::Codec;
use super::writer::Writer;
use crate::connectors::conditions::Conditions;
use crate::connectors::tables::CatalogTable as _;
use crate::connectors::{StoreError, StoreErrorKind, WriteError};
use crate::value::codec::ContentHasher;
use crate::value::extended_json::Parser;
use crate::value::statement::{NewRow, Portion, Transfer};
use crate::value::{DataType, Row, Value};

/// New rows that are given at a time.
const CHUNK: usize = 500;

/// What a transfer is between, and with what.
#[derive(Clone, Copy)]
pub(super) struct Tables<'t> {
    pub(super) source: &'t Table,
    pub(super) target: &'t Table,
    /// The function that makes UUIDs of version 5.
    pub(super) uuid: Option<&'t str>,
}

/// The function that makes UUIDs of version 5, as the extension `uuid-ossp` has it.
pub(super) async fn uuid_function(
    connection: &mut PgConnection,
    server: &Server,
) -> Result<Option<String>, StoreError> {
    let schema: Option<String> = sqlx::query_scalar(
        "SELECT n.nspname::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
           JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid
           JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
         WHERE p.proname = 'uuid_generate_v5' AND e.extname = 'uuid-ossp'
           AND has_schema_privilege(n.oid, 'USAGE') AND has_function_privilege(p.oid, 'EXECUTE')",
    )
    .fetch_optional(connection)
    .await
    .map_err(|e| server.error(&e))?;
    Ok(schema.map(|schema| format!("{}.uuid_generate_v5", quote(&schema))))
}

/// What PostgreSQL has no exact equivalent for in a transfer.
pub(super) async fn check(
    connection: &mut PgConnection,
    transfer: &Transfer,
    server: &Server,
) -> Result<Result<(), String>, StoreError> {
    let facts = sqlx::query(
        "SELECT c.relkind IN ('r', 'p'), c.relrowsecurity, c.relhasrules,
           EXISTS (SELECT 1 FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal),
           current_setting('server_encoding') = 'UTF8'
         FROM pg_class c WHERE c.oid = to_regclass($1)",
    )
    .bind(Name::parse(&transfer.target).to_string())
    .fetch_optional(&mut *connection)
    .await
    .map_err(|e| server.error(&e))?;
    let Some(facts) = facts else { return Ok(Err("the target is not there".into())) };
    let fact = |index: usize| facts.try_get::<bool, _>(index).map_err(|e| server.error(&e));
    for (holds, reason) in [
        (fact(0)?, "the target is no plain table"),
        (!fact(1)?, "the target has row security"),
        (!fact(2)?, "the target has rules"),
        (!fact(3)?, "the target has triggers"),
        (fact(4)?, "the database's encoding is not UTF-8"),
    ] {
        if !holds {
            return Ok(Err(reason.to_owned()));
        }
    }
    let source = super::read::table(connection, &transfer.source, server).await?;
    let target = super::read::table(connection, &transfer.target, server).await?;
    for part in &transfer.key {
        let sorts = source.column(part).is_some_and(|column| {
            column.collation == Collation::Bytes
                && matches!(
                    column.data_type,
                    DataType::Int { .. } | DataType::Uuid | DataType::Text { .. }
                )
        });
        if !sorts {
            return Ok(Err(format!("the source's key `{part}` is sorted in a language's order")));
        }
    }
    let uuid = uuid_function(connection, server).await?;
    let tables = Tables { source: &source, target: &target, uuid: uuid.as_deref() };
    let portion = Portion { first: &[], last: &[], look: true, identity: None };
    Ok(statement(tables, transfer, portion)?.map(|_| ()))
}

/// The statement of a portion, or what it has no exact equivalent for.
fn statement(
    tables: Tables<'_>,
    transfer: &Transfer,
    portion: Portion<'_>,
) -> Result<Result<String, String>, StoreError> {
    let Tables { source, target, uuid } = tables;
    let mut conditions = Conditions::default();
    let computing = Computing { source, schema: source.schema(), uuid };
    let mut values = Vec::with_capacity(transfer.fields.len());
    let mut names = Vec::with_capacity(transfer.fields.len());
    for (name, value) in &transfer.fields {
        let Some(column) = target.column(name) else {
            return Ok(Err(format!("the target has no column `{name}`")));
        };
        let in_key = transfer.conflict.contains(name);
        let sql = computing
            .compute(value, &mut conditions)
            .and_then(|sql| fit(&computing, sql, value, column, in_key, &mut conditions));
        match sql {
            Ok(sql) => values.push(sql),
            Err(what) => return Ok(Err(format!("`{name}`: {what}"))),
        }
        names.push(quote(name));
    }
    let mut sql = format!(
        "INSERT INTO {} ({}) SELECT {} FROM {} AS s WHERE (",
        target.from,
        names.join(","),
        values.join(","),
        source.from,
    );
    if !condition(&mut sql, &transfer.filter, source)? {
        return Ok(Err("its filter has no exact equivalent".into()));
    }
    sql.push(')');
    let mut key = Vec::with_capacity(transfer.key.len());
    for part in &transfer.key {
        let Some(column) = source.column(part) else {
            return Ok(Err(format!("the source has no column `{part}`")));
        };
        key.push(column);
    }
    let order: Vec<String> =
        key.iter().map(|column| format!("s.{}", quote(&column.name))).collect();
    let order = order.join(",");
    for (operator, bound) in [(">=", portion.first), ("<=", portion.last)] {
        if bound.is_empty() {
            continue;
        }
        let Some(bound) = texts(bound, &key) else {
            return Ok(Err("the key's values are of several types".into()));
        };
        sql.push_str(&format!(" AND ({order}) {operator} ({})", bound.join(",")));
    }
    for condition in conditions.all() {
        sql.push_str(" AND ");
        sql.push_str(condition);
    }
    sql.push_str(&format!(" ORDER BY {order}"));
    if portion.look {
        let conflict: Vec<String> = transfer.conflict.iter().map(|name| quote(name)).collect();
        sql.push_str(&format!(" ON CONFLICT ({}) DO NOTHING", conflict.join(",")));
    }
    Ok(Ok(sql))
}

/// A key's values in SQL.
fn texts(values: &[Value], key: &[&TableColumn]) -> Option<Vec<String>> {
    let text = |(value, column): (&Value, &&TableColumn)| {
        Some(format!("{}::{}", literal(&text_of(value, column).ok()?), column.base))
    };
    values.iter().zip(key).map(text).collect()
}

/// Does a portion.
pub(super) async fn transfer(
    writer: &mut Writer,
    tables: Tables<'_>,
    transfer: &Transfer,
    portion: Portion<'_>,
    rows: &mpsc::Sender<Vec<NewRow>>,
) -> Result<u64, WriteError> {
    let sql = statement(tables, transfer, portion)?
        .map_err(|what| StoreError::new(StoreErrorKind::Unsupported, what))?;
    let returning = tables.target.named(&transfer.columns().collect::<Vec<_>>())?;
    let sql = format!("{sql} RETURNING {}", list(&returning));
    writer.guard(false).await?;
    let teller = Teller::new(&returning, transfer, portion);
    let done = run(writer, sql, teller, rows).await;
    if let Ok((_, numbers)) = &done {
        for (column, number) in returning.iter().zip(numbers) {
            if let (Some(sequence), Some(number)) = (&column.sequence, number) {
                writer.number(sequence, *number);
            }
        }
    }
    writer.settle(false, tables.target, done.map(|(count, _)| count)).await
}

/// How many rows are new, and the greatest integer of each column.
type Done = (u64, Vec<Option<i64>>);

async fn run(
    writer: &mut Writer,
    sql: String,
    mut teller: Teller<'_>,
    sender: &mpsc::Sender<Vec<NewRow>>,
) -> Result<Done, WriteError> {
    let (connection, server) = writer.parts()?;
    let mut chunk = Vec::with_capacity(CHUNK);
    let mut count = 0;
    let mut readable = true;
    let told: Result<(), sqlx::Error> = async {
        // With the bounds of its batch in it, it is never asked again.
        let mut rows = sqlx::query(AssertSqlSafe(sql)).persistent(false).fetch(connection);
        while let Some(row) = rows.try_next().await? {
            // What can't be read is read to its end all the same, so that the connection is whole.
            let Some(row) = teller.tell(&row) else {
                readable = false;
                continue;
            };
            chunk.push(row);
            count += 1;
            if chunk.len() == CHUNK {
                let full = std::mem::replace(&mut chunk, Vec::with_capacity(CHUNK));
                // Who no longer listens has its own reason to tell.
                let _ = sender.send(full).await;
            }
        }
        Ok(())
    }
    .await;
    if !readable {
        let message = format!("{}: a new row can't be read", server.location);
        return Err(StoreError::new(StoreErrorKind::Corrupt, message).into());
    }
    if let Err(error) = told {
        return Err(writer.write_error(&error));
    }
    let _ = sender.send(chunk).await;
    Ok((count, teller.numbers))
}

/// Tells of new rows. Texts and JSON, most of what comes, are hashed as they lie in the message.
struct Teller<'r> {
    columns: &'r [&'r TableColumn],
    transfer: &'r Transfer,
    portion: Portion<'r>,
    /// The columns of which the values are wanted.
    wanted: Vec<bool>,
    /// The values of the row at hand; of columns that nobody wants whatever was there.
    values: Row,
    hasher: ContentHasher,
    parser: Parser,
    numbers: Vec<Option<i64>>,
}

impl<'r> Teller<'r> {
    fn new(columns: &'r [&'r TableColumn], transfer: &'r Transfer, portion: Portion<'r>) -> Self {
        let mut wanted = vec![false; columns.len()];
        for place in transfer.key_fields.iter().chain(portion.identity.unwrap_or_default()) {
            wanted[*place] = true;
        }
        Self {
            columns,
            transfer,
            portion,
            wanted,
            values: vec![Value::Null; columns.len()],
            hasher: ContentHasher::default(),
            parser: Parser::plain(),
            numbers: vec![None; columns.len()],
        }
    }

    /// Takes a row; `None` when it can't be read.
    fn tell(&mut self, row: &PgRow) -> Option<NewRow> {
        for (index, column) in self.columns.iter().enumerate() {
            let bytes = row.try_get_raw(index).ok()?;
            let bytes = if bytes.is_null() { None } else { Some(bytes.as_bytes().ok()?) };
            if !self.wanted[index] {
                let taken = match (bytes, &column.codec) {
                    (Some(bytes), Codec::Text | Codec::AsText) => {
                        self.hasher.text(std::str::from_utf8(bytes).ok()?);
                        true
                    }
                    (Some([1, text @ ..]), Codec::Jsonb) => {
                        std::str::from_utf8(text).is_ok_and(|text| self.hasher.json(text))
                    }
                    _ => false,
                };
                if taken {
                    continue;
                }
            }
            let value = match bytes {
                None => Value::Null,
                Some(bytes) => decode(&column.codec, bytes, &self.parser).ok()?,
            };
            if let Value::Int(number) = value {
                self.numbers[index] = self.numbers[index].max(Some(number));
            }
            self.hasher.value(&value);
            self.values[index] = value;
        }
        let hash = self.hasher.finish();
        Some(NewRow::new(&self.values, hash, self.transfer, self.portion))
    }
}
