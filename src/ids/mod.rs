//! The id map: which new id each legacy key got, phase by phase.
//!
//! A composite key is shown part by part in canonical text, with `, ` between the parts; where a
//! phase takes records apart, the element's number (from 0) is the last part.

use std::collections::HashMap;
use std::io::Write;

use serde::Serialize;

use crate::ledger::{KeyMap, Known};
use crate::plan::Plan;
use crate::run::{RunError, RunErrorKind, Stores};
use crate::value::Value;

/// One line of the id map.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IdRow {
    /// The phase's full name.
    pub phase: String,
    /// The source key as text.
    pub legacy_key: String,
    /// The id that the target holds for it, as text; composite ids as composite keys.
    pub new_id: Option<String>,
    /// What became of the record last (`inserted`, `unchanged`, …).
    pub fate: String,
    /// The run that says so.
    pub run: String,
}

/// In what form the id map is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// Comma-separated values with a header line.
    Csv,
    /// One JSON object per line.
    JsonLines,
}

/// The lines whose legacy key reads so.
///
/// # Errors
/// When a ledger can't be read.
pub async fn find_legacy(plan: &Plan, stores: &Stores, key: &str) -> Result<Vec<IdRow>, RunError> {
    let mut found = Vec::new();
    each(plan, stores, |row| {
        if row.legacy_key == key {
            found.push(row);
        }
        Ok(())
    })
    .await?;
    Ok(found)
}

/// The lines whose new id reads so.
///
/// # Errors
/// When a ledger can't be read.
pub async fn find_new(plan: &Plan, stores: &Stores, id: &str) -> Result<Vec<IdRow>, RunError> {
    let mut found = Vec::new();
    each(plan, stores, |row| {
        if row.new_id.as_deref() == Some(id) {
            found.push(row);
        }
        Ok(())
    })
    .await?;
    Ok(found)
}

/// Writes the whole map. Gives how many lines there are, a header aside.
///
/// # Errors
/// When a ledger can't be read, or the writer fails.
pub async fn export(
    plan: &Plan,
    stores: &Stores,
    format: ExportFormat,
    to: &mut (dyn Write + Send),
) -> Result<u64, RunError> {
    let mut lines = 0;
    match format {
        ExportFormat::Csv => {
            let mut csv = csv::WriterBuilder::new().has_headers(false).from_writer(to);
            csv.write_record(["phase", "legacy_key", "new_id", "fate", "run"])
                .map_err(|error| unwritable(&error))?;
            each(plan, stores, |row| {
                lines += 1;
                csv.serialize(&row).map_err(|error| unwritable(&error))
            })
            .await?;
            csv.flush().map_err(|error| unwritable(&error))?;
        }
        ExportFormat::JsonLines => {
            each(plan, stores, |row| {
                lines += 1;
                let text = serde_json::to_string(&row).map_err(|error| unwritable(&error))?;
                writeln!(to, "{text}").map_err(|error| unwritable(&error))
            })
            .await?;
            to.flush().map_err(|error| unwritable(&error))?;
        }
    }
    Ok(lines)
}

fn unwritable(error: &dyn std::error::Error) -> RunError {
    RunError::new(RunErrorKind::Refused, format!("the id map can't be written: {error}"))
}

/// Hands each line on: phases in the order of the plan, records in the order in which they were
/// last written.
async fn each(
    plan: &Plan,
    stores: &Stores,
    mut take: impl FnMut(IdRow) -> Result<(), RunError>,
) -> Result<(), RunError> {
    for phase in &plan.phases {
        let ledger = stores.ledger(phase.target.connection);
        let mut map = KeyMap::open(&ledger, &phase.history_name()).await?;
        // Which batch tells of a key last.
        let mut newest: HashMap<u128, u32> = HashMap::new();
        let mut at = 0;
        while let Some(entries) = map.batch(at).await? {
            let place = u32::try_from(at).unwrap_or(u32::MAX);
            newest.extend(entries.iter().map(|known| (known.entry.key.hash128(), place)));
            at += 1;
        }
        let mut at = 0;
        while let Some(entries) = map.batch(at).await? {
            let place = u32::try_from(at).unwrap_or(u32::MAX);
            for known in entries {
                if newest.get(&known.entry.key.hash128()) == Some(&place) {
                    take(row(&phase.full_name(), &map, &known))?;
                }
            }
            at += 1;
        }
    }
    Ok(())
}

fn row(phase: &str, map: &KeyMap, known: &Known) -> IdRow {
    let new_id = map.identity(known).map(|id| {
        let parts: Vec<String> = id
            .iter()
            .map(|value| match value {
                Value::Array(parts) => parts
                    .iter()
                    .map(|part| part.canonical_text().unwrap_or_default().into_owned())
                    .collect::<Vec<_>>()
                    .join(", "),
                value => value.canonical_text().unwrap_or_default().into_owned(),
            })
            .collect();
        parts.join(", ")
    });
    IdRow {
        phase: phase.to_owned(),
        legacy_key: known.entry.key.display(true),
        new_id,
        fate: known.entry.fate.name().to_owned(),
        run: known.run.to_string(),
    }
}
