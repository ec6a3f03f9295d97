//! `to_number`.

use crate::functions::arguments::{Arguments, number_value, problem, text, transform};
use crate::functions::{
    Argument, Category, Example, Function, Parameter, ParameterKind, Transform,
};
use crate::value::{DataType, Decimal};

/// Reads text as a number: an integer, or a decimal with the written digits.
pub(in crate::functions) struct ToNumber;

impl Function for ToNumber {
    fn name(&self) -> &'static str {
        "to_number"
    }
    fn summary(&self) -> &'static str {
        "Reads text as a number: an integer, or a decimal with the written digits."
    }
    fn category(&self) -> Category {
        Category::Number
    }
    fn parameters(&self) -> &'static [Parameter] {
        &[
            Parameter {
                name: "point",
                summary: "the decimal point; `.` when left out",
                kind: ParameterKind::Text,
                required: false,
            },
            Parameter {
                name: "group",
                summary: "the character between groups of three digits; none when left out",
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
            Example { apply: r#""to_number""#, given: r#"" 42 ""#, gives: Ok("42") },
            Example {
                apply: r#""to_number""#,
                given: r#""1.10""#,
                gives: Ok(r#"{"$numberDecimal": "1.10"}"#),
            },
            Example {
                apply: r#"{ to_number = { point = ",", group = "." } }"#,
                given: r#""1.234,50""#,
                gives: Ok(r#"{"$numberDecimal": "1234.50"}"#),
            },
            Example {
                apply: r#"{ to_number = { group = "," } }"#,
                given: r#""12,34""#,
                gives: Err("transform"),
            },
            Example { apply: r#""to_number""#, given: r#""1,234""#, gives: Err("transform") },
        ]
    }
    fn compile(&self, arguments: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        let arguments = Arguments::new(self, arguments);
        let point = arguments.constant_text(0)?.unwrap_or(".").to_owned();
        let group = arguments.constant_text(1)?.map(str::to_owned);
        if point.chars().count() != 1 || group.as_ref().is_some_and(|group| *group == point) {
            return Err(
                "`point` of `to_number` is one character, and another than `group`".to_owned()
            );
        }
        if group.as_ref().is_some_and(|group| group.chars().count() != 1) {
            return Err("`group` of `to_number` is one character".to_owned());
        }
        transform(move |value, _| {
            if Decimal::from_value(&value).is_some() {
                return Ok(value);
            }
            let text = text("to_number", &value)?.trim();
            let number = plain(text, &point, group.as_deref()).and_then(|text| text.parse().ok());
            let number: Decimal =
                number.ok_or_else(|| problem("`to_number` takes text that is a number"))?;
            let whole = number.scale() == 0;
            number_value("to_number", number.number().clone(), whole)
        })
    }
}

/// The text with `.` for the point and without group characters, which must part groups of three.
fn plain(text: &str, point: &str, group: Option<&str>) -> Option<String> {
    let (whole, fraction) = match text.split_once(point) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    let whole = match group {
        Some(group) if whole.contains(group) => {
            let mut parts = whole.split(group);
            let first = parts.next()?;
            let digits = first.trim_start_matches(['-', '+']).len();
            if !(1..=3).contains(&digits) || !parts.all(|part| part.len() == 3) {
                return None;
            }
            whole.replace(group, "")
        }
        _ => whole.to_owned(),
    };
    Some(fraction.map_or(whole.clone(), |fraction| format!("{whole}.{fraction}")))
}
