//! Deletes what a batch inserted.

use std::collections::HashSet;

use super::references::{Places, Reference};
use super::target::{Present, Target};
use super::{KeptWhy, Undone};
use crate::connectors::{Delete, Session, StoreError};
use crate::ledger::Entry;
use crate::run::halving::{Parts, settle};
use crate::value::codec::content_hash;
use crate::value::{FieldPath, Key, Object, Row, Value};

/// A record that is to be deleted.
pub(in crate::run) struct Doomed {
    /// The place of its entry.
    pub(in crate::run) place: usize,
    pub(in crate::run) identity: Row,
    pub(in crate::run) key: Key,
    pub(in crate::run) present: Present,
}

/// How records are looked at before they are deleted.
#[derive(Clone, Copy)]
pub(in crate::run) struct Look<'l> {
    /// Also what was edited since or is referred to is to be deleted.
    pub(in crate::run) force: bool,
    /// Whether all columns are read.
    pub(in crate::run) whole: bool,
    /// The paths that a phase writes to a document, where only these count as edited.
    pub(in crate::run) paths: &'l [FieldPath],
}

/// Deletes the records of these entries (places in `entries`).
///
/// # Errors
/// When the store fails.
pub async fn delete(
    target: &Target,
    session: &mut dyn Session,
    entries: &[Entry],
    places: &[usize],
    references: &[Reference],
    force: bool,
) -> Result<Undone, StoreError> {
    let look = Look { force, whole: false, paths: &[] };
    let (doomed, mut undone) = examine(target, session, entries, places, references, look).await?;
    let refused = delete_all(target, session, &doomed).await?;
    undone.done += (doomed.len() - refused.len()) as u64;
    undone.kept.extend(refused);
    Ok(undone)
}

/// Tells which of these records can be deleted, and which are gone already or are kept.
///
/// # Errors
/// When the store fails.
pub(in crate::run) async fn examine(
    target: &Target,
    session: &mut dyn Session,
    entries: &[Entry],
    places: &[usize],
    references: &[Reference],
    look: Look<'_>,
) -> Result<(Vec<Doomed>, Undone), StoreError> {
    let mut undone = Undone::default();
    let mut identities: Vec<(usize, Row)> = Vec::with_capacity(places.len());
    for &place in places {
        match target.identity(&entries[place]) {
            Some(identity) => identities.push((place, identity)),
            None => undone.kept.push((place, KeptWhy::NoKey)),
        }
    }
    let mut columns = target.shape.fields.clone();
    if look.whole {
        columns.extend(target.columns().filter(|name| !target.shape.fields.contains(name)));
    }
    for reference in references {
        for column in reference.columns(&target.shape.identity) {
            if !columns.contains(column) {
                columns.push(column.clone());
            }
        }
    }
    let asked: Vec<&Row> = identities.iter().map(|(_, identity)| identity).collect();
    let mut present = target.read(session, &asked, &columns).await?;
    let mut doomed: Vec<Doomed> = Vec::with_capacity(identities.len());
    for (place, identity) in identities {
        let found = Key::new(&identity).ok().and_then(|key| Some((present.remove(&key)?, key)));
        let Some((present, key)) = found else {
            undone.gone += 1;
            undone.missing.push(place);
            continue;
        };
        if look.force || is_as_written(target, &entries[place], &present, look.paths) {
            doomed.push(Doomed { place, identity, key, present });
        } else {
            undone.kept.push((place, KeptWhy::Edited));
        }
    }
    if !look.force {
        let referenced = referenced(target, session, references, &doomed).await?;
        doomed.retain(|doomed| {
            let kept = referenced.contains(&doomed.place);
            if kept {
                undone.kept.push((doomed.place, KeptWhy::Referenced));
            }
            !kept
        });
    }
    Ok((doomed, undone))
}

/// Whether a record still holds what was inserted.
fn is_as_written(target: &Target, entry: &Entry, present: &Present, paths: &[FieldPath]) -> bool {
    let Some(hash) = entry.hash else { return false };
    match present {
        Present::Document(document) if target.shape.fields.is_empty() => {
            let whole = content_hash([&Value::Object(document.clone())]);
            // An id that the store gave is no part of what was written.
            whole == hash
                || {
                    let mut without = Object::clone(document);
                    without.remove("_id");
                    content_hash([&Value::object(without)]) == hash
                }
                || (!paths.is_empty() && {
                    let mut own = Object::with_capacity(paths.len());
                    for path in paths {
                        let value = path.get(document);
                        if !matches!(value, Value::Missing) {
                            path.set(&mut own, value.clone());
                        }
                    }
                    content_hash([&Value::object(own)]) == hash
                })
        }
        present => {
            let values: Row = target.shape.fields.iter().map(|name| present.get(name)).collect();
            content_hash(&values) == hash
        }
    }
}

/// The places of records that others refer to. What refers to a record that stays is itself no
/// longer deleted, so this is asked until nothing changes.
async fn referenced(
    target: &Target,
    session: &mut dyn Session,
    references: &[Reference],
    doomed: &[Doomed],
) -> Result<HashSet<usize>, StoreError> {
    let mut kept: HashSet<usize> = HashSet::new();
    if references.is_empty() {
        return Ok(kept);
    }
    loop {
        let before = kept.len();
        let deleted: HashSet<Key> = doomed
            .iter()
            .filter(|doomed| !kept.contains(&doomed.place))
            .map(|doomed| doomed.key.clone())
            .collect();
        for reference in references {
            let columns = reference.columns(&target.shape.identity);
            let mut places: Places = Places::new();
            let mut values: Vec<Row> = Vec::with_capacity(doomed.len());
            for doomed in doomed.iter().filter(|doomed| !kept.contains(&doomed.place)) {
                let row: Row = columns.iter().map(|name| doomed.present.get(name)).collect();
                if let Ok(key) = Key::new(&row) {
                    places.entry(key).or_default().push(doomed.place);
                    values.push(row);
                }
            }
            for values in values.chunks(500) {
                for key in reference.find(session, values, &deleted).await? {
                    kept.extend(places.get(&key).into_iter().flatten());
                }
            }
        }
        if kept.len() == before {
            return Ok(kept);
        }
    }
}

/// Deletes records as a whole, and where the store refuses, by halves. Gives those it refuses.
pub(in crate::run) async fn delete_all(
    target: &Target,
    session: &mut dyn Session,
    doomed: &[Doomed],
) -> Result<Vec<(usize, KeptWhy)>, StoreError> {
    let mut open: Vec<usize> = (0..doomed.len()).collect();
    loop {
        let mut refused: Vec<(usize, KeptWhy)> = Vec::new();
        let mut parts = Parts::whole(open.len());
        while let Some(range) = parts.next() {
            let part = &open[range.clone()];
            let rows: Vec<Row> = part.iter().map(|at| doomed[*at].identity.clone()).collect();
            let delete =
                Delete { entity: &target.shape.entity, key: &target.shape.identity, rows: &rows };
            session.savepoint().await?;
            let offered = session.delete(delete).await;
            match settle(session, offered).await? {
                Ok(_) => {}
                Err(_) if part.len() > 1 => parts.halve(range),
                Err(violation) => {
                    let why = KeptWhy::refused(&violation, KeptWhy::Referenced);
                    refused.extend(part.iter().map(|at| (*at, why)));
                }
            }
        }
        // Records that refer to each other were parted by the halving: again, while it helps.
        if refused.is_empty() || refused.len() == open.len() {
            return Ok(refused.into_iter().map(|(at, why)| (doomed[at].place, why)).collect());
        }
        open = refused.into_iter().map(|(at, _)| at).collect();
    }
}
