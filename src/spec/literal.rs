//! Literals: TOML values and extended-JSON tables.

use base64::Engine as _;
use chrono::{DateTime, Utc};

use crate::diagnostics::wording::{self, or_list};
use crate::diagnostics::{Diagnostic, Diagnostics, Span, codes};
use crate::document::{Datetime, Node, NodeKind, Spanned, Table, Text};
use crate::value::{Object, Value, time};

/// The keys of extended JSON that specs know.
pub(super) const EXTENDED: &[&str] = &[
    "$null",
    "$numberInt",
    "$numberLong",
    "$numberDouble",
    "$numberDecimal",
    "$oid",
    "$uuid",
    "$binary",
    "$date",
];

/// The value that a node stands for; `None` after an error, which is told.
pub(super) fn read(node: &Node, diagnostics: &mut Diagnostics) -> Option<Spanned<Value>> {
    Some(Spanned::new(value(node, diagnostics)?, node.span))
}

/// As [`read`], but a table with other `$` keys is an object: a stage of a pipeline.
pub(super) fn read_open(node: &Node, diagnostics: &mut Diagnostics) -> Option<Value> {
    let is_operator = |table: &Table| {
        table.is_extended_json()
            && !table.entries.iter().any(|entry| EXTENDED.contains(&entry.key.as_str()))
    };
    match &node.kind {
        NodeKind::Table(table) if !table.is_extended_json() || is_operator(table) => {
            let fields: Vec<_> = table
                .entries
                .iter()
                .map(|entry| Some((entry.key.shared(), read_open(&entry.value, diagnostics)?)))
                .collect();
            fields.into_iter().collect::<Option<Object>>().map(Value::object)
        }
        NodeKind::Array(nodes) => {
            let values: Vec<_> = nodes.iter().map(|node| read_open(node, diagnostics)).collect();
            values.into_iter().collect::<Option<_>>().map(Value::array)
        }
        _ => value(node, diagnostics),
    }
}

/// The values of a list of records; those that were refused are left out.
pub(super) fn records(
    table: &Table,
    key: &str,
    diagnostics: &mut Diagnostics,
) -> Vec<Spanned<Value>> {
    let nodes = table.get(key).and_then(Node::as_array).unwrap_or(&[]);
    nodes.iter().filter_map(|node| read(node, diagnostics)).collect()
}

fn value(node: &Node, diagnostics: &mut Diagnostics) -> Option<Value> {
    Some(match &node.kind {
        NodeKind::Text(text) => Value::Text(text.shared()),
        NodeKind::Integer(integer) => Value::Int(*integer),
        NodeKind::Float(float) => Value::Float(*float),
        NodeKind::Boolean(boolean) => Value::Bool(*boolean),
        NodeKind::Datetime(Datetime::Date(date)) => Value::Date(*date),
        NodeKind::Datetime(Datetime::Time(time)) => Value::Time(*time),
        NodeKind::Datetime(Datetime::DateTime(datetime)) => Value::DateTime(*datetime),
        NodeKind::Datetime(Datetime::Timestamp(moment)) => Value::Timestamp(*moment),
        NodeKind::Array(nodes) => {
            // Not cut short, so that every element's mistake is told.
            let values: Vec<Option<Value>> =
                nodes.iter().map(|node| value(node, diagnostics)).collect();
            Value::array(values.into_iter().collect::<Option<_>>()?)
        }
        NodeKind::Table(table) if table.is_extended_json() => {
            extended(table, node.span, diagnostics)?
        }
        NodeKind::Table(table) => {
            let fields: Vec<_> = table
                .entries
                .iter()
                .map(|entry| Some((entry.key.shared(), value(&entry.value, diagnostics)?)))
                .collect();
            Value::object(fields.into_iter().collect::<Option<Object>>()?)
        }
        NodeKind::Invalid => return None,
    })
}

