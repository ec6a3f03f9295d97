//! Does what is to be done about records that are gone, some at a time.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use super::gone::Gone;
use super::mark::{Change, Mark};
use super::shared::Shared;
use super::{KeptRecord, LISTED, Shapes};
use crate::connectors::{Session, Store};
use crate::ledger::{
    BatchRecord, BeforeImage, Entry, Fate, JournalEntry, KeyMap, Ledger, PhaseRecord, TargetShape,
};
use crate::plan::{Deed, Transaction};
use crate::run::apply;
use crate::run::intent::Intents;
use crate::run::load::Loaded;
use crate::run::phase::PhaseContext;
use crate::run::undo::{self, KeptWhy, Look, References, Target};
use crate::run::{Event, Progress, RunError, RunErrorKind, failpoint};
use crate::value::{FieldPath, Key, Row};

/// How many records are handled at a time.
const CHUNK: usize = 500;

/// A record that is gone, and its newest entry.
struct Pick {
    gone: Gone,
    entry: Entry,
}

/// What a record had before, and what finds it.
type Before = (Key, BeforeImage);

pub(super) struct Worker<'w> {
    context: &'w PhaseContext,
    store: Arc<dyn Store>,
    ledger: Ledger,
    shapes: Shapes,
    shared: Shared,
    mark: Option<Mark>,
    /// The paths that the phase writes, of documents.
    paths: Vec<FieldPath>,
    references: References,
    intents: Option<Intents>,
    session: Option<Box<dyn Session>>,
    since: Instant,
    /// The phase's record as it is committed, and as it will be at the next commit.
    committed: &'w mut PhaseRecord,
    pending: PhaseRecord,
    kept: Kept,
    /// Of the pass under way: what others refer to.
    referenced: Vec<Gone>,
    kept_referenced: Kept,
    /// How many records the pass under way did away with.
    done: u64,
}

/// Records that stay, counted by reason, and some of them by key.
#[derive(Default)]
struct Kept {
    counts: BTreeMap<String, u64>,
    listed: Vec<KeptRecord>,
}

impl Kept {
    fn add(&mut self, key: &Key, why: KeptWhy, show_values: bool) {
        *self.counts.entry(why.describe().to_owned()).or_default() += 1;
        if self.listed.len() < LISTED {
            self.listed.push(KeptRecord { key: key.display(show_values), why });
        }
    }
}

impl<'w> Worker<'w> {
    pub(super) async fn open(
        context: &'w PhaseContext,
        committed: &'w mut PhaseRecord,
        shapes: Shapes,
        shared: Shared,
    ) -> Result<Self, RunError> {
        let phase = &context.phase;
        let store = Arc::clone(context.stores.get(phase.target.connection));
        let ledger = context.stores.ledger(phase.target.connection);
        let mark = match phase.deleted.as_ref().map(|deleted| &deleted.deed) {
            Some(Deed::Mark(rules)) => {
                let schema = store.describe(&phase.target.entity).await?;
                let now = context.options.now.unwrap_or(committed.started_at);
                Some(Mark::new(rules, &store, schema.as_ref(), now)?)
            }
            _ => None,
        };
        Ok(Self {
            intents: Intents::of(&store, &ledger, committed),
            paths: phase.mapping.fields.iter().map(|(path, _)| path.clone()).collect(),
            context,
            store,
            ledger,
            shapes,
            shared,
            mark,
            references: References::default(),
            session: None,
            since: Instant::now(),
            pending: committed.clone(),
            committed,
            kept: Kept::default(),
            referenced: Vec::new(),
            kept_referenced: Kept::default(),
            done: 0,
        })
    }

    /// Handles all that is gone. What others refer to is tried again while that helps: they may be
    /// gone too.
    pub(super) async fn all(
        &mut self,
        mut open: Vec<Gone>,
        known: &mut KeyMap,
    ) -> Result<(), RunError> {
        loop {
            self.done = 0;
            self.referenced.clear();
            self.kept_referenced = Kept::default();
            self.pass(&open, known).await?;
            open = std::mem::take(&mut self.referenced);
            if open.is_empty() || self.done == 0 {
                break;
            }
            open.sort_unstable();
        }
        self.commit().await
    }

