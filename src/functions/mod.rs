//! The transforms that `apply` names: pure functions from a value to a value.
//!
//! A transform is one file: its declaration, its implementation and its tests, in that order. The
//! declaration feeds the checker, `mapper list transforms`, the language reference and the tests
//! (each example is run). [`ALL`] is the register.

mod arguments;
mod bind;
mod date;
mod hash;
mod null;
mod number;
mod structure;
mod text;

pub use bind::{BindError, bind};

use crate::value::{DataType, Problem, Value};

/// Every transform, by category and name.
pub static ALL: &[&dyn Function] = &[
    &text::Capitalize,
    &text::CollapseSpaces,
    &text::Extract,
    &text::Join,
    &text::Lower,
    &text::Normalize,
    &text::PadLeft,
    &text::PadRight,
    &text::RemoveAccents,
    &text::Replace,
    &text::Split,
    &text::StripNul,
    &text::Substring,
    &text::TitleCase,
    &text::ToText,
    &text::Trim,
    &text::TrimEnd,
    &text::TrimStart,
    &text::Truncate,
    &text::Upper,
    &number::Abs,
    &number::Add,
    &number::Clamp,
    &number::Divide,
    &number::Max,
    &number::Min,
    &number::Multiply,
    &number::Negate,
    &number::Round,
    &number::Subtract,
    &number::Sum,
    &number::ToNumber,
    &date::AddDays,
    &date::AddDuration,
    &date::DaysUntil,
    &date::FromEpoch,
    &date::StartOf,
    &date::ToEpoch,
    &date::YearsUntil,
    &hash::Base64Decode,
    &hash::Base64Encode,
    &hash::HexDecode,
    &hash::HexEncode,
    &hash::Md5,
    &hash::Sha1,
    &hash::Sha256,
    &structure::Compact,
    &structure::First,
    &structure::Flatten,
    &structure::Keys,
    &structure::Last,
    &structure::Length,
    &structure::Merge,
    &structure::Omit,
    &structure::ParseJson,
    &structure::Pick,
    &structure::Sort,
    &structure::ToJson,
    &structure::Unique,
    &structure::Values,
    &structure::Wrap,
    &null::BlankToNull,
    &null::Coalesce,
    &null::EmptyToNull,
    &null::NullIf,
    &null::ZeroToNull,
];

/// The declaration of a transform.
pub trait Function: Sync {
    /// The name in specs: a verb or what it makes, in lower case with underscores.
    fn name(&self) -> &'static str;
    /// One sentence in the third person.
    fn summary(&self) -> &'static str;
    /// Where it stands in the reference.
    fn category(&self) -> Category;
    /// Its parameters in order; the value it is applied to is not one of them.
    fn parameters(&self) -> &'static [Parameter];
    /// The type of what it gives, for the checker.
    fn returns(&self) -> DataType;
    /// Whether it also wants to see null and missing. The others pass those on untouched.
    fn takes_absent(&self) -> bool {
        false
    }
    /// Examples; each is run as a test.
    fn examples(&self) -> &'static [Example];
    /// Makes the thing that runs, from arguments in the order of [`Function::parameters`].
    ///
    /// # Errors
    /// When a constant argument can't be used; the message says what is expected.
    fn compile(&self, arguments: Vec<Argument>) -> Result<Box<dyn Transform>, String>;
}

/// A compiled transform.
pub trait Transform: Send + Sync {
    /// Transforms one value. `dynamic` holds the record's values for [`Argument::Dynamic`].
    ///
    /// # Errors
    /// When the value is not one that the transform takes; the record is then rejected, or the
    /// field's `on_error` decides.
    fn apply(&self, value: Value, dynamic: &[Value]) -> Result<Value, Problem>;
}

/// Groups of transforms in the reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Category {
    /// Text.
    Text,
    /// Numbers, exact.
    Number,
    /// Dates and times.
    Date,
    /// Hashes and codes.
    Hash,
    /// JSON, lists and objects.
    Structure,
    /// Null handling.
    Null,
}

/// A parameter of a transform.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// Its name, as in `{ pad_left = { length = 6, with = "0" } }`.
    pub name: &'static str,
    /// One sentence.
    pub summary: &'static str,
    /// What it takes.
    pub kind: ParameterKind,
    /// Whether it may be left out.
    pub required: bool,
}

/// What a parameter takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterKind {
    /// Text.
    Text,
    /// A whole number.
    Integer,
    /// An exact number: an integer, or text such as "1.10".
    Number,
    /// True or false.
    Boolean,
    /// A list of text.
    TextList,
    /// Any literal.
    Any,
}

impl ParameterKind {
    /// The kind as messages say it (`a whole number`).
    pub fn describe(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "a whole number",
            Self::Number => "a number",
            Self::Boolean => "true or false",
            Self::TextList => "a list of text",
            Self::Any => "any value",
        }
    }
}

/// What is handed for a parameter.
#[derive(Clone, Debug, Default)]
pub enum Argument {
    /// Left out.
    #[default]
    Absent,
    /// A literal, of the parameter's kind (checked before).
    Constant(Value),
    /// A field of the record (`{ path = "quantity" }`): the index of its value at the call. Its
    /// kind is not checked before.
    Dynamic(usize),
}

impl Argument {
    /// The argument's value for one record; `Missing` when it is absent.
    pub fn resolve<'v>(&'v self, dynamic: &'v [Value]) -> &'v Value {
        static MISSING: Value = Value::Missing;
        match self {
            Self::Absent => &MISSING,
            Self::Constant(value) => value,
            Self::Dynamic(index) => dynamic.get(*index).unwrap_or(&MISSING),
        }
    }
}

/// An example of a transform: what stands in the spec, and what it does to a value.
///
/// Values are extended JSON; dates and datetimes, which that lacks, are `{"date": "2024-01-31"}` and
/// `{"datetime": "2024-01-31T10:00:00"}`.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    /// What stands in `apply`, as TOML (`"trim"`, `{ round = 2 }`).
    pub apply: &'static str,
    /// The value that goes in, as extended JSON.
    pub given: &'static str,
    /// What comes out, as extended JSON; `Err` holds the reason of the problem.
    pub gives: Result<&'static str, &'static str>,
}

/// The transform of that name.
pub fn find(name: &str) -> Option<&'static dyn Function> {
    ALL.iter().copied().find(|function| function.name() == name)
}

#[cfg(test)]
mod tests;
