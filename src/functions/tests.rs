use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::value::{Kind, Object, ObjectId, extended_json, time};

/// A constant of the spec language.
fn literal(value: &toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::text(text),
        toml::Value::Integer(number) => Value::Int(*number),
        toml::Value::Float(number) => Value::Float(*number),
        toml::Value::Boolean(truth) => Value::Bool(*truth),
        toml::Value::Datetime(at) => panic!("no example has a TOML time: {at}"),
        toml::Value::Array(values) => Value::array(values.iter().map(literal).collect()),
        toml::Value::Table(table) => {
            let fields = table.iter().map(|(name, value)| (name.as_str(), literal(value)));
            Value::object(fields.collect())
        }
    }
}

/// The value of an example.
fn example(text: &str) -> Value {
    let value = extended_json::parse(text).unwrap();
    let local = value.as_object().filter(|object| object.len() == 1).and_then(|object| {
        let text = |name| object.get(name).and_then(Value::as_text);
        match text("date") {
            Some(date) => time::parse_date(date).map(Value::Date),
            None => time::parse_date_time(text("datetime")?).map(Value::DateTime),
        }
    });
    local.unwrap_or(value)
}

/// Binds what stands in `apply`.
fn applied(apply: &str) -> Result<Box<dyn Transform>, BindError> {
    let table: toml::Table = toml::from_str(&format!("apply = {apply}")).unwrap();
    let (name, arguments) = match &table["apply"] {
        toml::Value::String(name) => (name, vec![]),
        toml::Value::Table(call) => {
            let (name, arguments) = call.iter().next().unwrap();
            let arguments = match arguments {
                toml::Value::Table(named) => named
                    .iter()
                    .map(|(name, value)| (Some(name.clone()), Argument::Constant(literal(value))))
                    .collect(),
                value => vec![(None, Argument::Constant(literal(value)))],
            };
            (name, arguments)
        }
        other => panic!("`apply` is a name or a table, not {other}"),
    };
    bind(find(name).unwrap_or_else(|| panic!("there is no `{name}`")), arguments)
}

fn refused(apply: &str) -> String {
    applied(apply).err().unwrap_or_else(|| panic!("{apply} is bound")).0
}

/// One value of every kind.
fn one_of_each() -> Vec<Value> {
    let at = chrono::DateTime::from_timestamp(1_706_704_200, 0).unwrap();
    let values = vec![
        Value::Missing,
        Value::Null,
        Value::Bool(true),
        Value::Int(i64::MIN),
        Value::Float(f64::INFINITY),
        Value::Decimal("-1234567890123456789012.345".parse().unwrap()),
        Value::text("été -1,5%"),
        Value::bytes([0, 255]),
        Value::Date(chrono::NaiveDate::MAX),
        Value::Time(at.time()),
        Value::DateTime(chrono::NaiveDateTime::MIN),
        Value::Timestamp(at),
        Value::Uuid(uuid::Uuid::nil()),
        Value::ObjectId(ObjectId([1; 12])),
        Value::array(vec![Value::Null, Value::Int(1), Value::text("a")]),
        Value::object([("a", Value::Null)].into_iter().collect::<Object>()),
    ];
    let kinds: BTreeSet<Kind> = values.iter().map(Value::kind).collect();
    assert_eq!(kinds.len(), 16);
    values
}

#[test]
fn the_register_is_sorted_and_described() {
    let order: Vec<_> = ALL.iter().map(|function| (function.category(), function.name())).collect();
    assert!(order.is_sorted(), "{order:?}");
    let names: BTreeSet<_> = ALL.iter().map(|function| function.name()).collect();
    assert_eq!(names.len(), ALL.len());
    for function in ALL {
        let (name, summary) = (function.name(), function.summary());
        assert!(function.examples().len() >= 2, "{name} has too few examples");
        assert!(summary.ends_with('.') && summary.starts_with(char::is_uppercase), "{name}");
        assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'));
        let mut optional = false;
        for parameter in function.parameters() {
            assert!(!(optional && parameter.required), "{name}: required ones come first");
            optional = !parameter.required;
        }
    }
}

