//! Templates and expressions: the only home of MiniJinja.
//!
//! All texts of a phase share one environment in which printing null or missing is an error unless
//! `default` is used, and `default` serves for null as for missing.

use std::cmp::Ordering;
use std::ops::Range;
use std::sync::Arc;

use minijinja::value::Rest;
use minijinja::{Environment, Error, ErrorKind, Expression, UndefinedBehavior};
use self_cell::self_cell;

use super::bridge::{decimal_of, from_jinja, is_decimal, to_jinja};
use super::walk;
use crate::value::{Problem, Value};

/// What a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextKind {
    /// A MiniJinja expression.
    Expression,
    /// A MiniJinja template.
    Template,
}

/// What a text uses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Analysis {
    /// Names that must come from outside, at each place, with the fields reached through them.
    pub names: Vec<Name>,
    /// Filters, tests and functions that do not exist: what it is, its name, where.
    pub unknown: Vec<(&'static str, String, Range<usize>)>,
    /// Operands of arithmetic, as paths from a name: `+ - * / // % **` and unary minus.
    pub arithmetic: Vec<Name>,
}

/// A name at one place of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The name, then the fields reached through it (`item.details.text`).
    pub path: Vec<String>,
    /// Where it stands, in bytes.
    pub range: Range<usize>,
}

/// Why a text can't be compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// Where in the text, in bytes.
    pub range: Range<usize>,
    /// A sentence.
    pub message: String,
}

/// Parses a text and says what it uses.
///
/// # Errors
/// When it is no template or expression.
pub fn analyse(text: &str, kind: TextKind) -> Result<Analysis, SyntaxError> {
    walk::analyse(text, kind)
}

/// The filters that texts can use.
pub fn filters() -> &'static [&'static str] {
    &[
        "abs",
        "attr",
        "batch",
        "bool",
        "capitalize",
        "chain",
        "count",
        "d",
        "default",
        "dictsort",
        "e",
        "escape",
        "first",
        "float",
        "format",
        "groupby",
        "indent",
        "int",
        "items",
        "join",
        "last",
        "length",
        "lines",
        "list",
        "lower",
        "map",
        "max",
        "min",
        "pprint",
        "reject",
        "rejectattr",
        "replace",
        "reverse",
        "round",
        "safe",
        "select",
        "selectattr",
        "slice",
        "sort",
        "split",
        "string",
        "sum",
        "title",
        "tojson",
        "trim",
        "unique",
        "upper",
        "zip",
    ]
}

/// The tests that texts can use.
pub fn tests() -> &'static [&'static str] {
    &[
        "!=",
        "<",
        "<=",
        "==",
        ">",
        ">=",
        "boolean",
        "defined",
        "divisibleby",
        "endingwith",
        "eq",
        "equalto",
        "escaped",
        "even",
        "false",
        "filter",
        "float",
        "ge",
        "greaterthan",
        "gt",
        "in",
        "int",
        "integer",
        "iterable",
        "le",
        "lessthan",
        "lower",
        "lt",
        "mapping",
        "ne",
        "none",
        "number",
        "odd",
        "safe",
        "sameas",
        "sequence",
        "startingwith",
        "string",
        "test",
        "true",
        "undefined",
        "upper",
    ]
}

/// The functions that texts can use.
pub fn functions() -> &'static [&'static str] {
    &["dict", "namespace", "range"]
}

type Expressions<'env> = Vec<Expression<'env, 'static>>;

self_cell!(
    struct Compiled {
        owner: Environment<'static>,
        #[not_covariant]
        dependent: Expressions,
    }
);

/// The compiled texts of a phase.
pub(super) struct Texts {
    compiled: Compiled,
}

/// Collects texts before they are compiled together.
#[derive(Default)]
pub(super) struct TextsBuilder {
    templates: Vec<String>,
    expressions: Vec<String>,
}

/// A template among a phase's texts.
#[derive(Clone, Debug)]
pub(super) struct TemplateId(String);

/// An expression among a phase's texts.
#[derive(Clone, Copy, Debug)]
pub(super) struct ExpressionId(usize);

impl TextsBuilder {
    pub(super) fn template(&mut self, text: &str) -> TemplateId {
        self.templates.push(text.to_owned());
        TemplateId((self.templates.len() - 1).to_string())
    }

    pub(super) fn expression(&mut self, text: &str) -> ExpressionId {
        self.expressions.push(text.to_owned());
        ExpressionId(self.expressions.len() - 1)
    }

    /// Compiles all.
    ///
    /// # Errors
    /// When a text has a mistake; the checker finds it before.
    pub(super) fn build(self) -> Result<Texts, String> {
        let mut environment = environment();
        for (index, text) in self.templates.into_iter().enumerate() {
            let text = walk::with_comparisons(&text, TextKind::Template, LIKE);
            environment
                .add_template_owned(index.to_string(), text)
                .map_err(|error| error.kind().to_string())?;
        }
        let compiled = Compiled::try_new(environment, |environment| {
            self.expressions
                .into_iter()
                .map(|text| {
                    let text = walk::with_comparisons(&text, TextKind::Expression, LIKE);
                    environment.compile_expression_owned(text)
                })
                .collect::<Result<Vec<_>, _>>()
                .map_err(|error| error.kind().to_string())
        })?;
        Ok(Texts { compiled })
    }
}

