//! `round`.

use bigdecimal::RoundingMode;

use crate::functions::arguments::{Arguments, number, number_value, transform};
use crate::functions::{
    Argument, Category, Example, Function, Parameter, ParameterKind, Transform,
};
use crate::value::{DataType, Value};

/// Rounds a number to some digits after the point; integers stay integers.
pub(in crate::functions) struct Round;

impl Function for Round {
    fn name(&self) -> &'static str {
        "round"
    }
    fn summary(&self) -> &'static str {
        "Rounds a number to some digits after the point; integers stay integers."
    }
    fn category(&self) -> Category {
        Category::Number
    }
    fn parameters(&self) -> &'static [Parameter] {
        &[
            Parameter {
                name: "digits",
                summary: "digits after the point; none when left out, negative for tens and hundreds",
                kind: ParameterKind::Integer,
                required: false,
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
                apply: "{ round = 2 }",
                given: r#"{"$numberDecimal": "2.345"}"#,
                gives: Ok(r#"{"$numberDecimal": "2.34"}"#),
            },
            Example {
                apply: r#"{ round = { digits = 2, mode = "half_up" } }"#,
                given: r#"{"$numberDecimal": "2.345"}"#,
                gives: Ok(r#"{"$numberDecimal": "2.35"}"#),
            },
            Example {
                apply: "{ round = 2 }",
                given: "1.5",
                gives: Ok(r#"{"$numberDecimal": "1.50"}"#),
            },
            Example { apply: "{ round = -2 }", given: "1250", gives: Ok("1200") },
            Example {
                apply: r#""round""#,
                given: r#"{"$numberDecimal": "-0.7"}"#,
                gives: Ok(r#"{"$numberDecimal": "-1"}"#),
            },
            Example { apply: "{ round = 2 }", given: r#""2.345""#, gives: Err("transform") },
        ]
    }
    fn compile(&self, arguments: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        let arguments = Arguments::new(self, arguments);
        arguments.check_integer(0, (-1000, 1000))?;
        let mode = arguments.word(1, MODES)?;
        transform(move |value, dynamic| {
            let number = number("round", &value)?;
            let digits = match arguments.value(0, dynamic) {
                Value::Missing => 0,
                _ => arguments.integer(0, dynamic, (-1000, 1000))?,
            };
            let rounded = number.number().with_scale_round(digits, mode).with_scale(digits.max(0));
            number_value("round", rounded, matches!(value, Value::Int(_)))
        })
    }
}

/// The names of the ways to round, as `mode` takes them.
pub(super) const MODES: &[(&str, RoundingMode)] = &[
    ("half_even", RoundingMode::HalfEven),
    ("half_up", RoundingMode::HalfUp),
    ("down", RoundingMode::Down),
    ("up", RoundingMode::Up),
    ("floor", RoundingMode::Floor),
    ("ceiling", RoundingMode::Ceiling),
];
