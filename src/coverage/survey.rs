//! What the records of a source hold, column by column or path by path.

use std::collections::HashMap;

use super::place::text;
use crate::connectors::{Layout, ScanRequest, ScanSource, Store};
use crate::expr::Part;
use crate::run::RunError;
use crate::value::codec::content_hash;
use crate::value::query::Filter;
use crate::value::{Kind, Object, Value};

/// Records per batch.
const BATCH: usize = 2000;

/// Paths beyond which what is inside of documents is no longer told apart.
const MOST_PATHS: usize = 20_000;

/// What was found at one column or path.
#[derive(Debug)]
pub(super) struct Leaf {
    /// Where it is.
    pub(super) place: Vec<Part>,
    /// The place as text.
    pub(super) name: String,
    /// What it holds.
    pub(super) holds: String,
    /// In how many records it has a value.
    pub(super) records: Option<u64>,
    /// Whether all of several records hold the same there.
    pub(super) constant: bool,
}

/// Counts the records of a source and looks at every value of them; of tables only at `columns`.
/// The key is that by which its store reads it in order.
pub(super) async fn read(
    store: &dyn Store,
    source: ScanSource,
    key: Vec<String>,
    columns: Option<Vec<String>>,
) -> Result<(u64, Vec<Leaf>), RunError> {
    let wanted = columns.clone();
    let columns = columns.map(|mut columns| {
        columns
            .extend(key.iter().filter(|part| !columns.contains(part)).cloned().collect::<Vec<_>>());
        columns
    });
    let request =
        ScanRequest { source, key, columns, filter: Filter::All, batch: BATCH, after: None };
    let mut scan = store.scan(request).await?;
    let mut profile = Profile::default();
    while let Some(batch) = scan.next().await? {
        profile.records += batch.broken.len() as u64;
        for row in &batch.rows {
            profile.records += 1;
            match (&batch.layout, row.as_slice()) {
                (Layout::Document, [Value::Object(document)]) => profile.document(document),
                (Layout::Document, _) => {}
                (Layout::Columns(names), values) => {
                    let is_wanted =
                        |name: &String| wanted.as_ref().is_none_or(|wanted| wanted.contains(name));
                    for (name, value) in
                        names.iter().zip(values).filter(|(name, _)| is_wanted(name))
                    {
                        profile.value(&mut vec![Part::Name(name.clone())], value, false);
                    }
                }
            }
        }
    }
    let records = profile.records;
    Ok((records, profile.leaves()))
}

/// What was met so far.
#[derive(Default)]
struct Profile {
    records: u64,
    leaves: Vec<Met>,
    places: HashMap<Vec<Part>, usize>,
}

struct Met {
    place: Vec<Part>,
    kinds: Vec<Kind>,
    records: u64,
    /// The record in which it was last met with a value.
    last: u64,
    /// The hash of the first value.
    first: Option<u64>,
    varies: bool,
}

impl Profile {
    fn document(&mut self, document: &Object) {
        let mut place = Vec::new();
        self.fields(&mut place, document);
    }

    fn fields(&mut self, place: &mut Vec<Part>, object: &Object) {
        for (name, value) in object.iter() {
            place.push(Part::Name(name.to_owned()));
            self.value(place, value, true);
            place.pop();
        }
    }

    /// Looks at a value, and with `inside` at what is in it.
    fn value(&mut self, place: &mut Vec<Part>, value: &Value, inside: bool) {
        let nested = |value: &Value| matches!(value, Value::Array(_) | Value::Object(_));
        match value {
            Value::Missing => {}
            Value::Object(object) if inside && !object.is_empty() && self.has_room() => {
                self.fields(place, object);
            }
            Value::Array(values) if inside && values.iter().any(nested) && self.has_room() => {
                place.push(Part::Each);
                for value in values.iter() {
                    self.value(place, value, true);
                }
                place.pop();
            }
            value => self.leaf(place, value),
        }
    }

    fn has_room(&self) -> bool {
        self.leaves.len() < MOST_PATHS
    }