    /// What stays, by reason, and which.
    pub(super) fn kept(self) -> (BTreeMap<String, u64>, Vec<KeptRecord>) {
        let Kept { mut counts, mut listed } = self.kept;
        counts.extend(self.kept_referenced.counts);
        listed.extend(self.kept_referenced.listed);
        listed.truncate(LISTED);
        (counts, listed)
    }

    async fn pass(&mut self, gone: &[Gone], known: &mut KeyMap) -> Result<(), RunError> {
        let mut chunk: Vec<Pick> = Vec::new();
        let mut shape: Option<TargetShape> = None;
        let mut rest = gone;
        while let Some(first) = rest.first() {
            let own = rest.iter().take_while(|gone| gone.batch == first.batch).count();
            let Some((run, _, batch)) = known.record(first.batch as usize).await? else { break };
            let of_batch = batch.shape.as_ref().or_else(|| self.shapes.get(&*run)).cloned();
            for gone in &rest[..own] {
                let entry = batch.entries.get(gone.place as usize).cloned();
                let Some((entry, of_batch)) = entry.zip(of_batch.as_ref()) else {
                    return Err(RunError::new(
                        RunErrorKind::Internal,
                        "the ledger changed while it was read",
                    ));
                };
                let other = shape.as_ref().is_some_and(|shape| shape != of_batch);
                if other || chunk.len() >= CHUNK {
                    self.flush(std::mem::take(&mut chunk), shape.as_ref()).await?;
                }
                if other || shape.is_none() {
                    shape = Some(of_batch.clone());
                }
                chunk.push(Pick { gone: *gone, entry });
            }
            rest = &rest[own..];
        }
        self.flush(chunk, shape.as_ref()).await
    }

    /// Handles some records that are found in the same way, as one batch.
    async fn flush(
        &mut self,
        picks: Vec<Pick>,
        shape: Option<&TargetShape>,
    ) -> Result<(), RunError> {
        let Some(shape) = shape.filter(|_| !picks.is_empty()) else { return Ok(()) };
        let mut session = match self.session.take() {
            Some(session) => session,
            None => {
                let mut session = self.store.session().await?;
                session.begin().await?;
                self.since = Instant::now();
                session
            }
        };
        let seq = self.pending.batches;
        if let Some(intents) = &mut self.intents {
            intents.begin(&self.pending);
        }
        let target = Target::open(&self.store, &mut *session, shape).await?;
        let (loaded, kept) = match self.mark.clone() {
            None => self.delete(&mut *session, &target, &picks).await,
            Some(mark) => self.mark(&mut *session, &target, &picks, &mark).await,
        }
        .map_err(|error| error.in_batch(seq))?;
        failpoint::pass("data").await;
        if !loaded.record.entries.is_empty() {
            match &mut self.intents {
                Some(intents) => intents.settle(&mut *session, &loaded, &[]).await?,
                None => {
                    let (record, journal) = (&loaded.record, &loaded.journal);
                    self.ledger
                        .append_batch(&mut *session, &self.pending, seq, record, journal, &[])
                        .await?;
                }
            }
            self.pending.counts.merge(&loaded.counts);
            self.pending.batches += 1;
            self.done += loaded.record.entries.len() as u64;
        } else if let Some(intents) = &mut self.intents {
            intents.settle(&mut *session, &loaded, &[]).await?;
        }
        self.session = Some(session);
        self.tell(&loaded, &picks, &kept, seq);
        let due = self.intents.is_some()
            || (self.context.phase.transaction != Transaction::Phase
                && self.since.elapsed() >= self.context.options.commit_after);
        if due || self.context.cancel.is_cancelled() {
            self.commit().await?;
        }
        if self.context.cancel.is_cancelled() {
            return Err(RunError::new(RunErrorKind::Cancelled, "interrupted"));
        }
        Ok(())
    }

