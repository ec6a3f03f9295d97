//! What the target holds already.

use std::collections::HashSet;

use super::{FastMap, Loader, Work};
use crate::connectors::{Session, StoreError};
use crate::plan::{OnConflict, WriteMode};
use crate::run::decide::{Content, Existing};
use crate::value::query::{Filter, Select};
use crate::value::{Key, Row, Value};

/// How many values one query for existing records asks for.
const VALUES_PER_QUERY: usize = 5_000;

impl Loader {
    /// Ids of new records that others have already, where no key was looked at.
    pub(super) async fn taken(
        &self,
        session: &mut dyn Session,
        works: &[Work],
        inserts: &[usize],
    ) -> Result<HashSet<Key>, StoreError> {
        let mut taken = HashSet::new();
        if self.phase.target.write != WriteMode::Append {
            return Ok(taken);
        }
        let identity = |index: &usize| works[*index].decision.as_ref()?.identity.clone();
        let asked: Vec<Row> = inserts.iter().filter_map(identity).collect();
        for tuples in asked.chunks(VALUES_PER_QUERY) {
            let select = Select {
                entity: self.phase.target.entity.clone(),
                columns: Some(self.shape.identity.clone()),
                filter: Filter::Tuples {
                    paths: self.shape.identity.clone(),
                    tuples: tuples.to_vec(),
                },
                ..Select::default()
            };
            let rows = session.select(&select).await?.rows;
            taken.extend(rows.iter().filter_map(|row| Key::new(row).ok()));
        }
        Ok(taken)
    }

    /// The records of the target with these keys.
    pub(super) async fn existing(
        &self,
        session: &mut dyn Session,
        keys: &[&Key],
    ) -> Result<FastMap<Key, Existing>, StoreError> {
        let shape = &*self.shape;
        let mut existing = FastMap::default();
        let replaces = self.phase.target.write == WriteMode::Insert(OnConflict::Replace);
        // What it holds beyond that matters only where it may be changed.
        let stays = !self.update
            && !self.unmarks
            && matches!(
                self.phase.target.write,
                WriteMode::Insert(OnConflict::Skip | OnConflict::Fail)
            );
        for keys in keys.chunks((VALUES_PER_QUERY / shape.key_names.len().max(1)).max(1)) {
            let tuples = keys.iter().filter_map(|key| key.values()).collect();
            let columns = (!shape.documents).then(|| {
                let mut columns = shape.key_names.clone();
                columns.extend(shape.identity.iter().cloned());
                if !stays {
                    columns.extend(shape.fields.iter().cloned());
                }
                if replaces {
                    columns.extend(shape.unmapped.iter().cloned());
                }
                columns
            });
            let select = Select {
                entity: self.phase.target.entity.clone(),
                columns,
                filter: Filter::Tuples { paths: shape.key_names.clone(), tuples },
                ..Select::default()
            };
            for mut row in session.select(&select).await?.rows {
                let (key, found) = if shape.documents {
                    let Some(Value::Object(document)) = row.pop() else { continue };
                    let values = self.phase.target.key.iter().map(|path| path.get(&document));
                    let Ok(key) = Key::new(values) else { continue };
                    let identity = vec![document.get("_id").cloned().unwrap_or_default()];
                    (key, Existing { identity, content: Content::Document(document) })
                } else {
                    let content = row.split_off(shape.key_names.len() + shape.identity.len());
                    let identity = row.split_off(shape.key_names.len());
                    let Ok(key) = Key::new(&row) else { continue };
                    (key, Existing { identity, content: Content::Columns(content) })
                };
                existing.entry(key).or_insert(found);
            }
        }
        Ok(existing)
    }
}
