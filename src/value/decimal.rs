//! Exact decimal numbers.

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, OnceLock};

use bigdecimal::num_bigint::BigInt;
use bigdecimal::{BigDecimal, ToPrimitive as _};

use super::Value;

/// An exact decimal number of any size. Its scale is kept: `1.10` prints as `1.10`.
#[derive(Clone)]
pub struct Decimal(Arc<Number>);

/// Nearly all numbers are small, and small ones are compared, fitted and printed without arithmetic
/// on lists of digits; those are made when something asks for them.
struct Number {
    /// The digits as one whole number, and how many of them come after the point: set for every
    /// number for which [`small`] finds them.
    small: Option<(i64, u8)>,
    big: OnceLock<BigDecimal>,
}

/// Digits after the point that a small number may have.
const SMALL_SCALE: u8 = 18;

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
        let small = small(&number);
        Self(Arc::new(Number { small, big: OnceLock::from(number) }))
    }

    /// The number `mantissa` / 10^`scale`, with that many digits after the point.
    pub fn from_parts(mantissa: i64, scale: u8) -> Self {
        if scale > SMALL_SCALE {
            return Self::new(BigDecimal::new(BigInt::from(mantissa), scale.into()));
        }
        Self(Arc::new(Number { small: Some((mantissa, scale)), big: OnceLock::new() }))
    }

    /// What [`Decimal::from_parts`] makes it of; `None` for a number with more than 18 digits after
    /// the point, or more digits than 64 bits hold.
    pub fn parts(&self) -> Option<(i64, u8)> {
        self.0.small
    }

    /// The number inside.
    pub fn number(&self) -> &BigDecimal {
        self.0.big.get_or_init(|| {
            let (mantissa, scale) = self.0.small.unwrap_or_default();
            BigDecimal::new(BigInt::from(mantissa), scale.into())
        })
    }

    /// Digits after the point as written (`1.10` has 2).
    pub fn scale(&self) -> i64 {
        match self.0.small {
            Some((_, scale)) => scale.into(),
            None => self.number().fractional_digit_count().max(0),
        }
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
        match (self.0.small, other.0.small) {
            (Some(a), Some(b)) => shortest(a) == shortest(b),
            _ => *self.number() == *other.number(),
        }
    }

    /// The whole number, when it is one that fits.
    pub fn to_i64(&self) -> Option<i64> {
        match self.0.small {
            Some(parts) => match shortest(parts) {
                (whole, 0) => Some(whole),
                _ => None,
            },
            None if self.number().is_integer() => self.number().to_i64(),
            None => None,
        }
    }

    /// The nearest binary floating-point number; `None` when it is too large for one.
    pub fn to_f64(&self) -> Option<f64> {
        self.to_string().parse().ok().filter(|number: &f64| number.is_finite())
    }

    /// Digits before the point and digits after it that are needed to write the number.
    pub fn digits(&self) -> (u64, u64) {
        if let Some(parts) = self.0.small {
            let (mantissa, scale) = shortest(parts);
            let digits = mantissa.unsigned_abs().checked_ilog10().map_or(0, |log| log + 1);
            return (digits.saturating_sub(scale.into()).into(), scale.into());
        }
        let normal = self.number().normalized();
        let scale = normal.fractional_digit_count();
        if normal.sign() == bigdecimal::num_bigint::Sign::NoSign {
            return (0, 0);
        }
        let whole = i64::try_from(normal.digits()).unwrap_or(i64::MAX) - scale;
        (u64::try_from(whole).unwrap_or(0), u64::try_from(scale).unwrap_or(0))
    }

    /// The same number with `scale` digits after the point; `None` when a digit would be lost.
    pub fn with_scale(&self, scale: u32) -> Option<Self> {
        if let Some((mantissa, own)) = self.0.small
            && let Ok(wanted) = u8::try_from(scale)
            && wanted <= SMALL_SCALE
        {
            if wanted == own {
                return Some(self.clone());
            }
            let power = 10_i64.pow(own.abs_diff(wanted).into());
            if wanted < own {
                let kept = mantissa / power;
                return (kept * power == mantissa).then(|| Self::from_parts(kept, wanted));
            }
            if let Some(mantissa) = mantissa.checked_mul(power) {
                return Some(Self::from_parts(mantissa, wanted));
            }
        }
        (self.digits().1 <= u64::from(scale))
            .then(|| Self::new(self.number().with_scale(scale.into())))
    }

    /// Appends the number as plain digits without needless zeros: the same for all scales.
    pub(super) fn write_shortest(&self, bytes: &mut Vec<u8>) {
        match self.0.small {
            Some(parts) => write_plain(bytes, shortest(parts)),
            None => {
                bytes.extend_from_slice(self.number().normalized().to_plain_string().as_bytes());
            }
        }
    }
}

/// A number's digits as one whole number and their scale, where 64 bits hold them.
fn small(number: &BigDecimal) -> Option<(i64, u8)> {
    let scale = u8::try_from(number.fractional_digit_count()).ok()?;
    if scale > SMALL_SCALE {
        return None;
    }
    let (mantissa, _) = number.as_bigint_and_scale();
    Some((mantissa.to_i64()?, scale))
}

