//! Why a value or a record can't go on: a reason that is counted, and a sentence without values.

use std::borrow::Cow;
use std::fmt;

/// What is wrong with one value or record. Neither part ever holds a field's content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// A short stable word that reports count by (`cast`, `not_null`, `lookup_missing`, …).
    pub reason: Cow<'static, str>,
    /// A sentence for people, without a full stop.
    pub message: String,
    /// The field that it is about, when it is about one.
    pub field: Option<String>,
}

impl Problem {
    /// Makes a problem that is about no field yet.
    pub fn new(reason: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self { reason: reason.into(), message: message.into(), field: None }
    }

    /// Names the field, unless one is named already.
    #[must_use]
    pub fn at(mut self, field: &str) -> Self {
        if self.field.is_none() {
            self.field = Some(field.to_owned());
        }
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.field {
            Some(field) => write!(f, "{field}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for Problem {}
