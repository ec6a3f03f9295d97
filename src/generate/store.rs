//! Generated rows as a store, so that a phase reads them like any others.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::task::JoinHandle;

use super::rows::{self, Rows};
use super::{Pool, ROW, Recipe, pool};
use crate::connectors::{
    BrokenRecord, Capabilities, Checkpoint, Fitter, Layout, Lock, Rows as Selected, Scan,
    ScanRequest, ScanSource, Session, SourceBatch, Statistics, Store, StoreError, StoreErrorKind,
    TimePrecision,
};
use crate::value::query::{Filter, Select};
use crate::value::{Column, Key, Schema, Value};

/// What generated rows can do: be scanned.
static CAPABILITIES: Capabilities = Capabilities {
    connector: "generated",
    summary: "Makes rows of test data.",
    schemes: &[],
    documents: false,
    writes: false,
    transactions: false,
    transactional_definitions: false,
    queries: false,
    pipelines: false,
    implicit_entities: false,
    time_precision: TimePrecision::Nanoseconds,
    nul_in_text: true,
    triggers_off: false,
    late_foreign_keys: false,
    row_by_row: false,
};

/// The rows of a recipe. A scan of a table of that name gives them in order.
#[derive(Debug)]
pub struct Generated {
    recipe: Arc<Recipe>,
    /// By connection: where rows are that references choose from.
    stores: Vec<Arc<dyn Store>>,
}

impl Generated {
    /// The rows of a recipe, whose references to rows that are there are read from these stores.
    pub fn new(recipe: Recipe, stores: Vec<Arc<dyn Store>>) -> Self {
        Self { recipe: Arc::new(recipe), stores }
    }

    /// The names of the columns of a table's rows, in order: [`ROW`], and for each field one that
    /// says its place.
    pub fn columns(fields: usize) -> Vec<String> {
        std::iter::once(ROW.to_owned()).chain((0..fields).map(Self::column)).collect()
    }

    /// The name of the column of a field.
    pub fn column(field: usize) -> String {
        format!("f{field}")
    }

    fn table(&self, name: &str) -> Result<usize, StoreError> {
        self.recipe.tables.iter().position(|table| table.name == name).ok_or_else(|| {
            StoreError::new(StoreErrorKind::NotFound, format!("no rows are made for `{name}`"))
        })
    }

    async fn rows(&self, table: usize) -> Result<Rows, StoreError> {
        let mut values: rows::Values = Vec::new();
        for table in rows::needed(&self.recipe, table) {
            for reference in rows::references(&self.recipe, table) {
                let Pool::Rows { connection, entity, take } = &reference.pool else { continue };
                if values.iter().any(|(known, _)| known == reference) {
                    continue;
                }
                let Some(store) = self.stores.get(*connection) else { continue };
                let read = pool::read(&**store, entity, take, reference).await?;
                values.push((reference.clone(), Arc::new(read)));
            }
        }
        Rows::new(&self.recipe, table, &values)
            .map_err(|problem| StoreError::new(StoreErrorKind::Unsupported, problem.to_string()))
    }
}

fn unsupported(what: &str) -> StoreError {
    StoreError::new(StoreErrorKind::Unsupported, format!("generated rows {what}"))
}

