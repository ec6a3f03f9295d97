//! What is off while a phase writes, so that it is put back whatever becomes of the phase.

use chrono::{DateTime, Utc};

use super::Ledger;
use super::fields::{Fields, json, moment, number};
use super::tables::SWITCHES;
use crate::connectors::{Session, StoreError};
use crate::value::Value;
use crate::value::query::Filter;
use crate::value::switch::Switch;

/// Something of a table that is off, or that is on again and not proven to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SwitchRecord {
    /// The run.
    pub run: String,
    /// The phase's name in history.
    pub phase: String,
    /// Its place among those that were switched together.
    pub place: u64,
    /// What it is, and how it is put back.
    pub switch: Switch,
    /// Whether it is off. One that is on is a foreign key that rows violate, or may.
    pub off: bool,
    /// Since when.
    pub at: DateTime<Utc>,
}

impl SwitchRecord {
    /// What tells it from others of the store.
    pub fn id(&self) -> String {
        let Switch { kind, table, name, .. } = &self.switch;
        format!("{}/{table}/{name}", kind.name())
    }
}

impl Ledger {
    /// Creates the part of the ledger that is about what is off, unless it is there.
    pub async fn create_switches(&self, session: &mut dyn Session) -> Result<(), StoreError> {
        if session.describe(SWITCHES.name).await?.is_some() {
            return Ok(());
        }
        self.create_table(session, &SWITCHES).await
    }

    /// What is off, or on again and not proven, in the order in which it was switched.
    pub async fn switches(&self) -> Result<Vec<SwitchRecord>, StoreError> {
        if self.store.describe(SWITCHES.name).await?.is_none() {
            return Ok(Vec::new());
        }
        let rows = self.rows(&SWITCHES, Filter::All).await?;
        let mut records = rows.into_iter().map(record).collect::<Result<Vec<_>, _>>()?;
        records.sort_by_key(|record| (record.at, record.place));
        Ok(records)
    }

    /// Writes that something is off, or how it stands.
    pub async fn save_switch(
        &self,
        session: &mut dyn Session,
        record: &SwitchRecord,
    ) -> Result<(), StoreError> {
        let values = vec![
            Value::text(&record.run),
            Value::text(&record.phase),
            number(record.place),
            json(&record.switch)?,
            Value::text(if record.off { "off" } else { "unproven" }),
            moment(record.at),
        ];
        self.save(session, &SWITCHES, &record.id(), values).await
    }

    /// Forgets something that is as it was.
    pub async fn forget_switch(
        &self,
        session: &mut dyn Session,
        record: &SwitchRecord,
    ) -> Result<(), StoreError> {
        let row = vec![Value::text(record.id())];
        self.delete(session, &SWITCHES, &["_id"], vec![row]).await
    }
}

fn record(mut row: Fields) -> Result<SwitchRecord, StoreError> {
    row.text()?;
    Ok(SwitchRecord {
        run: row.text()?,
        phase: row.text()?,
        place: row.number()?,
        switch: row.json()?,
        off: row.text()? == "off",
        at: row.moment()?,
    })
}