#[test]
fn every_example_holds() {
    for function in ALL {
        for example in function.examples() {
            let named = format!("{} of {}", example.apply, function.name());
            assert!(example.apply.contains(function.name()), "{named}");
            let transform = applied(example.apply).unwrap_or_else(|e| panic!("{named}: {e}"));
            let given = self::example(example.given);
            match (transform.apply(given, &[]), example.gives) {
                (Ok(value), Ok(expected)) => {
                    assert_eq!(value, self::example(expected), "{named} on {}", example.given);
                }
                (Err(problem), Err(reason)) => assert_eq!(problem.reason, reason, "{named}"),
                (result, _) => panic!("{named} on {} gives {result:?}", example.given),
            }
        }
    }
}

#[test]
fn what_comes_out_is_of_the_declared_type() {
    for function in ALL {
        for example in function.examples() {
            if let Ok(gives) = example.gives {
                let fitted = crate::value::cast::fit(self::example(gives), &function.returns());
                assert!(fitted.is_ok(), "{} of {}", example.apply, function.name());
            }
        }
    }
}

#[test]
fn no_kind_of_value_panics_and_no_problem_tells_a_value() {
    for function in ALL {
        for example in function.examples() {
            let transform = applied(example.apply).unwrap();
            for value in one_of_each() {
                let result = transform.apply(value.clone(), &[]);
                if let Err(problem) = result {
                    let tells = value
                        .canonical_text()
                        .is_some_and(|text| text.len() > 4 && problem.message.contains(&*text));
                    assert!(!tells && !problem.message.is_empty(), "{}", problem.message);
                }
            }
        }
    }
}

/// Arguments of which the one for `parameter` comes from the record, the required others are
/// constants of their kind, and the rest are left out.
fn one_dynamic(function: &dyn Function, parameter: usize) -> Vec<(Option<String>, Argument)> {
    let fill = |(index, declared): (usize, &Parameter)| {
        let argument = match declared.kind {
            _ if index == parameter => Argument::Dynamic(0),
            _ if !declared.required => return None,
            ParameterKind::Text => Argument::Constant("a".into()),
            ParameterKind::TextList => Argument::Constant(Value::array(vec![])),
            _ => Argument::Constant(Value::Int(1)),
        };
        Some((Some(declared.name.to_owned()), argument))
    };
    function.parameters().iter().enumerate().filter_map(fill).collect()
}

#[test]
fn no_kind_of_argument_panics() {
    let mut bound = 0;
    for function in ALL {
        for parameter in 0..function.parameters().len() {
            let Ok(transform) = bind(*function, one_dynamic(*function, parameter)) else {
                continue;
            };
            bound += 1;
            for argument in one_of_each() {
                for value in one_of_each() {
                    let _ = transform.apply(value, std::slice::from_ref(&argument));
                }
            }
        }
    }
    assert!(bound > 15, "only {bound} parameters take what a record holds");
}

#[test]
fn wrong_kinds_are_named() {
    let problem = applied("{ round = 2 }").unwrap().apply("2.345".into(), &[]).unwrap_err();
    assert_eq!(problem.message, "`round` takes a number, not text");
}