impl Texts {
    /// Renders a template.
    ///
    /// # Errors
    /// When it prints null or missing, or an operation fails. The message holds no value.
    pub(super) fn render(
        &self,
        id: &TemplateId,
        names: &minijinja::Value,
    ) -> Result<String, Problem> {
        self.compiled
            .borrow_owner()
            .get_template(&id.0)
            .and_then(|template| template.render(names.clone()))
            .map_err(|error| problem("template", &error))
    }

    /// Evaluates an expression.
    ///
    /// # Errors
    /// When an operation fails. The message holds no value.
    pub(super) fn evaluate(
        &self,
        id: ExpressionId,
        names: &minijinja::Value,
    ) -> Result<Value, Problem> {
        let result = self
            .compiled
            .with_dependent(|_, expressions| expressions[id.0].eval(names.clone()))
            .map_err(|error| problem("expression", &error))?;
        from_jinja(&result).ok_or_else(|| {
            Problem::new("expression", "the expression gives something that is no value")
        })
    }
}

/// The function that texts do not know, and that numbers are in where they are compared.
const LIKE: &str = "__like";

/// The names of a test that compares, and when it holds.
type Comparison = (&'static [&'static str], fn(Ordering) -> bool);

/// The tests that compare: with a decimal as a comparison does.
const COMPARISONS: &[Comparison] = &[
    (&["eq", "equalto", "=="], Ordering::is_eq),
    (&["ne", "!="], Ordering::is_ne),
    (&["lt", "lessthan", "<"], Ordering::is_lt),
    (&["le", "<="], Ordering::is_le),
    (&["gt", "greaterthan", ">"], Ordering::is_gt),
    (&["ge", ">="], Ordering::is_ge),
];

/// A number as a decimal where it is compared with one; anything else as it is.
#[expect(clippy::needless_pass_by_value, reason = "the form of a MiniJinja function")]
fn like(value: minijinja::Value, others: Rest<minijinja::Value>) -> minijinja::Value {
    if value.is_number() && others.iter().any(is_decimal) {
        decimal_of(&value).unwrap_or(value)
    } else {
        value
    }
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_debug(false);
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    environment.set_formatter(|out, state, value| {
        if value.is_none() || value.is_undefined() {
            return Err(Error::from(ErrorKind::UndefinedError));
        }
        minijinja::escape_formatter(out, state, value)
    });
    environment.add_filter("default", default_filter);
    environment.add_filter("d", default_filter);
    environment.add_function(LIKE, like);
    for (names, holds) in COMPARISONS {
        for name in *names {
            environment.add_test(*name, move |a: minijinja::Value, b: minijinja::Value| {
                let (a, b) = (like(a.clone(), Rest(vec![b.clone()])), like(b, Rest(vec![a])));
                holds(a.cmp(&b))
            });
        }
    }
    environment.remove_global("debug");
    environment
}

/// `default(other)` serves for null and missing; `default(other, true)` also for what is false or
/// empty.
fn default_filter(
    value: minijinja::Value,
    other: Option<minijinja::Value>,
    also_empty: Option<bool>,
) -> minijinja::Value {
    let absent = value.is_none() || value.is_undefined();
    if absent || (also_empty == Some(true) && !value.is_true()) {
        other.unwrap_or_else(|| minijinja::Value::from(""))
    } else {
        value
    }
}

fn problem(reason: &'static str, error: &Error) -> Problem {
    // The detail of an error may quote values, so only its kind is told.
    let message = match error.kind() {
        ErrorKind::UndefinedError => format!(
            "the {reason} uses a value that is null or missing; test it first, or use `default`"
        ),
        ErrorKind::InvalidOperation => {
            format!("the {reason} does something that this value does not allow")
        }
        kind => format!("the {reason} fails: {kind}"),
    };
    Problem::new(reason, message)
}

/// Names for one evaluation.
pub(super) fn names(pairs: Vec<(Arc<str>, Value)>) -> minijinja::Value {
    let pairs = pairs.into_iter().map(|(name, value)| (name, to_jinja(&value))).collect();
    minijinja::Value::from_object(Names(pairs))
}

/// A handful of names, found one after the other.
#[derive(Debug)]
struct Names(Vec<(Arc<str>, minijinja::Value)>);

