//! Makes what a batch changed into what it was.

use super::target::Target;
use super::{KeptWhy, Undone};
use crate::connectors::{Session, StoreError, Update};
use crate::ledger::JournalEntry;
use crate::run::halving::{Parts, settle};
use crate::value::codec::content_hash;
use crate::value::{Key, Row, Value};

/// Fields, and the records that are read and written by them: place and identity.
type Group = (Vec<String>, Vec<(usize, Row)>);

/// Restores the records of these journal entries. Places are those in `journal`.
///
/// # Errors
/// When the store fails.
pub async fn restore(
    target: &Target,
    session: &mut dyn Session,
    journal: &[JournalEntry],
    force: bool,
) -> Result<Undone, StoreError> {
    let mut undone = Undone::default();
    // Records whose same fields were changed are read and written together.
    let mut groups: Vec<Group> = Vec::new();
    for (place, entry) in journal.iter().enumerate() {
        let Some(identity) = entry.id.values().and_then(|values| target.spelled(values)) else {
            undone.kept.push((place, KeptWhy::NoKey));
            continue;
        };
        let fields: Vec<String> =
            entry.before.fields.iter().map(|(name, _)| name.clone()).collect();
        match groups.iter_mut().find(|(known, _)| *known == fields) {
            Some((_, places)) => places.push((place, identity)),
            None => groups.push((fields, vec![(place, identity)])),
        }
    }
    for (fields, places) in groups {
        let asked: Vec<&Row> = places.iter().map(|(_, identity)| identity).collect();
        let present = target.read(session, &asked, &fields).await?;
        let mut rows: Vec<(usize, Row)> = Vec::with_capacity(places.len());
        for (place, mut row) in places {
            let found = Key::new(&row).ok().and_then(|key| present.get(&key));
            let Some(found) = found else {
                undone.gone += 1;
                continue;
            };
            let before = &journal[place].before;
            let now: Row = fields.iter().map(|name| found.get(name)).collect();
            if now.iter().zip(&before.fields).all(|(now, (_, before))| is_same(now, before)) {
                undone.gone += 1;
            } else if force || content_hash(&now) == before.after_hash {
                row.extend(before.fields.iter().map(|(_, value)| value.clone()));
                rows.push((place, row));
            } else {
                undone.kept.push((place, KeptWhy::Edited));
            }
        }
        let refused = update_all(target, session, &fields, &rows).await?;
        undone.done += (rows.len() - refused.len()) as u64;
        undone.kept.extend(refused);
    }
    Ok(undone)
}

/// Whether a field is as it was: also in being there or not.
fn is_same(now: &Value, before: &Value) -> bool {
    now.same_content(before) && matches!(now, Value::Missing) == matches!(before, Value::Missing)
}

/// Updates records as a whole, and where the store refuses, by halves. Gives the places of those it
/// refuses, and why.
async fn update_all(
    target: &Target,
    session: &mut dyn Session,
    set: &[String],
    rows: &[(usize, Row)],
) -> Result<Vec<(usize, KeptWhy)>, StoreError> {
    let mut refused = Vec::new();
    let mut parts = Parts::whole(rows.len());
    while let Some(range) = parts.next() {
        let part: Vec<Row> = rows[range.clone()].iter().map(|(_, row)| row.clone()).collect();
        let update =
            Update { entity: &target.shape.entity, key: &target.shape.identity, set, rows: &part };
        session.savepoint().await?;
        let offered = session.update(update).await;
        match settle(session, offered).await? {
            Ok(_) => {}
            Err(_) if part.len() > 1 => parts.halve(range),
            Err(violation) => {
                let why = KeptWhy::refused(&violation, KeptWhy::Dangling);
                refused.extend(rows[range].iter().map(|(place, _)| (*place, why)));
            }
        }
    }
    Ok(refused)
}
