//! Rows of a COPY stream, gathered into batches.

use super::decode::decode;
use super::scan::{Plan, Position, tells_its_text};
use super::text::text_of;
use crate::connectors::size::row_bytes;
use crate::connectors::{BrokenRecord, Checkpoint, Layout, SourceBatch, compare_values, matches};
use crate::value::extended_json::Parser;
use crate::value::{Key, Problem, Row, Value};

/// What a COPY stream in binary form begins with, and the length of its header.
const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";
const HEADER: usize = 19;

/// Cuts a stream into rows. The server sends whole rows; a row that comes in pieces is put together.
#[derive(Default)]
pub(super) struct CopyRows {
    started: bool,
    /// The beginning of a row of which the rest is still to come.
    carried: Vec<u8>,
    at: usize,
}

impl CopyRows {
    /// Takes the next message.
    pub(super) fn take(&mut self, message: &[u8]) {
        self.at = 0;
        if !self.carried.is_empty() {
            self.carried.extend_from_slice(message);
        }
    }

    /// The fields of the next row that is whole: count, then length and content of each.
    pub(super) fn next<'m>(&'m mut self, message: &'m [u8]) -> Result<Option<&'m [u8]>, ()> {
        let bytes = if self.carried.is_empty() { message } else { &self.carried };
        let mut rest = &bytes[self.at.min(bytes.len())..];
        if !self.started {
            if rest.len() < HEADER {
                return Ok(None);
            }
            if !rest.starts_with(SIGNATURE) {
                return Err(());
            }
            self.started = true;
            self.at += HEADER;
            rest = &rest[HEADER..];
        }
        let Some((count, mut fields)) = rest.split_first_chunk::<2>() else { return Ok(None) };
        let count = i16::from_be_bytes(*count);
        if count < 0 {
            self.at += 2;
            return Ok(None);
        }
        for _ in 0..count {
            let Some((length, after)) = fields.split_first_chunk::<4>() else { return Ok(None) };
            let length = usize::try_from(i32::from_be_bytes(*length)).unwrap_or(0);
            let Some(after) = after.get(length..) else { return Ok(None) };
            fields = after;
        }
        let length = rest.len() - fields.len();
        self.at += length;
        Ok(Some(&rest[..length]))
    }

    /// Keeps what is left of a message for the next one.
    pub(super) fn keep(&mut self, message: &[u8]) {
        if self.carried.is_empty() {
            self.carried.extend_from_slice(&message[self.at.min(message.len())..]);
        } else {
            self.carried.drain(..self.at);
        }
    }
}

/// Gathers rows into batches.
pub(super) struct Batcher<'p> {
    plan: &'p Plan,
    position: &'p mut Position,
    parser: Parser,
    /// Names of all fetched columns, to ask the filter by.
    layout: Layout,
    batch: SourceBatch,
    count: usize,
    /// The key's texts of the row before.
    last: Vec<Option<String>>,
    last_key: Vec<Value>,
}

impl<'p> Batcher<'p> {
    pub(super) fn new(plan: &'p Plan, position: &'p mut Position) -> Self {
        let layout =
            Layout::Columns(plan.columns.iter().map(|column| column.name.clone()).collect());
        Self {
            plan,
            position,
            parser: Parser::plain(),
            layout,
            batch: empty(plan),
            count: 0,
            last: vec![None; plan.key.len()],
            last_key: Vec::new(),
        }
    }

