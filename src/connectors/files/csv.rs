//! CSV with a header line.

use std::io::{BufRead as _, BufReader, Read};
use std::sync::Arc;

use csv::{ByteRecord, ReaderBuilder};

use super::paths::SourceFile;
use super::reader::{Place, Record};
use super::text::{open, read_error};
use crate::connectors::{FileSource, Layout, Policies, StoreError, StoreErrorKind};
use crate::value::cast::{CastOptions, cast};
use crate::value::{DataType, Problem, Value};

type Input = csv::Reader<BufReader<Box<dyn Read + Send>>>;

/// Reads the records of a file.
pub(super) struct Csv {
    file: SourceFile,
    input: Input,
    ends: Ends,
    record: ByteRecord,
    /// Where the input began.
    start: Place,
    number: u64,
    fields: usize,
    /// For each column to give: its name, its place in the file, its declared type.
    columns: Vec<(String, usize, Option<DataType>)>,
    null_values: Vec<String>,
    options: CastOptions,
}

/// How the lines of a file end, and whether reading can go on at a byte.
#[derive(Clone, Copy)]
struct Ends {
    /// Then the reader counts the line of a record only after the record.
    crlf: bool,
    seekable: bool,
}

fn input(
    file: &SourceFile,
    source: &FileSource,
    encoding: Option<&str>,
    at: u64,
) -> Result<(Input, Place, Ends), StoreError> {
    let mut text = open(file, encoding, at)?;
    let buffer = text.reader.fill_buf().map_err(|e| read_error(file, 1, &e))?;
    let end = buffer.iter().position(|byte| *byte == b'\n').unwrap_or(0);
    let ends = Ends { crlf: end > 0 && buffer[end - 1] == b'\r', seekable: text.seekable };
    let start = Place { offset: text.start, ..Place::default() };
    let mut builder = ReaderBuilder::new();
    let builder = builder.has_headers(false).flexible(true).delimiter(source.delimiter);
    Ok((builder.from_reader(text.reader), start, ends))
}

fn csv_error(file: &SourceFile, line: u64, error: &csv::Error) -> StoreError {
    match error.kind() {
        csv::ErrorKind::Io(error) => read_error(file, line, error),
        _ => StoreError::new(
            StoreErrorKind::Corrupt,
            format!("{} line {line}: this is no CSV", file.name),
        ),
    }
}

/// The names in the header line, in order; empty for an empty file.
pub(super) fn header(
    file: &SourceFile,
    source: &FileSource,
    encoding: Option<&str>,
) -> Result<Vec<String>, StoreError> {
    let (mut input, ..) = input(file, source, encoding, 0)?;
    read_header(&mut input, file)
}

fn read_header(input: &mut Input, file: &SourceFile) -> Result<Vec<String>, StoreError> {
    let mut record = ByteRecord::new();
    if !input.read_byte_record(&mut record).map_err(|e| csv_error(file, 1, &e))? {
        return Ok(Vec::new());
    }
    let mut names: Vec<String> = Vec::with_capacity(record.len());
    for field in &record {
        let wrong = |what: &str| {
            let message = format!("{} line 1: {what}", file.name);
            StoreError::new(StoreErrorKind::Corrupt, message)
        };
        let name = std::str::from_utf8(field)
            .map_err(|_| wrong("the header is not UTF-8; say `encoding`"))?
            .trim()
            .trim_matches('"');
        if names.iter().any(|known| known == name) {
            return Err(wrong(&format!("the header names `{name}` twice")));
        }
        names.push(name.to_owned());
    }
    Ok(names)
}

