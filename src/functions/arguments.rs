//! What transforms share: reading arguments and values of the right kind, and saying what is wrong.

use std::borrow::Cow;
use std::cmp::Ordering;

use bigdecimal::BigDecimal;

use super::{Argument, Function, Parameter, Transform};
use crate::value::{Decimal, Problem, Value};

/// The most characters or digits that an argument may ask for.
pub(super) const MOST: i64 = 100_000;

/// A transform made of a function.
struct Closure<F>(F);

impl<F> Transform for Closure<F>
where
    F: Fn(Value, &[Value]) -> Result<Value, Problem> + Send + Sync,
{
    fn apply(&self, value: Value, dynamic: &[Value]) -> Result<Value, Problem> {
        (self.0)(value, dynamic)
    }
}

/// What [`Function::compile`] gives.
pub(super) type Compiled = Result<Box<dyn Transform>, String>;

/// Makes a transform of a function of the value and the record's dynamic values.
#[expect(clippy::unnecessary_wraps, reason = "it is the last line of each `compile`")]
pub(super) fn transform(
    apply: impl Fn(Value, &[Value]) -> Result<Value, Problem> + Send + Sync + 'static,
) -> Compiled {
    Ok(Box::new(Closure(apply)))
}

/// Makes a transform without arguments that turns text into text.
pub(super) fn text_transform(
    name: &'static str,
    apply: impl Fn(&str) -> String + Send + Sync + 'static,
) -> Compiled {
    transform(move |value, _| Ok(Value::from(apply(text(name, &value)?))))
}

/// A problem of a transform.
pub(super) fn problem(message: impl Into<String>) -> Problem {
    Problem::new("transform", message)
}

/// The problem of a value of the wrong kind.
pub(super) fn wrong(name: &str, takes: &str, value: &Value) -> Problem {
    problem(format!("`{name}` takes {takes}, not {}", value.kind()))
}

/// The value as text.
pub(super) fn text<'v>(name: &str, value: &'v Value) -> Result<&'v str, Problem> {
    value.as_text().ok_or_else(|| wrong(name, "text", value))
}

/// A scalar's canonical text.
pub(super) fn scalar_text<'v>(name: &str, value: &'v Value) -> Result<Cow<'v, str>, Problem> {
    value.canonical_text().ok_or_else(|| wrong(name, "a scalar value", value))
}

/// The bytes of a value: bytes as they are, any other scalar as its text in UTF-8.
pub(super) fn content(name: &str, value: &Value) -> Result<Vec<u8>, Problem> {
    match value {
        Value::Bytes(bytes) => Ok(bytes.to_vec()),
        value => Ok(scalar_text(name, value)?.into_owned().into_bytes()),
    }
}

/// The value as an exact number.
pub(super) fn number(name: &str, value: &Value) -> Result<Decimal, Problem> {
    Decimal::from_value(value).ok_or_else(|| wrong(name, "a number", value))
}

/// The value as a list.
pub(super) fn list<'v>(name: &str, value: &'v Value) -> Result<&'v [Value], Problem> {
    value.as_array().ok_or_else(|| wrong(name, "a list", value))
}

/// The result of arithmetic: an integer when all that went in were (`whole`) and it fits, a decimal
/// otherwise.
pub(super) fn number_value(name: &str, number: BigDecimal, whole: bool) -> Result<Value, Problem> {
    let digits = number.digits().saturating_add(number.fractional_digit_count().unsigned_abs());
    if usize::try_from(digits).unwrap_or(usize::MAX) > Decimal::MAX_DIGITS {
        return Err(problem(format!("the result of `{name}` has too many digits")));
    }
    let number = Decimal::new(number);
    Ok(match number.to_i64() {
        Some(integer) if whole => Value::Int(integer),
        _ => Value::Decimal(number),
    })
}

/// The order of two values of comparable kinds: numbers, texts, times of one kind, booleans.
pub(super) fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Text(left), Value::Text(right)) => Some(left.cmp(right)),
        (Value::Bool(left), Value::Bool(right)) => Some(left.cmp(right)),
        (Value::Date(left), Value::Date(right)) => Some(left.cmp(right)),
        (Value::Time(left), Value::Time(right)) => Some(left.cmp(right)),
        (Value::DateTime(left), Value::DateTime(right)) => Some(left.cmp(right)),
        (Value::Timestamp(left), Value::Timestamp(right)) => Some(left.cmp(right)),
        (left, right) => {
            let (left, right) = (Decimal::from_value(left)?, Decimal::from_value(right)?);
            Some(left.number().cmp(right.number()))
        }
    }
}

