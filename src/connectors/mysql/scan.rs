//! Scans in key order: one statement per scan, streamed, in a consistent snapshot.
//!
//! A task of its own reads ahead, at most two batches. The greatest key is read at the start and is
//! in the checkpoint, so that rows that come later are not part of the scan after a restart either.

use async_trait::async_trait;
use futures_util::TryStreamExt as _;
use serde::{Deserialize, Serialize};
use sqlx::AssertSqlSafe;
use sqlx::mysql::{MySqlConnection, MySqlRow};

use super::catalog::{TableColumn, execute, rows};
use super::codec::{Raw, Reading, bytes, key_value};
use super::read::{Context, decode_row, list, sorted};
use crate::connectors::feed::{self, Feed, Feeder, feed};
use crate::connectors::size::row_bytes;
use crate::connectors::tables::layout;
use crate::connectors::{
    BrokenRecord, Checkpoint, Layout, Scan, SourceBatch, StoreError, StoreErrorKind, matches,
};
use crate::value::query::Filter;
use crate::value::{Key, KeyError, Row};

/// A consistent snapshot; the server reads all of the scan's statements in it.
const SNAPSHOT: &str = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY";

/// Where a scan stands.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Position {
    /// The greatest key when the scan began; `None` when no row had one.
    upper: Option<Vec<Raw>>,
    stage: Stage,
}

/// Rows whose key has a null part come first, then the others in key order.
#[derive(Clone, Debug, Serialize, Deserialize)]
enum Stage {
    /// So many rows without a key are read.
    WithoutKey(u64),
    /// Rows after this key.
    Keyed(Option<Vec<Raw>>),
}

/// What a scan reads and how.
pub(super) struct Pages {
    /// The table, or the query in parentheses.
    pub(super) from: String,
    /// Columns to fetch; the first `wanted` of them are given.
    pub(super) columns: Vec<TableColumn>,
    /// How many columns are given.
    pub(super) wanted: usize,
    /// The key's places in `columns`.
    pub(super) key: Vec<usize>,
    /// What else makes the order of rows certain.
    pub(super) tie: Vec<String>,
    /// The filter as SQL.
    pub(super) condition: String,
    /// The filter to ask in addition; `None` when SQL decides it exactly.
    pub(super) verify: Option<Filter>,
    /// Rows per batch.
    pub(super) batch: usize,
}

/// A row and its key; `None` when the filter does not want it.
type Content = Option<(Row, Result<Key, KeyError>)>;

/// A row as it was read.
struct Item {
    content: Result<Content, BrokenRecord>,
    raw_key: Vec<Raw>,
}

impl Item {
    /// Whether two rows may have the same key: blanks at the end do not always count.
    fn is_same_key(&self, other: &Self) -> bool {
        !self.raw_key.contains(&Raw::Null)
            && self.raw_key.iter().zip(&other.raw_key).all(|(a, b)| match (a, b) {
                (Raw::Text(a), Raw::Text(b)) => a.trim_end_matches(' ') == b.trim_end_matches(' '),
                (a, b) => a == b,
            })
    }
}

/// A running scan.
pub(super) struct TableScan {
    batches: Feed<SourceBatch>,
}

#[async_trait]
impl Scan for TableScan {
    async fn next(&mut self) -> Result<Option<SourceBatch>, StoreError> {
        self.batches.next().await
    }
}

/// Starts a scan.
///
/// # Errors
/// When the checkpoint is not one of a scan.
pub(super) fn start(
    connection: MySqlConnection,
    context: Context<'_>,
    pages: Pages,
    after: Option<&Checkpoint>,
) -> Result<TableScan, StoreError> {
    let location = context.location.to_owned();
    let position = after
        .map(|checkpoint| {
            serde_json::from_slice(&checkpoint.0).map_err(|_| {
                let message = format!("{location}: the checkpoint is not one of this connector");
                StoreError::new(StoreErrorKind::Internal, message)
            })
        })
        .transpose()?;
    let (sender, batches) = feed(1);
    let (reading, server) = (context.reading.clone(), context.server);
    tokio::spawn(async move {
        let context = Context { location: &location, reading: &reading, server };
        let mut reader = Reader { connection, pages, sender };
        let done = match reader.run(position, context).await {
            Err(Stop::Failed(error)) => Err(error),
            Ok(()) | Err(Stop::Abandoned) => Ok(()),
        };
        feed::end(&reader.sender, done).await;
    });
    Ok(TableScan { batches })
}

