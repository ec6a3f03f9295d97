//! Rows of test data, made and not read: every value follows from a number, the seed's name, the
//! field and the number of the row, and from nothing else.
//!
//! A [`Recipe`] is plain data. [`Generated`] is a store that gives its rows to a scan, so that what
//! seeds a table is a phase like any other.

pub mod fakes;
mod pool;
mod random;
mod rows;
mod store;

pub use store::Generated;

use chrono::{DateTime, NaiveDate, TimeDelta, TimeZone as _, Utc};

use crate::value::query::Filter;
use crate::value::{Decimal, FieldPath, Value};

/// The column of a generated row that holds its number, from 1.
pub const ROW: &str = "row";

/// What is generated.
#[derive(Clone, Debug, PartialEq)]
pub struct Recipe {
    /// The number that chance begins with.
    pub seed: u64,
    /// What moments are relative to.
    pub now: DateTime<Utc>,
    /// The tables.
    pub tables: Vec<Table>,
}

/// The moment that others are relative to when nothing else is said: always the same, so that the
/// data is.
pub fn fixed_now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).single().unwrap_or_default()
}

/// The rows of one table.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// What a scan asks for.
    pub name: String,
    /// What its values are made from: the seed's name.
    pub salt: String,
    /// How many rows.
    pub count: u64,
    /// The fields.
    pub fields: Vec<Field>,
}

/// One field of a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Its place in the target.
    pub path: FieldPath,
    /// How it is made.
    pub generator: Generator,
}

/// How one value is made.
#[derive(Clone, Debug, PartialEq)]
pub struct Generator {
    /// What.
    pub kind: Kind,
    /// The share of nulls, from 0 to 1.
    pub null_rate: f64,
    /// Whether no two rows have the same value.
    pub unique: bool,
    /// Values that are wrong on purpose.
    pub dirty: Option<Dirty>,
}

/// What a generator makes.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// Made-up text.
    Fake(&'static fakes::Fake),
    /// One of these, each as often as its weight says. Both lists are as long.
    Pick {
        /// The values.
        values: Vec<Value>,
        /// How often each comes.
        weights: Vec<u64>,
    },
    /// A whole number.
    Integer {
        /// The smallest.
        min: i64,
        /// The largest.
        max: i64,
    },
    /// A decimal number.
    Decimal {
        /// The smallest, times ten to the power of `scale`.
        min: i64,
        /// The largest, times ten to the power of `scale`.
        max: i64,
        /// Digits after the point.
        scale: u8,
    },
    /// True, in this share of rows.
    Boolean(f64),
    /// A day.
    Date(Moment, Moment),
    /// A moment, in whole seconds.
    Timestamp(Moment, Moment),
    /// A number that grows from row to row.
    Sequence {
        /// That of the first row.
        start: i64,
        /// From one row to the next.
        step: i64,
    },
    /// A UUID.
    Uuid,
    /// An object id.
    ObjectId,
    /// Always the same.
    Value(Value),
    /// A template over the row's fields and its number.
    Template(String),
    /// A field of another row.
    Reference(Reference),
    /// An object.
    Object(Vec<Field>),
    /// A list.
    List {
        /// How an element is made.
        of: Box<Generator>,
        /// The fewest elements.
        min: u64,
        /// The most elements.
        max: u64,
    },
}

/// A moment, fixed or relative to [`Recipe::now`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// This one.
    At(DateTime<Utc>),
    /// So long after now, or before.
    After(TimeDelta),
}

/// A field of another row.
#[derive(Clone, Debug, PartialEq)]
pub struct Reference {
    /// Of which rows.
    pub pool: Pool,
    /// How they are chosen.
    pub distribution: Distribution,
    /// Which can be chosen.
    pub filter: Filter,
}

/// Rows that a reference chooses from.
#[derive(Clone, Debug, PartialEq)]
pub enum Pool {
    /// The rows of a table of the recipe; of the reference's own table, those before its row.
    Table {
        /// Which, by its place.
        table: usize,
        /// What is taken.
        take: Taken,
    },
    /// Rows that are there.
    Rows {
        /// The connection.
        connection: usize,
        /// The table or collection.
        entity: String,
        /// The column or path that is taken.
        take: String,
    },
}

