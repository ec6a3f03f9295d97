//! Exact decimal numbers.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use bigdecimal::num_bigint::BigInt;
use bigdecimal::{BigDecimal, ToPrimitive as _};

use super::Value;

/// An exact decimal number of any size. Its scale is kept: `1.10` prints as `1.10`.
#[derive(Clone, Debug)]
pub struct Decimal(Arc<BigDecimal>);

impl Decimal {
    /// Wraps a number.
    pub fn new(number: BigDecimal) -> Self {
        Self(Arc::new(number))
    }

    /// The number inside.
    pub fn number(&self) -> &BigDecimal {
        &self.0
    }

    /// Digits after the point as written (`1.10` has 2).
    pub fn scale(&self) -> i64 {
        self.0.fractional_digit_count().max(0)
    }

    /// The decimal of a numeric value; a float by its shortest exact-round-trip text, as a reader
    /// would see it. `None` for anything else, and for a float that is not finite.
    pub fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Int(value) => Some(Self::from(*value)),
            Value::Float(value) if value.is_finite() => value.to_string().parse().ok(),
            Value::Decimal(value) => Some(value.clone()),
            _ => None,
        }
    }

    /// Whether both are the same number, whatever their scales.
    pub fn same_number(&self, other: &Self) -> bool {
        *self.0 == *other.0
    }

    /// The whole number, when it is one that fits.
    pub fn to_i64(&self) -> Option<i64> {
        if self.0.is_integer() { self.0.to_i64() } else { None }
    }

    /// The nearest binary floating-point number.
    pub fn to_f64(&self) -> Option<f64> {
        self.0.to_f64()
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.scale() == other.scale() && *self.0 == *other.0
    }
}

impl From<i64> for Decimal {
    fn from(value: i64) -> Self {
        Self::new(BigDecimal::new(BigInt::from(value), 0))
    }
}

impl From<u64> for Decimal {
    fn from(value: u64) -> Self {
        Self::new(BigDecimal::new(BigInt::from(value), 0))
    }
}

impl FromStr for Decimal {
    type Err = bigdecimal::ParseBigDecimalError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        BigDecimal::from_str(text).map(Self::new)
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_plain_string())
    }
}
