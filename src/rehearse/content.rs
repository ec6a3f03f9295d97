//! What a store holds, to be compared: the structure of each table or collection, and a checksum of
//! its rows. What mapper keeps for itself is left out.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::backup::{BATCH, Digest};
use crate::connectors::{Store, StoreErrorKind};
use crate::run::{RunError, RunErrorKind};

/// What stores hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Content {
    entities: BTreeMap<(usize, String), (String, Digest)>,
}

impl Content {
    /// Reads all of it.
    pub(super) async fn of(stores: &[Arc<dyn Store>]) -> Result<Self, RunError> {
        let mut content = Self::default();
        for (place, store) in stores.iter().enumerate() {
            let names = store.entities().await?;
            let mut digests = vec![Digest::default(); names.len()];
            let mut export = store.export(&names, BATCH).await?;
            while let Some(batch) = export.next().await? {
                for row in &batch.rows {
                    digests[batch.entity]
                        .add(&batch.layout, row)
                        .map_err(|problem| RunError::new(RunErrorKind::Refused, problem.message))?;
                }
            }
            for (name, digest) in names.into_iter().zip(digests) {
                let structure = structure(store, &name).await?;
                content.entities.insert((place, name), (structure, digest));
            }
        }
        Ok(content)
    }

    /// How many rows there are.
    pub(super) fn rows(&self) -> u64 {
        self.entities.values().map(|(_, digest)| digest.rows).sum()
    }

    /// How another differs from this: a sentence for each table or collection.
    pub(super) fn differences(&self, other: &Self) -> Vec<String> {
        let mut differences = Vec::new();
        for (entity, (structure, digest)) in &self.entities {
            let name = &entity.1;
            match other.entities.get(entity) {
                None => differences.push(format!("`{name}` is gone")),
                Some((theirs, rows)) => {
                    if structure != theirs {
                        differences.push(format!("`{name}` has another structure"));
                    }
                    if digest.rows != rows.rows {
                        let (before, after) = (digest.rows, rows.rows);
                        differences.push(format!("`{name}` had {before} rows and has {after}"));
                    } else if digest != rows {
                        differences.push(format!("`{name}` has other content in as many rows"));
                    }
                }
            }
        }
        for (_, name) in other.entities.keys().filter(|key| !self.entities.contains_key(*key)) {
            differences.push(format!("`{name}` is new"));
        }
        differences
    }
}

async fn structure(store: &Arc<dyn Store>, entity: &str) -> Result<String, RunError> {
    if !store.capabilities().documents {
        match store.structure(entity).await {
            Ok(Some(definition)) => return Ok(format!("{definition:?}")),
            Err(error) if error.kind != StoreErrorKind::Unsupported => return Err(error.into()),
            Ok(None) | Err(_) => {}
        }
    }
    Ok(store
        .describe(entity)
        .await?
        .map(|mut schema| {
            schema.indexes.sort_by(|a, b| a.name.cmp(&b.name));
            format!("{schema:?}")
        })
        .unwrap_or_default())
}
