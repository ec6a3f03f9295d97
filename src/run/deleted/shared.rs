//! Records of the target for which another record of the source stands too: one that has the same
//! target key and is still there.

use std::collections::{HashMap, HashSet};

use super::Shapes;
use super::gone::Gone;
use crate::connectors::StoreError;
use crate::ledger::{Entry, Fate, KeyMap, TargetShape};
use crate::run::apart::duplicates_possible;
use crate::run::phase::PhaseContext;
use crate::run::undo::Target;
use crate::run::{RunError, source};
use crate::value::Key;

/// Hashes of what identifies such records.
#[derive(Debug, Default)]
pub(super) struct Shared(HashSet<u128>);

impl Shared {
    pub(super) fn contains(&self, identity: &Key) -> bool {
        self.0.contains(&identity.hash128())
    }
}

/// Finds those among the records that are gone.
pub(super) async fn find(
    context: &PhaseContext,
    known: &mut KeyMap,
    gone: &[Gone],
    shapes: &Shapes,
) -> Result<Shared, RunError> {
    let phase = &context.phase;
    let source_key = source::key(phase, &context.stores).await?;
    if !duplicates_possible(phase, &source_key) {
        return Ok(Shared::default());
    }
    let mut targets = Targets { context, open: HashMap::new() };
    let mut keys: HashSet<u128> = HashSet::with_capacity(gone.len());
    let mut identities: HashSet<u128> = HashSet::with_capacity(gone.len());
    let mut rest = gone;
    while let Some(first) = rest.first() {
        let own = rest.iter().take_while(|gone| gone.batch == first.batch).count();
        if let Some((run, _, batch)) = known.record(first.batch as usize).await? {
            let Some(shape) = batch.shape.as_ref().or_else(|| shapes.get(&*run)) else { break };
            for gone in &rest[..own] {
                let Some(entry) = batch.entries.get(gone.place as usize) else { continue };
                keys.insert(entry.key.hash128());
                identities.extend(targets.identity(shape, entry).await?);
            }
        }
        rest = &rest[own..];
    }
    let mut shared = HashSet::new();
    let mut at = 0;
    while let Some((run, _, batch)) = known.record(at).await? {
        at += 1;
        let Some(shape) = batch.shape.as_ref().or_else(|| shapes.get(&*run)) else { continue };
        for entry in &batch.entries {
            // An id that is made from the key is the key's own.
            if entry.id.is_none()
                || entry.fate == Fate::Deleted
                || keys.contains(&entry.key.hash128())
            {
                continue;
            }
            if let Some(identity) = targets.identity(shape, entry).await?
                && identities.contains(&identity)
            {
                shared.insert(identity);
            }
        }
    }
    Ok(Shared(shared))
}

/// The target as each shape finds its records.
struct Targets<'t> {
    context: &'t PhaseContext,
    open: HashMap<String, Target>,
}

impl Targets<'_> {
    /// A hash of what identifies an entry's record.
    async fn identity(
        &mut self,
        shape: &TargetShape,
        entry: &Entry,
    ) -> Result<Option<u128>, StoreError> {
        let name = format!("{}/{}", shape.entity, shape.identity.join("/"));
        let target = match self.open.get(&name).filter(|target| target.shape == *shape) {
            Some(target) => target,
            None => {
                let store = self.context.stores.get(self.context.phase.target.connection);
                let mut session = store.session().await?;
                let target = Target::open(store, &mut *session, shape).await?;
                self.open.insert(name.clone(), target);
                &self.open[&name]
            }
        };
        let identity = target.identity(entry).and_then(|row| Key::new(&row).ok());
        Ok(identity.map(|identity| identity.hash128()))
    }
}
