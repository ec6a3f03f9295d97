//! Rejects tried again: exactly their source records are read, mapped and written, and the counts
//! of the phase move from rejected to what became of them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::apart::duplicates_possible;
use super::enrich::{Enricher, Opening};
use super::flow::Flow;
use super::intent::{self, Intents, name_ids};
use super::load::Loader;
use super::seen::Seen;
use super::{
    Cancel, Event, Item, ItemOutcome, MappedBatch, Observer, Options, Progress, RunError,
    RunErrorKind, Shape, Stores, Transformer, source, switches,
};
use crate::connectors::{Checkpoint, ScanRequest, ScanSource, Session, SourceBatch};
use crate::ledger::{Counts, Fate, KeyMap, Ledger, PhaseRecord, PhaseState, RejectRecord};
use crate::plan::{OnDuplicate, Phase, Plan};
use crate::value::query::{Filter, Select};
use crate::value::{Column, Key, Row, Value};

/// What a retry of one phase did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retried {
    /// What became of the records that were tried again.
    pub counts: Counts,
    /// Rejects whose record the source does not give any more; they stand.
    pub vanished: u64,
    /// Whether someone wished to stop.
    pub cancelled: bool,
}

/// Tries the open rejects of a phase again. The caller holds the locks of the stores.
///
/// # Errors
/// When a store fails; what was committed before stays.
pub async fn retry(
    plan: &Plan,
    index: usize,
    stores: &Stores,
    options: &Options,
    observer: &dyn Observer,
    cancel: &Cancel,
) -> Result<Retried, RunError> {
    let phase = Arc::new(plan.phases[index].clone());
    let name = phase.full_name();
    let overlaid;
    let mut stores = stores;
    if options.dry_run {
        overlaid = stores.overlaid();
        stores = &overlaid;
    }
    let work = async {
        let mut retried = Retried::default();
        let ledger = stores.ledger(phase.target.connection);
        if !ledger.exists().await? {
            return Ok(retried);
        }
        intent::recover(stores, [phase.target.connection], observer).await?;
        if !options.dry_run {
            switches::recover(stores, plan, options.show_values, observer).await?;
        }
        let services = Arc::default();
        let mut open: HashMap<String, Vec<RejectRecord>> = HashMap::new();
        for reject in ledger.open_rejects(&phase.history_name()).await? {
            open.entry(reject.run.clone()).or_default().push(reject);
        }
        for record in ledger.phases(Some(&phase.history_name())).await? {
            let Some(rejects) = open.remove(&record.run) else { continue };
            if record.state == PhaseState::RolledBack {
                continue;
            }
            let update = options.update.contains(&index);
            let mut retry = Retry::open(plan, index, stores, record, update).await?;
            let opening = Opening {
                phase: &phase,
                index,
                shape: &retry.shape,
                target: stores.get(phase.target.connection),
                services: &services,
                observer,
                update,
                dry_run: options.dry_run,
            };
            retry.enricher = Enricher::open(&opening, &retry.record).await?;
            let own = retry.record.clone();
            switches::take_off(stores, &phase, &own, cancel).await?;
            let done = retry.all(rejects, observer, cancel, &mut retried).await;
            let on = switches::put_back(stores, &phase, &own, options.show_values).await;
            if done.is_err() {
                // The failure is the one to tell; the next command that writes tries this again.
                let _ = intent::recover(stores, [phase.target.connection], observer).await;
            }
            done?;
            let violated = on?;
            if !violated.is_empty() {
                return Err(switches::failure(&violated));
            }
        }
        Ok(retried)
    };
    work.await.map_err(|error: RunError| error.in_phase(&name))
}

/// The rejects that are not tried yet. Records without a key may share the stand-in for it.
type Open = HashMap<Key, Vec<RejectRecord>>;

