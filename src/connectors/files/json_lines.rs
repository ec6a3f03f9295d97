//! JSON Lines: one document per line, extended JSON included.

use std::io::BufRead as _;

use super::paths::SourceFile;
use super::reader::{Place, Record};
use super::text::{Text, open, read_error};
use crate::connectors::{StoreError, StoreErrorKind};
use crate::value::extended_json::Parser;
use crate::value::{Problem, Value};

/// The longest line that is read.
const LONGEST: usize = 256 * 1024 * 1024;

/// Reads the lines of a file.
pub(super) struct JsonLines {
    file: SourceFile,
    text: Text,
    parser: Parser,
    line: Vec<u8>,
    place: Place,
}

impl JsonLines {
    pub(super) fn open(
        file: &SourceFile,
        encoding: Option<&str>,
        after: &Place,
    ) -> Result<Self, StoreError> {
        let text = open(file, encoding, after.offset)?;
        let mut reader = Self {
            file: file.clone(),
            place: Place { offset: text.start, ..Place::default() },
            text,
            parser: Parser::extended(),
            line: Vec::new(),
        };
        if after.offset > 0 {
            reader.place = after.clone();
        } else {
            while reader.place.record < after.record && reader.read_line()? {}
        }
        Ok(reader)
    }

    pub(super) fn place(&self) -> Place {
        let offset = if self.text.seekable { self.place.offset } else { 0 };
        Place { offset, ..self.place.clone() }
    }

    /// Reads the next line into `line`; false at the end.
    fn read_line(&mut self) -> Result<bool, StoreError> {
        self.line.clear();
        loop {
            let line = self.place.line + 1;
            let buffer =
                self.text.reader.fill_buf().map_err(|e| read_error(&self.file, line, &e))?;
            if buffer.is_empty() {
                break;
            }
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let taken = end.map_or(buffer.len(), |end| end + 1);
            self.line.extend_from_slice(&buffer[..taken]);
            self.text.reader.consume(taken);
            self.place.offset += taken as u64;
            if end.is_some() {
                break;
            }
            if self.line.len() > LONGEST {
                let message = format!("{} line {line}: the line has no end", self.file.name);
                return Err(StoreError::new(StoreErrorKind::Corrupt, message));
            }
        }
        if self.line.is_empty() {
            return Ok(false);
        }
        self.place.line += 1;
        self.place.record += 1;
        Ok(true)
    }

    /// The next document; `None` at the end. Blank lines are passed over.
    pub(super) fn next(&mut self) -> Result<Option<Record>, StoreError> {
        loop {
            if !self.read_line()? {
                return Ok(None);
            }
            let bytes = self.line.trim_ascii();
            if bytes.is_empty() {
                continue;
            }
            return Ok(Some(Record { number: self.place.record, content: self.parse(bytes) }));
        }
    }

    fn parse(&self, bytes: &[u8]) -> Result<Vec<Value>, Problem> {
        let place = format!("{} line {}", self.file.name, self.place.line);
        if std::str::from_utf8(bytes).is_err() {
            return Err(Problem::new("encoding", format!("{place}: the text is not UTF-8")));
        }
        match self.parser.parse(bytes) {
            Ok(document @ Value::Object(_)) => Ok(vec![document]),
            Ok(_) => Err(Problem::new("json", format!("{place}: the line holds no object"))),
            Err(error) => {
                let message = format!("{place} column {}: {}", error.column, error.message);
                Err(Problem::new(error.reason, message))
            }
        }
    }
}
