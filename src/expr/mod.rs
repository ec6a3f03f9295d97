//! How a field's value is computed from a record.
//!
//! [`Expr`] is plain data: what the author wrote, checked and with its names resolved. A
//! [`Program`] is made of it once per phase, against the layout of the records that really come:
//! paths become slots, templates and expressions are compiled, transforms bound.

mod body;
mod bridge;
mod evaluate;
mod id;
mod parts;
mod plain;
mod program;
mod reads;
mod repairs;
mod select;
mod template;
mod uses;
mod walk;

pub use body::Body;
pub use evaluate::{Element, Found, Halt, Lookups, Mapped};
pub use id::{IdKind, IdRule, row_id_bytes};
pub use parts::{TemplatePart, template_parts};
pub use program::{Program, ProgramError};
pub use reads::{Read, Reader, What};
pub use repairs::Repairs;
pub use select::{Part, Path, PathError, Places, Root, Segment};
pub use template::{Analysis, Name, SyntaxError, TextKind, analyse, filters, functions, tests};

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono_tz::Tz;
use serde::Serialize;

use crate::value::{DataType, FieldPath, Value};

/// How one value is computed: where it comes from, what happens to it, and what serves when there
/// is none.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// Where it comes from.
    pub origin: Origin,
    /// What happens to it, in order. Skipped from the first null or missing value on, except by
    /// transforms that take those.
    pub steps: Vec<Step>,
    /// Serves when the result is null or missing.
    pub default: Option<Value>,
    /// What a failure gives.
    pub on_error: OnError,
}

impl Expr {
    /// Nothing: the value comes from elsewhere, later.
    pub fn missing() -> Self {
        Self {
            origin: Origin::Value(Value::Missing),
            steps: Vec::new(),
            default: None,
            on_error: OnError::Reject,
        }
    }
}

/// What a failure of a field gives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OnError {
    /// The record is rejected.
    #[default]
    Reject,
    /// The field is null.
    Null,
    /// The field is its default.
    Default,
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum Origin {
    /// A place in the record.
    Path(Path),
    /// A literal.
    Value(Value),
    /// The result of a MiniJinja expression.
    Expression(String),
    /// The text that a MiniJinja template renders.
    Template(String),
    /// An id made from the source key.
    Id(IdRule),
    /// A list; the steps are applied to each of its elements.
    Each(Path),
    /// The first of several that is neither null nor missing.
    First {
        /// The alternatives in order.
        alternatives: Vec<Expr>,
        /// What is given when all are absent.
        on_missing: OnMissing,
    },
    /// What a lookup finds.
    Lookup(LookupCall),
}

/// A use of a lookup.
#[derive(Clone, Debug, PartialEq)]
pub struct LookupCall {
    /// Which lookup of the mapping.
    pub lookup: usize,
    /// The values to look up by, in the order of the lookup's key.
    pub keys: Vec<Expr>,
    /// What is given when nothing is found.
    pub on_missing: OnMissing,
}

/// What a lookup gives that finds nothing. A null key finds nothing to look for and gives null.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OnMissing {
    /// The record is rejected, reason `lookup_missing`.
    #[default]
    Reject,
    /// Null.
    Null,
    /// The field's default.
    Default,
    /// The record is skipped, reason `lookup_missing`.
    Skip,
}

/// What happens to a value on its way.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// A transform of the register.
    Apply {
        /// Its name.
        function: String,
        /// Its arguments, by name or in order.
        arguments: Vec<(Option<String>, ArgumentExpr)>,
    },
    /// Text read as a time by a pattern.
    Parse {
        /// The strftime pattern.
        pattern: String,
        /// Where a text without offset is meant.
        timezone: Option<Tz>,
    },
    /// A change of type.
    Cast {
        /// The type wanted.
        to: DataType,
        /// Where days begin and clocks are read.
        timezone: Option<Tz>,
    },
    /// A code replaced by another.
    Crosswalk(Arc<Crosswalk>),
    /// A new object made of these fields; bare paths inside start at the value.
    Object(Vec<(FieldPath, Expr)>),
    /// The value's own fields, and these.
    Extend {
        /// Fields set on top; bare paths inside start at the value.
        fields: Vec<(FieldPath, Expr)>,
        /// Fields left out.
        without: Vec<String>,
    },
    /// A time written as text by a pattern.
    Format {
        /// The strftime pattern.
        pattern: String,
        /// Where the clock is read.
        timezone: Option<Tz>,
    },
}

/// An argument of a transform.
#[derive(Clone, Debug, PartialEq)]
pub enum ArgumentExpr {
    /// A literal.
    Value(Value),
    /// A place in the record.
    Path(Path),
}

/// A code-to-code table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Crosswalk {
    /// Its name in the spec.
    pub name: String,
    /// By canonical text.
    pub codes: BTreeMap<String, Value>,
    /// For codes that are not in it (`"*"`); without it they are rejected.
    pub otherwise: Option<Value>,
}

/// Everything that a phase computes per record.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mapping {
    /// Named values, in order of dependence.
    pub lets: Vec<(String, Expr)>,
    /// Target fields in the order of the file.
    pub fields: Vec<(FieldPath, Expr)>,
    /// Rules that leave a record out, before the fields are computed.
    pub skip: Vec<Rule>,
    /// Rules that reject a record, after the fields are computed (`target.<field>` sees them).
    pub reject: Vec<Rule>,
    /// Where a record is taken apart into elements, when the phase explodes.
    pub explode: Option<Path>,
    /// The name of the exploded element (`as`).
    pub element: Option<String>,
    /// What services are asked about: values that are neither written nor named.
    pub inputs: Vec<Expr>,
}

/// A rule over a record.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// A MiniJinja expression.
    pub when: String,
    /// What is counted when it is true.
    pub reason: String,
}
