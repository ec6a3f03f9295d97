//! Runs and their phases in the ledger.

use super::fields::{equal, json, moment, number};
use super::tables::{PHASES, RUNS};
use super::{Counts, Ledger, PhaseRecord, PhaseState, RunRecord, RunState};
use crate::connectors::{Session, StoreError};
use crate::value::Value;
use crate::value::query::Filter;

impl Ledger {
    /// Writes a run, new or changed.
    pub async fn save_run(
        &self,
        session: &mut dyn Session,
        run: &RunRecord,
    ) -> Result<(), StoreError> {
        let values = vec![
            Value::text(&run.spec),
            Value::text(&run.version),
            Value::text(&run.checksum),
            Value::text(&run.command),
            Value::text(&run.who),
            moment(run.started_at),
            run.finished_at.map_or(Value::Null, moment),
            Value::text(run.state.name()),
        ];
        self.save(session, &RUNS, &run.id, values).await
    }

    /// The runs of a spec (or of all), oldest first.
    pub async fn runs(&self, spec: Option<&str>) -> Result<Vec<RunRecord>, StoreError> {
        let filter = spec.map_or(Filter::All, |spec| equal("spec", Value::text(spec)));
        let rows = self.rows(&RUNS, filter).await?;
        let mut runs = rows
            .into_iter()
            .map(|mut row| {
                Ok(RunRecord {
                    id: row.text()?,
                    spec: row.text()?,
                    version: row.text()?,
                    checksum: row.text()?,
                    command: row.text()?,
                    who: row.text()?,
                    started_at: row.moment()?,
                    finished_at: row.optional_moment()?,
                    state: RunState::from_name(&row.text()?).ok_or_else(|| row.damaged())?,
                })
            })
            .collect::<Result<Vec<_>, StoreError>>()?;
        runs.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(runs)
    }

    /// Writes a phase's record, new or changed.
    pub async fn save_phase(
        &self,
        session: &mut dyn Session,
        phase: &PhaseRecord,
    ) -> Result<(), StoreError> {
        let counts = &phase.counts;
        let values = vec![
            Value::text(&phase.run),
            Value::text(&phase.phase),
            Value::text(&phase.checksum),
            Value::text(phase.state.name()),
            number(counts.sources),
            number(counts.empty_sources),
            number(counts.read),
            number(counts.inserted),
            number(counts.updated),
            number(counts.unchanged),
            number(counts.skipped),
            number(counts.rejected),
            json(&counts.stored_reasons())?,
            phase.checkpoint.as_ref().map_or(Value::Null, Value::bytes),
            number(phase.batches),
            moment(phase.now),
            moment(phase.started_at),
            phase.finished_at.map_or(Value::Null, moment),
            Value::Float(phase.seconds),
            phase.expected.map_or(Value::Null, number),
            phase.error.as_ref().map_or(Value::Null, Value::text),
            json(&phase.target)?,
        ];
        self.save(session, &PHASES, &phase.id(), values).await
    }

    /// The records of a phase (or of all), oldest run first.
    pub async fn phases(&self, phase: Option<&str>) -> Result<Vec<PhaseRecord>, StoreError> {
        let filter = phase.map_or(Filter::All, |phase| equal("phase", Value::text(phase)));
        let rows = self.rows(&PHASES, filter).await?;
        let mut phases = rows
            .into_iter()
            .map(|mut row| {
                row.text()?;
                Ok(PhaseRecord {
                    run: row.text()?,
                    phase: row.text()?,
                    checksum: row.text()?,
                    state: PhaseState::from_name(&row.text()?).ok_or_else(|| row.damaged())?,
                    counts: Counts {
                        sources: row.number()?,
                        empty_sources: row.number()?,
                        read: row.number()?,
                        inserted: row.number()?,
                        updated: row.number()?,
                        unchanged: row.number()?,
                        skipped: row.number()?,
                        rejected: row.number()?,
                        ..Counts::default()
                    }
                    .with_stored_reasons(row.json()?),
                    checkpoint: row.optional_bytes()?,
                    batches: row.number()?,
                    now: row.moment()?,
                    started_at: row.moment()?,
                    finished_at: row.optional_moment()?,
                    seconds: row.float()?,
                    expected: row.optional_number()?,
                    error: row.optional_text()?,
                    target: row.json()?,
                })
            })
            .collect::<Result<Vec<_>, StoreError>>()?;
        phases.sort_by(|a, b| (&a.run, a.started_at).cmp(&(&b.run, b.started_at)));
        Ok(phases)
    }
}
