//! How records of a batch are found in the target.

use std::collections::HashMap;
use std::sync::Arc;

use crate::connectors::{Session, Store, StoreError};
use crate::expr::IdRule;
use crate::ledger::{Entry, TargetShape};
use crate::value::query::{Filter, Select};
use crate::value::{Column, FieldPath, Key, Object, Row, Schema, Value};

/// How many keys one query asks for.
const KEYS_PER_QUERY: usize = 500;

/// A table or collection from which records are taken back.
#[derive(Debug)]
pub struct Target {
    store: Arc<dyn Store>,
    /// How its records are found.
    pub shape: TargetShape,
    rule: Option<IdRule>,
    /// The table's columns; `None` for collections, and for a table that is not there any more.
    schema: Option<Schema>,
    documents: bool,
}

/// A record as it is.
pub(in crate::run) enum Present {
    Document(Arc<Object>),
    /// The columns that were asked for, and their values.
    Columns(Arc<[String]>, Row),
}

impl Present {
    /// The value of a column or at a dotted path.
    pub(in crate::run) fn get(&self, name: &str) -> Value {
        match self {
            Self::Columns(names, values) => {
                let place = names.iter().position(|known| known == name);
                place.and_then(|place| values.get(place)).cloned().unwrap_or_default()
            }
            Self::Document(document) => match name.parse::<FieldPath>() {
                Ok(path) => path.get(document).clone(),
                Err(_) => document.get(name).cloned().unwrap_or_default(),
            },
        }
    }
}

impl Target {
    /// Looks at what a shape speaks of.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn open(
        store: &Arc<dyn Store>,
        session: &mut dyn Session,
        shape: &TargetShape,
    ) -> Result<Self, StoreError> {
        let documents = store.capabilities().documents;
        let schema = if documents { None } else { session.describe(&shape.entity).await? };
        Ok(Self {
            store: Arc::clone(store),
            rule: shape.id.as_ref().and_then(crate::ledger::IdShape::rule),
            shape: shape.clone(),
            schema,
            documents,
        })
    }

    /// Whether it is a collection.
    pub(super) fn documents(&self) -> bool {
        self.documents
    }

    /// The columns of the table that can be written; none of a collection.
    pub(super) fn columns(&self) -> impl Iterator<Item = String> {
        let columns = self.schema.iter().flat_map(|schema| &schema.columns);
        columns.filter(|column| !column.generated).map(|column| column.name.clone())
    }

    /// The values that a record has in all columns that can be written, or a document in all of its
    /// fields.
    pub(in crate::run) fn whole(&self, present: &Present) -> Vec<(String, Value)> {
        match present {
            Present::Document(document) => {
                document.iter().map(|(name, value)| (name.to_owned(), value.clone())).collect()
            }
            Present::Columns(..) => {
                self.columns().map(|name| (name.clone(), present.get(&name))).collect()
            }
        }
    }

    /// Whether there is nothing to look into.
    fn is_gone(&self) -> bool {
        !self.documents && self.schema.is_none()
    }

    /// The values that identify an entry's record, as the target spells them; `None` when nothing
    /// does.
    pub(in crate::run) fn identity(&self, entry: &Entry) -> Option<Row> {
        let values = match &entry.id {
            Some(id) => id.values()?,
            None => vec![self.rule.as_ref()?.make(&entry.key, None)],
        };
        self.spelled(values)
    }

    /// The values of an identity that the ledger keeps, as the target spells them.
    pub(super) fn spelled(&self, values: Vec<Value>) -> Option<Row> {
        if values.is_empty() || values.len() != self.shape.identity.len() {
            return None;
        }
        let fitted = values.into_iter().zip(&self.shape.identity).map(|(value, name)| {
            let column = self.schema.as_ref().and_then(|schema| schema.column(name));
            let column = column.cloned().unwrap_or_else(Column::any);
            // What does not fit is in no record; it is then simply not found.
            self.store.fit(value.clone(), &column).unwrap_or(value)
        });
        Some(fitted.collect())
    }

    /// The records with these identities that are there, by identity.
    pub(in crate::run) async fn read(
        &self,
        session: &mut dyn Session,
        identities: &[&Row],
        columns: &[String],
    ) -> Result<HashMap<Key, Present>, StoreError> {
        let mut found = HashMap::with_capacity(identities.len());
        if self.is_gone() {
            return Ok(found);
        }
        let paths = &self.shape.identity;
        let names: Option<Arc<[String]>> = (!self.documents).then(|| {
            let more = columns.iter().filter(|name| !paths.contains(name));
            paths.iter().chain(more).cloned().collect()
        });
        for part in identities.chunks(KEYS_PER_QUERY) {
            let select = Select {
                entity: self.shape.entity.clone(),
                columns: names.as_deref().map(<[String]>::to_vec),
                filter: Filter::Tuples {
                    paths: paths.clone(),
                    tuples: part.iter().map(|row| (*row).clone()).collect(),
                },
                ..Select::default()
            };
            for mut row in session.select(&select).await?.rows {
                let (key, present) = match &names {
                    Some(names) => {
                        let key = Key::new(&row[..paths.len().min(row.len())]);
                        (key, Present::Columns(Arc::clone(names), row))
                    }
                    None => {
                        let Some(Value::Object(document)) = row.pop() else { continue };
                        let present = Present::Document(document);
                        let identity: Row = paths.iter().map(|path| present.get(path)).collect();
                        (Key::new(&identity), present)
                    }
                };
                if let Ok(key) = key {
                    found.insert(key, present);
                }
            }
        }
        Ok(found)
    }
}
