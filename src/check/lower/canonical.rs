//! One spelling for everything that has one meaning, to compute checksums of.
//!
//! Objects are sorted by key, so that order in the file does not count where it has no meaning.

use chrono_tz::Tz;
use serde_json::{Map, Value as Json, json};

use crate::expr::{
    ArgumentExpr, Expr, IdKind, IdRule, LookupCall, Mapping, OnError, OnMissing, Origin, Path,
    Rule, Step,
};
use crate::plan::{Lookup, LookupKind, OnMany};
use crate::value::query::{Comparison, Filter};
use crate::value::{FieldPath, IndexKey, Object, Value};

/// SHA-256 of a canonical form, in hexadecimal.
pub(in crate::check) fn digest(form: &Json) -> String {
    use sha2::{Digest as _, Sha256};
    let mut text = String::new();
    spell(form, &mut text);
    hex::encode(Sha256::digest(text.as_bytes()))
}

/// JSON with sorted keys and without blanks.
fn spell(form: &Json, text: &mut String) {
    match form {
        Json::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| *name);
            text.push('{');
            for (at, (name, value)) in fields.into_iter().enumerate() {
                if at > 0 {
                    text.push(',');
                }
                spell(&Json::String(name.clone()), text);
                text.push(':');
                spell(value, text);
            }
            text.push('}');
        }
        Json::Array(values) => {
            text.push('[');
            for (at, value) in values.iter().enumerate() {
                if at > 0 {
                    text.push(',');
                }
                spell(value, text);
            }
            text.push(']');
        }
        other => text.push_str(&other.to_string()),
    }
}

/// A value, with its kind where JSON has several for it.
pub(in crate::check) fn value(of: &Value) -> Json {
    match of {
        Value::Null => Json::Null,
        Value::Bool(truth) => json!(truth),
        Value::Int(number) => json!(number),
        Value::Text(text) => json!(&**text),
        Value::Array(values) => values.iter().map(value).collect(),
        Value::Object(fields) => json!({ "$object": object(fields) }),
        other => json!({ format!("${}", other.kind()): other.canonical_text() }),
    }
}

fn object(fields: &Object) -> Json {
    fields.iter().map(|(name, field)| (name.to_owned(), value(field))).collect::<Map<_, _>>().into()
}

/// A mapping with the lookups that it uses.
pub(super) fn mapping(of: &Mapping, lookups: &[Lookup]) -> Json {
    let forms = Forms { lookups };
    let mut form = json!({
        "let": of.lets.iter().map(|(name, of)| (name.clone(), forms.expr(of))).collect::<Map<_, _>>(),
        "fields": forms.fields(&of.fields),
        "skip": rules(&of.skip),
        "reject": rules(&of.reject),
        "explode": of.explode.as_ref().map(Path::text),
        "as": of.element,
    });
    if !of.inputs.is_empty() {
        form["inputs"] = forms.exprs(&of.inputs);
    }
    form
}

fn rules(of: &[Rule]) -> Json {
    of.iter().map(|rule| json!([rule.when, rule.reason])).collect()
}

struct Forms<'a> {
    lookups: &'a [Lookup],
}

impl Forms<'_> {
    fn fields(&self, of: &[(FieldPath, Expr)]) -> Json {
        let fields = of.iter().map(|(path, of)| (json!(path.parts()).to_string(), self.expr(of)));
        fields.collect::<Map<_, _>>().into()
    }

    fn exprs(&self, of: &[Expr]) -> Json {
        of.iter().map(|of| self.expr(of)).collect()
    }

    fn expr(&self, of: &Expr) -> Json {
        json!({
            "origin": self.origin(&of.origin),
            "steps": of.steps.iter().map(|step| self.step(step)).collect::<Json>(),
            "default": of.default.as_ref().map(value),
            "on_error": match of.on_error {
                OnError::Reject => "reject",
                OnError::Null => "null",
                OnError::Default => "default",
            },
        })
    }

    fn origin(&self, of: &Origin) -> Json {
        match of {
            Origin::Path(path) => json!({ "from": path.text() }),
            Origin::Value(of) => json!({ "value": value(of) }),
            Origin::Expression(text) => json!({ "expr": text }),
            Origin::Template(text) => json!({ "template": text }),
            Origin::Id(rule) => json!({ "id": id(rule) }),
            Origin::Each(path) => json!({ "each": path.text() }),
            Origin::First { alternatives, on_missing } => {
                json!({ "first": [self.exprs(alternatives), missing(*on_missing)] })
            }
            Origin::Lookup(LookupCall { lookup, keys, on_missing }) => json!({
                "lookup": [
                    self.lookups.get(*lookup).map(lookup_form),
                    self.exprs(keys),
                    missing(*on_missing),
                ],
            }),
        }
    }

    fn step(&self, of: &Step) -> Json {
        match of {
            Step::Apply { function, arguments } => {
                let arguments = arguments.iter().map(|(name, argument)| match argument {
                    ArgumentExpr::Value(of) => json!([name, "value", value(of)]),
                    ArgumentExpr::Path(path) => json!([name, "path", path.text()]),
                });
                let mut arguments: Vec<Json> = arguments.collect();
                arguments.sort_by_key(ToString::to_string);
                json!({ "apply": [function, arguments] })
            }
            Step::Parse { pattern, timezone } => {
                json!({ "parse": [pattern, zone(*timezone)] })
            }
            Step::Cast { to, timezone } => {
                json!({ "cast": [to.to_string(), zone(*timezone)] })
            }
            Step::Crosswalk(crosswalk) => json!({
                "crosswalk": [
                    crosswalk
                        .codes
                        .iter()
                        .map(|(code, of)| (code.clone(), value(of)))
                        .collect::<Map<_, _>>(),
                    crosswalk.otherwise.as_ref().map(value),
                ],
            }),
            Step::Object(fields) => json!({ "object": self.fields(fields) }),
            Step::Extend { fields, without } => {
                let mut without = without.clone();
                without.sort();
                json!({ "extend": [self.fields(fields), without] })
            }
            Step::Format { pattern, timezone } => {
                json!({ "format": [pattern, zone(*timezone)] })
            }
        }
    }
}

