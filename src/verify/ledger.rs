//! The ledger's sums: every record of a phase has a fate, and the fates add up.

use super::result;
use crate::connectors::StoreError;
use crate::ledger::{Counts, Entry, Fate, KeyMap, Ledger, PhaseRecord, PhaseState};
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
    let told = told_by(&ledger, &record).await?;
    problems.extend(compare(&ledger, &record, &told).await?);
    if problems.is_empty() && record.state != PhaseState::Completed {
        return Ok(Examined::Unfinished(match record.state {
            PhaseState::Failed => "failed",
            _ => "in progress",
        }));
    }
    let actual = format!(
        "{} read = {} inserted + {} updated + {} unchanged + {} skipped + {} rejected; the batches \
         add up",
        counts.read,
        counts.inserted,
        counts.updated,
        counts.unchanged,
        counts.skipped,
        counts.rejected
    );
    Ok(Examined::Sums(problems, actual))
}

/// The fates that a run's own batches tell.
async fn told_by(ledger: &Ledger, record: &PhaseRecord) -> Result<Counts, StoreError> {
    let mut told = Counts::default();
    for (run, seq, _, _) in ledger.batch_index(&record.phase, Some(&record.run)).await? {
        for entry in ledger.batch(&run, &record.phase, seq).await?.entries {
            told.add(&entry.fate);
        }
    }
    Ok(told)
}

/// Holds a run's counts against what its batches tell. A record that is as an older run left it is
/// not told again: so many must the older runs know of.
async fn compare(
    ledger: &Ledger,
    record: &PhaseRecord,
    told: &Counts,
) -> Result<Vec<String>, StoreError> {
    let counts = &record.counts;
    let mut problems = Vec::new();
    let mut not_told = Vec::new();
    for (word, counted, told, may_be_older) in [
        ("inserted", counts.inserted, told.inserted, false),
        ("updated", counts.updated, told.updated, false),
        ("unchanged", counts.unchanged, told.unchanged, true),
        ("skipped", counts.skipped, told.skipped, true),
        ("rejected", counts.rejected, told.rejected, true),
    ] {
        if told > counted || (told < counted && !may_be_older) {
            problems.push(format!("{counted} were {word}, and the batches tell of {told}"));
        } else if told < counted {
            not_told.push((word, counted - told));
        }
    }
    if not_told.is_empty() {
        return Ok(problems);
    }
    let older = older_fates(ledger, record).await?;
    for (word, missing) in not_told {
        let known = match word {
            "unchanged" => older.arrived(),
            "skipped" => older.skipped,
            _ => older.rejected,
        };
        if known < missing {
            problems.push(format!(
                "{missing} that were {word} are in no batch, and older runs know of {known}"
            ));
        }
    }
    Ok(problems)
}

/// The fates of the keys that older runs tell of and this one does not.
async fn older_fates(ledger: &Ledger, record: &PhaseRecord) -> Result<Counts, StoreError> {
    let mut map = KeyMap::open(ledger, &record.phase).await?;
    let mut fates = Counts::default();
    let mut index = 0;
    while let Some(batch) = map.batch(index).await? {
        index += 1;
        if batch.first().is_none_or(|known| known.run == record.run) {
            continue;
        }
        let keys: Vec<_> = batch.iter().map(|known| known.entry.key.clone()).collect();
        let newest = map.get(&keys).await?;
        for known in &batch {
            let is_newest = newest
                .get(&known.entry.key)
                .is_some_and(|newest| (&newest.run, newest.batch) == (&known.run, known.batch));
            if is_newest {
                add(&mut fates, &known.entry);
            }
        }
    }
    Ok(fates)
}

fn add(fates: &mut Counts, entry: &Entry) {
    match entry.fate {
        Fate::Inserted | Fate::Updated | Fate::Unchanged => fates.unchanged += 1,
        Fate::Skipped(_) => fates.skipped += 1,
        Fate::Rejected(_) => fates.rejected += 1,
    }
}
