//! Scans in key order: one statement that streams, read by a task of its own.
//!
//! The whole scan sees the database as it was when it began, in one read-only transaction. What is
//! read waits in the socket until it is asked for, so memory stays small.

use async_trait::async_trait;
use futures_util::TryStreamExt as _;
use serde::{Deserialize, Serialize};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Row as _};

use super::batch::{Batcher, CopyRows};
use super::catalog::{Collation, TableColumn};
use super::config::{Server, run};
use super::name::{literal, quote};
use super::types::Codec;
use crate::connectors::feed::{self, Feed, Feeder, feed};
use crate::connectors::{Checkpoint, Layout, Scan, SourceBatch, StoreError, StoreErrorKind};
use crate::value::query::Filter;

/// What a scan reads and how.
pub(super) struct Plan {
    /// What stands after FROM.
    pub(super) from: String,
    /// Columns to fetch; the first `wanted` of them are given.
    pub(super) columns: Vec<TableColumn>,
    pub(super) wanted: usize,
    /// The key's places in `columns`.
    pub(super) key: Vec<usize>,
    /// The filter in SQL.
    pub(super) condition: String,
    /// The filter to ask in addition.
    pub(super) verify: Option<Filter>,
    /// What sorts the rows that have no key.
    pub(super) place: Option<&'static str>,
    /// Whether several rows may have the same key.
    pub(super) repeats: bool,
    /// Whether the greatest key is read first.
    pub(super) bounded: bool,
    pub(super) batch: usize,
    pub(super) layout: Layout,
}

/// Where a scan stands.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Position {
    /// The greatest key when the scan began.
    upper: Upper,
    /// How many rows without a key are done; `None` when all are.
    pub(super) without: Option<u64>,
    /// The key of the last row that is done.
    pub(super) after: Option<Vec<String>>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
enum Upper {
    /// No row had a key.
    Nothing,
    /// All rows that are there.
    Everything,
    Key(Vec<String>),
}

impl Plan {
    pub(super) fn key_columns(&self) -> impl Iterator<Item = &TableColumn> {
        self.key.iter().map(|&index| &self.columns[index])
    }

    fn key_list(&self, part: impl Fn(&TableColumn) -> String, with: &str) -> String {
        self.key_columns().map(part).collect::<Vec<_>>().join(with)
    }

    fn may_lack_key(&self) -> bool {
        self.key_columns().any(|column| column.nullable)
    }

    /// The statement for rows of a stage.
    fn statement(&self, position: &Position) -> String {
        // Names of their own, so that what is sorted by is the table's.
        let named = |(place, read): (usize, String)| format!("{read} AS \"?{place}\"");
        let texts = self.key_columns().filter(|column| !tells_its_text(column));
        let texts = texts.map(|column| format!("{}::text", quote(&column.name)));
        let columns = self.columns.iter().map(TableColumn::read).chain(texts);
        let columns: Vec<String> = columns.enumerate().map(named).collect();
        let mut sql = format!(
            "COPY (SELECT {} FROM {} WHERE ({})",
            columns.join(","),
            self.from,
            self.condition
        );
        if let Some(done) = position.without {
            let nulls = self.key_list(|column| format!("{} IS NULL", quote(&column.name)), " OR ");
            let order = match self.place {
                Some(place) => place.to_owned(),
                None => self.key_list(TableColumn::ordered, ","),
            };
            sql.push_str(&format!(" AND ({nulls}) ORDER BY {order} OFFSET {done}"));
        } else {
            if self.may_lack_key() {
                let there =
                    self.key_list(|column| format!("{} IS NOT NULL", quote(&column.name)), " AND ");
                sql.push_str(&format!(" AND {there}"));
            }
            if let Some(after) = &position.after {
                self.bound(&mut sql, ">", after);
            }
            if let Upper::Key(upper) = &position.upper {
                self.bound(&mut sql, "<=", upper);
            }
            sql.push_str(&format!(" ORDER BY {}", self.key_list(TableColumn::ordered, ",")));
        }
        sql.push_str(") TO STDOUT (FORMAT binary)");
        sql
    }

    fn bound(&self, sql: &mut String, operator: &str, key: &[String]) {
        let names = self.key_list(TableColumn::ordered, ",");
        let values: Vec<String> = self
            .key_columns()
            .zip(key)
            .map(|(column, text)| {
                let base = if column.collation == Collation::Loose { "text" } else { &column.base };
                format!("{}::{base}", literal(text))
            })
            .collect();
        sql.push_str(&format!(" AND ({names}) {operator} ({})", values.join(",")));
    }

