//! Filters as the server's.
//!
//! A condition lets through at least every document that the filter wants. Where it may let through
//! more, it says so, and the reader then asks [`matches`](crate::connectors::matches).

use std::collections::HashSet;

use mongodb::bson::{Binary, Bson, Document, doc, spec::BinarySubtype};

use super::codec::to_bson;
use super::position;
use super::server::Server;
use super::types::turned;
use crate::connectors::UuidOrder;
use crate::value::query::{Comparison, Filter};
use crate::value::{Decimal, Value};

/// A filter for the server.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Condition {
    /// What the server is asked; empty: all documents.
    pub(super) document: Document,
    /// Whether it lets through no more than what is wanted.
    pub(super) exact: bool,
}

/// What decides how values are spelled.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dialect {
    order: Option<UuidOrder>,
    /// Whether the server knows decimals.
    decimals: bool,
    original: bool,
    /// Whether tuples are asked for one by one, however many they are.
    strict: bool,
}

/// Tuples up to which a server other than MongoDB's own is asked for each.
const FEW: usize = 20;

impl Dialect {
    /// That of a server.
    pub(super) fn of(server: &Server) -> Self {
        Self {
            order: server.policies.uuid_order,
            decimals: !server.ferret,
            original: server.original,
            strict: false,
        }
    }

    /// The same, where no more than what is wanted may be found, as in a delete.
    pub(super) fn strictly(self) -> Self {
        Self { strict: true, ..self }
    }

    /// Renders a filter.
    pub(super) fn condition(self, filter: &Filter) -> Condition {
        match filter {
            Filter::All => all(),
            Filter::And(filters) => {
                let parts: Vec<Condition> = filters.iter().map(|f| self.condition(f)).collect();
                let exact = parts.iter().all(|part| part.exact);
                let mut documents: Vec<Document> = parts.into_iter().map(|p| p.document).collect();
                documents.retain(|document| !document.is_empty());
                let document = match documents.len() {
                    0 => Document::new(),
                    1 => documents.remove(0),
                    _ => doc! { "$and": documents },
                };
                Condition { document, exact }
            }
            Filter::Or(filters) => {
                any(filters.iter().map(|filter| self.condition(filter)).collect())
            }
            Filter::Not(inner) => {
                let inner = self.condition(inner);
                match (inner.exact, inner.document.is_empty()) {
                    (true, true) => none(),
                    (true, false) => exact(doc! { "$nor": [inner.document] }),
                    (false, _) => unknown(),
                }
            }
            Filter::Compare { path, .. }
            | Filter::In { path, .. }
            | Filter::Exists { path, .. }
                if !is_plain(path) =>
            {
                unknown()
            }
            Filter::Compare { path, operator: Comparison::Equal, value } => {
                self.one_of(path, std::slice::from_ref(value))
            }
            Filter::Compare { path, operator: Comparison::NotEqual, value } => {
                let equal = Filter::Compare {
                    path: path.clone(),
                    operator: Comparison::Equal,
                    value: value.clone(),
                };
                self.condition(&Filter::Not(Box::new(equal)))
            }
            Filter::Compare { path, operator, value } => self.range(path, *operator, value),
            Filter::In { path, values } => self.one_of(path, values),
            Filter::Exists { path, exists } => exact(doc! { path: { "$exists": *exists } }),
            Filter::Tuples { paths, tuples } => self.tuples(paths, tuples),
            Filter::After { paths, tuple } => self.after(paths, tuple),
            Filter::UpTo { paths, tuple } => match (paths.as_slice(), tuple.as_slice()) {
                ([path], [value]) if is_plain(path) => to_bson(value).map_or_else(
                    |_| unknown(),
                    |value| Condition {
                        document: position::up_to(path, &value, self.original),
                        exact: false,
                    },
                ),
                _ => unknown(),
            },
        }
    }

    fn after(self, paths: &[String], tuple: &[Value]) -> Condition {
        let values: Result<Vec<Bson>, _> = tuple.iter().map(to_bson).collect();
        match values {
            Ok(values) if paths.iter().all(|path| is_plain(path)) => {
                Condition { document: position::after(paths, &values, self.original), exact: false }
            }
            _ => unknown(),
        }
    }

