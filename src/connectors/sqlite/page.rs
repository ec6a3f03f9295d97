//! One page of a scan: the statements, and what a row of theirs becomes.

use std::time::Duration;

use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Row as _};

use super::catalog::{TableColumn, quote};
use super::codec::{Raw, bind_raw, decode, raw};
use super::read::{Context, list};
use super::render::Sql;
use super::scan::columns_layout;
use crate::connectors::{BrokenRecord, Layout, StoreError, matches, value_at};
use crate::value::extended_json::Parser;
use crate::value::query::Filter;
use crate::value::{Key, KeyError, Problem, Row, Value};

/// How long to wait for more rows of a page. Being woken for every row costs several times what the
/// row itself does; a scan runs on a thread that may block.
const PAUSE: Duration = Duration::from_micros(100);

/// What a scan reads and how.
pub(crate) struct Pages {
    /// The table, or the query in parentheses.
    pub(crate) from: String,
    /// What is read, for messages.
    pub(crate) entity: String,
    /// What rows become.
    pub(crate) shape: Shape,
    /// Columns to fetch; the first `wanted` of them are given.
    pub(crate) columns: Vec<TableColumn>,
    /// How many columns are given.
    pub(crate) wanted: usize,
    /// The key's places in `columns`.
    pub(crate) key: Vec<usize>,
    /// The filter, as SQL and whole; `None` when SQL decides it exactly.
    pub(crate) condition: Sql,
    /// The filter to ask in addition.
    pub(crate) verify: Option<Filter>,
    /// The name of the table's row number.
    pub(crate) row_number: Option<&'static str>,
    /// Rows per page.
    pub(crate) page: usize,
}

/// What rows become.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A value per column.
    Columns,
    /// The document in the column `document`, with its key at these paths.
    Documents(Vec<String>),
}

/// A row and its key; `None` when the filter does not want it.
type Content = Option<(Row, Result<Key, KeyError>)>;

/// A row of a page.
pub(super) struct Item {
    /// What it is, or why it can't be read.
    pub(super) content: Result<Content, BrokenRecord>,
    /// The key as it is stored.
    pub(super) raw_key: Vec<Raw>,
    /// The row's number, or its place among the rows without a key.
    pub(super) row_number: i64,
}

impl Item {
    pub(super) fn has_key(&self) -> bool {
        !self.raw_key.contains(&Raw::Null)
    }

    /// Whether two rows may have the same key under any collation. Rows without a key never do.
    pub(super) fn is_same_key(&self, other: &Self) -> bool {
        self.has_key()
            && self.raw_key.iter().zip(&other.raw_key).all(|(a, b)| match (a, b) {
                (Raw::Text(a), Raw::Text(b)) => {
                    a.trim_end_matches(' ').eq_ignore_ascii_case(b.trim_end_matches(' '))
                }
                (Raw::Int(_) | Raw::Real(_), Raw::Int(_) | Raw::Real(_)) => number(a) == number(b),
                (a, b) => a == b,
            })
    }
}

/// An integer beyond a float's digits loses some; then two keys only seem to be the same, and stay
/// together in one batch without need.
#[expect(clippy::cast_precision_loss, reason = "seeming the same does no harm")]
fn number(raw: &Raw) -> Option<f64> {
    match raw {
        Raw::Int(value) => Some(*value as f64),
        Raw::Real(bits) => Some(f64::from_bits(*bits)),
        _ => None,
    }
}

impl Pages {
    pub(super) fn layout(&self) -> Layout {
        match &self.shape {
            Shape::Documents(_) => Layout::Document,
            Shape::Columns => {
                columns_layout(self.columns[..self.wanted].iter().map(|c| c.name.as_str()))
            }
        }
    }

    fn key_columns(&self) -> impl Iterator<Item = &TableColumn> {
        self.key.iter().map(|&index| &self.columns[index])
    }

    fn key_list(&self, suffix: &str, with: &str) -> String {
        let parts: Vec<String> =
            self.key_columns().map(|column| format!("{}{suffix}", quote(&column.name))).collect();
        parts.join(with)
    }

    /// Whether rows without a key can be there at all.
    pub(super) fn may_lack_key(&self) -> bool {
        self.key_columns().any(|column| column.nullable)
    }

    /// What comes before the first row number, or the count of no rows.
    pub(super) fn first_row(&self) -> i64 {
        if self.row_number.is_some() { i64::MIN } else { 0 }
    }

