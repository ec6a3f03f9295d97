//! Batches of records out of all files of a source, one file after the other.

use serde::{Deserialize, Serialize};

use super::csv::Csv;
use super::json_lines::JsonLines;
use super::paths::SourceFile;
use crate::connectors::size::row_bytes;
use crate::connectors::{
    BrokenRecord, Checkpoint, FileFormat, FileSource, Layout, Policies, SourceBatch, StoreError,
    StoreErrorKind, matches, value_at,
};
use crate::value::query::Filter;
use crate::value::{Key, Problem, Value};

/// Where the reading of a file stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    /// Records read.
    pub(super) record: u64,
    /// Lines read.
    pub(super) line: u64,
    /// Bytes read, where reading can go on at a byte; 0 elsewhere.
    pub(super) offset: u64,
}

/// A record, or why it is none.
pub(super) struct Record {
    pub(super) number: u64,
    pub(super) content: Result<Vec<Value>, Problem>,
}

#[derive(Serialize, Deserialize)]
struct Position {
    file: String,
    place: Place,
}

enum Open {
    JsonLines(Box<JsonLines>),
    Csv(Box<Csv>),
}

impl Open {
    fn next(&mut self) -> Result<Option<Record>, StoreError> {
        match self {
            Self::JsonLines(reader) => reader.next(),
            Self::Csv(reader) => reader.next(),
        }
    }

    fn place(&self) -> Place {
        match self {
            Self::JsonLines(reader) => reader.place(),
            Self::Csv(reader) => reader.place(),
        }
    }
}

/// Reads all files of a source.
pub(super) struct Reader {
    pub(super) files: Vec<SourceFile>,
    pub(super) source: FileSource,
    pub(super) policies: Policies,
    /// How the values of all rows are named.
    pub(super) layout: Layout,
    /// The columns to give; `None` is all.
    pub(super) columns: Option<Vec<String>>,
    pub(super) key: Vec<String>,
    pub(super) filter: Filter,
    pub(super) batch: usize,
    current: usize,
    open: Option<Open>,
}

impl Reader {
    pub(super) fn new(
        files: Vec<SourceFile>,
        source: FileSource,
        policies: Policies,
        layout: Layout,
    ) -> Self {
        Self {
            files,
            source,
            policies,
            layout,
            columns: None,
            key: Vec::new(),
            filter: Filter::All,
            batch: 1000,
            current: 0,
            open: None,
        }
    }

    /// Goes to where an earlier reading stopped.
    pub(super) fn resume(&mut self, checkpoint: &Checkpoint) -> Result<(), StoreError> {
        let position: Position = serde_json::from_slice(&checkpoint.0).map_err(|_| {
            StoreError::new(StoreErrorKind::Internal, "the checkpoint is not one of files")
        })?;
        let found = self.files.iter().position(|file| file.name == position.file);
        self.current = found.ok_or_else(|| {
            let message = format!("{}: the file was read before and is gone", position.file);
            StoreError::new(StoreErrorKind::NotFound, message)
        })?;
        self.open = Some(self.open_at(&position.place)?);
        Ok(())
    }

    fn open_at(&self, after: &Place) -> Result<Open, StoreError> {
        let file = &self.files[self.current];
        let encoding = self.source.encoding.as_deref().or(self.policies.encoding.as_deref());
        Ok(match (file.format, &self.layout) {
            (FileFormat::Csv, Layout::Columns(names)) => {
                Open::Csv(Box::new(Csv::open(file, &self.source, &self.policies, names, after)?))
            }
            (FileFormat::JsonLines, Layout::Document) => {
                Open::JsonLines(Box::new(JsonLines::open(file, encoding, after)?))
            }
            _ => {
                let message = format!("{}: all files of a source have one format", file.name);
                return Err(StoreError::new(StoreErrorKind::Unsupported, message));
            }
        })
    }

    /// The next batch; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<SourceBatch>, StoreError> {
        let layout = match (&self.columns, &self.layout) {
            (Some(columns), Layout::Columns(_)) => {
                Layout::Columns(columns.iter().cloned().collect())
            }
            (_, layout) => layout.clone(),
        };
        let mut batch = SourceBatch {
            layout,
            rows: Vec::with_capacity(self.batch.min(10_000)),
            keys: Vec::with_capacity(self.batch.min(10_000)),
            broken: Vec::new(),
            checkpoint: Checkpoint(Vec::new()),
            bytes: 0,
        };
        while batch.rows.len() + batch.broken.len() < self.batch && self.current < self.files.len()
        {
            let mut open = match self.open.take() {
                Some(open) => open,
                None => self.open_at(&Place::default())?,
            };
            match open.next()? {
                Some(record) => {
                    self.take(record, &mut batch);
                    self.open = Some(open);
                }
                None => {
                    self.current += 1;
                }
            }
        }
        if batch.rows.is_empty() && batch.broken.is_empty() {
            return Ok(None);
        }
        batch.checkpoint = self.checkpoint()?;
        Ok(Some(batch))
    }

    fn take(&self, record: Record, batch: &mut SourceBatch) {
        let place = || {
            let name = Value::text(&self.files[self.current].name);
            let number = Value::Int(i64::try_from(record.number).unwrap_or(i64::MAX));
            Key::new([&name, &number])
        };
        match record.content {
            Err(problem) => {
                let key = place().unwrap_or_else(|_| Key::from_bytes(Vec::new()));
                batch.broken.push(BrokenRecord { key, problem });
            }
            Ok(row) if !matches(&self.filter, &self.layout, &row) => {}
            Ok(row) => {
                let key = if self.key.is_empty() {
                    place()
                } else {
                    Key::new(self.key.iter().map(|path| value_at(&self.layout, &row, path)))
                };
                let row = match (&self.columns, &self.layout) {
                    (Some(columns), Layout::Columns(_)) => columns
                        .iter()
                        .map(|path| value_at(&self.layout, &row, path).clone())
                        .collect(),
                    _ => row,
                };
                batch.bytes += row_bytes(&row);
                batch.rows.push(row);
                batch.keys.push(key);
            }
        }
    }

    fn checkpoint(&self) -> Result<Checkpoint, StoreError> {
        // At the end of the last file there is no next one to stand before.
        let (file, place) = match (&self.open, self.files.get(self.current), self.files.last()) {
            (Some(open), Some(file), _) => (file, open.place()),
            (None, Some(file), _) => (file, Place::default()),
            (_, None, Some(last)) => (last, Place { record: u64::MAX, ..Place::default() }),
            (_, None, None) => return Ok(Checkpoint(Vec::new())),
        };
        let position = Position { file: file.name.clone(), place };
        serde_json::to_vec(&position).map(Checkpoint).map_err(|_| {
            StoreError::new(StoreErrorKind::Internal, "the checkpoint can't be written")
        })
    }
}
