//! `clamp`.

use crate::functions::arguments::{Arguments, number, transform};
use crate::functions::{
    Argument, Category, Example, Function, Parameter, ParameterKind, Transform,
};
use crate::value::{DataType, Decimal, Value};

/// Brings a number that is below or above bounds to the bound.
pub(in crate::functions) struct Clamp;

impl Function for Clamp {
    fn name(&self) -> &'static str {
        "clamp"
    }
    fn summary(&self) -> &'static str {
        "Brings a number that is below or above bounds to the bound."
    }
    fn category(&self) -> Category {
        Category::Number
    }
    fn parameters(&self) -> &'static [Parameter] {
        &[
            Parameter {
                name: "from",
                summary: "the least",
                kind: ParameterKind::Number,
                required: false,
            },
            Parameter {
                name: "to",
                summary: "the most",
                kind: ParameterKind::Number,
                required: false,
            },
        ]
    }
    fn returns(&self) -> DataType {
        DataType::DECIMAL
    }
    fn examples(&self) -> &'static [Example] {
        &[
            Example { apply: "{ clamp = { from = 0, to = 100 } }", given: "120", gives: Ok("100") },
            Example { apply: "{ clamp = { from = 0 } }", given: "-3", gives: Ok("0") },
            Example {
                apply: "{ clamp = { to = 100 } }",
                given: r#"{"$numberDecimal": "99.5"}"#,
                gives: Ok(r#"{"$numberDecimal": "99.5"}"#),
            },
        ]
    }
    fn compile(&self, arguments: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        let arguments = Arguments::new(self, arguments);
        let constant =
            |index| arguments.constant(index).ok().flatten().and_then(Decimal::from_value);
        if let (Some(from), Some(to)) = (constant(0), constant(1))
            && from.number() > to.number()
        {
            return Err("`from` of `clamp` is not above `to`".to_owned());
        }
        transform(move |value, dynamic| {
            let number = number("clamp", &value)?;
            let bound = |index| match arguments.value(index, dynamic) {
                Value::Missing => Ok(None),
                bound => {
                    arguments.number(index, dynamic).map(|number| Some((number, bound.clone())))
                }
            };
            let (from, to) = (bound(0)?, bound(1)?);
            if let Some((_, from)) = from.filter(|(from, _)| number.number() < from.number()) {
                return Ok(from);
            }
            Ok(to.filter(|(to, _)| number.number() > to.number()).map_or(value, |(_, to)| to))
        })
    }
}