impl Csv {
    /// Opens a file; `layout` names the columns of the first file, which all others must have.
    pub(super) fn open(
        file: &SourceFile,
        source: &FileSource,
        policies: &Policies,
        layout: &[String],
        after: &Place,
    ) -> Result<Self, StoreError> {
        let encoding = source.encoding.as_deref().or(policies.encoding.as_deref());
        let (mut reader, start, ends) = input(file, source, encoding, 0)?;
        let header = read_header(&mut reader, file)?;
        let mut columns = Vec::with_capacity(layout.len());
        for name in layout {
            match header.iter().position(|known| known == name) {
                Some(place) => {
                    let declared = source.columns.iter().find(|(column, _)| column == name);
                    columns.push((name.clone(), place, declared.map(|(_, t)| t.clone())));
                }
                // A file of nothing at all has no records either.
                None if header.is_empty() => {}
                None => {
                    let message = format!("{}: the header has no column `{name}`", file.name);
                    return Err(StoreError::new(StoreErrorKind::NotFound, message));
                }
            }
        }
        let mut csv = Self {
            file: file.clone(),
            input: reader,
            ends,
            record: ByteRecord::new(),
            start,
            number: 0,
            fields: header.len(),
            columns,
            null_values: source.null_values.clone(),
            options: CastOptions { timezone: None, booleans: policies.booleans.clone() },
        };
        if after.offset > 0 && csv.ends.seekable {
            (csv.input, ..) = input(file, source, encoding, after.offset)?;
            csv.start = after.clone();
            csv.number = after.record;
        } else {
            while csv.number < after.record && csv.read()? {}
        }
        Ok(csv)
    }

    pub(super) fn place(&self) -> Place {
        let position = self.input.position();
        Place {
            record: self.number,
            line: self.line_of(position) - 1,
            offset: if self.ends.seekable { self.start.offset + position.byte() } else { 0 },
        }
    }

    fn line_of(&self, position: &csv::Position) -> u64 {
        self.start.line + position.line()
    }

    fn read(&mut self) -> Result<bool, StoreError> {
        let line = self.line_of(self.input.position());
        let more = self.input.read_byte_record(&mut self.record);
        let more = more.map_err(|e| csv_error(&self.file, line, &e))?;
        self.number += u64::from(more);
        Ok(more)
    }

    /// The next record; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Record>, StoreError> {
        if !self.read()? {
            return Ok(None);
        }
        Ok(Some(Record { number: self.number, content: self.values() }))
    }

    fn values(&self) -> Result<Vec<Value>, Problem> {
        let line = self.record.position().map_or(0, |position| self.line_of(position));
        let line = line + u64::from(self.ends.crlf);
        let place = format!("{} line {line}", self.file.name);
        if self.record.len() != self.fields {
            let (found, fields) = (self.record.len(), self.fields);
            let message = format!("{place}: {found} fields, where the header has {fields}");
            return Err(Problem::new("fields", message));
        }
        let mut values = Vec::with_capacity(self.columns.len());
        for (name, index, declared) in &self.columns {
            let field = self.record.get(*index).unwrap_or_default();
            let text = std::str::from_utf8(field).map_err(|_| {
                Problem::new("encoding", format!("{place}: the text is not UTF-8")).at(name)
            })?;
            if self.null_values.iter().any(|null| null == text) {
                values.push(Value::Null);
                continue;
            }
            let value = Value::Text(Arc::from(text));
            values.push(match declared {
                None => value,
                Some(declared) => cast(value, declared, &self.options).map_err(|problem| {
                    Problem { message: format!("{place}: {}", problem.message), ..problem }.at(name)
                })?,
            });
        }
        Ok(values)
    }
}

/// The columns of a CSV source: the first file's header, each with its declared type or text.
pub(super) fn columns(
    files: &[SourceFile],
    source: &FileSource,
    encoding: Option<&str>,
) -> Result<Vec<(String, DataType)>, StoreError> {
    let Some(first) = files.first() else { return Ok(Vec::new()) };
    let names = header(first, source, encoding)?;
    for (declared, _) in &source.columns {
        if !names.is_empty() && !names.contains(declared) {
            let message = format!("{}: the header has no column `{declared}`", first.name);
            return Err(StoreError::new(StoreErrorKind::NotFound, message));
        }
    }
    let typed = |name: String| {
        let declared = source.columns.iter().find(|(column, _)| *column == name);
        let data_type = declared.map_or(DataType::TEXT, |(_, data_type)| data_type.clone());
        (name, data_type)
    };
    Ok(names.into_iter().map(typed).collect())
}

/// The layout of columns.
pub(super) fn layout(columns: &[(String, DataType)]) -> Layout {
    Layout::Columns(columns.iter().map(|(name, _)| name.clone()).collect())
}
