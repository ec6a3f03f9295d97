//! Files as a source: JSON Lines and CSV, plain, `.gz` or `.zst`.

mod csv;
mod json_lines;
mod paths;
mod reader;
mod text;

use std::sync::Arc;

use async_trait::async_trait;

use self::paths::SourceFile;
use self::reader::Reader;
use super::documents::Profile;
use super::prefetch::Prefetch;
use super::{
    Capabilities, ConnectionConfig, FileFormat, FileSource, Fitter, Layout, Lock, Policies, Rows,
    Scan, ScanRequest, ScanSource, Session, SourceBatch, Statistics, Store, StoreError,
    StoreErrorKind, TimePrecision, compare_rows, value_at,
};
use crate::value::query::{Filter, Select};
use crate::value::{Column, DataType, Problem, Row, Schema, Value};

/// What files can do.
pub static CAPABILITIES: Capabilities = Capabilities {
    connector: "files",
    summary: "Reads JSON Lines and CSV files, plain or compressed.",
    schemes: &["file"],
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

/// Records looked at for the shape of JSON Lines.
const SAMPLE: u64 = 10_000;

/// The files that a pattern means.
#[derive(Debug)]
pub struct Files {
    list: Vec<SourceFile>,
    source: FileSource,
    policies: Policies,
    location: String,
}

impl Files {
    /// Finds the files of a connection.
    ///
    /// # Errors
    /// When no file matches, or an ending says no format.
    pub fn open(config: &ConnectionConfig) -> Result<Self, StoreError> {
        let Some(source) = config.files.clone() else {
            return Err(StoreError::new(
                StoreErrorKind::Unsupported,
                "files are read as the source of a phase: source.files = \"data/*.jsonl\"",
            ));
        };
        Ok(Self {
            list: paths::files(&source)?,
            location: source.pattern.display().to_string(),
            source,
            policies: config.policies.clone(),
        })
    }

    fn format(&self) -> FileFormat {
        self.list.first().map_or(FileFormat::JsonLines, |file| file.format)
    }

    fn columns(&self) -> Result<Vec<(String, DataType)>, StoreError> {
        let encoding = self.source.encoding.as_deref().or(self.policies.encoding.as_deref());
        csv::columns(&self.list, &self.source, encoding)
    }

    fn reader(&self) -> Result<Reader, StoreError> {
        let layout = match self.format() {
            FileFormat::Csv => csv::layout(&self.columns()?),
            FileFormat::JsonLines => Layout::Document,
        };
        let (files, source) = (self.list.clone(), self.source.clone());
        Ok(Reader::new(files, source, self.policies.clone(), layout))
    }

    fn check(&self, reader: &Reader, paths: &[String]) -> Result<(), StoreError> {
        let Layout::Columns(names) = &reader.layout else { return Ok(()) };
        match paths.iter().find(|path| !names.contains(path)) {
            Some(path) if !names.is_empty() => Err(StoreError::new(
                StoreErrorKind::NotFound,
                format!("{}: the header has no column `{path}`", self.location),
            )),
            _ => Ok(()),
        }
    }

    /// Reads records until told to stop.
    async fn each(
        &self,
        filter: &Filter,
        mut take: impl FnMut(&Layout, Row) -> bool,
    ) -> Result<Layout, StoreError> {
        let mut reader = self.reader()?;
        reader.filter = filter.clone();
        let layout = reader.layout.clone();
        let mut scan = FileScan { reader: Some(reader) };
        while let Some(batch) = scan.next().await? {
            for row in batch.rows {
                if !take(&layout, row) {
                    return Ok(layout);
                }
            }
        }
        Ok(layout)
    }

    fn unsupported(&self, what: &str) -> StoreError {
        StoreError::new(StoreErrorKind::Unsupported, format!("{}: {what}", self.location))
    }
}

/// Opens the files of a connection, shared.
pub(super) fn open(config: &ConnectionConfig) -> Result<Arc<dyn Store>, StoreError> {
    Ok(Arc::new(Files::open(config)?))
}

/// A scan whose work is done on a thread of its own.
struct FileScan {
    reader: Option<Reader>,
}

#[async_trait]
impl Scan for FileScan {
    async fn next(&mut self) -> Result<Option<SourceBatch>, StoreError> {
        let Some(mut reader) = self.reader.take() else { return Ok(None) };
        let read = tokio::task::spawn_blocking(move || {
            let batch = reader.next();
            (reader, batch)
        });
        let (reader, batch) = read
            .await
            .map_err(|_| StoreError::new(StoreErrorKind::Internal, "reading files was stopped"))?;
        self.reader = Some(reader);
        batch
    }
}

/// Files are not written, so there is nothing to lock.
#[derive(Debug)]
struct NoLock;

impl Lock for NoLock {}

#[async_trait]
impl Store for Files {
    fn capabilities(&self) -> &'static Capabilities {
        &CAPABILITIES
    }

    fn location(&self) -> &str {
        &self.location
    }

    async fn entities(&self) -> Result<Vec<String>, StoreError> {
        Ok(self.list.iter().map(|file| file.name.clone()).collect())
    }

    /// The shape of all files together, whatever the name.
    async fn describe(&self, _entity: &str) -> Result<Option<Schema>, StoreError> {
        if self.format() == FileFormat::Csv {
            let column = |(name, data_type): (String, DataType)| Column {
                name,
                declared: data_type.to_string(),
                data_type,
                nullable: !self.source.null_values.is_empty(),
                has_default: false,
                generated: false,
            };
            let columns = self.columns()?.into_iter().map(column).collect();
            return Ok(Some(Schema { columns, ..Schema::default() }));
        }
        let mut profile = Profile::default();
        self.each(&Filter::All, |_, row| {
            if let Some(Value::Object(document)) = row.first() {
                profile.add(document);
            }
            profile.documents() < SAMPLE
        })
        .await?;
        let sampled = Some(profile.documents());
        Ok(Some(Schema { columns: profile.columns(), open: true, sampled, ..Schema::default() }))
    }

    async fn select(&self, select: &Select) -> Result<Rows, StoreError> {
        let most =
            select.limit.map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX));
        let mut rows: Vec<Row> = Vec::new();
        let sorted = !select.order.is_empty();
        let layout = self
            .each(&select.filter, |_, row| {
                let room = sorted || rows.len() < most;
                if room {
                    rows.push(row);
                }
                room
            })
            .await?;
        if sorted {
            rows.sort_by(|a, b| compare_rows(&layout, a, b, &select.order));
            rows.truncate(most);
        }
        let Some(columns) = &select.columns else { return Ok(Rows { layout, rows }) };
        let values =
            |row: &Row| columns.iter().map(|path| value_at(&layout, row, path).clone()).collect();
        let rows = rows.iter().map(values).collect();
        Ok(Rows { layout: Layout::Columns(columns.iter().cloned().collect()), rows })
    }

    async fn count(&self, _entity: &str, filter: &Filter) -> Result<u64, StoreError> {
        let mut count = 0;
        self.each(filter, |_, _| {
            count += 1;
            true
        })
        .await?;
        Ok(count)
    }

    async fn query(&self, _text: &str) -> Result<Rows, StoreError> {
        Err(self.unsupported("files answer no queries"))
    }

    async fn scan(&self, request: ScanRequest) -> Result<Box<dyn Scan>, StoreError> {
        if request.source != ScanSource::Files {
            return Err(self.unsupported("files hold no tables and no collections"));
        }
        let mut reader = self.reader()?;
        self.check(&reader, &request.key)?;
        self.check(&reader, request.columns.as_deref().unwrap_or_default())?;
        reader.key = request.key;
        reader.columns = request.columns;
        reader.filter = request.filter;
        reader.batch = request.batch.max(1);
        if let Some(checkpoint) = &request.after {
            reader.resume(checkpoint)?;
        }
        Ok(Box::new(Prefetch::new(Box::new(FileScan { reader: Some(reader) }))))
    }

    async fn statistics(&self, entity: &str) -> Result<Statistics, StoreError> {
        let sizes = self.list.iter().map(|file| std::fs::metadata(&file.path).map(|m| m.len()));
        let bytes = sizes.sum::<Result<u64, _>>().ok();
        let records = self.count(entity, &Filter::All).await?;
        Ok(Statistics { records, bytes, index_bytes: None })
    }

    fn fitter(&self, _column: &Column) -> Fitter {
        Arc::new(|_| Err(Problem::new("read_only", "files are only read")))
    }

    async fn session(&self) -> Result<Box<dyn Session>, StoreError> {
        Err(self.unsupported("files are only read"))
    }

    async fn lock(&self) -> Result<Box<dyn Lock>, StoreError> {
        Ok(Box::new(NoLock))
    }
}
