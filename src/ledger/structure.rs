//! What specs declared of structure, what the catalog said right after it was made, and each change
//! on the way, so that it can be taken back.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Ledger;
use super::fields::{Fields, equal, json, moment, number};
use super::tables::{CHANGES, KEPT, STRUCTURES};
use crate::connectors::{Session, StoreError};
use crate::value::structure::{EnumDefinition, StructureChange, TableDefinition};
use crate::value::{Row, Value, codec};

/// What a structure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StructureKind {
    /// An extension.
    Extension,
    /// A type with named values.
    Enum,
    /// A table or collection.
    Table,
}

impl StructureKind {
    /// The word that the ledger stores.
    pub fn name(self) -> &'static str {
        match self {
            Self::Extension => "extension",
            Self::Enum => "enum",
            Self::Table => "table",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Extension, Self::Enum, Self::Table].into_iter().find(|kind| kind.name() == name)
    }
}

/// Kind and name.
pub type StructureKey = (StructureKind, String);

/// What is declared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Declared {
    /// An extension, by name.
    Extension(String),
    /// A type with named values.
    Enum(EnumDefinition),
    /// A table or collection.
    Table(TableDefinition),
}

impl Declared {
    /// Kind and name.
    pub fn key(&self) -> StructureKey {
        match self {
            Self::Extension(name) => (StructureKind::Extension, name.clone()),
            Self::Enum(definition) => (StructureKind::Enum, definition.name.clone()),
            Self::Table(definition) => (StructureKind::Table, definition.name.clone()),
        }
    }

    /// The table, when it is one.
    pub fn table(&self) -> Option<&TableDefinition> {
        match self {
            Self::Table(table) => Some(table),
            _ => None,
        }
    }
}

/// Something that a spec made, or took over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StructureRecord {
    /// The spec.
    pub spec: String,
    /// The run that changed it last.
    pub run: String,
    /// As it was declared, as far as that was done.
    pub declared: Declared,
    /// What the catalog said of a table right afterwards.
    pub catalog: Option<TableDefinition>,
    /// Names of constraints and indexes in the store, where they are not the declared ones.
    pub names: BTreeMap<String, String>,
}

/// One change of structure that a run made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeRecord {
    /// The run.
    pub run: String,
    /// Its number within the run.
    pub seq: u64,
    /// What it is about, as it is called afterwards.
    pub about: StructureKey,
    /// The change; `None` when something that was there already was taken over.
    pub change: Option<StructureChange>,
    /// What the ledger said before.
    pub before: Option<StructureRecord>,
    /// Whether it was done. One that was not is under way, or was when it was killed.
    pub done: bool,
    /// Whether the values that it took away are in the ledger.
    pub kept: bool,
    /// When.
    pub at: DateTime<Utc>,
}

impl ChangeRecord {
    fn id(&self) -> String {
        format!("{}/{:06}", self.run, self.seq)
    }
}

impl Ledger {
    /// Whether the ledger has anything of structure.
    pub async fn has_structures(&self) -> Result<bool, StoreError> {
        Ok(self.store.describe(CHANGES.name).await?.is_some())
    }

    /// Creates the part of the ledger that is about structure, unless it is there.
    pub async fn create_structures(&self, session: &mut dyn Session) -> Result<(), StoreError> {
        if self.has_structures().await? {
            return Ok(());
        }
        for table in [&STRUCTURES, &KEPT, &CHANGES] {
            self.create_table(session, table).await?;
        }
        Ok(())
    }

    /// Everything that specs made, by kind and name.
    pub async fn structures(&self) -> Result<BTreeMap<StructureKey, StructureRecord>, StoreError> {
        if !self.has_structures().await? {
            return Ok(BTreeMap::new());
        }
        let rows = self.rows(&STRUCTURES, crate::value::query::Filter::All).await?;
        rows.into_iter()
            .map(|mut row| {
                row.text()?;
                let record: StructureRecord = row.json()?;
                Ok((record.declared.key(), record))
            })
            .collect()
    }

    /// Writes what is declared of something, new or changed.
    pub async fn save_structure(
        &self,
        session: &mut dyn Session,
        record: &StructureRecord,
    ) -> Result<(), StoreError> {
        let id = structure_id(&record.declared.key());
        self.save(session, &STRUCTURES, &id, vec![json(record)?]).await
    }