/// Why reading ends early.
enum Stop {
    Failed(StoreError),
    /// Nobody wants more.
    Abandoned,
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

/// What reads ahead.
struct Reader {
    connection: MySqlConnection,
    pages: Pages,
    sender: Feeder<SourceBatch>,
}

impl Reader {
    async fn run(&mut self, position: Option<Position>, context: Context<'_>) -> Result<(), Stop> {
        let begun = execute(&mut self.connection, SNAPSHOT).await;
        begun.map_err(|e| context.error(&e))?;
        let mut position = match position {
            Some(position) => position,
            None => {
                let upper = self.upper(context).await?;
                let nullable = self.pages.key_columns().any(|column| column.nullable);
                let stage = if nullable { Stage::WithoutKey(0) } else { Stage::Keyed(None) };
                Position { upper, stage }
            }
        };
        if let Stage::WithoutKey(count) = position.stage {
            let sql = self.pages.without_key(count, context.reading);
            self.stream(sql, &mut position, context).await?;
            position.stage = Stage::Keyed(None);
        }
        if let (Stage::Keyed(after), Some(upper)) = (&position.stage, &position.upper) {
            let sql = self.pages.keyed(after.as_deref(), upper, context.reading);
            self.stream(sql, &mut position, context).await?;
        }
        Ok(())
    }

    /// The greatest key there is.
    async fn upper(&mut self, context: Context<'_>) -> Result<Option<Vec<Raw>>, StoreError> {
        let keys: Vec<String> = self.pages.key_columns().map(sorted).collect();
        let descending: Vec<String> = keys.iter().map(|key| format!("{key} DESC")).collect();
        let sql = format!(
            "SELECT {} FROM {} WHERE {} ORDER BY {} LIMIT 1",
            keys.join(","),
            self.pages.from,
            self.pages.key_list(" IS NOT NULL", " AND "),
            descending.join(",")
        );
        let found = rows(&mut self.connection, sql).await.map_err(|e| context.error(&e))?;
        let key = |row| {
            let columns = self.pages.key_columns().enumerate();
            columns.map(|(index, column)| Raw::of(bytes(row, index), column_type(column))).collect()
        };
        Ok(found.first().map(key))
    }

    /// Sends the rows of a statement in batches; rows of the same key stay together.
    async fn stream(
        &mut self,
        sql: String,
        position: &mut Position,
        context: Context<'_>,
    ) -> Result<(), Stop> {
        let Self { connection, pages, sender } = self;
        let columns: Vec<&TableColumn> = pages.columns.iter().collect();
        let all = layout(&columns);
        let given = layout(&columns[..pages.wanted]);
        let mut stream = sqlx::raw_sql(AssertSqlSafe(sql)).fetch(connection);
        let mut items: Vec<Item> = Vec::new();
        while let Some(row) = stream.try_next().await.map_err(|e| context.error(&e))? {
            let item = pages.item(&row, &columns, &all, context.reading);
            if items.len() >= pages.batch
                && !items.last().is_some_and(|last| last.is_same_key(&item))
            {
                send(sender, &mut items, position, &given).await?;
            }
            items.push(item);
        }
        send(sender, &mut items, position, &given).await
    }
}

async fn send(
    sender: &Feeder<SourceBatch>,
    items: &mut Vec<Item>,
    position: &mut Position,
    layout: &Layout,
) -> Result<(), Stop> {
    let Some(last) = items.last() else { return Ok(()) };
    match &mut position.stage {
        Stage::WithoutKey(count) => *count += items.len() as u64,
        Stage::Keyed(after) => *after = Some(last.raw_key.clone()),
    }
    let checkpoint = serde_json::to_vec(position).map(Checkpoint).map_err(|_| {
        StoreError::new(StoreErrorKind::Internal, "the checkpoint can't be written")
    })?;
    let mut batch = SourceBatch {
        layout: layout.clone(),
        rows: Vec::with_capacity(items.len()),
        keys: Vec::with_capacity(items.len()),
        broken: Vec::new(),
        checkpoint,
        bytes: 0,
    };
    for item in items.drain(..) {
        match item.content {
            Ok(Some((row, key))) => {
                batch.bytes += row_bytes(&row);
                batch.rows.push(row);
                batch.keys.push(key);
            }
            // The filter does not want it.
            Ok(None) => {}
            Err(broken) => batch.broken.push(broken),
        }
    }
    if batch.rows.is_empty() && batch.broken.is_empty() {
        return Ok(());
    }
    sender.send(Ok(Some(batch))).await.map_err(|_| Stop::Abandoned)
}

fn column_type(column: &TableColumn) -> &super::types::ColumnType {
    &column.column_type
}

impl Pages {
    fn key_columns(&self) -> impl Iterator<Item = &TableColumn> {
        self.key.iter().map(|&index| &self.columns[index])
    }