    fn tuples(self, paths: &[String], tuples: &[Vec<Value>]) -> Condition {
        if let [path] = paths {
            let values: Vec<Value> = tuples.iter().filter_map(|t| t.first()).cloned().collect();
            return if is_plain(path) { self.one_of(path, &values) } else { unknown() };
        }
        if !paths.iter().all(|path| is_plain(path)) {
            return unknown();
        }
        let tuple = |tuple: &Vec<Value>| {
            let part =
                |(path, value): (&String, &Value)| self.one_of(path, std::slice::from_ref(value));
            let parts: Vec<Condition> = paths.iter().zip(tuple).map(part).collect();
            let exact = parts.iter().all(|part| part.exact);
            let names: HashSet<&String> = paths.iter().collect();
            let parts = parts.into_iter().map(|part| part.document);
            let document = if names.len() == paths.len() {
                parts.flatten().collect()
            } else {
                doc! { "$and": parts.collect::<Vec<_>>() }
            };
            Condition { document, exact }
        };
        if tuples.len() > FEW && !self.original && !self.strict {
            // Each branch costs such a server a look at each document.
            let part = |(place, path): (usize, &String)| {
                let values: Vec<Value> =
                    tuples.iter().filter_map(|tuple| tuple.get(place)).cloned().collect();
                self.one_of(path, &values).document
            };
            let all: Vec<Document> = paths.iter().enumerate().map(part).collect();
            return Condition { document: doc! { "$and": all }, exact: false };
        }
        any(tuples.iter().map(tuple).collect())
    }

    /// The spellings under which a value that equals this one may be stored, and whether nothing
    /// else is stored under them. None when it can't be stored.
    fn spellings(self, value: &Value) -> (Vec<Bson>, bool) {
        let plain = to_bson(value).ok();
        match value {
            // It would be written as text, which is not equal to it.
            Value::Time(_) => (Vec::new(), true),
            Value::Uuid(id) => {
                let mut all: Vec<Bson> = plain.into_iter().collect();
                if let Some(order) = self.order {
                    let bytes = turned(*id.as_bytes(), order).to_vec();
                    let subtype = BinarySubtype::UuidOld;
                    all.push(Bson::Binary(Binary { subtype, bytes }));
                }
                (all, true)
            }
            // A binary fraction and a decimal one may be equal for us, and not for the server. Other
            // servers than MongoDB's own may compare decimals as fractions.
            Value::Float(number) if number.is_finite() && number.fract() != 0.0 => {
                let decimal = Decimal::from_value(value).map(Value::Decimal);
                let decimal = decimal.filter(|_| self.decimals);
                let decimal = decimal.and_then(|decimal| to_bson(&decimal).ok());
                (plain.into_iter().chain(decimal).collect(), self.original || !self.decimals)
            }
            Value::Decimal(number) => {
                let whole = number.to_i64().and_then(|whole| to_bson(&Value::Int(whole)).ok());
                let float = number.to_f64().map(Value::Float);
                let float = float.filter(|float| {
                    Decimal::from_value(float).is_some_and(|float| float.same_number(number))
                });
                let float = float.and_then(|float| to_bson(&float).ok());
                let plain = plain.filter(|_| self.decimals);
                // A longer one may be what a binary fraction is exactly, and not what it reads as.
                let short = self.original && number.number().normalized().digits() <= 15;
                (plain.into_iter().chain(whole).chain(float).collect(), short)
            }
            Value::Array(_) | Value::Object(_) => (plain.into_iter().collect(), false),
            _ => (plain.into_iter().collect(), true),
        }
    }

    fn one_of(self, path: &str, values: &[Value]) -> Condition {
        let mut spelled: Vec<Bson> = Vec::with_capacity(values.len());
        let mut exact = true;
        for value in values {
            let (spellings, only) = self.spellings(value);
            exact &= only;
            spelled.extend(spellings);
        }
        let document = match spelled.as_slice() {
            // Without an operator, as some servers use the index on `_id` for this only.
            [only] if !matches!(only, Bson::Document(_)) => doc! { path: only.clone() },
            [only] => doc! { path: { "$eq": only.clone() } },
            _ => doc! { path: { "$in": spelled } },
        };
        Condition { document, exact }
    }