impl minijinja::value::Object for Names {
    fn get_value(self: &Arc<Self>, key: &minijinja::Value) -> Option<minijinja::Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<minijinja::Value> {
        self.0.iter().find(|(name, _)| **name == *key).map(|(_, value)| value.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(pairs: Vec<(&str, Value)>) -> minijinja::Value {
        names(pairs.into_iter().map(|(name, value)| (Arc::from(name), value)).collect())
    }

    fn render(text: &str, pairs: Vec<(&str, Value)>) -> Result<String, Problem> {
        let mut builder = TextsBuilder::default();
        let id = builder.template(text);
        builder.build().unwrap().render(&id, &named(pairs))
    }

    fn evaluate(text: &str, pairs: Vec<(&str, Value)>) -> Result<Value, Problem> {
        let mut builder = TextsBuilder::default();
        let id = builder.expression(text);
        builder.build().unwrap().evaluate(id, &named(pairs))
    }

    #[test]
    fn printing_null_or_missing_is_a_problem_unless_default_is_used() {
        assert_eq!(render("{{ a }}", vec![("a", Value::Null)]).unwrap_err().reason, "template");
        assert_eq!(render("{{ a }}", vec![]).unwrap_err().reason, "template");
        assert_eq!(render("{{ a | default('-') }}", vec![("a", Value::Null)]).unwrap(), "-");
        assert_eq!(render("{{ a | d('-') | trim }}", vec![]).unwrap(), "-");
        assert_eq!(render("{{ a | default('-', true) }}", vec![("a", "".into())]).unwrap(), "-");
        assert_eq!(render("{{ a | default('-') }}", vec![("a", "".into())]).unwrap(), "");
        assert_eq!(render("{% if a %}x{% endif %}y", vec![]).unwrap(), "y");
    }

    #[test]
    fn values_go_in_and_come_back_unchanged() {
        let samples = [
            Value::Null,
            Value::Bool(true),
            Value::Int(i64::MIN),
            Value::Float(0.1),
            Value::text("é"),
            Value::Decimal("12345678901234567890.10".parse().unwrap()),
            Value::array(vec![Value::Int(1), Value::Null]),
        ];
        for value in samples {
            assert_eq!(evaluate("a", vec![("a", value.clone())]).unwrap(), value);
        }
        assert_eq!(
            evaluate("a.b", vec![("a", Value::object(crate::value::Object::new()))]).unwrap(),
            Value::Missing
        );
    }

    #[test]
    fn opaque_values_print_and_compare_with_their_like() {
        let price = |text: &str| Value::Decimal(text.parse().unwrap());
        assert_eq!(render("{{ a }}", vec![("a", price("1.10"))]).unwrap(), "1.10");
        assert_eq!(
            evaluate("a < b", vec![("a", price("9.5")), ("b", price("10"))]).unwrap(),
            Value::Bool(true)
        );
        assert!(evaluate("a + 1", vec![("a", price("1.10"))]).is_err());
    }

    #[test]
    fn decimals_compare_with_numbers() {
        let price = |text: &str| Value::Decimal(text.parse().unwrap());
        for (text, holds) in [
            ("a > 100", true),
            ("100 < a", true),
            ("a > 100.75", false),
            ("a == 100.50", true),
            ("a != 100.5", false),
            ("a > -1", true),
            ("-1 >= a", false),
            ("0 < a <= 100", false),
            ("0 < a <= 101", true),
            ("a > n", true),
            ("n >= a", false),
            ("a | default(0) > 100", true),
            ("(a | d(0)) < 100 or a > 100", true),
            ("a is gt(100)", true),
            ("a is le 100", false),
            ("o.a > 100 and not o.a == 3", true),
            ("missing | default(0) > 100", false),
            ("n > 5 and n < 8", true),
            ("t == 'x'", true),
            ("n == true", false),
        ] {
            let whole = Value::object([("a".to_owned(), price("100.50"))].into_iter().collect());
            let names = vec![
                ("a", price("100.50")),
                ("n", Value::Int(7)),
                ("o", whole),
                ("t", Value::text("x")),
            ];
            assert_eq!(evaluate(text, names.clone()).unwrap(), Value::Bool(holds), "{text}");
            let template = format!("{{% if {text} %}}true{{% else %}}false{{% endif %}}");
            assert_eq!(render(&template, names).unwrap(), holds.to_string(), "{text}");
        }
    }

    #[test]
    fn messages_hold_no_values() {
        let error = evaluate("a + 1", vec![("a", Value::text("secret"))]).unwrap_err();
        assert!(!error.message.contains("secret"), "{error:?}");
        let error = render("{{ a | int }}", vec![("a", Value::text("secret"))]).unwrap_err();
        assert!(!error.message.contains("secret"), "{error:?}");
    }

    #[test]
    fn the_registers_name_what_exists() {
        for filter in filters() {
            let error = evaluate(&format!("1 | {filter}"), vec![]).err();
            assert!(!format!("{error:?}").contains("unknown filter"), "{filter}");
        }
        for function in functions() {
            let error = evaluate(&format!("{function}(1)"), vec![]).err();
            assert!(!format!("{error:?}").contains("unknown function"), "{function}");
        }
        for test in tests().iter().filter(|test| test.as_bytes()[0].is_ascii_alphabetic()) {
            let error = evaluate(&format!("1 is {test}"), vec![]).err();
            assert!(!format!("{error:?}").contains("unknown test"), "{test}");
        }
    }
}