    fn key_list(&self, suffix: &str, with: &str) -> String {
        let parts: Vec<String> = self
            .key_columns()
            .map(|column| format!("{}{suffix}", super::catalog::quote(&column.name)))
            .collect();
        parts.join(with)
    }

    /// The columns, and after them the key as it is sorted.
    fn select(&self, reading: &Reading) -> String {
        let columns: Vec<&TableColumn> = self.columns.iter().collect();
        let keys: Vec<String> = self.key_columns().map(sorted).collect();
        let list = list(&columns, reading);
        format!("SELECT {list},{} FROM {} WHERE {}", keys.join(","), self.from, self.condition)
    }

    /// Rows whose key has a null part, after so many of them.
    fn without_key(&self, count: u64, reading: &Reading) -> String {
        let mut order: Vec<String> = self.key_columns().map(sorted).collect();
        order.extend(self.tie.iter().cloned());
        format!(
            "{} AND ({}) ORDER BY {} LIMIT {} OFFSET {count}",
            self.select(reading),
            self.key_list(" IS NULL", " OR "),
            order.join(","),
            u64::MAX
        )
    }

    /// Rows after a key, up to another.
    fn keyed(&self, after: Option<&[Raw]>, upper: &[Raw], reading: &Reading) -> String {
        let keys: Vec<String> = self.key_columns().map(sorted).collect();
        let mut sql = self.select(reading);
        sql.push_str(" AND ");
        sql.push_str(&self.key_list(" IS NOT NULL", " AND "));
        if let Some(after) = after {
            bound(&mut sql, &keys, after, ">", ">");
        }
        bound(&mut sql, &keys, upper, "<", "<=");
        sql.push_str(&format!(" ORDER BY {}", keys.join(",")));
        sql
    }

    fn item(
        &self,
        row: &MySqlRow,
        columns: &[&TableColumn],
        layout: &Layout,
        reading: &Reading,
    ) -> Item {
        let raw_key: Vec<Raw> = self
            .key_columns()
            .enumerate()
            .map(|(place, column)| Raw::of(bytes(row, columns.len() + place), column_type(column)))
            .collect();
        let content = match decode_row(reading, row, columns) {
            Ok(mut values) => {
                let wanted = self.verify.as_ref().is_none_or(|f| matches(f, layout, &values));
                Ok(wanted.then(|| {
                    let key = Key::new(self.key.iter().map(|&index| &values[index]));
                    values.truncate(self.wanted);
                    (values, key)
                }))
            }
            Err(problem) => Err(BrokenRecord { key: place(&raw_key), problem }),
        };
        Item { content, raw_key }
    }
}

/// Bounds the key: `(a > 1 OR a = 1 AND (b > 2 …))`, of which the server makes a range of an index.
/// The first column is bounded on its own too, for those that do not see through it.
fn bound(sql: &mut String, keys: &[String], values: &[Raw], operator: &str, last: &str) {
    let Some((first, value)) = keys.first().zip(values.first()) else { return };
    if keys.len() > 1 {
        sql.push_str(&format!(" AND {first} {operator}= "));
        value.push(sql);
    }
    sql.push_str(" AND (");
    for (index, (key, value)) in keys.iter().zip(values).enumerate() {
        let is_last = index + 1 == keys.len();
        sql.push_str(&format!("{key} {} ", if is_last { last } else { operator }));
        value.push(sql);
        if !is_last {
            sql.push_str(&format!(" OR {key} = "));
            value.push(sql);
            sql.push_str(" AND (");
        }
    }
    sql.push_str(&")".repeat(keys.len()));
}

/// A key for a record that can't be read: that of its stored key.
fn place(raw_key: &[Raw]) -> Key {
    let values: Vec<_> = raw_key.iter().map(key_value).collect();
    Key::new(&values).unwrap_or_else(|_| Key::from_bytes(Vec::new()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_go_part_by_part() {
        let keys = ["`a`".to_owned(), "`b`".to_owned()];
        let values = [Raw::Number("1".into()), Raw::Text("x".into())];
        let mut sql = String::new();
        bound(&mut sql, &keys, &values, "<", "<=");
        assert_eq!(sql, " AND `a` <= 1 AND (`a` < 1 OR `a` = 1 AND (`b` <= 'x'))");
        sql.clear();
        bound(&mut sql, &keys[..1], &values[..1], ">", ">");
        assert_eq!(sql, " AND (`a` > 1)");
    }
}
