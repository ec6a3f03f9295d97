//! What the target holds already: what it holds need not be asked.

use std::collections::HashMap;

use crate::connectors::{Store, StoreError};
use crate::plan::{Enrich, OnConflict, Phase, WriteMode};
use crate::run::Shape;
use crate::value::query::{Filter, Select};
use crate::value::{FieldPath, Key, Row, Value};

/// How many keys one query asks for.
const KEYS_PER_QUERY: usize = 500;

/// A record of the target, as far as enrichments look at it.
pub(super) struct Held {
    /// Per enrichment: the value of its field.
    values: Vec<Value>,
    /// Per enrichment: the value of what is sent, where that is a field.
    inputs: Vec<Value>,
}

/// What is to be done for a field of a record.
#[derive(Debug, PartialEq)]
pub(super) enum Need {
    /// The service is to be asked.
    Ask,
    /// The target holds this.
    Held(Value),
    /// Nothing: there is nothing to ask about, or nobody to write it to.
    Nothing(Value),
}

/// Reads the records with these keys.
pub(super) async fn read(
    store: &dyn Store,
    phase: &Phase,
    shape: &Shape,
    keys: &[&Key],
) -> Result<HashMap<Key, Held>, StoreError> {
    let mut found = HashMap::with_capacity(keys.len());
    let fields = || phase.enrich.iter().map(|enrich| &enrich.field);
    let inputs = || phase.enrich.iter().map(|enrich| enrich.input.as_ref());
    let columns = (!shape.documents).then(|| {
        let name = |path: &FieldPath| path.root().to_owned();
        let sent = inputs().map(|input| input.map_or_else(|| shape.key_names[0].clone(), name));
        shape.key_names.iter().cloned().chain(fields().map(name)).chain(sent).collect::<Vec<_>>()
    });
    for keys in keys.chunks(KEYS_PER_QUERY) {
        let select = Select {
            entity: phase.target.entity.clone(),
            columns: columns.clone(),
            filter: Filter::Tuples {
                paths: shape.key_names.clone(),
                tuples: keys.iter().filter_map(|key| key.values()).collect(),
            },
            ..Select::default()
        };
        for mut row in store.select(&select).await?.rows {
            let (key, held) = if shape.documents {
                let Some(Value::Object(document)) = row.pop() else { continue };
                let input = |input: Option<&FieldPath>| {
                    input.map_or(Value::Missing, |path| path.get(&document).clone())
                };
                let held = Held {
                    values: fields().map(|path| path.get(&document).clone()).collect(),
                    inputs: inputs().map(input).collect(),
                };
                (Key::new(phase.target.key.iter().map(|path| path.get(&document))), held)
            } else {
                let inputs: Row = row.split_off(shape.key_names.len() + phase.enrich.len());
                let values = row.split_off(shape.key_names.len());
                (Key::new(&row), Held { values, inputs })
            };
            if let Ok(key) = key {
                found.entry(key).or_insert(held);
            }
        }
    }
    Ok(found)
}

/// What is to be done for an enrichment (by its place) of a mapped record. `update` is whether what
/// the phase wrote before is changed where it differs.
pub(super) fn need(
    write: WriteMode,
    update: bool,
    (at, enrich): (usize, &Enrich),
    input: &Value,
    sent: Option<&Value>,
    there: Option<&Held>,
) -> Need {
    let held = there.map(|there| there.values[at].clone());
    let same_input = || match (sent, there) {
        (Some(sent), Some(there)) => sent.same_content(&there.inputs[at]),
        _ => false,
    };
    let stays = match (write, &held) {
        // Nothing will be written.
        (WriteMode::Patch | WriteMode::Fill { .. }, None) => {
            return Need::Nothing(Value::Missing);
        }
        (WriteMode::Fill { null_is_missing }, Some(held)) => {
            !(matches!(held, Value::Missing) || (null_is_missing && *held == Value::Null))
        }
        (WriteMode::Insert(OnConflict::Skip | OnConflict::Fail), Some(_)) if !update => true,
        (WriteMode::Insert(_) | WriteMode::Patch, Some(held)) => !held.is_absent() && same_input(),
        (WriteMode::Insert(_) | WriteMode::Append, None) | (WriteMode::Append, Some(_)) => false,
    };
    match held {
        Some(held) if stays => Need::Held(held),
        Some(held) if !enrich.enabled => Need::Nothing(held),
        None if !enrich.enabled => Need::Nothing(Value::Missing),
        Some(_) if input.is_absent() => Need::Nothing(Value::Null),
        None if input.is_absent() => Need::Nothing(Value::Missing),
        _ => Need::Ask,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::expr::Path;
    use crate::http::{Credentials, Method, Service};
    use crate::plan::Per;

    fn enrich(enabled: bool) -> Enrich {
        Enrich {
            field: FieldPath::field("vector"),
            input: Some(FieldPath::field("content")),
            enabled,
            service: Service {
                url: "http://localhost/".into(),
                method: Method::Post,
                headers: Vec::new(),
                credentials: Credentials::None,
                concurrency: 1,
                rate: None,
                timeout: Duration::from_secs(1),
                attempts: 1,
                backoff: Duration::from_millis(1),
            },
            per: Per::Record,
            body: "{{ input }}".into(),
            take: Path::field("vector"),
            cost: None,
        }
    }

    fn held(value: Value, input: &str) -> Held {
        Held { values: vec![value], inputs: vec![Value::text(input)] }
    }

    const SKIP: WriteMode = WriteMode::Insert(OnConflict::Skip);
    const UPDATE: WriteMode = WriteMode::Insert(OnConflict::Update);

    #[test]
    fn only_what_is_needed_is_asked() {
        let of = |write, update, there: Option<Held>| {
            let sent = Value::text("new");
            need(write, update, (0, &enrich(true)), &sent, Some(&sent), there.as_ref())
        };
        let one = || Value::Int(1);
        assert_eq!(of(SKIP, false, None), Need::Ask);
        assert_eq!(of(SKIP, false, Some(held(one(), "old"))), Need::Held(one()));
        assert_eq!(of(SKIP, true, Some(held(one(), "old"))), Need::Ask);
        assert_eq!(of(SKIP, true, Some(held(one(), "new"))), Need::Held(one()));
        assert_eq!(of(UPDATE, false, Some(held(one(), "old"))), Need::Ask);
        assert_eq!(of(UPDATE, false, Some(held(one(), "new"))), Need::Held(one()));
        assert_eq!(of(UPDATE, false, Some(held(Value::Null, "new"))), Need::Ask);
        assert_eq!(of(WriteMode::Patch, false, None), Need::Nothing(Value::Missing));
        let fill = WriteMode::Fill { null_is_missing: true };
        assert_eq!(of(fill, false, Some(held(Value::Null, "new"))), Need::Ask);
        assert_eq!(of(fill, false, Some(held(one(), "old"))), Need::Held(one()));
    }

    #[test]
    fn nothing_is_asked_about_nothing_or_when_it_is_off() {
        let of = |enabled, input: Value, there: Option<Held>| {
            need(UPDATE, false, (0, &enrich(enabled)), &input, None, there.as_ref())
        };
        assert_eq!(of(true, Value::Null, None), Need::Nothing(Value::Missing));
        let there = Some(held(Value::Int(1), "old"));
        assert_eq!(of(true, Value::Null, there), Need::Nothing(Value::Null));
        assert_eq!(of(false, Value::text("a"), None), Need::Nothing(Value::Missing));
        let there = Some(held(Value::Int(1), "old"));
        assert_eq!(of(false, Value::text("a"), there), Need::Nothing(Value::Int(1)));
    }
}
