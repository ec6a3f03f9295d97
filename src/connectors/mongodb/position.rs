//! Where a value stands in a server's sort order, and filters for what comes after it.
//!
//! Servers compare values of one kind only: `{ _id: { $gt: 5 } }` finds no text. But they sort all
//! kinds, one after the other. So what comes after a value is the greater ones of its kind, and all
//! of the kinds that follow.

use mongodb::bson::{Bson, Document, doc};

/// The kinds in sort order, by the names that `$type` knows. Only MongoDB's own servers know all.
const KINDS: [&[&str]; 16] = [
    &["minKey"],
    &["null", "undefined"],
    &["number"],
    &["string", "symbol"],
    &["object"],
    &["array"],
    &["binData"],
    &["objectId"],
    &["bool"],
    &["date"],
    &["timestamp"],
    &["regex"],
    &["dbPointer"],
    &["javascript"],
    &["javascriptWithScope"],
    &["maxKey"],
];

const EVERYWHERE: [&str; 9] =
    ["number", "string", "object", "array", "binData", "objectId", "bool", "date", "timestamp"];

/// The place of a value's kind in sort order.
fn rank(value: &Bson) -> usize {
    match value {
        Bson::MinKey => 0,
        Bson::Null | Bson::Undefined => 1,
        Bson::Int32(_) | Bson::Int64(_) | Bson::Double(_) | Bson::Decimal128(_) => 2,
        Bson::String(_) | Bson::Symbol(_) => 3,
        Bson::Document(_) => 4,
        Bson::Array(_) => 5,
        Bson::Binary(_) => 6,
        Bson::ObjectId(_) => 7,
        Bson::Boolean(_) => 8,
        Bson::DateTime(_) => 9,
        Bson::Timestamp(_) => 10,
        Bson::RegularExpression(_) => 11,
        Bson::DbPointer(_) => 12,
        Bson::JavaScriptCode(_) => 13,
        Bson::JavaScriptCodeWithScope(_) => 14,
        Bson::MaxKey => 15,
    }
}

fn types(ranks: std::ops::Range<usize>, original: bool) -> Vec<&'static str> {
    let known = |name: &&str| original || EVERYWHERE.contains(name);
    KINDS[ranks].iter().flat_map(|names| names.iter().copied()).filter(known).collect()
}

fn is_nan(value: &Bson) -> bool {
    match value {
        Bson::Double(number) => number.is_nan(),
        Bson::Decimal128(number) => number.to_string() == "NaN",
        _ => false,
    }
}

/// What comes after a value at a path: one of these holds.
fn after_one(path: &str, value: &Bson, original: bool) -> Vec<Document> {
    let rank = rank(value);
    let mut any = Vec::with_capacity(2);
    if is_nan(value) {
        // It sorts before all other numbers, and compares with none of them.
        any.push(doc! { path: { "$type": "number", "$ne": value.clone() } });
    } else if rank > 1 {
        any.push(doc! { path: { "$gt": value.clone() } });
    } else if rank == 0 {
        any.push(doc! { path: Bson::Null });
    }
    let later = types(rank + 1..KINDS.len(), original);
    if !later.is_empty() {
        any.push(doc! { path: { "$type": later } });
    }
    any
}

/// What comes after these values at these paths, in the order of the paths.
pub(super) fn after(paths: &[String], values: &[Bson], original: bool) -> Document {
    let mut any = Vec::new();
    for (place, (path, value)) in paths.iter().zip(values).enumerate() {
        for last in after_one(path, value, original) {
            let mut all: Vec<Document> = paths[..place]
                .iter()
                .zip(values)
                .map(|(path, value)| doc! { path: { "$eq": value.clone() } })
                .collect();
            all.push(last);
            any.push(if all.len() == 1 {
                all.remove(0)
            } else {
                doc! { "$and": all }
            });
        }
    }
    doc! { "$or": any }
}

/// What comes at or before a value at a path.
pub(super) fn up_to(path: &str, value: &Bson, original: bool) -> Document {
    let rank = rank(value);
    let mut any = vec![doc! { path: { "$lte": value.clone() } }];
    if rank == 2 && !is_nan(value) && original {
        any.push(doc! { path: f64::NAN });
    }
    if rank > 1 {
        any.push(doc! { path: Bson::Null });
    }
    let earlier = types(0..rank, original);
    if !earlier.is_empty() {
        any.push(doc! { path: { "$type": earlier } });
    }
    doc! { "$or": any }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_a_value_has_the_kinds_after_its_own() {
        let filter = after(&["_id".to_owned()], &[Bson::Boolean(true)], false);
        let expected = doc! { "$or": [
            { "_id": { "$gt": true } },
            { "_id": { "$type": ["date", "timestamp"] } },
        ] };
        assert_eq!(filter, expected);
        let filter = up_to("_id", &Bson::Int32(5), false);
        assert_eq!(filter, doc! { "$or": [{ "_id": { "$lte": 5 } }, { "_id": null }] });
    }

    #[test]
    fn composite_keys_compare_part_by_part() {
        let paths = ["a".to_owned(), "b".to_owned()];
        let filter = after(&paths, &[Bson::Int32(1), Bson::MaxKey], true);
        let any = filter.get_array("$or").unwrap();
        // Nothing comes after MaxKey but what is greater than it, which is nothing.
        assert_eq!(any.len(), 3);
        let text = filter.to_string();
        assert!(text.contains("\"$and\": [{ \"a\": { \"$eq\": 1 } }"), "{text}");
    }
}