#[async_trait]
impl Store for Generated {
    fn capabilities(&self) -> &'static Capabilities {
        &CAPABILITIES
    }

    fn location(&self) -> &'static str {
        "generated rows"
    }

    async fn entities(&self) -> Result<Vec<String>, StoreError> {
        let mut names: Vec<String> =
            self.recipe.tables.iter().map(|table| table.name.clone()).collect();
        names.sort();
        Ok(names)
    }

    async fn describe(&self, _entity: &str) -> Result<Option<Schema>, StoreError> {
        Ok(None)
    }

    async fn select(&self, _select: &Select) -> Result<Selected, StoreError> {
        Err(unsupported("are scanned, not asked for"))
    }

    async fn count(&self, entity: &str, _filter: &Filter) -> Result<u64, StoreError> {
        Ok(self.recipe.tables[self.table(entity)?].count)
    }

    async fn query(&self, _text: &str) -> Result<Selected, StoreError> {
        Err(unsupported("answer no queries"))
    }

    async fn scan(&self, request: ScanRequest) -> Result<Box<dyn Scan>, StoreError> {
        let ScanSource::Entity(name) = &request.source else {
            return Err(unsupported("are read by the name of their seed"));
        };
        let table = self.table(name)?;
        let rows = Arc::new(self.rows(table).await?);
        let names = Self::columns(self.recipe.tables[table].fields.len());
        let next = match &request.after {
            None => 0,
            Some(Checkpoint(bytes)) => {
                let bytes: [u8; 8] = bytes.as_slice().try_into().map_err(|_| {
                    StoreError::new(StoreErrorKind::Internal, "the checkpoint is no row's number")
                })?;
                u64::from_be_bytes(bytes)
            }
        };
        let batch = request.batch.max(1) as u64;
        let mut scan =
            GeneratedScan { rows, layout: Layout::Columns(names.into()), next, batch, ahead: None };
        scan.read_ahead();
        Ok(Box::new(scan))
    }

    async fn statistics(&self, entity: &str) -> Result<Statistics, StoreError> {
        let records = self.count(entity, &Filter::All).await?;
        Ok(Statistics { records, bytes: None, index_bytes: None })
    }

    fn fitter(&self, _column: &Column) -> Fitter {
        Arc::new(Ok)
    }

    async fn session(&self) -> Result<Box<dyn Session>, StoreError> {
        Err(unsupported("are not written"))
    }

    async fn lock(&self) -> Result<Box<dyn Lock>, StoreError> {
        Err(unsupported("are not locked"))
    }
}

/// A scan that makes the next batch while the last one is worked on.
struct GeneratedScan {
    rows: Arc<Rows>,
    layout: Layout,
    next: u64,
    batch: u64,
    ahead: Option<JoinHandle<SourceBatch>>,
}

impl GeneratedScan {
    fn read_ahead(&mut self) {
        let end = self.rows.count().min(self.next.saturating_add(self.batch));
        if self.next >= end {
            return;
        }
        let (rows, layout, range) = (Arc::clone(&self.rows), self.layout.clone(), self.next..end);
        self.next = end;
        self.ahead = Some(tokio::task::spawn_blocking(move || make(&rows, layout, range)));
    }
}

#[async_trait]
impl Scan for GeneratedScan {
    async fn next(&mut self) -> Result<Option<SourceBatch>, StoreError> {
        let Some(ahead) = self.ahead.take() else { return Ok(None) };
        let batch = ahead
            .await
            .map_err(|_| StoreError::new(StoreErrorKind::Internal, "making rows was stopped"))?;
        self.read_ahead();
        Ok(Some(batch))
    }
}

fn make(rows: &Rows, layout: Layout, range: std::ops::Range<u64>) -> SourceBatch {
    let mut batch = SourceBatch {
        layout,
        rows: Vec::new(),
        keys: Vec::new(),
        broken: Vec::new(),
        checkpoint: Checkpoint(range.end.to_be_bytes().to_vec()),
        bytes: 0,
    };
    for row in range {
        let number = Value::Int(i64::try_from(row + 1).unwrap_or(i64::MAX));
        let key = Key::new([&number]);
        match (rows.row(row), key) {
            (Ok(values), key) => {
                batch.bytes += values.iter().map(size).sum::<usize>();
                batch.rows.push(values);
                batch.keys.push(key);
            }
            (Err(problem), Ok(key)) => batch.broken.push(BrokenRecord { key, problem }),
            // A whole number is always a key.
            (Err(_), Err(_)) => {}
        }
    }
    batch
}

/// About how many bytes a value takes.
fn size(value: &Value) -> usize {
    let inner = match value {
        Value::Text(text) => text.len(),
        Value::Array(values) => values.iter().map(size).sum(),
        Value::Object(object) => object.iter().map(|(name, value)| name.len() + size(value)).sum(),
        _ => 0,
    };
    size_of::<Value>() + inner
}
