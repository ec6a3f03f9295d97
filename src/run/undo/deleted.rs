//! Puts back what a batch deleted.

use std::collections::HashSet;
use std::sync::Arc;

use super::target::Target;
use super::{KeptWhy, Undone};
use crate::connectors::{Insert, Layout, Session, StoreError};
use crate::ledger::{BatchRecord, Fate, JournalEntry};
use crate::run::halving::{Parts, settle};
use crate::value::{Key, Object, Row, Value};

/// Splits the journal of a batch into what it changed and what it deleted.
pub fn split(
    record: &BatchRecord,
    journal: Vec<JournalEntry>,
) -> (Vec<JournalEntry>, Vec<JournalEntry>) {
    let deleted = record.entries.iter().filter(|entry| entry.fate == Fate::Deleted);
    let deleted: HashSet<&Key> = deleted.map(|entry| &entry.key).collect();
    journal.into_iter().partition(|entry| !deleted.contains(&entry.source))
}

/// A record that is to be put back.
struct Absent {
    place: usize,
    layout: Layout,
    row: Row,
}

/// Puts the records of these journal entries back. Places are those in `journal`.
///
/// # Errors
/// When the store fails.
pub async fn put_back(
    target: &Target,
    session: &mut dyn Session,
    journal: &[JournalEntry],
) -> Result<Undone, StoreError> {
    let mut undone = Undone::default();
    let mut identities: Vec<(usize, Row)> = Vec::with_capacity(journal.len());
    for (place, entry) in journal.iter().enumerate() {
        match entry.id.values().and_then(|values| target.spelled(values)) {
            Some(identity) => identities.push((place, identity)),
            None => undone.kept.push((place, KeptWhy::NoKey)),
        }
    }
    let asked: Vec<&Row> = identities.iter().map(|(_, identity)| identity).collect();
    let columns: Vec<String> = target.columns().collect();
    let present = target.read(session, &asked, &columns).await?;
    let mut absent: Vec<Absent> = Vec::with_capacity(identities.len());
    for (place, identity) in identities {
        let before = &journal[place].before.fields;
        match Key::new(&identity).ok().and_then(|key| present.get(&key)) {
            Some(found) => {
                let now = target.whole(found);
                let same = before.iter().all(|(name, before)| {
                    now.iter().any(|(other, now)| other == name && now.same_content(before))
                });
                if same {
                    undone.gone += 1;
                } else {
                    undone.kept.push((place, KeptWhy::Replaced));
                }
            }
            None => absent.push(whole(target, place, before)),
        }
    }
    let all = absent.len();
    let refused = insert_all(target, session, absent).await?;
    undone.done += (all - refused.len()) as u64;
    undone.kept.extend(refused);
    Ok(undone)
}

fn whole(target: &Target, place: usize, fields: &[(String, Value)]) -> Absent {
    if target.documents() {
        let mut document = Object::with_capacity(fields.len());
        for (name, value) in fields {
            document.insert(name.as_str(), value.clone());
        }
        let row = vec![Value::object(document)];
        return Absent { place, layout: Layout::Document, row };
    }
    let names: Arc<[String]> = fields.iter().map(|(name, _)| name.clone()).collect();
    let row = fields.iter().map(|(_, value)| value.clone()).collect();
    Absent { place, layout: Layout::Columns(names), row }
}

/// Inserts records as a whole, and where the store refuses, by halves. Gives those it refuses.
async fn insert_all(
    target: &Target,
    session: &mut dyn Session,
    mut open: Vec<Absent>,
) -> Result<Vec<(usize, KeptWhy)>, StoreError> {
    loop {
        let mut refused: Vec<(usize, KeptWhy)> = Vec::new();
        // Those of one layout stand together.
        let mut parts = Parts::runs(open.len(), |start| {
            let same = |other: &&Absent| other.layout == open[start].layout;
            open[start..].iter().take_while(same).count()
        });
        let count = open.len();
        while let Some(range) = parts.next() {
            let part = &open[range.clone()];
            let rows: Vec<Row> = part.iter().map(|absent| absent.row.clone()).collect();
            let entity = &target.shape.entity;
            let insert = Insert { entity, layout: &part[0].layout, rows: &rows, returning: &[] };
            session.savepoint().await?;
            let offered = session.insert(insert).await;
            match settle(session, offered).await? {
                Ok(_) => {}
                Err(_) if part.len() > 1 => parts.halve(range),
                Err(violation) => {
                    let why = KeptWhy::refused(&violation, KeptWhy::Dangling);
                    refused.extend(part.iter().map(|absent| (absent.place, why)));
                }
            }
        }
        // Records that refer to each other were parted by the halving: again, while it helps.
        let again = refused.iter().any(|(_, why)| *why == KeptWhy::Dangling);
        if !again || refused.len() == count {
            return Ok(refused);
        }
        let places: HashSet<usize> = refused.iter().map(|(place, _)| *place).collect();
        open.retain(|absent| places.contains(&absent.place));
    }
}