    /// Forgets what was declared of something.
    pub async fn forget_structure(
        &self,
        session: &mut dyn Session,
        key: &StructureKey,
    ) -> Result<(), StoreError> {
        let row = vec![Value::text(structure_id(key))];
        self.delete(session, &STRUCTURES, &["_id"], vec![row]).await
    }

    /// The changes of a run (or of all), in order.
    pub async fn changes(&self, run: Option<&str>) -> Result<Vec<ChangeRecord>, StoreError> {
        if !self.has_structures().await? {
            return Ok(Vec::new());
        }
        let filter = match run {
            Some(run) => equal("run", Value::text(run)),
            None => crate::value::query::Filter::All,
        };
        let rows = self.rows(&CHANGES, filter).await?;
        let mut changes = rows.into_iter().map(change).collect::<Result<Vec<_>, _>>()?;
        changes.sort_by(|a, b| (a.at, &a.run, a.seq).cmp(&(b.at, &b.run, b.seq)));
        Ok(changes)
    }

    /// Writes a change, new or done.
    pub async fn save_change(
        &self,
        session: &mut dyn Session,
        change: &ChangeRecord,
    ) -> Result<(), StoreError> {
        let (kind, name) = &change.about;
        let values = vec![
            Value::text(&change.run),
            number(change.seq),
            Value::text(kind.name()),
            Value::text(name),
            change.change.as_ref().map(json).transpose()?.unwrap_or(Value::Null),
            change.before.as_ref().map(json).transpose()?.unwrap_or(Value::Null),
            Value::text(if change.done { "done" } else { "open" }),
            number(change.kept.into()),
            moment(change.at),
        ];
        self.save(session, &CHANGES, &change.id(), values).await
    }

    /// Forgets a change that was taken back, with the values that it kept.
    pub async fn forget_change(
        &self,
        session: &mut dyn Session,
        change: &ChangeRecord,
    ) -> Result<(), StoreError> {
        if change.kept {
            let row = vec![Value::text(&change.run), number(change.seq)];
            self.delete(session, &KEPT, &["run", "change"], vec![row]).await?;
        }
        self.delete(session, &CHANGES, &["_id"], vec![vec![Value::text(change.id())]]).await
    }

    /// Keeps rows that a change is about to take away.
    pub async fn keep_rows(
        &self,
        session: &mut dyn Session,
        (run, seq, part): (&str, u64, u64),
        rows: &[Row],
    ) -> Result<(), StoreError> {
        let mut bytes = Vec::new();
        codec::write_number(&mut bytes, rows.len() as u64);
        for row in rows {
            codec::write_number(&mut bytes, row.len() as u64);
            for value in row {
                codec::write_value(&mut bytes, value);
            }
        }
        let values = vec![Value::text(run), number(seq), number(part), Value::bytes(bytes)];
        self.save(session, &KEPT, &format!("{run}/{seq:06}/{part:06}"), values).await
    }

    /// The rows that a change took away, part by part; `None` after the last.
    pub async fn kept_rows(
        &self,
        (run, seq, part): (&str, u64, u64),
    ) -> Result<Option<Vec<Row>>, StoreError> {
        let id = format!("{run}/{seq:06}/{part:06}");
        let rows = self.rows(&KEPT, equal("_id", Value::text(id))).await?;
        let Some(mut fields) = rows.into_iter().next() else { return Ok(None) };
        fields.text()?;
        fields.text()?;
        fields.number()?;
        fields.number()?;
        let bytes = fields.bytes()?;
        let read = || {
            let mut rest = &bytes[..];
            let count = codec::read_number(&mut rest)?;
            let mut rows = Vec::new();
            for _ in 0..count {
                let width = codec::read_number(&mut rest)?;
                let row: Option<Row> = (0..width).map(|_| codec::read_value(&mut rest)).collect();
                rows.push(row?);
            }
            Some(rows)
        };
        read().map(Some).ok_or_else(|| fields.damaged())
    }
}

fn structure_id((kind, name): &StructureKey) -> String {
    format!("{}/{name}", kind.name())
}

fn change(mut row: Fields) -> Result<ChangeRecord, StoreError> {
    row.text()?;
    let run = row.text()?;
    let seq = row.number()?;
    let kind = StructureKind::from_name(&row.text()?).ok_or_else(|| row.damaged())?;
    let about = (kind, row.text()?);
    Ok(ChangeRecord {
        run,
        seq,
        about,
        change: row.optional_json()?,
        before: row.optional_json()?,
        done: row.text()? == "done",
        kept: row.number()? > 0,
        at: row.moment()?,
    })
}
