//! `join`.

use crate::functions::arguments::{Arguments, list, scalar_text, transform};
use crate::functions::{
    Argument, Category, Example, Function, Parameter, ParameterKind, Transform,
};
use crate::value::{DataType, Value};

/// Joins the elements of a list into one text.
pub(in crate::functions) struct Join;

impl Function for Join {
    fn name(&self) -> &'static str {
        "join"
    }
    fn summary(&self) -> &'static str {
        "Joins the elements of a list into one text."
    }
    fn category(&self) -> Category {
        Category::Text
    }
    fn parameters(&self) -> &'static [Parameter] {
        &[Parameter {
            name: "with",
            summary: "the text between two elements",
            kind: ParameterKind::Text,
            required: true,
        }]
    }
    fn returns(&self) -> DataType {
        DataType::TEXT
    }
    fn examples(&self) -> &'static [Example] {
        &[
            Example {
                apply: r#"{ join = ", " }"#,
                given: r#"["a", 1, true]"#,
                gives: Ok(r#""a, 1, true""#),
            },
            Example { apply: r#"{ join = "" }"#, given: "[]", gives: Ok(r#""""#) },
            Example {
                apply: r#"{ join = "," }"#,
                given: r#"["a", null]"#,
                gives: Err("transform"),
            },
        ]
    }
    fn compile(&self, arguments: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        let arguments = Arguments::new(self, arguments);
        transform(move |value, dynamic| {
            let with = arguments.text(0, dynamic)?;
            let parts = list("join", &value)?.iter().map(|part| scalar_text("join", part));
            Ok(Value::from(parts.collect::<Result<Vec<_>, _>>()?.join(with)))
        })
    }
}
