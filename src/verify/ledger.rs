//! The ledger's sums: every record of a phase has a fate, and the fates add up.

use super::result;
use crate::connectors::StoreError;
use crate::ledger::{Counts, KeyMap, Known, Ledger, PhaseRecord, PhaseState};
use crate::plan::{Phase, Severity};
use crate::run::checks::CheckResult;
use crate::run::{RunError, Stores};

/// What the ledger holds of a phase.
#[derive(Clone, Debug, PartialEq)]
pub struct LedgerState {
    /// The phase's full name.
    pub phase: String,
    /// Its newest run that was not taken back.
    pub record: Option<PhaseRecord>,
    /// Rejects that still stand.
    pub open_rejects: u64,
}

/// Looks at what the ledger says of a phase's newest run.
pub(super) async fn verify(stores: &Stores, phase: &Phase) -> (LedgerState, CheckResult) {
    let name = format!("ledger of {}", phase.full_name());
    let mut state = LedgerState { phase: phase.full_name(), record: None, open_rejects: 0 };
    let advice = "Restore the ledger's tables, or roll the phase back and run it again.";
    let result = match examine(stores, phase, &mut state).await {
        Ok(Examined::NotRun) => {
            let actual = "it has not run".to_owned();
            let result = result(name, false, actual, "Run the spec.");
            CheckResult { severity: Severity::Warning, ..result }
        }
        Ok(Examined::Unfinished(word)) => {
            result(name, false, format!("it is {word}"), "Run the spec again: it goes on.")
        }
        Ok(Examined::Sums(problems, actual)) if problems.is_empty() => {
            result(name, true, actual, advice)
        }
        Ok(Examined::Sums(problems, _)) => result(name, false, problems.join("; "), advice),
        Err(error) => result(name, false, format!("it can't be read: {error}"), advice),
    };
    (state, result)
}

enum Examined {
    NotRun,
    Unfinished(&'static str),
    Sums(Vec<String>, String),
}

async fn examine(
    stores: &Stores,
    phase: &Phase,
    state: &mut LedgerState,
) -> Result<Examined, RunError> {
    let Some(record) = stores.newest_record(phase).await? else { return Ok(Examined::NotRun) };
    let ledger = stores.ledger(phase.target.connection);
    state.record = Some(record.clone());
    state.open_rejects = ledger.open_rejects(&record.phase).await?.len() as u64;
    let mut problems = Vec::new();
    let counts = &record.counts;
    if !counts.is_conserved() {
        problems.push(format!(
            "{} records were read, and {} have a fate",
            counts.read,
            counts.arrived() + counts.skipped + counts.rejected
        ));
    }
    if state.open_rejects != counts.rejected {
        problems.push(format!(
            "{} were rejected, and {} rejects stand",
            counts.rejected, state.open_rejects
        ));
    }
    problems.extend(compare(&record.counts, &Told::read(&ledger, &record).await?));
    if problems.is_empty() && record.state != PhaseState::Completed {
        return Ok(Examined::Unfinished(match record.state {
            PhaseState::Failed => "failed",
            _ => "in progress",
        }));
    }
    let mut actual = format!(
        "{} read = {} inserted + {} updated + {} unchanged + {} skipped + {} rejected; the batches \
         add up",
        counts.read,
        counts.inserted,
        counts.updated,
        counts.unchanged,
        counts.skipped,
        counts.rejected
    );
    for (count, what) in
        [(counts.deleted, "deleted"), (counts.marked, "marked"), (counts.deleted_kept(), "kept")]
    {
        if count > 0 {
            actual = format!("{actual}; {count} no longer in the source were {what}");
        }
    }
    Ok(Examined::Sums(problems, actual))
}

/// What batches tell of a phase's keys, each key by its newest entry.
struct Told {
    /// By the batches of the run that is looked at.
    own: Counts,
    /// By those of older runs.
    older: Counts,
}

impl Told {
    async fn read(ledger: &Ledger, record: &PhaseRecord) -> Result<Self, StoreError> {
        let mut map = KeyMap::open(ledger, &record.phase).await?;
        let mut told = Self { own: Counts::default(), older: Counts::default() };
        for index in 0..map.batches() {
            for known in newest_of(&mut map, index).await? {
                let is_own = *known.run == record.run;
                let counts = if is_own { &mut told.own } else { &mut told.older };
                counts.add(&known.entry.fate);
            }
        }
        Ok(told)
    }
}

/// The entries of a batch after which no other tells of the same key.
async fn newest_of(map: &mut KeyMap, index: usize) -> Result<Vec<Known>, StoreError> {
    let mut batch = map.batch(index).await?.unwrap_or_default();
    let keys: Vec<_> = batch.iter().map(|known| known.entry.key.clone()).collect();
    let newest = map.get(&keys).await?;
    batch.retain(|known| {
        newest
            .get(&known.entry.key)
            .is_some_and(|newest| (&newest.run, newest.batch) == (&known.run, known.batch))
    });
    Ok(batch)
}

/// Holds a run's counts against what its batches tell. A record that is as an older run left it is
/// not told again: so many must the older runs know of.
fn compare(counts: &Counts, told: &Told) -> Vec<String> {
    let Told { own, older } = told;
    let mut problems = Vec::new();
    for (word, counted, told, older) in [
        ("inserted", counts.inserted, own.inserted, 0),
        ("updated", counts.updated, own.updated, 0),
        ("unchanged", counts.unchanged, own.unchanged, older.arrived()),
        ("skipped", counts.skipped, own.skipped, older.skipped),
        ("rejected", counts.rejected, own.rejected, older.rejected),
        ("deleted", counts.deleted, own.deleted, 0),
        ("marked", counts.marked, own.marked, 0),
    ] {
        if told > counted || told + older < counted {
            let also =
                if older > 0 { format!(" and older runs of {older}") } else { String::new() };
            problems.push(format!("{counted} were {word}, and the batches tell of {told}{also}"));
        }
    }
    problems
}
