//! `split`.

use crate::functions::arguments::{Arguments, text, transform};
use crate::functions::{
    Argument, Category, Example, Function, Parameter, ParameterKind, Transform,
};
use crate::value::{DataType, Value};

/// Splits text into a list at a separator.
pub(in crate::functions) struct Split;

impl Function for Split {
    fn name(&self) -> &'static str {
        "split"
    }
    fn summary(&self) -> &'static str {
        "Splits text into a list at a separator."
    }
    fn category(&self) -> Category {
        Category::Text
    }
    fn parameters(&self) -> &'static [Parameter] {
        &[Parameter {
            name: "by",
            summary: "the separator",
            kind: ParameterKind::Text,
            required: true,
        }]
    }
    fn returns(&self) -> DataType {
        DataType::Array(Box::new(DataType::TEXT))
    }
    fn examples(&self) -> &'static [Example] {
        &[
            Example {
                apply: r#"{ split = "," }"#,
                given: r#""a,b,,c""#,
                gives: Ok(r#"["a", "b", "", "c"]"#),
            },
            Example {
                apply: r#"{ split = "; " }"#,
                given: r#""alone""#,
                gives: Ok(r#"["alone"]"#),
            },
            Example { apply: r#"{ split = "," }"#, given: "5", gives: Err("transform") },
        ]
    }
    fn compile(&self, arguments: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        let arguments = Arguments::new(self, arguments);
        let by = arguments.constant_text(0)?.unwrap_or_default().to_owned();
        if by.is_empty() {
            return Err("`by` of `split` is not empty".to_owned());
        }
        transform(move |value, _| {
            Ok(Value::array(text("split", &value)?.split(&by).map(Value::text).collect()))
        })
    }
}