    async fn upper(&self, connection: &mut PgConnection) -> Result<Upper, sqlx::Error> {
        if !self.bounded {
            return Ok(Upper::Everything);
        }
        let sql = format!(
            "SELECT {} FROM {} WHERE {} ORDER BY {} LIMIT 1",
            // A name of its own, so that what is sorted by is the table's.
            self.key_list(|column| format!("{}::text AS \"?\"", quote(&column.name)), ","),
            self.from,
            self.key_list(|column| format!("{} IS NOT NULL", quote(&column.name)), " AND "),
            self.key_list(|column| format!("{} DESC", column.ordered()), ","),
        );
        let row =
            sqlx::query(AssertSqlSafe(sql)).persistent(false).fetch_optional(connection).await?;
        let Some(row) = row else { return Ok(Upper::Nothing) };
        let texts = (0..self.key.len()).map(|index| row.try_get(index));
        Ok(Upper::Key(texts.collect::<Result<_, _>>()?))
    }
}

/// Whether the text to go on after is made from the value; otherwise the server gives it beside.
pub(super) fn tells_its_text(column: &TableColumn) -> bool {
    match column.codec {
        Codec::Int2 | Codec::Int4 | Codec::Int8 | Codec::Uuid => true,
        Codec::Text => column.collation != Collation::Loose,
        _ => false,
    }
}

/// A running scan.
pub(super) struct TableScan {
    batches: Feed<SourceBatch>,
}

impl TableScan {
    /// Starts reading, one batch ahead.
    pub(super) fn start(
        plan: Plan,
        connection: PgConnection,
        server: Server,
        after: Option<&Checkpoint>,
    ) -> Result<Self, StoreError> {
        let position: Option<Position> = after
            .map(|checkpoint| {
                serde_json::from_slice(&checkpoint.0).map_err(|_| {
                    StoreError::new(
                        StoreErrorKind::Internal,
                        format!("{}: the checkpoint is not one of this connector", server.location),
                    )
                })
            })
            .transpose()?;
        let (sender, batches) = feed(1);
        tokio::spawn(async move {
            let read = read(plan, connection, &server, position, &sender).await;
            feed::end(&sender, read).await;
        });
        Ok(Self { batches })
    }
}

#[async_trait]
impl Scan for TableScan {
    async fn next(&mut self) -> Result<Option<SourceBatch>, StoreError> {
        self.batches.next().await
    }
}

async fn read(
    plan: Plan,
    mut connection: PgConnection,
    server: &Server,
    position: Option<Position>,
    sender: &Feeder<SourceBatch>,
) -> Result<(), StoreError> {
    let error = |error: sqlx::Error| server.error(&error);
    run(&mut connection, "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        .await
        .map_err(error)?;
    let mut position = match position {
        Some(position) => position,
        None => Position {
            upper: plan.upper(&mut connection).await.map_err(error)?,
            without: plan.may_lack_key().then_some(0),
            after: None,
        },
    };
    if position.without.is_some() {
        if !stage(&plan, &mut connection, server, &mut position, sender).await? {
            return Ok(());
        }
        position.without = None;
    }
    if !matches!(position.upper, Upper::Nothing) {
        stage(&plan, &mut connection, server, &mut position, sender).await?;
    }
    Ok(())
}

/// Reads the rows without a key, or those with one; false when nobody wants more.
async fn stage(
    plan: &Plan,
    connection: &mut PgConnection,
    server: &Server,
    position: &mut Position,
    sender: &Feeder<SourceBatch>,
) -> Result<bool, StoreError> {
    let statement = plan.statement(position);
    let mut stream =
        connection.copy_out_raw(&statement).await.map_err(|error| server.error(&error))?;
    let mut rows = CopyRows::default();
    let mut batcher = Batcher::new(plan, position);
    while let Some(bytes) = stream.try_next().await.map_err(|error| server.error(&error))? {
        rows.take(&bytes);
        while let Some(fields) = rows.next(&bytes).map_err(|()| damaged(server))? {
            if let Some(batch) = batcher.add(fields).map_err(|()| damaged(server))?
                && sender.send(Ok(Some(batch))).await.is_err()
            {
                return Ok(false);
            }
        }
        rows.keep(&bytes);
    }
    if let Some(batch) = batcher.end()
        && sender.send(Ok(Some(batch))).await.is_err()
    {
        return Ok(false);
    }
    Ok(true)
}

fn damaged(server: &Server) -> StoreError {
    StoreError::new(
        StoreErrorKind::Corrupt,
        format!("{}: what the server sent is not in COPY's binary form", server.location),
    )
}
