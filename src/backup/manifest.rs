//! What a backup says of itself.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::value::Schema;

/// The name of a manifest's file.
pub const MANIFEST: &str = "manifest.json";

/// The version of the layout of backups.
pub(super) const FORMAT: u32 = 1;

/// A backup's manifest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of the layout.
    pub format: u32,
    /// mapper's version.
    pub version: String,
    /// The spec.
    pub spec: String,
    /// The run that it was made for.
    pub run: String,
    /// The phase that it was made for, by its full name; `None` is the whole run.
    pub phase: Option<String>,
    /// The connection.
    pub connection: String,
    /// The connector.
    pub connector: String,
    /// Where the store is, without secrets.
    pub location: String,
    /// When it was made (RFC 3339, UTC).
    pub moment: String,
    /// Whether all of it is as it was at one moment.
    pub one_moment: bool,
    /// The tables or collections.
    pub tables: Vec<BackedTable>,
    /// What the ledger said of phases that had written there.
    pub phases: Vec<BackedPhase>,
    /// A checksum of all of this but itself.
    pub checksum: String,
}

/// A table or collection of a backup.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BackedTable {
    /// Its name.
    pub table: String,
    /// Its file in the folder; `None` when the table or collection was not there.
    pub file: Option<String>,
    /// How many rows it had.
    pub rows: u64,
    /// The SHA-256 of the file.
    pub sha256: String,
    /// A checksum of the rows, in whatever order ([`super::Digest`]).
    pub content: String,
    /// The primary key.
    pub primary_key: Vec<String>,
    /// The columns with their types; empty for a collection.
    pub columns: Vec<BackedColumn>,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackedColumn {
    /// Its name.
    pub name: String,
    /// Its type as the store spells it.
    #[serde(rename = "type")]
    pub declared: String,
    /// Whether null is allowed.
    pub null: bool,
    /// Whether the store computes it; its values are not in the file.
    pub generated: bool,
}

/// What the ledger said of a phase of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackedPhase {
    /// The run.
    pub run: String,
    /// The phase's name in history.
    pub phase: String,
    /// How many batches it had written.
    pub batches: u64,
}

impl BackedTable {
    /// A table or collection whose rows are not written yet.
    pub(super) fn of(table: &str, schema: Option<&Schema>) -> Self {
        let columns =
            schema.filter(|schema| !schema.open).map_or(&[][..], |schema| &schema.columns);
        Self {
            table: table.to_owned(),
            file: None,
            rows: 0,
            sha256: String::new(),
            content: String::new(),
            primary_key: schema.map(|schema| schema.primary_key.clone()).unwrap_or_default(),
            columns: columns
                .iter()
                .map(|column| BackedColumn {
                    name: column.name.clone(),
                    declared: column.declared.clone(),
                    null: column.nullable,
                    generated: column.generated,
                })
                .collect(),
        }
    }

    /// How a table's shape differs from what it was, as the end of a sentence; `None` when it does
    /// not.
    pub fn difference(&self, now: Option<&Schema>) -> Option<String> {
        let Some(schema) = now else { return Some("is not there any more".to_owned()) };
        let now = Self::of(&self.table, Some(schema));
        if self.primary_key != now.primary_key {
            return Some("has another primary key".to_owned());
        }
        for column in &self.columns {
            match now.columns.iter().find(|other| other.name == column.name) {
                None => return Some(format!("has no column `{}` any more", column.name)),
                Some(other) if other != column => {
                    return Some(format!("has another definition of column `{}`", column.name));
                }
                Some(_) => {}
            }
        }
        let known = |name: &str| self.columns.iter().any(|column| column.name == name);
        now.columns
            .iter()
            .find(|column| !known(&column.name))
            .map(|column| format!("has a new column `{}`", column.name))
    }
}

impl Manifest {
    /// The checksum that belongs to the rest.
    fn sum(&self) -> String {
        let bare = Self { checksum: String::new(), ..self.clone() };
        let text = serde_json::to_vec(&bare).unwrap_or_default();
        hex::encode(Sha256::digest(&text))
    }

    /// The manifest with its checksum.
    pub(super) fn sealed(mut self) -> Self {
        self.checksum = self.sum();
        self
    }

    /// Whether the checksum belongs to the rest.
    pub(super) fn is_intact(&self) -> bool {
        !self.checksum.is_empty() && self.checksum == self.sum()
    }
}