    fn leaf(&mut self, place: &[Part], value: &Value) {
        let at = if let Some(at) = self.places.get(place) {
            *at
        } else {
            self.places.insert(place.to_vec(), self.leaves.len());
            self.leaves.push(Met {
                place: place.to_vec(),
                kinds: Vec::new(),
                records: 0,
                last: 0,
                first: None,
                varies: false,
            });
            self.leaves.len() - 1
        };
        let met = &mut self.leaves[at];
        if matches!(value, Value::Null) {
            return;
        }
        if !met.kinds.contains(&value.kind()) {
            met.kinds.push(value.kind());
        }
        if met.last != self.records {
            met.last = self.records;
            met.records += 1;
        }
        if !met.varies {
            let hash = content_hash([value]);
            met.varies = *met.first.get_or_insert(hash) != hash;
        }
    }

    fn leaves(self) -> Vec<Leaf> {
        let records = self.records;
        let leaf = |met: Met| {
            let kinds: Vec<&str> = met.kinds.iter().map(|kind| kind.name()).collect();
            let same = met.records == 0 || (met.records == records && !met.varies);
            Leaf {
                name: text(&met.place),
                holds: if kinds.is_empty() { "null".to_owned() } else { kinds.join(" or ") },
                records: Some(met.records),
                constant: records > 1 && same,
                place: met.place,
            }
        };
        self.leaves.into_iter().map(leaf).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connectors::{Insert, memory};
    use crate::value::{Column, Schema};

    fn object(fields: Vec<(&str, Value)>) -> Value {
        Value::object(fields.into_iter().collect())
    }

    #[test]
    fn every_path_is_met_with_its_count() {
        let line = |sku: &str| object(vec![("sku", sku.into())]);
        let documents = [
            vec![
                ("_id", Value::Int(1)),
                ("kind", "a".into()),
                ("lines", Value::array(vec![line("x"), line("y")])),
                ("tags", Value::array(vec!["t".into()])),
                ("gone", Value::Null),
            ],
            vec![
                ("_id", Value::Int(2)),
                ("kind", "a".into()),
                ("lines", Value::array(vec![line("x")])),
                ("inner", object(vec![("n", 5.into())])),
            ],
        ];
        let mut profile = Profile::default();
        for document in documents {
            profile.records += 1;
            profile.document(&document.into_iter().collect());
        }
        let found: Vec<_> = profile
            .leaves()
            .into_iter()
            .map(|leaf| (leaf.name, leaf.holds, leaf.records.unwrap(), leaf.constant))
            .collect();
        let expected = [
            ("_id", "integer", 2, false),
            ("kind", "text", 2, true),
            ("lines[*].sku", "text", 2, false),
            ("tags", "array", 1, false),
            ("gone", "null", 0, true),
            ("inner.n", "integer", 1, false),
        ];
        let expected = expected.map(|(name, holds, records, constant)| {
            (name.to_owned(), holds.to_owned(), records, constant)
        });
        assert_eq!(found, expected);
    }

    #[tokio::test]
    async fn of_a_table_only_what_is_asked_for_is_looked_at() {
        let names = ["id", "kind", "note"];
        let column = |name: &&str| Column { name: (*name).to_owned(), ..Column::any() };
        let schema = Schema {
            columns: names.iter().map(column).collect(),
            primary_key: vec!["id".to_owned()],
            ..Schema::default()
        };
        let store = memory::tables([("t".to_owned(), schema)]);
        let rows =
            [1, 2].map(|id| vec![Value::Int(id), Value::text("a"), Value::text(id.to_string())]);
        let mut session = store.session().await.unwrap();
        session.begin().await.unwrap();
        let layout = Layout::Columns(names.iter().map(|name| (*name).to_owned()).collect());
        let insert = Insert { entity: "t", layout: &layout, rows: &rows, returning: &[] };
        session.insert(insert).await.unwrap();
        session.commit().await.unwrap();
        let source = ScanSource::Entity("t".to_owned());
        let wanted = Some(vec!["kind".to_owned(), "note".to_owned()]);
        let (records, leaves) = read(&*store, source, vec!["id".to_owned()], wanted).await.unwrap();
        let found: Vec<_> =
            leaves.iter().map(|leaf| (leaf.name.as_str(), leaf.records, leaf.constant)).collect();
        assert_eq!((records, found), (2, vec![("kind", Some(2), true), ("note", Some(2), false)]));
    }
}