/// What is taken of a generated row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// A field, by its place.
    Field(usize),
    /// The row's number: what the store made of the row is looked up by it.
    Number,
}

/// How a reference chooses rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Distribution {
    /// All equally often.
    Uniform,
    /// The first most often, the second half as often, and so on.
    Zipf,
    /// One after the other.
    Each,
}

/// Values that are wrong on purpose.
#[derive(Clone, Debug, PartialEq)]
pub struct Dirty {
    /// The share of rows, from 0 to 1.
    pub rate: f64,
    /// What stands there instead, all equally often.
    pub with: Vec<Dirt>,
}

/// What stands in the place of a clean value.
#[derive(Clone, Debug, PartialEq)]
pub enum Dirt {
    /// Null.
    Null,
    /// Empty text.
    Empty,
    /// Text of blanks.
    Blank,
    /// Text that is far too long.
    TooLong,
    /// Text in the other case.
    WrongCase,
    /// A day or moment far in the future.
    FutureDate,
    /// This value.
    Value(Value),
}

impl Moment {
    /// The moment, when now is known.
    pub fn resolve(self, now: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::At(moment) => moment,
            Self::After(delta) => now.checked_add_signed(delta).unwrap_or(now),
        }
    }
}

impl Generator {
    /// How many different values it can make; `None` where there is no end of them.
    pub fn size(&self, now: DateTime<Utc>) -> Option<u128> {
        match &self.kind {
            Kind::Pick { values, .. } => Some(values.len() as u128),
            Kind::Value(_) => Some(1),
            Kind::Boolean(_) => Some(2),
            Kind::Sequence { step: 0, .. } => Some(1),
            Kind::Fake(fake) if !fake.can_be_unique() => Some(0),
            Kind::Integer { min, max } | Kind::Decimal { min, max, .. } => {
                Some(between(*min, *max))
            }
            Kind::Date(from, to) => Some(between(day(from.resolve(now)), day(to.resolve(now)))),
            Kind::Timestamp(from, to) => {
                Some(between(from.resolve(now).timestamp(), to.resolve(now).timestamp()))
            }
            Kind::Fake(_)
            | Kind::Sequence { .. }
            | Kind::Uuid
            | Kind::ObjectId
            | Kind::Template(_)
            | Kind::Reference(_)
            | Kind::Object(_)
            | Kind::List { .. } => None,
        }
    }

    /// The value of that number, of those that [`Generator::size`] counts.
    fn nth(&self, number: u128, now: DateTime<Utc>) -> Value {
        let from = |least: i64| {
            let value = i128::from(least) + i128::try_from(number).unwrap_or_default();
            i64::try_from(value).unwrap_or(i64::MAX)
        };
        match &self.kind {
            Kind::Pick { values, .. } => usize::try_from(number)
                .ok()
                .and_then(|number| values.get(number))
                .cloned()
                .unwrap_or(Value::Null),
            Kind::Boolean(_) => Value::Bool(number == 1),
            Kind::Integer { min, .. } => Value::Int(from(*min)),
            Kind::Decimal { min, scale, .. } => {
                Value::Decimal(Decimal::from_parts(from(*min), *scale))
            }
            Kind::Date(earliest, _) => date_of(from(day(earliest.resolve(now)))),
            Kind::Timestamp(earliest, _) => {
                let seconds = from(earliest.resolve(now).timestamp());
                DateTime::from_timestamp(seconds, 0).map_or(Value::Null, Value::Timestamp)
            }
            Kind::Value(value) => value.clone(),
            _ => Value::Null,
        }
    }
}

/// How many whole numbers there are between two, both included.
fn between(min: i64, max: i64) -> u128 {
    u128::try_from(i128::from(max) - i128::from(min) + 1).unwrap_or(0)
}

/// The number of a day.
fn day(moment: DateTime<Utc>) -> i64 {
    moment.timestamp().div_euclid(86_400)
}

fn date_of(day: i64) -> Value {
    let seconds = day.saturating_mul(86_400);
    let date: Option<NaiveDate> =
        DateTime::from_timestamp(seconds, 0).map(|moment| moment.date_naive());
    date.map_or(Value::Null, Value::Date)
}