fn extended(table: &Table, place: Span, diagnostics: &mut Diagnostics) -> Option<Value> {
    let [entry] = &table.entries[..] else {
        diagnostics.push(
            Diagnostic::new(&codes::BAD_LITERAL, "a literal in extended JSON has one key")
                .at(place, "has several"),
        );
        return None;
    };
    let key = entry.key.as_str();
    if entry.value.is_invalid() {
        return None;
    }
    if !EXTENDED.contains(&key) {
        diagnostics.push(
            Diagnostic::new(&codes::BAD_LITERAL, format!("there is no literal `{key}`"))
                .at(entry.key.span(), "not a key of extended JSON")
                .help(match wording::suggest(key, EXTENDED.iter().copied()) {
                    Some(known) => format!("did you mean `{known}`?"),
                    None => format!("write {}", or_list(EXTENDED)),
                }),
        );
        return None;
    }
    let text = entry.value.as_text().map(Text::as_str);
    let (value, expected) = match key {
        "$null" => (
            matches!(entry.value.kind, NodeKind::Boolean(true)).then_some(Value::Null),
            "expected true",
        ),
        "$numberInt" => (
            text.and_then(|text| text.parse::<i32>().ok()).map(|number| Value::Int(number.into())),
            "expected the digits of a 32-bit integer, as text",
        ),
        "$numberLong" => (
            text.and_then(|text| text.parse().ok()).map(Value::Int),
            "expected the digits of a 64-bit integer, as text",
        ),
        "$numberDouble" => (text.and_then(double).map(Value::Float), "expected a number, as text"),
        "$numberDecimal" => (
            text.filter(|text| text.len() <= 10_000)
                .and_then(|text| text.parse().ok())
                .map(Value::Decimal),
            "expected a decimal number, as text",
        ),
        "$oid" => (
            text.and_then(|text| text.parse().ok()).map(Value::ObjectId),
            "expected 24 hexadecimal digits",
        ),
        "$uuid" => (
            text.and_then(|text| text.parse().ok()).map(Value::Uuid),
            "expected a UUID such as \"6f1c3d2e-8a4b-4f0d-9c55-0b7f2c1d9e11\"",
        ),
        "$binary" => (binary(&entry.value), "expected base64, or { base64 = …, subType = … }"),
        _ => (
            date(&entry.value).map(Value::Timestamp),
            "expected a moment such as \"2024-01-31T14:30:00Z\"",
        ),
    };
    if value.is_none() {
        diagnostics.push(
            Diagnostic::new(&codes::BAD_LITERAL, format!("`{key}` can't hold this"))
                .at(entry.value.span, expected),
        );
    }
    value
}

fn double(text: &str) -> Option<f64> {
    match text {
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        "NaN" => Some(f64::NAN),
        // Rust's own words for these are not extended JSON's.
        _ if text.contains(['i', 'I', 'n', 'N']) => None,
        _ => text.parse().ok().filter(|number: &f64| number.is_finite()),
    }
}

fn binary(node: &Node) -> Option<Value> {
    let (text, sub_type) = match &node.kind {
        NodeKind::Text(text) => (text.as_str(), None),
        NodeKind::Table(table) => {
            if table.entries.iter().any(|e| !matches!(e.key.as_str(), "base64" | "subType")) {
                return None;
            }
            let sub_type = match table.get("subType") {
                Some(node) => Some(u8::from_str_radix(node.as_text()?, 16).ok()?),
                None => None,
            };
            (table.get("base64")?.as_text()?.as_str(), sub_type)
        }
        _ => return None,
    };
    let bytes = base64::engine::general_purpose::STANDARD.decode(text).ok()?;
    match sub_type {
        None | Some(0) => Some(Value::bytes(bytes)),
        Some(4) => uuid::Uuid::from_slice(&bytes).ok().map(Value::Uuid),
        // Others have a meaning that bytes alone would lose.
        Some(_) => None,
    }
}