struct Retry {
    phase: Arc<Phase>,
    stores: Stores,
    ledger: Ledger,
    shape: Arc<Shape>,
    transformer: Transformer,
    loader: Loader,
    /// Who asks services, where the phase does.
    enricher: Option<Enricher>,
    record: PhaseRecord,
    /// Records that this phase wrote, where another source record may have the same target key.
    /// By what identifies them: the source record.
    written: HashMap<u128, u128>,
}

impl Retry {
    async fn open(
        plan: &Plan,
        index: usize,
        stores: &Stores,
        record: PhaseRecord,
        update: bool,
    ) -> Result<Self, RunError> {
        let phase = &Arc::new(plan.phases[index].clone());
        let target = stores.get(phase.target.connection);
        let ledger = stores.ledger(phase.target.connection);
        let schema = target.describe(&phase.target.entity).await?;
        let shape = Arc::new(Shape::new(phase, &**target, schema.as_ref())?);
        let transformer = Transformer::open(plan, phase, &shape, stores, record.now, None).await?;
        let mut known = KeyMap::open(&ledger, &record.phase).await?;
        let source_key = source::key(phase, stores).await?;
        let duplicates = duplicates_possible(phase, &source_key);
        let mut written = HashMap::new();
        if duplicates {
            // As the target gives them back.
            let spelled = |identity: Row| -> Row {
                let values = identity.into_iter().zip(&shape.identity).map(|(value, name)| {
                    let column = schema.as_ref().and_then(|schema| schema.column(name));
                    let column = column.cloned().unwrap_or_else(Column::any);
                    target.fit(value.clone(), &column).unwrap_or(value)
                });
                values.collect()
            };
            let mut at = 0;
            while let Some(entries) = known.batch(at).await? {
                for entry in entries {
                    if entry.entry.fate == Fate::Deleted {
                        let key = entry.entry.key.hash128();
                        written.retain(|_, other| *other != key);
                    }
                    if entry.entry.fate.arrived()
                        && let Some(identity) = known.identity(&entry)
                        && let Ok(identity) = Key::new(&spelled(identity))
                    {
                        written.insert(identity.hash128(), entry.entry.key.hash128());
                    }
                }
                at += 1;
            }
        }
        let mut intents = Intents::of(target, &ledger, &record);
        if let Some(intents) = &mut intents {
            intents.reshape(phase, &shape);
        }
        let loader = Loader {
            phase: Arc::clone(phase),
            shape: Arc::clone(&shape),
            update,
            trusts: false,
            unmarks: false,
            known,
            seen: duplicates.then(Seen::default),
            winners: None,
            started_empty: false,
            intents,
            flow: Flow::new(target, false),
        };
        Ok(Self {
            phase: Arc::clone(phase),
            stores: stores.clone(),
            ledger,
            shape,
            transformer,
            loader,
            enricher: None,
            record,
            written,
        })
    }

    async fn all(
        &mut self,
        rejects: Vec<RejectRecord>,
        observer: &dyn Observer,
        cancel: &Cancel,
        retried: &mut Retried,
    ) -> Result<(), RunError> {
        let mut open: Open = HashMap::with_capacity(rejects.len());
        for reject in rejects {
            open.entry(reject.key.clone()).or_default().push(reject);
        }
        let records = self.records(&open);
        let chunks = self.requests(&open).await?;
        for request in chunks {
            let store = Arc::clone(self.stores.get(self.phase.source.connection));
            let mut scan = store.scan(request).await?;
            while let Some(batch) = scan.next().await? {
                if cancel.is_cancelled() {
                    retried.cancelled = true;
                    return Ok(());
                }
                let Some(batch) = wanted(batch, &open, &records) else { continue };
                let mut mapped = self.transformer.map(batch).await?;
                mapped.items.retain(|item| open.contains_key(&item.key));
                if mapped.items.is_empty() {
                    continue;
                }
                let tried: Vec<RejectRecord> = mapped
                    .items
                    .iter()
                    .filter_map(|item| open.remove(&item.key))
                    .flatten()
                    .collect();
                let counts = self.load(mapped, &tried).await?;
                retried.counts.merge(&counts);
                observer.event(&Event::Batch {
                    phase: self.phase.full_name(),
                    batch: self.record.batches,
                    counts: Progress::from(&retried.counts),
                });
            }
        }
        let vanished: Vec<RejectRecord> = open.into_values().flatten().collect();
        retried.vanished += vanished.len() as u64;
        self.tell_vanished(vanished).await
    }