    /// Deletes records, as far as they are as this phase left them and nobody refers to them.
    async fn delete(
        &mut self,
        session: &mut dyn Session,
        target: &Target,
        picks: &[Pick],
    ) -> Result<(Loaded, Vec<(usize, KeptWhy)>), RunError> {
        let mut kept: Vec<(usize, KeptWhy)> = Vec::new();
        let mut places: Vec<usize> = Vec::with_capacity(picks.len());
        for (place, pick) in picks.iter().enumerate() {
            let identity = || target.identity(&pick.entry).and_then(|row| Key::new(&row).ok());
            if !pick.gone.made {
                kept.push((place, KeptWhy::NotMade));
            } else if identity().is_some_and(|identity| self.shared.contains(&identity)) {
                kept.push((place, KeptWhy::Shared));
            } else {
                places.push(place);
            }
        }
        let gone = absent(session, target, picks, &kept).await?;
        kept.retain(|(place, _)| !gone.contains(place));
        let entries: Vec<Entry> = picks.iter().map(|pick| pick.entry.clone()).collect();
        let references = self.references.to(&self.store, &target.shape.entity).await?;
        let look = Look { force: false, whole: true, paths: &self.paths };
        let (doomed, mut found) =
            undo::examine(target, session, &entries, &places, &references, look).await?;
        found.missing.extend(gone);
        kept.extend(found.kept);
        let befores = doomed.iter().map(|doomed| {
            let fields = target.whole(&doomed.present);
            (doomed.place, (doomed.key.clone(), BeforeImage { fields, after_hash: 0 }))
        });
        let befores: BTreeMap<usize, Before> = befores.collect();
        // Those that are gone from the target already need no more than to be known of.
        let fates = |refused: &HashSet<usize>| {
            let places = found.missing.iter().chain(befores.keys()).copied();
            let places = places.filter(|place| !refused.contains(place));
            places.map(|place| (place, Fate::Deleted, None)).collect::<Vec<_>>()
        };
        let intent = self.loaded(target, picks, fates(&HashSet::new()), &befores);
        self.intend(session, intent).await?;
        let refused = undo::delete_all(target, session, &doomed).await?;
        let places: HashSet<usize> = refused.iter().map(|(place, _)| *place).collect();
        let fates = fates(&places);
        kept.extend(refused);
        Ok((self.loaded(target, picks, fates, &befores), kept))
    }

    /// Marks records.
    async fn mark(
        &mut self,
        session: &mut dyn Session,
        target: &Target,
        picks: &[Pick],
        mark: &Mark,
    ) -> Result<(Loaded, Vec<(usize, KeptWhy)>), RunError> {
        let mut kept: Vec<(usize, KeptWhy)> = Vec::new();
        let mut identities: Vec<(usize, Row)> = Vec::with_capacity(picks.len());
        for (place, pick) in picks.iter().enumerate() {
            match target.identity(&pick.entry) {
                Some(identity) => identities.push((place, identity)),
                None => kept.push((place, KeptWhy::NoKey)),
            }
        }
        let asked: Vec<&Row> = identities.iter().map(|(_, identity)| identity).collect();
        let mut present = target.read(session, &asked, &mark.names()).await?;
        let mut fates: Vec<(usize, Fate, Option<Key>)> = Vec::with_capacity(picks.len());
        let mut befores: BTreeMap<usize, Before> = BTreeMap::new();
        let mut groups: Vec<(Vec<String>, Vec<usize>, Vec<Row>)> = Vec::new();
        for (place, identity) in identities {
            let key = Key::new(&identity).ok();
            let found = key.as_ref().and_then(|key| present.remove(key));
            let (Some(found), Some(key)) = (found, key) else {
                // There is nothing left to mark.
                fates.push((place, Fate::Deleted, None));
                continue;
            };
            match mark.change(found, &identity) {
                Err(()) => kept.push((place, KeptWhy::Refused)),
                Ok(None) => fates.push((place, Fate::Marked, Some(key))),
                Ok(Some(Change { set, values, image })) => {
                    befores.insert(place, (key.clone(), image));
                    fates.push((place, Fate::Marked, Some(key)));
                    let mut row = identity;
                    row.extend(values);
                    match groups.iter_mut().find(|(known, ..)| *known == set) {
                        Some((_, places, rows)) => {
                            places.push(place);
                            rows.push(row);
                        }
                        None => groups.push((set, vec![place], vec![row])),
                    }
                }
            }
        }
        self.intend(session, self.loaded(target, picks, fates.clone(), &befores)).await?;
        for (set, places, rows) in groups {
            let (entity, identity) = (&target.shape.entity, &target.shape.identity);
            let results = apply::update(session, entity, identity, &set, &rows).await?;
            for (place, result) in places.into_iter().zip(results) {
                if result.is_err() {
                    kept.push((place, KeptWhy::Refused));
                    befores.remove(&place);
                    fates.retain(|(other, ..)| *other != place);
                }
            }
        }
        Ok((self.loaded(target, picks, fates, &befores), kept))
    }