#[test]
fn arguments_that_do_not_fit_are_refused_before_a_run() {
    for (apply, message) in [
        (r"{ trim = 1 }", "`trim` takes no arguments"),
        (
            r#"{ pad_left = { with = "0" } }"#,
            "`pad_left` needs `length`: characters in all; longer text stays as it is",
        ),
        (
            r"{ pad_left = { lenght = 5 } }",
            "`pad_left` has no parameter `lenght`; it has `length`, `with`",
        ),
        (r#"{ pad_left = "six" }"#, "`length` of `pad_left` takes a whole number, not text"),
        (r"{ pad_left = 1000000000 }", "`length` of `pad_left` is from 0 to 100000"),
        (r#"{ add = "ten" }"#, "`number` of `add` takes a number, not text that is no number"),
        (r"{ pick = [1] }", "`fields` of `pick` takes a list of text, not a list with integer"),
        (r#"{ extract = "(" }"#, "`pattern` of `extract` is no regular expression"),
        (
            r#"{ round = { digits = 2, mode = "banker" } }"#,
            "`mode` of `round` is one of \"half_even\", \"half_up\", \"down\", \"up\", \"floor\", \"ceiling\"",
        ),
    ] {
        assert_eq!(refused(apply), message, "{apply}");
    }
    for apply in [
        r#"{ add_duration = "1 month" }"#,
        r#"{ add_duration = "1y" }"#,
        r"{ clamp = { from = 2, to = 1 } }",
        r#"{ split = "" }"#,
        r#"{ extract = { pattern = "a", group = 1 } }"#,
        r#"{ start_of = { unit = "day", timezone = "Mars" } }"#,
        r"{ merge = { with = 1 } }",
    ] {
        assert!(!refused(apply).is_empty());
    }
    let twice = vec![
        (None, Argument::Constant(Value::Int(1))),
        (Some("digits".to_owned()), Argument::Constant(Value::Int(2))),
    ];
    let error = bind(find("round").unwrap(), twice).err().unwrap();
    assert_eq!(error.0, "`digits` of `round` is given twice");
}

#[test]
fn arguments_come_from_the_record_where_that_makes_sense() {
    let add = find("add").unwrap();
    let sum = bind(add, vec![(None, Argument::Dynamic(1))]).unwrap();
    let record = [Value::Null, Value::Float(0.2)];
    assert_eq!(sum.apply(Value::Float(0.1), &record), Ok(Value::Decimal("0.3".parse().unwrap())));
    let problem = bind(add, vec![(None, Argument::Dynamic(0))])
        .unwrap()
        .apply(Value::Int(1), &record)
        .unwrap_err();
    assert_eq!(problem.message, "`number` of `add` takes a number, not null");
    let error = bind(find("extract").unwrap(), vec![(None, Argument::Dynamic(0))]).err().unwrap();
    assert_eq!(error.0, "`pattern` of `extract` is written in the spec, not taken from the record");
}

proptest! {
    #[test]
    fn adding_and_subtracting_cancel_out(left in "-?[0-9]{1,20}(\\.[0-9]{1,9})?", right in "-?[0-9]{1,20}(\\.[0-9]{1,9})?") {
        let (left, right) = (decimal(&left), decimal(&right));
        let run = |name: &str, value: Value| {
            let argument = vec![(None, Argument::Constant(right.clone()))];
            bind(find(name).unwrap(), argument).unwrap().apply(value, &[]).unwrap()
        };
        prop_assert!(run("subtract", run("add", left.clone())).same_content(&left));
    }

    #[test]
    fn division_is_the_nearest_number(left in -10_000_i64..10_000, right in 1_i64..500, negative: bool) {
        let right = if negative { -right } else { right };
        let named = |name: &str, value: Value| (Some(name.to_owned()), Argument::Constant(value));
        let divide = |mode: &str| {
            let arguments =
                vec![named("by", right.into()), named("digits", 0.into()), named("mode", mode.into())];
            let quotient = bind(find("divide").unwrap(), arguments).unwrap();
            match quotient.apply(left.into(), &[]) {
                Ok(Value::Int(number)) => number,
                other => panic!("{other:?}"),
            }
        };
        let floor = left.div_euclid(right.abs()) * right.signum();
        let floor = if right < 0 && left.rem_euclid(right.abs()) != 0 { floor - 1 } else { floor };
        prop_assert_eq!(divide("floor"), floor);
        prop_assert_eq!(divide("ceiling"), if left % right == 0 { floor } else { floor + 1 });
        prop_assert_eq!(divide("down"), left / right);
        let nearest = divide("half_even");
        let distance = (2 * (left - nearest * right)).abs();
        prop_assert!(distance < right.abs() || (distance == right.abs() && nearest % 2 == 0));
        let away = (2 * left.abs() + right.abs()) / (2 * right.abs());
        prop_assert_eq!(divide("half_up"), away * left.signum() * right.signum());
    }
}

fn decimal(text: &str) -> Value {
    Value::Decimal(text.parse().unwrap())
}