fn date(node: &Node) -> Option<DateTime<Utc>> {
    match &node.kind {
        NodeKind::Text(text) => time::parse_timestamp(text),
        NodeKind::Datetime(Datetime::Timestamp(moment)) => Some(*moment),
        NodeKind::Table(table) => match &table.entries[..] {
            [entry] if entry.key.as_str() == "$numberLong" => {
                DateTime::from_timestamp_millis(entry.value.as_text()?.parse().ok()?)
            }
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::SourceMap;
    use crate::document;

    fn literal(toml: &str) -> Result<Value, String> {
        let text = format!("v = {toml}");
        let source = SourceMap::new().add("a.toml", text.as_str());
        let mut diagnostics = Diagnostics::new();
        let document = document::parse(source, &text, &mut diagnostics).unwrap();
        let value = read(document.root.get("v").unwrap(), &mut diagnostics);
        assert_eq!(value.is_none(), diagnostics.has_errors());
        value.map(|value| value.value).ok_or_else(|| {
            diagnostics.sorted()[0].message.clone() + ": " + &diagnostics.sorted()[0].labels[0].text
        })
    }

    #[test]
    fn toml_values_are_their_own_literals() {
        assert_eq!(literal("'a'"), Ok(Value::text("a")));
        assert_eq!(literal("[1, 2.5, true]").unwrap().as_array().unwrap().len(), 3);
        assert_eq!(literal("2024-01-31").unwrap().canonical_text().unwrap(), "2024-01-31");
        assert_eq!(
            literal("2024-01-31T10:00:00+01:00").unwrap().canonical_text().unwrap(),
            "2024-01-31T09:00:00Z"
        );
        let object = literal("{ b = 1, a = { c = [] } }").unwrap();
        let names: Vec<_> = object.as_object().unwrap().iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["b", "a"], "in order");
    }

    #[test]
    fn extended_json_says_what_toml_cannot() {
        assert_eq!(literal("{ '$null' = true }"), Ok(Value::Null));
        assert_eq!(literal("{ '$numberLong' = '-9' }"), Ok(Value::Int(-9)));
        assert_eq!(
            literal("{ '$numberDecimal' = '1.10' }"),
            Ok(Value::Decimal("1.10".parse().unwrap()))
        );
        assert_eq!(
            literal("{ '$numberDouble' = '-Infinity' }"),
            Ok(Value::Float(f64::NEG_INFINITY))
        );
        assert_eq!(literal("{ '$binary' = 'AQI=' }"), Ok(Value::bytes([1, 2])));
        assert!(matches!(
            literal("{ '$binary' = { base64 = 'AAAAAAAAAAAAAAAAAAAAAA==', subType = '04' } }"),
            Ok(Value::Uuid(_))
        ));
        assert_eq!(
            literal("{ '$date' = { '$numberLong' = '0' } }").unwrap().canonical_text().unwrap(),
            "1970-01-01T00:00:00Z"
        );
        assert!(matches!(
            literal("{ '$oid' = '507f1f77bcf86cd799439011' }"),
            Ok(Value::ObjectId(_))
        ));
    }

    #[test]
    fn a_literal_that_cannot_be_held_is_told() {
        for bad in [
            "{ '$null' = 1 }",
            "{ '$numberInt' = '3000000000' }",
            "{ '$numberLong' = 5 }",
            "{ '$numberDouble' = 'inf' }",
            "{ '$numberDecimal' = 'x' }",
            "{ '$oid' = '17' }",
            "{ '$uuid' = 'x' }",
            "{ '$binary' = '?' }",
            "{ '$binary' = { base64 = 'AQI=', subType = '03' } }",
            "{ '$date' = 'soon' }",
        ] {
            assert!(literal(bad).unwrap_err().contains("can't hold this: expected"), "{bad}");
        }
        assert!(literal("[{ '$guid' = 'x' }]").unwrap_err().starts_with("there is no literal"));
        assert!(literal("{ '$oid' = 'x', a = 1 }").unwrap_err().contains("one key"));
    }
}