    fn range(self, path: &str, operator: Comparison, value: &Value) -> Condition {
        let symbol = match operator {
            Comparison::Less => "$lt",
            Comparison::LessOrEqual => "$lte",
            Comparison::Greater => "$gt",
            _ => "$gte",
        };
        let inclusive = symbol.ends_with('e');
        match value {
            // Nothing is greater or less than nothing, or than what is no number.
            Value::Missing | Value::Null if inclusive => {
                self.one_of(path, std::slice::from_ref(&Value::Null))
            }
            Value::Float(number) if number.is_nan() && inclusive => {
                self.one_of(path, std::slice::from_ref(value))
            }
            Value::Missing | Value::Null | Value::Time(_) => none(),
            Value::Float(number) if number.is_nan() => none(),
            Value::Bool(_) | Value::Int(_) | Value::Text(_) | Value::ObjectId(_) => {
                to_bson(value).map_or_else(|_| unknown(), |v| exact(doc! { path: { symbol: v } }))
            }
            Value::Float(number) if number.fract() == 0.0 || number.is_infinite() => {
                exact(doc! { path: { symbol: *number } })
            }
            Value::Float(_) | Value::Decimal(_) => self.between(path, symbol, value),
            Value::Date(_) | Value::DateTime(_) | Value::Timestamp(_) => {
                let (at, fine) = milliseconds(value);
                // Between two milliseconds, the lower one is out and the upper one is in.
                let symbol = match (fine, symbol) {
                    (true, "$lt" | "$lte") => "$lte",
                    (true, _) => "$gt",
                    (false, symbol) => symbol,
                };
                let at = mongodb::bson::DateTime::from_millis(at);
                exact(doc! { path: { symbol: at } })
            }
            // Servers order these otherwise.
            Value::Bytes(_) | Value::Uuid(_) | Value::Array(_) | Value::Object(_) => unknown(),
        }
    }

    /// A bound that a binary fraction is compared with by its text, and by the server exactly: so
    /// both spellings let through what they do, the nearest fraction included.
    fn between(self, path: &str, symbol: &str, value: &Value) -> Condition {
        let number = Decimal::from_value(value);
        let float = number.as_ref().and_then(Decimal::to_f64);
        let decimal = number.map(Value::Decimal).filter(|_| self.decimals);
        let decimal = decimal.map(|decimal| to_bson(&decimal));
        let (Some(float), None | Some(Ok(_))) = (float, &decimal) else { return unknown() };
        let inclusive = if symbol.starts_with("$g") { "$gte" } else { "$lte" };
        let mut documents = vec![doc! { path: { inclusive: float } }];
        documents
            .extend(decimal.and_then(Result::ok).map(|value| doc! { path: { symbol: value } }));
        Condition { document: doc! { "$or": documents }, exact: false }
    }
}

/// A moment's milliseconds, rounded down, and whether it is finer.
fn milliseconds(value: &Value) -> (i64, bool) {
    use chrono::{NaiveTime, Timelike as _};
    let at = match value {
        Value::Date(date) => date.and_time(NaiveTime::MIN).and_utc(),
        Value::DateTime(at) => at.and_utc(),
        Value::Timestamp(at) => *at,
        _ => return (0, false),
    };
    (at.timestamp_millis(), !at.nanosecond().is_multiple_of(1_000_000))
}

/// Whether a path is one that a server takes as it is.
pub(super) fn is_plain(path: &str) -> bool {
    path.split('.').all(|part| !part.is_empty() && !part.starts_with('$') && !part.contains('\0'))
}

fn exact(document: Document) -> Condition {
    Condition { document, exact: true }
}

fn all() -> Condition {
    exact(Document::new())
}

fn none() -> Condition {
    exact(doc! { "_id": { "$in": [] } })
}