fn zone(timezone: Option<Tz>) -> Option<&'static str> {
    timezone.map(Tz::name)
}

fn id(rule: &IdRule) -> Json {
    let kind = match &rule.kind {
        IdKind::Uuid(namespace) => json!(["uuid", namespace.map(|id| id.to_string())]),
        IdKind::ObjectId => json!(["objectid"]),
        IdKind::Keep => json!(["keep"]),
    };
    json!([kind, rule.spec, rule.phase, rule.name])
}

fn missing(of: OnMissing) -> &'static str {
    match of {
        OnMissing::Reject => "reject",
        OnMissing::Null => "null",
        OnMissing::Default => "default",
        OnMissing::Skip => "skip",
    }
}

fn lookup_form(of: &Lookup) -> Json {
    match &of.kind {
        LookupKind::Phase { phase } => json!(["phase", phase, of.stub]),
        // The connection's place in the plan depends on what else is run: what counts is the table.
        LookupKind::Entity { entity, take, by, on_many, .. } => {
            let on_many = match on_many {
                OnMany::Reject => "reject",
                OnMany::First => "first",
                OnMany::Last => "last",
                OnMany::All => "all",
            };
            json!(["entity", entity, take, by, on_many, of.stub])
        }
    }
}

/// A filter.
pub(in crate::check) fn filter(of: &Filter) -> Json {
    let all = |parts: &[Filter]| parts.iter().map(filter).collect::<Json>();
    let tuple = |values: &[Value]| values.iter().map(value).collect::<Json>();
    match of {
        Filter::All => json!("all"),
        Filter::And(parts) => json!({ "and": all(parts) }),
        Filter::Or(parts) => json!({ "or": all(parts) }),
        Filter::Not(part) => json!({ "not": filter(part) }),
        Filter::Compare { path, operator, value: with } => {
            let operator = match operator {
                Comparison::Equal => "eq",
                Comparison::NotEqual => "ne",
                Comparison::Less => "lt",
                Comparison::LessOrEqual => "lte",
                Comparison::Greater => "gt",
                Comparison::GreaterOrEqual => "gte",
            };
            json!([path, operator, value(with)])
        }
        Filter::In { path, values } => json!([path, "in", tuple(values)]),
        Filter::Exists { path, exists } => json!([path, "exists", exists]),
        Filter::Tuples { paths, tuples } => {
            json!([paths, "tuples", tuples.iter().map(|of| tuple(of)).collect::<Json>()])
        }
        Filter::After { paths, tuple: of } => json!([paths, "after", tuple(of)]),
        Filter::UpTo { paths, tuple: of } => json!([paths, "up_to", tuple(of)]),
    }
}

/// Keys of an index or a sort order.
pub(super) fn keys(of: &[IndexKey]) -> Json {
    of.iter().map(|key| json!([key.path, key.descending])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_in_objects_does_not_count_and_kinds_do() {
        let one = json!({ "a": 1, "b": [1, 2] });
        let same = serde_json::from_str(r#"{ "b": [1, 2], "a": 1 }"#).unwrap();
        assert_eq!(digest(&one), digest(&same));
        assert_ne!(digest(&one), digest(&json!({ "a": 1, "b": [2, 1] })));
        assert_ne!(value(&Value::text("1")), value(&Value::Int(1)));
        assert_ne!(value(&Value::Decimal("1".parse().unwrap())), value(&Value::Float(1.0)));
    }
}