/// A transform's arguments, with what is needed to speak of them.
pub(super) struct Arguments {
    name: &'static str,
    parameters: &'static [Parameter],
    values: Vec<Argument>,
}

impl Arguments {
    pub(super) fn new(function: &dyn Function, values: Vec<Argument>) -> Self {
        Self { name: function.name(), parameters: function.parameters(), values }
    }

    /// The constant for a parameter that must be known before a run; `None` when it is left out.
    pub(super) fn constant(&self, index: usize) -> Result<Option<&Value>, String> {
        match self.values.get(index) {
            Some(Argument::Constant(value)) => Ok(Some(value)),
            Some(Argument::Dynamic(_)) => Err(format!(
                "`{}` of `{}` is written in the spec, not taken from the record",
                self.label(index),
                self.name
            )),
            Some(Argument::Absent) | None => Ok(None),
        }
    }

    /// A constant text.
    pub(super) fn constant_text(&self, index: usize) -> Result<Option<&str>, String> {
        Ok(self.constant(index)?.and_then(Value::as_text))
    }

    /// A constant truth value; false when it is left out.
    pub(super) fn flag(&self, index: usize) -> Result<bool, String> {
        Ok(matches!(self.constant(index)?, Some(Value::Bool(true))))
    }

    /// A constant list of text.
    pub(super) fn constant_texts(&self, index: usize) -> Result<Vec<String>, String> {
        let values = self.constant(index)?.and_then(Value::as_array).unwrap_or_default();
        Ok(values.iter().filter_map(Value::as_text).map(str::to_owned).collect())
    }

    /// A constant that is one of some words; the first word when it is left out.
    pub(super) fn word<T: Copy>(&self, index: usize, words: &[(&str, T)]) -> Result<T, String> {
        let given = self.constant_text(index)?;
        let given = given.or(words.first().map(|(word, _)| *word)).unwrap_or_default();
        words.iter().find(|(word, _)| *word == given).map(|(_, meaning)| *meaning).ok_or_else(
            || {
                let words: Vec<_> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
                let (label, name) = (self.label(index), self.name);
                format!("`{label}` of `{name}` is one of {}", words.join(", "))
            },
        )
    }

    /// The argument's value for one record.
    pub(super) fn value<'v>(&'v self, index: usize, dynamic: &'v [Value]) -> &'v Value {
        static MISSING: Value = Value::Missing;
        self.values.get(index).map_or(&MISSING, |argument| argument.resolve(dynamic))
    }

    /// The argument as text.
    pub(super) fn text<'v>(
        &'v self,
        index: usize,
        dynamic: &'v [Value],
    ) -> Result<&'v str, Problem> {
        let value = self.value(index, dynamic);
        value.as_text().ok_or_else(|| self.wrong(index, "text", value))
    }

    /// The argument as an exact number.
    pub(super) fn number(&self, index: usize, dynamic: &[Value]) -> Result<Decimal, Problem> {
        let value = self.value(index, dynamic);
        Decimal::from_value(value).ok_or_else(|| self.wrong(index, "a number", value))
    }

    /// The argument as a whole number within bounds.
    pub(super) fn integer(
        &self,
        index: usize,
        dynamic: &[Value],
        (least, most): (i64, i64),
    ) -> Result<i64, Problem> {
        let value = self.value(index, dynamic);
        match Decimal::from_value(value).and_then(|number| number.to_i64()) {
            Some(number) if (least..=most).contains(&number) => Ok(number),
            Some(_) => {
                let (label, name) = (self.label(index), self.name);
                Err(problem(format!("`{label}` of `{name}` is from {least} to {most}")))
            }
            None => Err(self.wrong(index, "a whole number", value)),
        }
    }

    /// As [`Arguments::integer`], checked before a run when it is a constant.
    pub(super) fn check_integer(&self, index: usize, bounds: (i64, i64)) -> Result<(), String> {
        match self.values.get(index) {
            Some(Argument::Constant(_)) => {
                self.integer(index, &[], bounds).map(|_| ()).map_err(|problem| problem.message)
            }
            _ => Ok(()),
        }
    }

    /// The problem of an argument of the wrong kind.
    pub(super) fn wrong(&self, index: usize, takes: &str, value: &Value) -> Problem {
        let (label, name) = (self.label(index), self.name);
        problem(format!("`{label}` of `{name}` takes {takes}, not {}", value.kind()))
    }

    fn label(&self, index: usize) -> &'static str {
        self.parameters.get(index).map_or("argument", |parameter| parameter.name)
    }
}