    /// Where the store has no transactions, says in the ledger what is about to be done.
    async fn intend(&mut self, session: &mut dyn Session, loaded: Loaded) -> Result<(), RunError> {
        match &mut self.intents {
            Some(intents) => intents.write(session, loaded).await,
            None => {
                failpoint::pass("intent").await;
                Ok(())
            }
        }
    }

    /// What the ledger says of these fates: place, fate, and the id that the target's record keeps.
    fn loaded(
        &self,
        target: &Target,
        picks: &[Pick],
        mut fates: Vec<(usize, Fate, Option<Key>)>,
        befores: &BTreeMap<usize, Before>,
    ) -> Loaded {
        fates.sort_by_key(|(place, ..)| *place);
        let mut loaded = Loaded::default();
        for (place, fate, id) in fates {
            loaded.counts.add(&fate);
            let key = picks[place].entry.key.clone();
            if let Some((id, before)) = befores.get(&place) {
                loaded.journal.push(JournalEntry {
                    ordinal: loaded.record.entries.len() as u64,
                    source: key.clone(),
                    id: id.clone(),
                    before: before.clone(),
                });
            }
            loaded.record.entries.push(Entry { key, fate, hash: None, id });
        }
        if !loaded.record.entries.is_empty() && target.shape != self.pending.target {
            let BatchRecord { shape, .. } = &mut loaded.record;
            *shape = Some(target.shape.clone());
        }
        loaded
    }

    fn tell(&mut self, loaded: &Loaded, picks: &[Pick], kept: &[(usize, KeptWhy)], seq: u64) {
        let options = &self.context.options;
        let phase = self.context.phase.full_name();
        let record = |key: &Key, fate: &str, reason: Option<&str>| Event::Record {
            phase: phase.clone(),
            key: key.display(options.show_values),
            fate: fate.to_owned(),
            reason: reason.map(str::to_owned),
            message: None,
        };
        let wanted = self.context.observer.wants_records();
        if wanted {
            for entry in &loaded.record.entries {
                self.context.observer.event(&record(&entry.key, entry.fate.name(), None));
            }
        }
        for (place, why) in kept {
            let Pick { gone, entry } = &picks[*place];
            if *why == KeptWhy::Referenced {
                self.referenced.push(*gone);
                self.kept_referenced.add(&entry.key, *why, options.show_values);
            } else {
                self.kept.add(&entry.key, *why, options.show_values);
                if wanted {
                    self.context.observer.event(&record(&entry.key, "kept", Some(why.describe())));
                }
            }
        }
        if !loaded.record.entries.is_empty() {
            let counts = Progress::from(&self.pending.counts);
            self.context.observer.event(&Event::Batch { phase, batch: seq + 1, counts });
        }
    }

    /// Commits what is under way, when there is something.
    async fn commit(&mut self) -> Result<(), RunError> {
        let Some(mut session) = self.session.take() else { return Ok(()) };
        self.pending.seconds += self.since.elapsed().as_secs_f64();
        failpoint::pass("checkpoint").await;
        self.ledger.save_phase(&mut *session, &self.pending).await?;
        self.store.keep_lock().await?;
        session.commit().await?;
        self.committed.clone_from(&self.pending);
        failpoint::pass("committed").await;
        self.context.observer.event(&Event::Commit {
            phase: self.context.phase.full_name(),
            batches: self.pending.batches,
        });
        Ok(())
    }
}

/// Those of the records that would stay which the target does not hold any more.
async fn absent(
    session: &mut dyn Session,
    target: &Target,
    picks: &[Pick],
    kept: &[(usize, KeptWhy)],
) -> Result<Vec<usize>, RunError> {
    let identities: Vec<(usize, Row)> = kept
        .iter()
        .filter_map(|(place, _)| Some((*place, target.identity(&picks[*place].entry)?)))
        .collect();
    if identities.is_empty() {
        return Ok(Vec::new());
    }
    let asked: Vec<&Row> = identities.iter().map(|(_, identity)| identity).collect();
    let present = target.read(session, &asked, &[]).await?;
    let is_absent = |row: &Row| Key::new(row).is_ok_and(|key| !present.contains_key(&key));
    Ok(identities.iter().filter(|(_, row)| is_absent(row)).map(|(place, _)| *place).collect())
}
