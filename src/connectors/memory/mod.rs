//! A store in memory: for tests of mappings, and for examples.
//!
//! It is an [`Overlay`] over a store that holds shapes and no records.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;

use super::overlay::Overlay;
use super::{
    Capabilities, Fitter, Layout, Lock, Rows, Scan, ScanRequest, Session, SourceBatch, Statistics,
    Store, StoreError, StoreErrorKind, TimePrecision, documents,
};
use crate::value::query::{Filter, Select};
use crate::value::{Column, Schema, cast};

/// What memory as a store of tables can do.
pub static TABLES: Capabilities = Capabilities {
    connector: "memory",
    summary: "Holds tables in memory, for tests.",
    schemes: &[],
    documents: false,
    writes: true,
    transactions: true,
    transactional_definitions: true,
    queries: false,
    pipelines: false,
    implicit_entities: false,
    time_precision: TimePrecision::Nanoseconds,
    nul_in_text: true,
    triggers_off: false,
    late_foreign_keys: false,
    row_by_row: false,
};

/// What memory as a store of documents can do.
pub static DOCUMENTS: Capabilities = Capabilities {
    connector: "memory-documents",
    summary: "Holds collections of documents in memory, for tests.",
    documents: true,
    implicit_entities: true,
    time_precision: TimePrecision::Milliseconds,
    ..TABLES
};

/// Makes an empty store of tables with these shapes.
pub fn tables(tables: impl IntoIterator<Item = (String, Schema)>) -> Arc<dyn Store> {
    let empty = Empty { documents: false, tables: tables.into_iter().collect() };
    Arc::new(Overlay::new(Arc::new(empty)))
}

/// Makes an empty store of documents. Collections come into being with their first document.
pub fn documents() -> Arc<dyn Store> {
    Arc::new(Overlay::new(Arc::new(Empty { documents: true, tables: BTreeMap::new() })))
}

/// Shapes without records.
#[derive(Debug)]
struct Empty {
    documents: bool,
    tables: BTreeMap<String, Schema>,
}

impl Empty {
    fn layout(&self, entity: &str, columns: Option<&[String]>) -> Result<Layout, StoreError> {
        if let Some(columns) = columns {
            return Ok(Layout::Columns(columns.iter().cloned().collect()));
        }
        if self.documents {
            return Ok(Layout::Document);
        }
        match self.tables.get(entity) {
            Some(schema) => {
                Ok(Layout::Columns(schema.columns.iter().map(|c| c.name.clone()).collect()))
            }
            None => Err(StoreError::new(
                StoreErrorKind::NotFound,
                format!("memory: no table is named `{entity}`"),
            )),
        }
    }
}

fn unsupported(what: &str) -> StoreError {
    StoreError::new(StoreErrorKind::Unsupported, format!("memory {what}"))
}

/// A scan of nothing.
struct NoRows;

#[async_trait]
impl Scan for NoRows {
    async fn next(&mut self) -> Result<Option<SourceBatch>, StoreError> {
        Ok(None)
    }
}

#[async_trait]
impl Store for Empty {
    fn capabilities(&self) -> &'static Capabilities {
        if self.documents { &DOCUMENTS } else { &TABLES }
    }

    fn location(&self) -> &'static str {
        "memory"
    }

    async fn entities(&self) -> Result<Vec<String>, StoreError> {
        Ok(self.tables.keys().cloned().collect())
    }

    async fn describe(&self, entity: &str) -> Result<Option<Schema>, StoreError> {
        Ok(self.tables.get(entity).cloned())
    }

    async fn select(&self, select: &Select) -> Result<Rows, StoreError> {
        let layout = self.layout(&select.entity, select.columns.as_deref())?;
        Ok(Rows { layout, rows: Vec::new() })
    }

    async fn count(&self, entity: &str, _filter: &Filter) -> Result<u64, StoreError> {
        self.layout(entity, None).map(|_| 0)
    }

    async fn query(&self, _text: &str) -> Result<Rows, StoreError> {
        Err(unsupported("answers filters, not queries"))
    }

    async fn scan(&self, request: ScanRequest) -> Result<Box<dyn Scan>, StoreError> {
        match &request.source {
            super::ScanSource::Entity(entity) => self.layout(entity, None).map(|_| ())?,
            _ => return Err(unsupported("is read by table or collection")),
        }
        Ok(Box::new(NoRows))
    }

    async fn statistics(&self, entity: &str) -> Result<Statistics, StoreError> {
        self.layout(entity, None)?;
        Ok(Statistics { records: 0, bytes: None, index_bytes: None })
    }

    fn fitter(&self, column: &Column) -> Fitter {
        if self.documents {
            return Arc::new(documents::fit);
        }
        let data_type = column.data_type.clone();
        Arc::new(move |value| cast::fit(value, &data_type))
    }

    async fn session(&self) -> Result<Box<dyn Session>, StoreError> {
        Err(unsupported("below an overlay is not written"))
    }

    async fn lock(&self) -> Result<Box<dyn Lock>, StoreError> {
        Err(unsupported("below an overlay is not locked"))
    }
}
