//! Values whose BSON form is not plain: decimals, UUIDs, moments.

use bigdecimal::BigDecimal;
use chrono::{DateTime, Timelike as _, Utc};
use mongodb::bson::{Decimal128, spec::BinarySubtype};
use uuid::Uuid;

use crate::connectors::UuidOrder;
use crate::value::{Decimal, Problem, Value};

/// The BSON form of a decimal.
///
/// # Errors
/// When it has more than 34 digits, or is too large or too fine.
pub(super) fn decimal128(number: &Decimal) -> Result<Decimal128, Problem> {
    let refused =
        || Problem::new("precision", "a Decimal128 holds 34 digits, from 1E-6176 to 10E6144");
    // As it is written where that fits, so that `1.10` keeps its scale; else without its zeros.
    let text = |number: &BigDecimal| {
        let (digits, scale) = number.as_bigint_and_exponent();
        let exponent = scale.checked_neg()?;
        let text = format!("{digits}E{exponent}");
        let found: Decimal128 = text.parse().ok()?;
        let same = parse(found)?.same_number(&Decimal::new(number.clone()));
        same.then_some(found)
    };
    let number = number.number();
    text(number).or_else(|| text(&number.normalized())).ok_or_else(refused)
}

/// The value of a decimal.
///
/// # Errors
/// When it is not a number, or infinite.
pub(super) fn decimal(found: Decimal128) -> Result<Value, Problem> {
    parse(found).map(Value::Decimal).ok_or_else(|| {
        Problem::new("number", "a Decimal128 that is NaN or infinite has no counterpart")
    })
}

fn parse(found: Decimal128) -> Option<Decimal> {
    found.to_string().parse().ok()
}

/// Milliseconds since 1970.
///
/// # Errors
/// When the moment is finer.
pub(super) fn milliseconds(at: DateTime<Utc>) -> Result<i64, Problem> {
    let nanoseconds = at.nanosecond();
    if !nanoseconds.is_multiple_of(1_000_000) || nanoseconds >= 1_000_000_000 {
        let message = "documents keep milliseconds, and the moment is finer";
        return Err(Problem::new("precision", message));
    }
    Ok(at.timestamp_millis())
}

/// The value of binary data.
///
/// # Errors
/// When it is a UUID whose byte order is not known, or of a subtype that would be lost.
pub(super) fn binary(
    bytes: &[u8],
    subtype: BinarySubtype,
    order: Option<UuidOrder>,
) -> Result<Value, Problem> {
    match (subtype, Uuid::from_slice(bytes)) {
        (BinarySubtype::Generic, _) => Ok(Value::bytes(bytes)),
        (BinarySubtype::Uuid, Ok(id)) => Ok(Value::Uuid(id)),
        (BinarySubtype::UuidOld, Ok(id)) => match order {
            Some(order) => Ok(Value::Uuid(Uuid::from_bytes(turned(*id.as_bytes(), order)))),
            None => Err(Problem::new(
                "uuid_order",
                "a UUID of binary subtype 3 has an unknown byte order: name it in the \
                 connection's `uuid_order`",
            )),
        },
        (subtype, _) => Err(Problem::new(
            "type",
            format!("binary data of subtype {} has no counterpart", u8::from(subtype)),
        )),
    }
}

/// The bytes of a UUID between the standard order and that of an old driver, either way.
pub(super) fn turned(mut bytes: [u8; 16], order: UuidOrder) -> [u8; 16] {
    match order {
        UuidOrder::Standard => {}
        UuidOrder::Java => {
            bytes[..8].reverse();
            bytes[8..].reverse();
        }
        UuidOrder::CSharp => {
            bytes[..4].reverse();
            bytes[4..6].reverse();
            bytes[6..8].reverse();
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both_ways(text: &str) -> Option<String> {
        let number: Decimal = text.parse().unwrap();
        let stored = decimal128(&number).ok()?;
        let Ok(Value::Decimal(read)) = decimal(stored) else { panic!("{text} is not read back") };
        assert!(read.same_number(&number), "{text}");
        Some(read.to_string())
    }

    #[test]
    fn decimals_keep_their_digits_and_scale() {
        for text in ["1.10", "0", "-0.001", "1234567890123456789012345678901234", "0.00"] {
            let expected = text.parse::<Decimal>().unwrap().to_string();
            assert_eq!(both_ways(text), Some(expected), "{text}");
        }
        assert!(both_ways("1e6111").is_some());
        assert!(both_ways("1e6144").is_some());
        assert!(both_ways("1e-6176").is_some());
        let long = format!("1{}", "0".repeat(60));
        assert_eq!(both_ways(&long), Some(long.clone()));
    }

    #[test]
    fn decimals_that_do_not_fit_are_refused() {
        for text in ["12345678901234567890123456789012345", "1e6145", "1e-6177", "1.1e-6176"] {
            assert_eq!(both_ways(text), None, "{text}");
        }
        for text in ["NaN", "Infinity", "-Infinity"] {
            assert!(decimal(text.parse().unwrap()).is_err(), "{text}");
        }
    }

    #[test]
    fn the_byte_orders_of_old_drivers() {
        use mongodb::bson::{self, UuidRepresentation};
        let id = bson::Uuid::parse_str("00112233-4455-6677-8899-aabbccddeeff").unwrap();
        let orders = [
            (UuidOrder::Standard, UuidRepresentation::PythonLegacy),
            (UuidOrder::Java, UuidRepresentation::JavaLegacy),
            (UuidOrder::CSharp, UuidRepresentation::CSharpLegacy),
        ];
        for (order, driver) in orders {
            let stored = bson::Binary::from_uuid_with_representation(id, driver);
            let read = binary(&stored.bytes, stored.subtype, Some(order)).unwrap();
            assert_eq!(read, Value::Uuid(Uuid::from_bytes(id.bytes())), "{order:?}");
            assert_eq!(turned(id.bytes(), order).as_slice(), stored.bytes.as_slice());
            let error = binary(&stored.bytes, stored.subtype, None).unwrap_err();
            assert_eq!(error.reason, "uuid_order");
        }
    }
}
