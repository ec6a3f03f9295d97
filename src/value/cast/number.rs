//! Numbers into the types of columns, exactly.

use bigdecimal::ToPrimitive as _;

use crate::value::{DataType, Decimal, Problem, Value};

/// A whole number of so many bits. Above the signed 64 bits it stays a decimal.
pub(super) fn to_int(number: &Decimal, bits: u8, signed: bool) -> Result<Value, Problem> {
    if number.digits().1 > 0 {
        return Err(Problem::new("precision", "a number with a fraction is no integer"));
    }
    let out = || {
        let column = DataType::Int { bits, signed };
        Problem::new("range", format!("the number is outside of the range of {column}"))
    };
    let whole = number.number().to_i128().ok_or_else(out)?;
    let (least, most) = if signed {
        (-(1_i128 << (bits - 1)), (1_i128 << (bits - 1)) - 1)
    } else {
        (0, (1_i128 << bits) - 1)
    };
    if !(least..=most).contains(&whole) {
        return Err(out());
    }
    let larger = |_| Value::Decimal(Decimal::new(number.number().with_scale(0)));
    Ok(i64::try_from(whole).map_or_else(larger, Value::Int))
}

/// The float whose shortest text is that number.
pub(super) fn to_float(number: &Decimal, bits: u8) -> Result<Value, Problem> {
    let lossy = || Problem::new("precision", "a float can't hold all digits of the number");
    let float = number.to_f64().ok_or_else(lossy)?;
    let same = Decimal::from_value(&Value::Float(float)).is_some_and(|f| f.same_number(number));
    if same { narrow(float, bits) } else { Err(lossy()) }
}

/// The float, when so many bits hold it.
pub(super) fn narrow(float: f64, bits: u8) -> Result<Value, Problem> {
    #[expect(clippy::cast_possible_truncation, reason = "compared right after")]
    let narrow = f64::from(float as f32);
    if bits == 64 || float.is_nan() || narrow.to_bits() == float.to_bits() {
        Ok(Value::Float(float))
    } else {
        Err(Problem::new("precision", "float(32) can't hold the number exactly"))
    }
}

/// The number with the column's scale.
pub(super) fn to_decimal(
    number: &Decimal,
    precision: Option<u32>,
    scale: Option<u32>,
) -> Result<Value, Problem> {
    let Some(precision) = precision else { return Ok(Value::Decimal(number.clone())) };
    let scale = scale.unwrap_or(0);
    let (whole, fraction) = number.digits();
    if whole > u64::from(precision.saturating_sub(scale)) {
        return Err(Problem::new(
            "range",
            format!("{whole} digits before the point do not fit decimal({precision},{scale})"),
        ));
    }
    let fitted = number.with_scale(scale).ok_or_else(|| {
        let message =
            format!("{fraction} digits after the point do not fit decimal({precision},{scale})");
        Problem::new("precision", message)
    })?;
    Ok(Value::Decimal(fitted))
}