/// The same number without zeros at the end of its fraction.
fn shortest((mut mantissa, mut scale): (i64, u8)) -> (i64, u8) {
    while scale > 0 && mantissa % 10 == 0 {
        mantissa /= 10;
        scale -= 1;
    }
    (mantissa, scale)
}

/// Appends `-12.50` for -1250 and 2.
fn write_plain(bytes: &mut Vec<u8>, (mantissa, scale): (i64, u8)) {
    let mut digits = [b'0'; 40];
    let mut at = digits.len();
    let mut rest = mantissa.unsigned_abs();
    let mut written = 0;
    while rest > 0 || written <= scale {
        if written == scale && scale > 0 {
            at -= 1;
            digits[at] = b'.';
        }
        at -= 1;
        digits[at] = b'0' + u8::try_from(rest % 10).unwrap_or_default();
        rest /= 10;
        written += 1;
    }
    if mantissa < 0 {
        bytes.push(b'-');
    }
    bytes.extend_from_slice(&digits[at..]);
}

/// The parts of a short text of digits with at most one point.
fn parse_small(text: &[u8]) -> Option<(i64, u8)> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    if digits.len() > usize::from(SMALL_SCALE) {
        return None;
    }
    let mut mantissa = 0_i64;
    let mut point = None;
    for (at, byte) in digits.iter().enumerate() {
        match byte {
            b'0'..=b'9' => mantissa = mantissa * 10 + i64::from(byte - b'0'),
            b'.' if point.is_none() => point = Some(at),
            _ => return None,
        }
    }
    let scale = match point {
        Some(at) if at == 0 || at + 1 == digits.len() => return None,
        Some(at) => digits.len() - at - 1,
        None if digits.is_empty() => return None,
        None => 0,
    };
    Some((if negative { -mantissa } else { mantissa }, u8::try_from(scale).ok()?))
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        match (self.0.small, other.0.small) {
            (Some(a), Some(b)) => a == b,
            _ => self.scale() == other.scale() && *self.number() == *other.number(),
        }
    }
}

impl From<i64> for Decimal {
    fn from(value: i64) -> Self {
        Self::from_parts(value, 0)
    }
}

impl From<u64> for Decimal {
    fn from(value: u64) -> Self {
        match i64::try_from(value) {
            Ok(value) => Self::from_parts(value, 0),
            Err(_) => Self::new(BigDecimal::new(BigInt::from(value), 0)),
        }
    }
}

impl FromStr for Decimal {
    type Err = ParseDecimalError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bytes = text.as_bytes();
        if let Some((mantissa, scale)) = parse_small(bytes) {
            return Ok(Self::from_parts(mantissa, scale));
        }
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

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Decimal").field(self.number()).finish()
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((mantissa, scale)) = self.0.small.filter(|(mantissa, _)| *mantissa != 0) else {
            return f.write_str(&self.number().to_plain_string());
        };
        let mut bytes = Vec::with_capacity(24);
        write_plain(&mut bytes, (mantissa, scale));
        f.write_str(std::str::from_utf8(&bytes).unwrap_or_default())
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

    /// A number as it is without its short form.
    fn plainly(number: &Decimal) -> Decimal {
        let big = OnceLock::from(number.number().clone());
        Decimal(Arc::new(Number { small: None, big }))
    }

    proptest! {
        #[test]
        fn small_numbers_are_as_any_others(
            mantissa in prop_oneof![any::<i64>(), -1000_i64..1000, Just(i64::MIN), Just(0)],
            zeros in 0..5_u32,
            scale in 0..25_u8,
            wanted in 0..25_u32,
            other in -1000_i64..1000,
        ) {
            let mantissa = mantissa.checked_mul(10_i64.pow(zeros)).unwrap_or(mantissa);
            let number = Decimal::from_parts(mantissa, scale);
            let plain = plainly(&number);
            prop_assert_eq!(&number, &plain);
            prop_assert_eq!(number.to_string(), plain.to_string());
            prop_assert_eq!(number.digits(), plain.digits());
            prop_assert_eq!(number.scale(), plain.scale());
            prop_assert_eq!(number.to_i64(), plain.to_i64());
            let (scaled, plainly_scaled) = (number.with_scale(wanted), plain.with_scale(wanted));
            prop_assert_eq!(scaled.as_ref().map(ToString::to_string), plainly_scaled.as_ref().map(ToString::to_string));
            prop_assert_eq!(scaled, plainly_scaled);
            prop_assert_eq!(number.to_string().parse::<Decimal>().unwrap().to_string(), number.to_string());
            let (mut short, mut long) = (Vec::new(), Vec::new());
            number.write_shortest(&mut short);
            plain.write_shortest(&mut long);
            prop_assert_eq!(String::from_utf8(short), String::from_utf8(long));
            let other = Decimal::from_parts(other, 2);
            prop_assert_eq!(number.same_number(&other), plain.same_number(&plainly(&other)));
            prop_assert_eq!(number == other, plain == plainly(&other));
        }

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
