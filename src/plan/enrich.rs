//! Target fields that services fill.

use crate::expr::Path;
use crate::http::Service;
use crate::value::{Decimal, FieldPath};

/// A target field that a service fills.
#[derive(Clone, Debug, PartialEq)]
pub struct Enrich {
    /// The field, which the mapping leaves missing. What is sent for it is the mapping's input of
    /// the same place.
    pub field: FieldPath,
    /// The field of the mapping that is sent as it is written; `None` for a named value.
    pub input: Option<FieldPath>,
    /// Whether anything is sent.
    pub enabled: bool,
    /// The service.
    pub service: Service,
    /// What one request carries.
    pub per: Per,
    /// The template of a body.
    pub body: String,
    /// What is taken of an answer.
    pub take: Path,
    /// What requests cost.
    pub cost: Option<Cost>,
}

/// What one request carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Per {
    /// One record.
    Record,
    /// All records of a batch that have something to ask.
    Batch,
}

/// What requests cost.
#[derive(Clone, Debug, PartialEq)]
pub struct Cost {
    /// The price …
    pub price: Decimal,
    /// … of so many units.
    pub of: u64,
    /// Where an answer tells its units; `None` counts requests.
    pub units: Option<Path>,
    /// In what.
    pub currency: String,
}
