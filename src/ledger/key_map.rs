//! What a phase did to each source key so far: the id map, and the memory of differential runs.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use super::{BatchRecord, Counts, Entry, Fate, Ledger, PhaseRecord, PhaseState};
use crate::connectors::StoreError;
use crate::expr::IdRule;
use crate::value::{Key, Value};

/// How many entries of decoded batches are kept in memory.
const CACHED_ENTRIES: usize = 50_000;

/// Skips that are about what other records were there.
const PASSING: [&str; 2] = ["lookup_missing", "not_written"];

/// The newest entry of each source key of a phase, over all its runs that were not taken back.
///
/// The index of batches is in memory (two keys per batch); decoded batches are kept as long as they
/// are few, the least recently used dropped first.
#[derive(Debug)]
pub struct KeyMap {
    ledger: Ledger,
    phase: String,
    batches: Vec<Batch>,
    rules: HashMap<String, Option<IdRule>>,
    cached: HashMap<usize, Arc<[Entry]>>,
    recent: VecDeque<usize>,
    entries: usize,
}

#[derive(Debug)]
struct Batch {
    run: Arc<str>,
    seq: u64,
    first: Key,
    last: Key,
}

/// What the map knows of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its newest entry.
    pub entry: Entry,
    /// The run that wrote it.
    pub run: Arc<str>,
    /// The batch of that run that it is in.
    pub batch: u64,
    /// Where the newest entry is a skip or a reject: the newest one that arrived.
    earlier: Option<Box<Known>>,
}

impl Known {
    fn new(entry: Entry, run: &Arc<str>, batch: u64) -> Self {
        Self { entry, run: Arc::clone(run), batch, earlier: None }
    }

    fn has_arrived(&self) -> bool {
        self.entry.fate.arrived() || self.is_marked()
    }

    /// Whether the key's record was marked, since its source had it no longer.
    pub fn is_marked(&self) -> bool {
        self.entry.fate == Fate::Marked
    }

    /// What is known of the key's record in the target: the newest entry with which it arrived, or
    /// was marked.
    pub fn arrived(&self) -> Option<&Known> {
        if self.has_arrived() { Some(self) } else { self.earlier.as_deref() }
    }
}

impl KeyMap {
    /// Opens the map of a phase, by its name in history. Empty when the store has no ledger.
    pub async fn open(ledger: &Ledger, phase: &str) -> Result<Self, StoreError> {
        let records =
            if ledger.exists().await? { ledger.phases(Some(phase)).await? } else { vec![] };
        let live: Vec<&PhaseRecord> =
            records.iter().filter(|record| record.state != PhaseState::RolledBack).collect();
        let mut batches: Vec<Batch> = Vec::new();
        if !live.is_empty() {
            for (run, seq, first, last) in ledger.batch_index(phase, None).await? {
                // A batch that is not finished may still be taken back.
                if live.iter().any(|record| record.run == run && seq < record.batches) {
                    let run = match batches.last() {
                        Some(before) if *before.run == *run => Arc::clone(&before.run),
                        _ => Arc::from(run),
                    };
                    batches.push(Batch { run, seq, first, last });
                }
            }
        }
        let rules = live
            .iter()
            .map(|record| {
                let rule = record.target.id.as_ref().and_then(super::records::IdShape::rule);
                (record.run.clone(), rule)
            })
            .collect();
        Ok(Self {
            ledger: ledger.clone(),
            phase: phase.to_owned(),
            batches,
            rules,
            cached: HashMap::new(),
            recent: VecDeque::new(),
            entries: 0,
        })
    }