    /// What to read: by key where the source has one, all of a file.
    async fn requests(&self, open: &Open) -> Result<Vec<ScanRequest>, RunError> {
        let all = source::request(&self.phase, &self.stores).await?;
        let key = all.key.clone();
        let request = |filter: Filter| {
            let mut request = all.clone();
            request.filter = request.filter.and(filter);
            request
        };
        if self.phase.source.scan == ScanSource::Files {
            return Ok(vec![request(Filter::All)]);
        }
        let mut tuples: Vec<Row> = Vec::with_capacity(open.len());
        let mut keys: HashSet<Key> = HashSet::new();
        for reject in open.keys() {
            let Some(values) = source_values(reject, key.len()) else { continue };
            if !Key::new(&values).is_ok_and(|key| keys.insert(key)) {
                continue;
            }
            tuples.push(values);
        }
        let tuples = source::tuples(&self.phase, &self.stores, &key, tuples).await?;
        let most = self.phase.batch.clamp(1, 500);
        Ok(tuples
            .chunks(most)
            .map(|tuples| request(Filter::Tuples { paths: key.clone(), tuples: tuples.to_vec() }))
            .collect())
    }

    /// The keys of the source records that rejects may belong to.
    fn records(&self, open: &Open) -> HashSet<Key> {
        let explodes = usize::from(self.phase.mapping.explode.is_some());
        open.keys()
            .filter_map(|key| {
                let values = key.values()?;
                let length = values.len().saturating_sub(explodes);
                Key::new(&values[..length]).ok()
            })
            .collect()
    }

    /// Writes a batch of tried records, appended to the phase's.
    async fn load(
        &mut self,
        mut mapped: MappedBatch,
        tried: &[RejectRecord],
    ) -> Result<Counts, RunError> {
        if let Some(enricher) = &mut self.enricher {
            mapped = enricher.now(mapped).await?;
        }
        let target = Arc::clone(self.stores.get(self.phase.target.connection));
        let mut session = target.session().await?;
        if self.phase.off.foreign_keys {
            session.check_late().await?;
        }
        session.begin().await?;
        mapped.sources = 0;
        mapped.empty_sources = 0;
        mapped.checkpoint = Checkpoint(Vec::new());
        self.find_duplicates(&mut *session, &mapped.items).await?;
        if let Some(intents) = &mut self.loader.intents {
            intents.begin(&self.record);
            self.ledger.mark_retried(&mut *session, tried, self.record.batches).await?;
        }
        let mut loaded = self.loader.load(&mut *session, mapped, 0).await?;
        let mut pending = self.record.clone();
        let withdrawn = tried.iter().all(|reject| pending.counts.withdraw_reject(&reject.reason));
        pending.counts.merge(&loaded.counts);
        if !withdrawn || !pending.counts.is_conserved() {
            return Err(RunError::new(
                RunErrorKind::Internal,
                "the counts of this phase do not add up with those of the retry",
            ));
        }
        let seq = pending.batches;
        pending.batches += 1;
        let shape = self.shape.target(&self.phase);
        if shape != pending.target {
            // The spec changed: what is written now is found in another way than what was.
            name_ids(self.phase.id_field().map(|(_, rule)| rule), &mut loaded.record.entries);
            loaded.record.shape = Some(shape);
        }
        let rejects = loaded.reject_records(&pending, seq);
        match &mut self.loader.intents {
            Some(intents) => intents.settle(&mut *session, &loaded, &rejects).await?,
            None => {
                let (record, journal) = (&loaded.record, &loaded.journal);
                self.ledger
                    .append_batch(&mut *session, &pending, seq, record, journal, &rejects)
                    .await?;
            }
        }
        if let Some(enricher) = &mut self.enricher {
            enricher.settle(&mut *session).await?;
        }
        self.ledger.save_phase(&mut *session, &pending).await?;
        self.ledger.resolve_rejects(&mut *session, tried).await?;
        session.commit().await?;
        if let Some(enricher) = &mut self.enricher {
            enricher.committed();
        }
        self.record = pending;
        Ok(loaded.counts)
    }

