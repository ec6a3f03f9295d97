//! What the target holds against what is expected.

use super::world::World;
use super::{Difference, FieldDifference};
use crate::connectors::value_at;
use crate::plan::{Fates, TestCase};
use crate::value::extended_json::to_text;
use crate::value::{Key, Object, Value};

/// Compares records: matched by target key where the expected one names it whole, else by all the
/// fields that it names.
pub(super) fn rows(
    world: &World,
    test: &TestCase,
    expect: &[Object],
    actual: &[Object],
) -> Vec<Difference> {
    let expect: Vec<Object> = expect.iter().map(|row| world.expected(row)).collect();
    let mut open: Vec<bool> = vec![true; actual.len()];
    let mut differences = Vec::new();
    let key_of = |row: &Object| {
        let values: Vec<Value> = world.key().iter().map(|path| at(row, path)).collect();
        if values.is_empty() { None } else { Key::new(&values).ok() }
    };
    for row in &expect {
        let key = key_of(row);
        let found = (0..actual.len()).filter(|place| open[*place]).find(|place| match &key {
            Some(key) => key_of(&actual[*place]).as_ref() == Some(key),
            None => fields(world, test.exact, row, &actual[*place]).is_empty(),
        });
        match found {
            Some(place) => {
                open[place] = false;
                let fields = fields(world, test.exact, row, &actual[place]);
                if !fields.is_empty() {
                    let key = key.map_or_else(|| text(row), |key| key.display(true));
                    differences.push(Difference::Row { key, fields });
                }
            }
            None => differences.push(Difference::Missing(text(row))),
        }
    }
    for place in (0..actual.len()).filter(|place| open[*place]) {
        differences.push(Difference::Extra(text(&actual[place])));
    }
    differences
}

/// The fields that differ.
fn fields(world: &World, exact: bool, expect: &Object, actual: &Object) -> Vec<FieldDifference> {
    let mut all: Vec<FieldDifference> = Vec::new();
    for (name, expected) in expect.iter() {
        let actual = at(actual, name);
        if !same(world, expected, &actual) {
            all.push(FieldDifference::new(name, expected, &actual));
        }
    }
    if exact {
        for (name, actual) in actual.iter() {
            let named = expect.iter().any(|(known, _)| {
                known == name || known.split('.').next().is_some_and(|root| root == name)
            });
            if !named && !same(world, &Value::Missing, actual) {
                all.push(FieldDifference::new(name, &Value::Missing, actual));
            }
        }
    }
    all
}

/// In documents a field that holds null is not one that is missing.
fn same(world: &World, expected: &Value, actual: &Value) -> bool {
    expected.same_content(actual)
        && (!world.documents
            || matches!(expected, Value::Missing) == matches!(actual, Value::Missing))
}

/// The value of a field, or at a dotted path.
fn at(row: &Object, path: &str) -> Value {
    match row.get(path) {
        Some(value) => value.clone(),
        None => {
            let row = vec![Value::object(row.clone())];
            value_at(&crate::connectors::Layout::Document, &row, path).clone()
        }
    }
}

fn text(row: &Object) -> String {
    let object = Value::object(row.clone());
    to_text(&object).unwrap_or_else(|_| format!("{row:?}"))
}

/// Compares records that did not arrive: by their number, or reason by reason in any order.
pub(super) fn fates(
    what: &'static str,
    expect: &Fates,
    mut actual: Vec<String>,
    details: Vec<String>,
) -> Option<Difference> {
    actual.sort_unstable();
    let (same, expected) = match expect {
        Fates::Count(count) => (*count == actual.len() as u64, count.to_string()),
        Fates::Reasons(reasons) => {
            let mut reasons = reasons.clone();
            reasons.sort_unstable();
            (reasons == actual, listed(&reasons))
        }
    };
    if same {
        return None;
    }
    let actual = match expect {
        Fates::Count(_) => actual.len().to_string(),
        Fates::Reasons(_) => listed(&actual),
    };
    Some(Difference::Fates { what, expected, actual, details })
}

fn listed(reasons: &[String]) -> String {
    if reasons.is_empty() { "none".to_owned() } else { reasons.join(", ") }
}
