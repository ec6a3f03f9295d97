//! The id map: which new id each legacy key got, phase by phase.
//!
//! A composite key is shown part by part in canonical text, with `, ` between the parts; where a
//! phase takes records apart, the element's number (from 0) is the last part.

mod publish;
mod walk;

pub use publish::{Published, publish, refresh};

use std::io::Write;

use serde::Serialize;

use crate::ledger::{KeyMap, Known};
use crate::plan::Plan;
use crate::run::{RunError, RunErrorKind, Stores};
use walk::Walk;

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
    /// The table or collection that the key is from; `None` for queries and files.
    pub source: Option<String>,
    /// The table or collection that the record went to.
    pub target: String,
    /// Who started the run.
    pub who: Option<String>,
    /// When the phase started in that run.
    pub started_at: Option<String>,
    /// When it ended; `None` while it is under way.
    pub finished_at: Option<String>,
}

/// The columns of an export as CSV.
const HEADS: [&str; 10] = [
    "phase",
    "legacy_key",
    "new_id",
    "fate",
    "run",
    "source",
    "target",
    "who",
    "started_at",
    "finished_at",
];

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
    find(plan, stores, &|_, known| known.entry.key.display(true) == key).await
}

/// The lines whose new id reads so.
///
/// # Errors
/// When a ledger can't be read.
pub async fn find_new(plan: &Plan, stores: &Stores, id: &str) -> Result<Vec<IdRow>, RunError> {
    find(plan, stores, &|map, known| walk::new_id(map, known).as_deref() == Some(id)).await
}

async fn find(
    plan: &Plan,
    stores: &Stores,
    wanted: &(dyn Fn(&KeyMap, &Known) -> bool + Sync),
) -> Result<Vec<IdRow>, RunError> {
    let mut found = Vec::new();
    for phase in plan.phases.iter().filter(|phase| phase.follows.is_none()) {
        found.extend(walk::matching(phase, stores, wanted).await?);
    }
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
            csv.write_record(HEADS).map_err(|error| unwritable(&error))?;
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
    // A second pass goes over what the first one wrote, and maps nothing by itself.
    for phase in plan.phases.iter().filter(|phase| phase.follows.is_none()) {
        let mut walk = Walk::open(phase, stores).await?;
        while let Some(rows) = walk.next().await? {
            rows.into_iter().try_for_each(&mut take)?;
        }
    }
    Ok(())
}