    /// The greatest key there is.
    pub(super) async fn upper(
        &self,
        connection: &mut SqliteConnection,
        context: Context<'_>,
    ) -> Result<Option<Vec<Raw>>, StoreError> {
        let text = format!(
            "SELECT {} FROM {} WHERE {} ORDER BY {} LIMIT 1",
            self.key_list("", ","),
            self.from,
            self.key_list(" IS NOT NULL", " AND "),
            self.key_list(" DESC", ","),
        );
        let row = sqlx::query(AssertSqlSafe(text))
            .fetch_optional(connection)
            .await
            .map_err(|e| context.error(&e))?;
        Ok(row.map(|row| (0..self.key.len()).map(|index| raw(&row, index)).collect()))
    }

    /// The greatest row number there is.
    pub(super) async fn last_row(
        &self,
        connection: &mut SqliteConnection,
        context: Context<'_>,
    ) -> Result<Option<i64>, StoreError> {
        let Some(name) = self.row_number else { return Ok(None) };
        let row = sqlx::query(AssertSqlSafe(format!("SELECT max({name}) FROM {}", self.from)))
            .fetch_one(connection)
            .await
            .map_err(|e| context.error(&e))?;
        row.try_get(0).map_err(|e| context.error(&e))
    }

    /// A page of rows whose key has a null part.
    pub(super) fn without_key(
        &self,
        connection: &mut SqliteConnection,
        after: i64,
        last_row: Option<i64>,
        context: Context<'_>,
    ) -> Result<Vec<Item>, StoreError> {
        let nulls = self.key_list(" IS NULL", " OR ");
        let mut sql = self.condition.clone();
        if let Some(name) = self.row_number {
            sql.push(&format!(" AND ({nulls}) AND {name} > "));
            sql.raw(&Raw::Int(after));
            sql.push(&format!(" AND {name} <= "));
            sql.raw(&Raw::Int(last_row.unwrap_or(i64::MAX)));
            sql.push(&format!(" ORDER BY {name} LIMIT {}", self.page));
        } else {
            let order = self.key_list("", ",");
            sql.push(&format!(" AND ({nulls}) ORDER BY {order}"));
            sql.push(&format!(" LIMIT {} OFFSET {after}", self.page));
        }
        let mut items = self.fetch(connection, sql, context)?;
        if self.row_number.is_none() {
            for (item, place) in items.iter_mut().zip(after + 1..) {
                item.row_number = place;
            }
        }
        Ok(items)
    }

    /// A page of rows after a key, up to another. It holds all rows of its last key.
    pub(super) fn keyed(
        &self,
        connection: &mut SqliteConnection,
        after: Option<&[Raw]>,
        upper: &[Raw],
        context: Context<'_>,
    ) -> Result<Vec<Item>, StoreError> {
        let mut sql = self.condition.clone();
        if let Some(after) = after {
            self.bound(&mut sql, ">", after);
        }
        self.bound(&mut sql, "<=", upper);
        sql.push(&format!(" ORDER BY {} LIMIT {}", self.key_list("", ","), self.page + 1));
        let mut items = self.fetch(connection, sql, context)?;
        let count = items.len();
        if count <= self.page {
            return Ok(items);
        }
        if !items[count - 2].is_same_key(&items[count - 1]) {
            items.pop();
            return Ok(items);
        }
        // The last key goes on beyond the page: leave all of it to the next page, or, when the
        // whole page is of one key, read all of that key.
        let same =
            items.iter().rev().take_while(|item| item.is_same_key(&items[count - 1])).count();
        if same < count {
            items.truncate(count - same);
            return Ok(items);
        }
        let mut sql = self.condition.clone();
        self.bound(&mut sql, ">=", &items[0].raw_key);
        self.bound(&mut sql, "<=", &items[count - 1].raw_key);
        sql.push(&format!(" ORDER BY {}", self.key_list("", ",")));
        self.fetch(connection, sql, context)
    }

    fn bound(&self, sql: &mut Sql, operator: &str, key: &[Raw]) {
        let names = self.key_list("", ",");
        let mut values = Vec::with_capacity(key.len());
        for part in key {
            values.push(bind_raw(&mut sql.arguments, part));
        }
        let values = values.join(",");
        if key.len() == 1 {
            sql.push(&format!(" AND {names} {operator} {values}"));
        } else {
            sql.push(&format!(" AND ({names}) {operator} ({values})"));
        }
    }

