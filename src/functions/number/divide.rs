//! `divide`.

use bigdecimal::num_bigint::{BigInt, Sign};
use bigdecimal::{BigDecimal, RoundingMode};

use super::round::MODES;
use crate::functions::arguments::{Arguments, number, number_value, problem, transform};
use crate::functions::{
    Argument, Category, Example, Function, Parameter, ParameterKind, Transform,
};
use crate::value::DataType;

/// Divides by a number and rounds the result to some digits after the point.
pub(in crate::functions) struct Divide;

impl Function for Divide {
    fn name(&self) -> &'static str {
        "divide"
    }
    fn summary(&self) -> &'static str {
        "Divides by a number and rounds the result to some digits after the point."
    }
    fn category(&self) -> Category {
        Category::Number
    }
    fn parameters(&self) -> &'static [Parameter] {
        &[
            Parameter {
                name: "by",
                summary: "what it is divided by",
                kind: ParameterKind::Number,
                required: true,
            },
            Parameter {
                name: "digits",
                summary: "digits after the point",
                kind: ParameterKind::Integer,
                required: true,
            },
            Parameter {
                name: "mode",
                summary: "half_even (the default), half_up, down and up (towards and away from zero), floor or ceiling",
                kind: ParameterKind::Text,
                required: false,
            },
        ]
    }
    fn returns(&self) -> DataType {
        DataType::DECIMAL
    }
    fn examples(&self) -> &'static [Example] {
        &[
            Example {
                apply: "{ divide = { by = 3, digits = 4 } }",
                given: "10",
                gives: Ok(r#"{"$numberDecimal": "3.3333"}"#),
            },
            Example {
                apply: "{ divide = { by = 100, digits = 2 } }",
                given: "12345",
                gives: Ok(r#"{"$numberDecimal": "123.45"}"#),
            },
            Example {
                apply: r#"{ divide = { by = 8, digits = 2, mode = "half_up" } }"#,
                given: "1",
                gives: Ok(r#"{"$numberDecimal": "0.13"}"#),
            },
            Example {
                apply: r#"{ divide = { by = -3, digits = 0, mode = "floor" } }"#,
                given: "7",
                gives: Ok("-3"),
            },
            Example {
                apply: "{ divide = { by = 0, digits = 2 } }",
                given: "1",
                gives: Err("transform"),
            },
        ]
    }
    fn compile(&self, arguments: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        let arguments = Arguments::new(self, arguments);
        arguments.check_integer(1, (0, 1000))?;
        let mode = arguments.word(2, MODES)?;
        transform(move |value, dynamic| {
            let (left, right) = (number("divide", &value)?, arguments.number(0, dynamic)?);
            let digits = arguments.integer(1, dynamic, (0, 1000))?;
            let quotient = divided(left.number(), right.number(), digits, mode)
                .ok_or_else(|| problem("`divide` can't divide by zero"))?;
            number_value("divide", quotient, digits == 0)
        })
    }
}

/// The quotient, rounded once: one digit more is computed, and after it a 1 when anything is left.
fn divided(
    left: &BigDecimal,
    right: &BigDecimal,
    digits: i64,
    mode: RoundingMode,
) -> Option<BigDecimal> {
    let (left, left_scale) = left.as_bigint_and_exponent();
    let (right, right_scale) = right.as_bigint_and_exponent();
    if right.sign() == Sign::NoSign {
        return None;
    }
    let power = |exponent: i64| {
        let exponent = u32::try_from(exponent.max(0)).unwrap_or(u32::MAX);
        BigInt::from(10).pow(exponent)
    };
    let shift = digits + 1 + right_scale - left_scale;
    let (left, right) = (left * power(shift), right * power(-shift));
    let (quotient, rest) = (&left / &right, &left % &right);
    let negative = (left.sign() == Sign::Minus) != (right.sign() == Sign::Minus);
    let sticky = match (rest.sign(), negative) {
        (Sign::NoSign, _) => 0,
        (_, true) => -1,
        (_, false) => 1,
    };
    let exact = BigDecimal::new(quotient * 10 + sticky, digits + 2);
    Some(exact.with_scale_round(digits, mode))
}
