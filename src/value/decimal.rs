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

/// The text is no decimal number, or has more than [`Decimal::MAX_DIGITS`] digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a number is digits with at most one point, and an exponent if need be")]
pub struct ParseDecimalError;

impl Decimal {
    /// The most digits that a number may have when it is written out. A short text such as
    /// `1e999999999` would otherwise take a gigabyte.
    pub const MAX_DIGITS: usize = 20_000;

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

    /// The nearest binary floating-point number; `None` when it is too large for one.
    pub fn to_f64(&self) -> Option<f64> {
        self.to_string().parse().ok().filter(|number: &f64| number.is_finite())
    }

    /// Digits before the point and digits after it that are needed to write the number.
    pub fn digits(&self) -> (u64, u64) {
        let normal = self.0.normalized();
        let scale = normal.fractional_digit_count();
        if normal.sign() == bigdecimal::num_bigint::Sign::NoSign {
            return (0, 0);
        }
        let whole = i64::try_from(normal.digits()).unwrap_or(i64::MAX) - scale;
        (u64::try_from(whole).unwrap_or(0), u64::try_from(scale).unwrap_or(0))
    }

    /// The same number with `scale` digits after the point; `None` when a digit would be lost.
    pub fn with_scale(&self, scale: u32) -> Option<Self> {
        (self.digits().1 <= u64::from(scale)).then(|| Self::new(self.0.with_scale(scale.into())))
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
    type Err = ParseDecimalError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bytes = text.as_bytes();
        let (mantissa, exponent) = match bytes.iter().position(|byte| matches!(byte, b'e' | b'E')) {
            Some(at) => {
                (&bytes[..at], text[at + 1..].parse::<i32>().map_err(|_| ParseDecimalError)?)
            }
            None => (bytes, 0),
        };
        let mantissa =
            mantissa.strip_prefix(b"-").or(mantissa.strip_prefix(b"+")).unwrap_or(mantissa);
        let mut parts = mantissa.splitn(2, |byte| *byte == b'.');
        let (whole, fraction) = (parts.next().unwrap_or(&[]), parts.next());
        let digits = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
        if !digits(whole) || !fraction.is_none_or(digits) {
            return Err(ParseDecimalError);
        }
        let written = mantissa.len().saturating_add(exponent.unsigned_abs() as usize);
        if written > Self::MAX_DIGITS {
            return Err(ParseDecimalError);
        }
        BigDecimal::from_str(text).map(Self::new).map_err(|_| ParseDecimalError)
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_plain_string())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn the_scale_is_kept_and_compared_apart_from_the_number() {
        assert_eq!(decimal("1.10").to_string(), "1.10");
        assert_ne!(decimal("1.10"), decimal("1.1"));
        assert!(decimal("1.10").same_number(&decimal("1.1")));
        assert_eq!(decimal("1e3").to_string(), "1000");
        assert_eq!(decimal("1e3"), decimal("1000"));
    }

    #[test]
    fn text_that_is_no_number_or_too_long_a_one_is_refused() {
        for text in [
            "",
            "-",
            ".",
            "1.",
            ".5",
            "1_000",
            "1,5",
            " 1",
            "0x10",
            "NaN",
            "1e",
            "1e5e5",
            "--1",
            "1e99999",
            "1e-99999",
            "1e99999999999999999999",
            "é",
        ] {
            assert_eq!(text.parse::<Decimal>().err(), Some(ParseDecimalError), "{text}");
        }
    }

    #[test]
    fn digits_before_and_after_the_point() {
        assert_eq!(decimal("120.50").digits(), (3, 1));
        assert_eq!(decimal("0.005").digits(), (0, 3));
        assert_eq!(decimal("-1000").digits(), (4, 0));
        assert_eq!(decimal("0.00").digits(), (0, 0));
    }

    #[test]
    fn a_scale_never_costs_a_digit() {
        assert_eq!(decimal("1.5").with_scale(3), Some(decimal("1.500")));
        assert_eq!(decimal("1.500").with_scale(1), Some(decimal("1.5")));
        assert_eq!(decimal("1.55").with_scale(1), None);
    }

    #[test]
    fn whole_numbers_of_64_bits_come_out() {
        assert_eq!(decimal("9223372036854775807.00").to_i64(), Some(i64::MAX));
        assert_eq!(decimal("9223372036854775808").to_i64(), None);
        assert_eq!(decimal("1.5").to_i64(), None);
    }

    proptest! {
        #[test]
        fn plain_text_is_read_back_with_its_scale(text in "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,20})?") {
            let number: Decimal = text.parse().unwrap();
            let zero = number.digits() == (0, 0);
            prop_assert!(zero || number.to_string() == text);
            prop_assert_eq!(number.to_string().parse::<Decimal>(), Ok(number));
        }

        #[test]
        fn floats_keep_their_shortest_text(float in any::<f64>().prop_filter("finite", |f| f.is_finite())) {
            let number = Decimal::from_value(&Value::Float(float)).unwrap();
            prop_assert_eq!(number.to_f64(), Some(float));
        }
    }
}