    /// Runs a page's statement. Blocks the thread meanwhile.
    fn fetch(
        &self,
        connection: &mut SqliteConnection,
        sql: Sql,
        context: Context<'_>,
    ) -> Result<Vec<Item>, StoreError> {
        use futures_util::{FutureExt as _, TryStreamExt as _};
        let Sql { text, arguments } = sql;
        let columns: Vec<&TableColumn> = self.columns.iter().collect();
        let number = self.row_number.map(|name| format!(",{name}")).unwrap_or_default();
        let text = format!("SELECT {}{number} FROM {} WHERE {text}", list(&columns), self.from);
        let mut stream = sqlx::query_with(AssertSqlSafe(text), arguments).fetch(connection);
        let layout = match &self.shape {
            Shape::Documents(_) => Layout::Document,
            Shape::Columns => columns_layout(self.columns.iter().map(|c| c.name.as_str())),
        };
        let parser = Parser::extended();
        let mut items = Vec::new();
        loop {
            match stream.try_next().now_or_never() {
                Some(row) => match row.map_err(|e| context.error(&e))? {
                    Some(row) => items.push(self.item(&row, &layout, &parser, context)),
                    None => return Ok(items),
                },
                None => std::thread::sleep(PAUSE),
            }
        }
    }

    fn item(
        &self,
        stored: &SqliteRow,
        layout: &Layout,
        parser: &Parser,
        context: Context<'_>,
    ) -> Item {
        let raw_key: Vec<Raw> = self.key.iter().map(|&index| raw(stored, index)).collect();
        let row_number = match self.row_number {
            Some(_) => match raw(stored, self.columns.len()) {
                Raw::Int(number) => number,
                _ => 0,
            },
            None => 0,
        };
        let read = match &self.shape {
            Shape::Columns => self.columns_of(stored, layout, context),
            Shape::Documents(key) => self.document_of(stored, key, parser, context),
        };
        let unreadable = |problem| BrokenRecord { key: place(&raw_key), problem };
        Item { content: read.map_err(unreadable), raw_key, row_number }
    }

    fn columns_of(
        &self,
        row: &SqliteRow,
        layout: &Layout,
        context: Context<'_>,
    ) -> Result<Content, Problem> {
        let mut values = Vec::with_capacity(self.columns.len());
        for (index, column) in self.columns.iter().enumerate() {
            let value = decode(row, index, &column.column_type, context.policies);
            values.push(value.map_err(|_| {
                Problem::new("encoding", format!("{}: the text is not UTF-8", self.entity))
                    .at(&column.name)
            })?);
        }
        if self.verify.as_ref().is_some_and(|filter| !matches(filter, layout, &values)) {
            return Ok(None);
        }
        let key = Key::new(self.key.iter().map(|&index| &values[index]));
        values.truncate(self.wanted);
        Ok(Some((values, key)))
    }

    fn document_of(
        &self,
        row: &SqliteRow,
        key: &[String],
        parser: &Parser,
        context: Context<'_>,
    ) -> Result<Content, Problem> {
        let broken =
            || Problem::new("document", format!("{}: the document can't be read", self.entity));
        let column = self.columns.len() - 1;
        let text = decode(row, column, &self.columns[column].column_type, context.policies)
            .map_err(|_| broken())?;
        let document = text
            .as_text()
            .and_then(|text| parser.parse(text.as_bytes()).ok())
            .ok_or_else(broken)?;
        if !matches!(document, Value::Object(_)) {
            return Err(broken());
        }
        let values = vec![document];
        let layout = Layout::Document;
        if self.verify.as_ref().is_some_and(|filter| !matches(filter, &layout, &values)) {
            return Ok(None);
        }
        let key = Key::new(key.iter().map(|path| value_at(&layout, &values, path)));
        Ok(Some((values, key)))
    }
}

/// A key for a record that can't be read: that of its stored key.
fn place(raw_key: &[Raw]) -> Key {
    let values: Vec<Value> = raw_key
        .iter()
        .map(|part| match part {
            Raw::Null => Value::text(""),
            Raw::Int(value) => Value::Int(*value),
            Raw::Real(bits) => Value::text(f64::from_bits(*bits).to_string()),
            Raw::Text(text) => Value::text(text),
            Raw::Blob(bytes) | Raw::BadText(bytes) => Value::bytes(bytes),
        })
        .collect();
    Key::new(&values).unwrap_or_else(|_| Key::from_bytes(Vec::new()))
}
