//! `sort`.

use std::cmp::Ordering;

use crate::functions::arguments::{Arguments, list, order, problem, transform};
use crate::functions::{
    Argument, Category, Example, Function, Parameter, ParameterKind, Transform,
};
use crate::value::{DataType, Value};

/// Sorts a list of numbers, texts, or times of one kind.
pub(in crate::functions) struct Sort;

impl Function for Sort {
    fn name(&self) -> &'static str {
        "sort"
    }
    fn summary(&self) -> &'static str {
        "Sorts a list of numbers, texts, or times of one kind."
    }
    fn category(&self) -> Category {
        Category::Structure
    }
    fn parameters(&self) -> &'static [Parameter] {
        &[Parameter {
            name: "descending",
            summary: "whether the greatest comes first",
            kind: ParameterKind::Boolean,
            required: false,
        }]
    }
    fn returns(&self) -> DataType {
        DataType::Array(Box::new(DataType::Any))
    }
    fn examples(&self) -> &'static [Example] {
        &[
            Example {
                apply: r#""sort""#,
                given: r#"[3, {"$numberDecimal": "1.5"}, 2]"#,
                gives: Ok(r#"[{"$numberDecimal": "1.5"}, 2, 3]"#),
            },
            Example {
                apply: "{ sort = { descending = true } }",
                given: r#"["a", "c", "b"]"#,
                gives: Ok(r#"["c", "b", "a"]"#),
            },
            Example { apply: r#""sort""#, given: r#"[1, "a"]"#, gives: Err("transform") },
        ]
    }
    fn compile(&self, arguments: Vec<Argument>) -> Result<Box<dyn Transform>, String> {
        let descending = Arguments::new(self, arguments).flag(0)?;
        transform(move |value, _| {
            let mut sorted = list("sort", &value)?.to_vec();
            // What compares with the first compares with all.
            if let Some(first) = sorted.first()
                && !sorted.iter().all(|value| order(first, value).is_some())
            {
                return Err(problem("`sort` takes a list of values that can be compared"));
            }
            sorted.sort_by(|left, right| {
                let order = order(left, right).unwrap_or(Ordering::Equal);
                if descending { order.reverse() } else { order }
            });
            Ok(Value::array(sorted))
        })
    }
}
