//! Which records others refer to. A store may delete those along, or empty their reference, without
//! asking; so it is looked at before.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::connectors::{Session, Store, StoreError};
use crate::value::query::{Filter, Select};
use crate::value::{Key, Row, Value};

/// The foreign keys that refer to each table, read once per store.
#[derive(Debug, Default)]
pub struct References {
    known: Vec<(Arc<dyn Store>, Vec<Reference>)>,
}

/// A foreign key from the side of the table that it refers to.
#[derive(Clone, Debug)]
pub struct Reference {
    /// The table that refers.
    from: String,
    /// Its columns.
    columns: Vec<String>,
    /// Its primary key.
    primary_key: Vec<String>,
    /// The table referred to.
    to: String,
    /// The columns referred to; empty is its primary key.
    references: Vec<String>,
}

impl References {
    /// The foreign keys that refer to a table.
    ///
    /// # Errors
    /// When the catalog can't be read.
    pub async fn to(
        &mut self,
        store: &Arc<dyn Store>,
        entity: &str,
    ) -> Result<Vec<Reference>, StoreError> {
        if store.capabilities().documents {
            return Ok(Vec::new());
        }
        let known = self.known.iter().position(|(other, _)| Arc::ptr_eq(other, store));
        let index = match known {
            Some(index) => index,
            None => {
                let all = read(&**store).await?;
                self.known.push((Arc::clone(store), all));
                self.known.len() - 1
            }
        };
        let all = &self.known[index].1;
        let to = all.iter().filter(|reference| reference.to.eq_ignore_ascii_case(entity));
        Ok(to.cloned().collect())
    }
}

async fn read(store: &dyn Store) -> Result<Vec<Reference>, StoreError> {
    let mut all = Vec::new();
    for from in store.entities().await? {
        let Some(schema) = store.describe(&from).await? else { continue };
        for key in schema.foreign_keys {
            all.push(Reference {
                from: from.clone(),
                columns: key.columns,
                primary_key: schema.primary_key.clone(),
                to: key.table,
                references: key.references,
            });
        }
    }
    Ok(all)
}

impl Reference {
    /// The columns referred to.
    pub(super) fn columns<'r>(&'r self, identity: &'r [String]) -> &'r [String] {
        if self.references.is_empty() { identity } else { &self.references }
    }

    /// Which of these values (of the columns referred to) records refer to. Records of the table
    /// itself that are deleted too do not count.
    pub(super) async fn find(
        &self,
        session: &mut dyn Session,
        values: &[Row],
        deleted: &HashSet<Key>,
    ) -> Result<HashSet<Key>, StoreError> {
        let tuples: Vec<Row> = values
            .iter()
            .filter(|row| row.len() == self.columns.len() && !row.iter().any(Value::is_absent))
            .cloned()
            .collect();
        if tuples.is_empty() {
            return Ok(HashSet::new());
        }
        let mut columns = self.columns.clone();
        let to_itself = self.from.eq_ignore_ascii_case(&self.to) && !self.primary_key.is_empty();
        if to_itself {
            columns.extend(self.primary_key.iter().cloned());
        }
        let select = Select {
            entity: self.from.clone(),
            columns: Some(columns),
            filter: Filter::Tuples { paths: self.columns.clone(), tuples },
            ..Select::default()
        };
        let mut found = HashSet::new();
        for mut row in session.select(&select).await?.rows {
            let own = row.split_off(self.columns.len());
            if to_itself && Key::new(&own).is_ok_and(|own| deleted.contains(&own)) {
                continue;
            }
            if let Ok(key) = Key::new(&row) {
                found.insert(key);
            }
        }
        Ok(found)
    }
}

/// For rows with the values of a key's columns: their places, by value.
pub(super) type Places = HashMap<Key, Vec<usize>>;