    /// Whether nothing is known of any key.
    pub fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }

    /// How many batches there are.
    pub fn batches(&self) -> usize {
        self.batches.len()
    }

    /// What is known of these keys.
    pub async fn get(&mut self, keys: &[Key]) -> Result<HashMap<Key, Known>, StoreError> {
        let mut found: HashMap<Key, Known> = HashMap::new();
        // In order, so that the keys that a batch may hold stand together in both.
        let mut open: Vec<&Key> = keys.iter().collect();
        open.sort_unstable();
        open.dedup();
        for index in (0..self.batches.len()).rev() {
            if open.is_empty() {
                break;
            }
            let batch = &self.batches[index];
            let start = open.partition_point(|key| **key < batch.first);
            let length = open[start..].partition_point(|key| **key <= batch.last);
            if length == 0 {
                continue;
            }
            let (run, seq) = (Arc::clone(&batch.run), batch.seq);
            let entries = self.entries_of(index).await?;
            let mut rest = &*entries;
            let mut arrived = vec![false; length];
            for (key, arrived) in open[start..start + length].iter().zip(&mut arrived) {
                rest = &rest[rest.partition_point(|entry| entry.key < **key)..];
                let Some(entry) = rest.first().filter(|entry| entry.key == **key) else { continue };
                let known = Known::new(entry.clone(), &run, seq);
                // A skip or reject does not undo that the record arrived before.
                let deleted = known.entry.fate == Fate::Deleted;
                if known.has_arrived() || deleted {
                    *arrived = true;
                    match found.get_mut(*key) {
                        Some(_) if deleted => {}
                        Some(newest) => newest.earlier = Some(Box::new(known)),
                        None => {
                            found.insert((*key).clone(), known);
                        }
                    }
                } else {
                    found.entry((*key).clone()).or_insert(known);
                }
            }
            if arrived.contains(&true) {
                let mut at = 0;
                open.retain(|_| {
                    let place = at;
                    at += 1;
                    !(start..start + length).contains(&place) || !arrived[place - start]
                });
            }
        }
        Ok(found)
    }

    /// The identity that a key's record has in the target; `None` when it has no record there.
    pub fn identity(&self, known: &Known) -> Option<Vec<Value>> {
        if let Some(id) = &known.entry.id {
            return id.values();
        }
        let Known { entry, run, .. } = known.arrived()?;
        match &entry.id {
            Some(id) => id.values(),
            None => Some(vec![self.rules.get(&**run)?.as_ref()?.make(&entry.key, None)]),
        }
    }

    /// All entries, batch by batch in order, older ones of a key before newer ones.
    pub async fn batch(&mut self, index: usize) -> Result<Option<Vec<Known>>, StoreError> {
        let Some(batch) = self.batches.get(index) else { return Ok(None) };
        let record = self.ledger.batch(&batch.run, &self.phase, batch.seq).await?;
        let known = |entry| Known::new(entry, &batch.run, batch.seq);
        Ok(Some(record.entries.into_iter().map(known).collect()))
    }

    /// One batch as the ledger has it, with its run and number.
    pub async fn record(
        &self,
        index: usize,
    ) -> Result<Option<(Arc<str>, u64, BatchRecord)>, StoreError> {
        let Some(batch) = self.batches.get(index) else { return Ok(None) };
        let record = self.ledger.batch(&batch.run, &self.phase, batch.seq).await?;
        Ok(Some((Arc::clone(&batch.run), batch.seq, record)))
    }

    /// Whether another run than this one tells of the phase's records.
    pub fn knows_beside(&self, run: &str) -> bool {
        self.batches.iter().any(|batch| *batch.run != *run)
    }

    /// What stands of the phase's records: how many keys arrived, all as unchanged, and how many were
    /// skipped or rejected last. What the source no longer has is not among them.
    pub async fn standing(&mut self) -> Result<Counts, StoreError> {
        let mut last: HashMap<u128, Fate> = HashMap::new();
        let mut at = 0;
        while let Some(entries) = self.batch(at).await? {
            for known in entries {
                let key = known.entry.key.hash128();
                let fate = match known.entry.fate {
                    Fate::Deleted | Fate::Marked => {
                        last.remove(&key);
                        continue;
                    }
                    fate if fate.arrived() => Fate::Unchanged,
                    fate => fate,
                };
                last.insert(key, fate);
            }
            at += 1;
        }
        Ok(counted(&last))
    }

    /// What stands of the records that did not arrive: skips and rejects by reason.
    pub async fn missing(&mut self) -> Result<Counts, StoreError> {
        let mut last: HashMap<u128, Fate> = HashMap::new();
        let mut at = 0;
        while let Some(entries) = self.batch(at).await? {
            for known in entries {
                let key = known.entry.key.hash128();
                if known.has_arrived() || known.entry.fate == Fate::Deleted {
                    last.remove(&key);
                } else {
                    last.insert(key, known.entry.fate);
                }
            }
            at += 1;
        }
        Ok(counted(&last))
    }

    /// The keys that were rejected last, or skipped for what may have come since, in order. What
    /// one run says is left out.
    pub async fn left_out(&mut self, except: &str) -> Result<BTreeSet<Key>, StoreError> {
        let mut keys = BTreeSet::new();
        let mut at = 0;
        while let Some(entries) = self.batch(at).await? {
            for known in entries.into_iter().filter(|known| *known.run != *except) {
                let again = match &known.entry.fate {
                    Fate::Rejected(_) => true,
                    Fate::Skipped(reason) => PASSING.contains(&&**reason),
                    _ => false,
                };
                if again {
                    keys.insert(known.entry.key);
                } else {
                    keys.remove(&known.entry.key);
                }
            }
            at += 1;
        }
        Ok(keys)
    }

    /// The newest entry of each key of a batch, in the order of the keys.
    async fn entries_of(&mut self, index: usize) -> Result<Arc<[Entry]>, StoreError> {
        if let Some(entries) = self.cached.get(&index) {
            if self.recent.back() != Some(&index) {
                self.recent.retain(|other| *other != index);
                self.recent.push_back(index);
            }
            return Ok(Arc::clone(entries));
        }
        let batch = &self.batches[index];
        let mut entries = self.ledger.batch(&batch.run, &self.phase, batch.seq).await?.entries;
        if !entries.is_sorted_by(|a, b| a.key < b.key) {
            // A stable sort: of a key that comes again the last is the newest.
            entries.sort_by(|a, b| b.key.cmp(&a.key));
            entries.reverse();
            entries.dedup_by(|later, earlier| later.key == earlier.key);
        }
        self.entries += entries.len();
        let entries: Arc<[Entry]> = entries.into();
        self.cached.insert(index, Arc::clone(&entries));
        self.recent.push_back(index);
        while self.entries > CACHED_ENTRIES && self.recent.len() > 1 {
            if let Some(oldest) = self.recent.pop_front()
                && let Some(dropped) = self.cached.remove(&oldest)
            {
                self.entries -= dropped.len();
            }
        }
        Ok(entries)
    }
}

fn counted(fates: &HashMap<u128, Fate>) -> Counts {
    let mut counts = Counts::default();
    for fate in fates.values() {
        counts.add(fate);
    }
    counts
}