    /// Notes the target keys that other records of the source gave before.
    async fn find_duplicates(
        &mut self,
        session: &mut dyn Session,
        items: &[Item],
    ) -> Result<(), RunError> {
        let Some(seen) = &mut self.loader.seen else { return Ok(()) };
        if self.phase.on_duplicate == OnDuplicate::Last {
            return Ok(());
        }
        let targets: HashMap<&Key, u128> = items
            .iter()
            .filter_map(|item| match &item.outcome {
                ItemOutcome::Row { target: Some(target), .. } => Some((target, item.key.hash128())),
                _ => None,
            })
            .collect();
        let shape = &*self.shape;
        let keys: Vec<&Key> = targets.keys().copied().collect();
        for keys in keys.chunks(500) {
            let select = Select {
                entity: self.phase.target.entity.clone(),
                columns: Some(shape.key_names.iter().chain(&shape.identity).cloned().collect()),
                filter: Filter::Tuples {
                    paths: shape.key_names.clone(),
                    tuples: keys.iter().filter_map(|key| key.values()).collect(),
                },
                ..Select::default()
            };
            for mut row in session.select(&select).await?.rows {
                let identity = row.split_off(shape.key_names.len());
                let (Ok(target), Ok(identity)) = (Key::new(&row), Key::new(&identity)) else {
                    continue;
                };
                let writer = self.written.get(&identity.hash128());
                if writer.is_some_and(|writer| targets.get(&target) != Some(writer)) {
                    seen.insert(&target);
                }
            }
        }
        Ok(())
    }

    async fn tell_vanished(&self, mut rejects: Vec<RejectRecord>) -> Result<(), RunError> {
        if rejects.is_empty() {
            return Ok(());
        }
        for reject in &mut rejects {
            "the source gives no record with this key any more".clone_into(&mut reject.message);
        }
        let target = self.stores.get(self.phase.target.connection);
        let mut session = target.session().await?;
        session.begin().await?;
        self.ledger.change_rejects(&mut *session, &rejects).await?;
        session.commit().await?;
        Ok(())
    }
}

/// The values of a reject's source key, without an element's number; `None` when the record had no
/// key.
fn source_values(reject: &Key, length: usize) -> Option<Vec<Value>> {
    let mut values = reject.values()?;
    if values.len() < length {
        return None;
    }
    values.truncate(length);
    Some(values)
}

/// The records of a batch that are tried again; `None` when there is none.
fn wanted(mut batch: SourceBatch, open: &Open, records: &HashSet<Key>) -> Option<SourceBatch> {
    let is_wanted: Vec<bool> = batch
        .keys
        .iter()
        .map(|key| match key {
            Ok(key) => records.contains(key),
            // The stand-in for its key is known after the mapping.
            Err(_) => true,
        })
        .collect();
    let mut wanted = is_wanted.iter();
    batch.rows.retain(|_| wanted.next().copied().unwrap_or(false));
    let mut wanted = is_wanted.iter();
    batch.keys.retain(|_| wanted.next().copied().unwrap_or(false));
    batch.broken.retain(|broken| open.contains_key(&broken.key));
    (!batch.rows.is_empty() || !batch.broken.is_empty()).then_some(batch)
}