/// What can't be asked of the server.
fn unknown() -> Condition {
    Condition { document: Document::new(), exact: false }
}

fn any(parts: Vec<Condition>) -> Condition {
    let is_exact = parts.iter().all(|part| part.exact);
    if parts.is_empty() {
        return none();
    }
    if parts.iter().any(|part| part.document.is_empty()) {
        // One that is exact lets all through, and so does the whole.
        let whole = parts.iter().any(|part| part.document.is_empty() && part.exact);
        return if whole { all() } else { unknown() };
    }
    let mut documents: Vec<Document> = parts.into_iter().map(|part| part.document).collect();
    let document = if documents.len() == 1 {
        documents.remove(0)
    } else {
        doc! { "$or": documents }
    };
    Condition { document, exact: is_exact }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Dialect = Dialect { order: None, decimals: true, original: true, strict: false };

    fn compare(operator: Comparison, value: impl Into<Value>) -> Filter {
        Filter::Compare { path: "a".into(), operator, value: value.into() }
    }

    #[test]
    fn what_the_server_answers_exactly() {
        let filter = compare(Comparison::Equal, 5);
        assert_eq!(PLAIN.condition(&filter), exact(doc! { "a": 5 }));
        let filter = Filter::Not(Box::new(compare(Comparison::Less, "x")));
        assert_eq!(PLAIN.condition(&filter), exact(doc! { "$nor": [{ "a": { "$lt": "x" } }] }));
        assert_eq!(PLAIN.condition(&Filter::Or(vec![])), none());
        assert_eq!(PLAIN.condition(&Filter::And(vec![])), all());
    }

    #[test]
    fn many_tuples_are_asked_for_in_the_way_that_suits_the_server() {
        let tuples = (0..100).map(|n| vec![Value::Int(n), Value::Int(n + 1)]).collect();
        let filter = Filter::Tuples { paths: vec!["a".into(), "b".into()], tuples };
        let found = PLAIN.condition(&filter);
        assert!(found.exact);
        let first = found.document.get_array("$or").unwrap().first().cloned();
        assert_eq!(first, Some(Bson::Document(doc! { "a": 0, "b": 1 })));
        let other = Dialect { original: false, ..PLAIN };
        assert!(other.condition(&filter).document.contains_key("$and"));
        assert!(!other.condition(&filter).exact);
        assert_eq!(other.strictly().condition(&filter), found);
    }

    #[test]
    fn fractions_are_asked_for_in_both_spellings() {
        let found = PLAIN.condition(&compare(Comparison::Equal, 0.1));
        let listed = found.document.get_document("a").unwrap().get_array("$in").unwrap();
        assert_eq!(listed.len(), 2);
        let range = PLAIN.condition(&compare(Comparison::Less, 0.1));
        assert!(!range.exact);
        // What is not exact can't be turned round.
        let not = Filter::Not(Box::new(compare(Comparison::Less, 0.1)));
        assert_eq!(PLAIN.condition(&not), unknown());
    }

    #[test]
    fn moments_between_milliseconds() {
        let at = crate::value::time::parse_timestamp("1970-01-01T00:00:00.0015Z").unwrap();
        let one = mongodb::bson::DateTime::from_millis(1);
        let found = |operator| PLAIN.condition(&compare(operator, Value::Timestamp(at))).document;
        assert_eq!(found(Comparison::GreaterOrEqual), doc! { "a": { "$gt": one } });
        assert_eq!(found(Comparison::Less), doc! { "a": { "$lte": one } });
        assert_eq!(found(Comparison::Equal), doc! { "a": { "$in": [] } });
    }

    #[test]
    fn uuids_of_old_drivers_are_found_too() {
        let id = uuid::Uuid::from_u128(0x0011_2233_4455_6677_8899_aabb_ccdd_eeff);
        let old = Dialect { order: Some(UuidOrder::Java), ..PLAIN };
        let found = old.condition(&compare(Comparison::Equal, Value::Uuid(id))).document;
        assert_eq!(found.get_document("a").unwrap().get_array("$in").unwrap().len(), 2);
    }
}