    /// Takes a row; gives the batch that is full.
    pub(super) fn add(&mut self, fields: &[u8]) -> Result<Option<SourceBatch>, ()> {
        let mut rest = fields.get(2..).ok_or(())?;
        let mut values: Row = Vec::with_capacity(self.plan.columns.len());
        let mut problem: Option<Problem> = None;
        for column in &self.plan.columns {
            let value = match field(&mut rest)? {
                None => Ok(Value::Null),
                Some(bytes) => decode(&column.codec, bytes, &self.parser),
            };
            values.push(value.unwrap_or_else(|found| {
                problem.get_or_insert_with(|| found.at(&column.name));
                Value::Missing
            }));
        }
        // With keys that repeat, a full batch waits for the first row of another key.
        let mut full = None;
        if self.plan.repeats && self.count >= self.plan.batch && !self.is_same_key(&values) {
            full = self.finish();
        }
        self.last_key.clear();
        for ((text, &index), column) in
            self.last.iter_mut().zip(&self.plan.key).zip(self.plan.key_columns())
        {
            self.last_key.push(values[index].clone());
            if tells_its_text(column) {
                continue;
            }
            match field(&mut rest)? {
                None => *text = None,
                Some(bytes) => {
                    let new = std::str::from_utf8(bytes).map_err(|_| ())?;
                    let text = text.get_or_insert_default();
                    text.clear();
                    text.push_str(new);
                }
            }
        }
        self.count += 1;
        if let Some(done) = &mut self.position.without {
            *done += 1;
        }
        self.put(values, problem);
        if full.is_none() && !self.plan.repeats && self.count >= self.plan.batch {
            full = self.finish();
        }
        Ok(full)
    }

    fn is_same_key(&self, values: &Row) -> bool {
        self.position.without.is_none()
            && self.last_key.len() == self.plan.key.len()
            && self
                .plan
                .key
                .iter()
                .zip(&self.last_key)
                .all(|(&index, last)| compare_values(&values[index], last).is_eq())
    }

    /// The key of the row before, as texts of its columns.
    fn key_texts(&self) -> Vec<String> {
        let columns = self.plan.key_columns().zip(&self.last).zip(&self.last_key);
        columns
            .map(|((column, text), value)| {
                if tells_its_text(column) {
                    text_of(value, column).unwrap_or_default()
                } else {
                    text.clone().unwrap_or_default()
                }
            })
            .collect()
    }

    fn put(&mut self, mut values: Row, problem: Option<Problem>) {
        if let Some(problem) = problem {
            let texts =
                self.last.iter().zip(&self.plan.key).map(|(text, &index)| match &values[index] {
                    Value::Missing | Value::Null => {
                        Value::text(text.as_deref().unwrap_or_default())
                    }
                    value => value.clone(),
                });
            let texts: Vec<Value> = texts.collect();
            let key = Key::new(&texts).unwrap_or_else(|_| Key::from_bytes(Vec::new()));
            self.batch.broken.push(BrokenRecord { key, problem });
            return;
        }
        if self.plan.verify.as_ref().is_some_and(|filter| !matches(filter, &self.layout, &values)) {
            return;
        }
        let key = Key::new(self.plan.key.iter().map(|&index| &values[index]));
        values.truncate(self.plan.wanted);
        self.batch.bytes += row_bytes(&values);
        self.batch.rows.push(values);
        self.batch.keys.push(key);
    }

    /// Gives what was gathered, unless the filter wanted none of it.
    fn finish(&mut self) -> Option<SourceBatch> {
        self.count = 0;
        if self.batch.rows.is_empty() && self.batch.broken.is_empty() {
            return None;
        }
        if self.position.without.is_none() {
            self.position.after = Some(self.key_texts());
        }
        let mut batch = std::mem::replace(&mut self.batch, empty(self.plan));
        batch.checkpoint = Checkpoint(serde_json::to_vec(&*self.position).unwrap_or_default());
        Some(batch)
    }

    /// What is left at the end.
    pub(super) fn end(mut self) -> Option<SourceBatch> {
        self.finish()
    }
}

fn empty(plan: &Plan) -> SourceBatch {
    SourceBatch {
        layout: plan.layout.clone(),
        rows: Vec::with_capacity(plan.batch.min(100_000)),
        keys: Vec::with_capacity(plan.batch.min(100_000)),
        broken: Vec::new(),
        checkpoint: Checkpoint(Vec::new()),
        bytes: 0,
    }
}

/// Cuts off the next field; `None` is null.
pub(super) fn field<'r>(rest: &mut &'r [u8]) -> Result<Option<&'r [u8]>, ()> {
    let (length, after) = rest.split_first_chunk::<4>().ok_or(())?;
    let length = i32::from_be_bytes(*length);
    let Ok(length) = usize::try_from(length) else {
        *rest = after;
        return Ok(None);
    };
    let (bytes, after) = after.split_at_checked(length).ok_or(())?;
    *rest = after;
    Ok(Some(bytes))
}
