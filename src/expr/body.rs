//! Templates of what is sent to services.

use super::template::{TemplateId, Texts, TextsBuilder, names};
use crate::value::{Problem, Value};

/// A template of a request's body.
pub struct Body {
    texts: Texts,
    id: TemplateId,
}

impl Body {
    /// Compiles a template.
    ///
    /// # Errors
    /// When it has a mistake; the checker finds it before a run.
    pub fn compile(text: &str) -> Result<Self, String> {
        let mut texts = TextsBuilder::default();
        let id = texts.template(text);
        Ok(Self { texts: texts.build()?, id })
    }

    /// The body that asks about one value, under the name `input`.
    ///
    /// # Errors
    /// When the value can't be put in. The message holds no value.
    pub fn of_one(&self, input: &Value) -> Result<String, Problem> {
        self.render("input", input.clone())
    }

    /// The body that asks about several values, under the name `inputs`.
    ///
    /// # Errors
    /// When a value can't be put in. The message holds no value.
    pub fn of_several(&self, inputs: Vec<Value>) -> Result<String, Problem> {
        self.render("inputs", Value::array(inputs))
    }

    fn render(&self, name: &str, value: Value) -> Result<String, Problem> {
        self.texts.render(&self.id, &names(vec![(name.into(), value)]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_in_is_escaped() {
        let body = Body::compile(r#"{"input": {{ input | tojson }}, "dimensions": 8}"#).unwrap();
        let text = body.of_one(&Value::text("a \"b\"\n</c>")).unwrap();
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(json["input"], "a \"b\"\n</c>");
        let body = Body::compile(r#"{"input": {{ inputs | tojson }}}"#).unwrap();
        let text = body.of_several(vec![Value::text("a"), Value::Int(2)]).unwrap();
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(json, serde_json::json!({ "input": ["a", 2] }));
    }

    #[test]
    fn nothing_is_sent_of_nothing() {
        let body = Body::compile("{{ input }}").unwrap();
        let problem = body.of_one(&Value::Null).unwrap_err();
        assert_eq!(problem.reason, "template");
    }
}
