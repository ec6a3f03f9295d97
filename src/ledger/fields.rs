//! Rows of the ledger's tables, value by value.

use chrono::{DateTime, Utc};

use super::tables::Table;
use crate::connectors::{StoreError, StoreErrorKind, WriteError};
use crate::value::query::{Comparison, Filter};
use crate::value::{Key, Row, Value, time};

/// A ledger row whose values are taken one after the other.
pub(super) struct Fields {
    values: std::vec::IntoIter<Value>,
    table: &'static str,
}

impl Fields {
    pub(super) fn new(row: Row, table: &Table) -> Self {
        Self { values: row.into_iter(), table: table.name }
    }

    pub(super) fn damaged(&self) -> StoreError {
        let message = format!("the ledger's table `{}` holds something unreadable", self.table);
        StoreError::new(StoreErrorKind::Corrupt, message)
    }

    pub(super) fn next(&mut self) -> Value {
        self.values.next().unwrap_or_default()
    }

    pub(super) fn text(&mut self) -> Result<String, StoreError> {
        self.optional_text()?.ok_or_else(|| self.damaged())
    }

    pub(super) fn optional_text(&mut self) -> Result<Option<String>, StoreError> {
        match self.next() {
            Value::Missing | Value::Null => Ok(None),
            value => match value.canonical_text() {
                Some(text) => Ok(Some(text.into_owned())),
                None => Err(self.damaged()),
            },
        }
    }

    pub(super) fn number(&mut self) -> Result<u64, StoreError> {
        self.optional_number()?.ok_or_else(|| self.damaged())
    }

    pub(super) fn optional_number(&mut self) -> Result<Option<u64>, StoreError> {
        match self.next() {
            Value::Missing | Value::Null => Ok(None),
            Value::Int(value) => value.try_into().map(Some).map_err(|_| self.damaged()),
            _ => Err(self.damaged()),
        }
    }

    pub(super) fn float(&mut self) -> Result<f64, StoreError> {
        match self.next() {
            Value::Float(value) => Ok(value),
            #[expect(clippy::cast_precision_loss, reason = "seconds of a run")]
            Value::Int(value) => Ok(value as f64),
            Value::Decimal(value) => value.to_f64().ok_or_else(|| self.damaged()),
            _ => Err(self.damaged()),
        }
    }

    pub(super) fn bytes(&mut self) -> Result<Vec<u8>, StoreError> {
        self.optional_bytes()?.ok_or_else(|| self.damaged())
    }

    pub(super) fn optional_bytes(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        match self.next() {
            Value::Missing | Value::Null => Ok(None),
            Value::Bytes(bytes) => Ok(Some(bytes.to_vec())),
            _ => Err(self.damaged()),
        }
    }

    pub(super) fn key(&mut self) -> Result<Key, StoreError> {
        self.bytes().map(Key::from_bytes)
    }

    pub(super) fn moment(&mut self) -> Result<DateTime<Utc>, StoreError> {
        self.optional_moment()?.ok_or_else(|| self.damaged())
    }

    pub(super) fn optional_moment(&mut self) -> Result<Option<DateTime<Utc>>, StoreError> {
        match self.next() {
            Value::Missing | Value::Null => Ok(None),
            Value::Timestamp(at) => Ok(Some(at)),
            Value::Text(text) => {
                time::parse_timestamp(&text).map(Some).ok_or_else(|| self.damaged())
            }
            _ => Err(self.damaged()),
        }
    }

    pub(super) fn json<T: serde::de::DeserializeOwned>(&mut self) -> Result<T, StoreError> {
        serde_json::from_str(&self.text()?).map_err(|_| self.damaged())
    }

    pub(super) fn optional_json<T: serde::de::DeserializeOwned>(
        &mut self,
    ) -> Result<Option<T>, StoreError> {
        match self.optional_text()? {
            Some(text) => serde_json::from_str(&text).map(Some).map_err(|_| self.damaged()),
            None => Ok(None),
        }
    }
}

pub(super) fn moment(at: DateTime<Utc>) -> Value {
    Value::text(time::timestamp_text(at))
}

pub(super) fn number(number: u64) -> Value {
    Value::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

pub(super) fn json<T: serde::Serialize>(value: &T) -> Result<Value, StoreError> {
    serde_json::to_string(value)
        .map(Value::from)
        .map_err(|error| StoreError::new(StoreErrorKind::Internal, error.to_string()))
}

pub(super) fn equal(path: &str, value: Value) -> Filter {
    Filter::Compare { path: path.to_owned(), operator: Comparison::Equal, value }
}

pub(super) fn of_phase(phase: &str, run: Option<&str>) -> Filter {
    let filter = equal("phase", Value::text(phase));
    match run {
        Some(run) => filter.and(equal("run", Value::text(run))),
        None => filter,
    }
}

pub(super) fn store_error(error: WriteError) -> StoreError {
    match error {
        WriteError::Store(error) => error,
        WriteError::Record(violation) => StoreError::new(
            StoreErrorKind::Internal,
            format!("the ledger refuses its own record ({})", violation.kind.reason()),
        ),
    }
}
