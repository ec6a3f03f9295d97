//! Takes one change of structure back.

use super::book::{Book, keys};
use super::{kept, seeded, trouble};
use crate::connectors::{Session, StoreError};
use crate::ledger::{ChangeRecord, Declared, StructureKind};
use crate::plan::evolve;
use crate::value::query::Select;
use crate::value::structure::StructureChange;

/// How changes are taken back.
#[derive(Clone, Copy, Debug, Default)]
pub struct Undo {
    /// Also where values are lost that no run wrote, or what was changed by hand since.
    pub force: bool,
    /// Whether keys that are text are told as they are.
    pub show_values: bool,
}

/// What became of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UndoneChange {
    /// It was taken back: what was done, in words.
    Done(Vec<String>),
    /// It stays, and why.
    Kept(String),
}

/// Takes a change back, and brings that into the ledger, in the session's transaction.
///
/// # Errors
/// When the store fails.
pub async fn undo(
    book: &mut Book,
    session: &mut dyn Session,
    record: &ChangeRecord,
    how: Undo,
) -> Result<UndoneChange, StoreError> {
    let Some(change) = &record.change else {
        // What was taken over is let go.
        book.remove(&record.about);
        book.flush(session).await?;
        book.ledger.forget_change(session, record).await?;
        let (kind, name) = &record.about;
        return Ok(UndoneChange::Done(vec![format!("lets go of {} {name}", kind.name())]));
    };
    let atomic = book.store.capabilities().transactional_definitions;
    if !record.done {
        // It may be done in part: then all of it is, before it is taken back.
        session.change(change).await?;
        book.note(change, "", &record.run);
        book.flush(session).await?;
    }
    if let Some(why) = standing(book, session, record, how).await? {
        return Ok(UndoneChange::Kept(why));
    }
    if atomic {
        session.savepoint().await?;
    } else {
        // Killed from here on, the change counts as under way: it is made whole, and taken back then.
        let open = ChangeRecord { done: false, ..record.clone() };
        book.ledger.save_change(session, &open).await?;
        session.commit().await?;
        session.begin().await?;
    }
    match back(book, session, record, change).await {
        Ok(done) => {
            if atomic {
                session.release().await?;
            }
            if let Some(before) = &record.before {
                book.put(before.clone());
            }
            book.flush(session).await?;
            book.ledger.forget_change(session, record).await?;
            Ok(UndoneChange::Done(done))
        }
        Err(error) if error.is_transient() => Err(error),
        Err(error) => {
            if atomic {
                session.rollback_to_savepoint().await?;
            } else {
                book.ledger.save_change(session, record).await?;
            }
            let (kind, name) = &record.about;
            Ok(UndoneChange::Kept(format!("{} {name}: {error}", kind.name())))
        }
    }
}

/// Why a change is not taken back, when it is not.
///
/// # Errors
/// When the store can't be read.
pub async fn standing(
    book: &Book,
    session: &mut dyn Session,
    record: &ChangeRecord,
    how: Undo,
) -> Result<Option<String>, StoreError> {
    let Some(change) = &record.change else { return Ok(None) };
    let (kind, name) = &record.about;
    if *kind == StructureKind::Table && !matches!(change, StructureChange::DropTable(_)) {
        let live = session.structure(name).await?;
        let then = book.records.get(&record.about).and_then(|known| known.catalog.as_ref());
        if let (Some(then), false) = (then, how.force || book.is_interrupted(&record.about)) {
            let differences = match &live {
                None => vec!["it is gone".to_owned()],
                Some(live) if live == then => Vec::new(),
                Some(live) => evolve::differences(then, live),
            };
            if !differences.is_empty() {
                return Ok(Some(format!(
                    "table {name} was changed by hand since: {}",
                    differences.join("; ")
                )));
            }
        }
        if let (StructureChange::CreateTable(_), Some(live), false) = (change, &live, how.force) {
            let one = Select { entity: name.clone(), limit: Some(1), ..Select::default() };
            if !session.select(&one).await?.rows.is_empty()
                && !seeded::is_all(&book.ledger, session, live).await?
            {
                return Ok(Some(format!("table {name} holds rows that no run wrote")));
            }
        }
    }
    if let StructureChange::AddEnumValue { name, value, .. } = change {
        let users = book.users_of(name);
        let gone = std::slice::from_ref(value);
        if let Some(why) = trouble::holders(session, gone, &users, how.show_values).await? {
            return Ok(Some(format!("enum {name}: {why}")));
        }
    }
    let takes = book.store.render(change).is_ok_and(|rendered| rendered.loses.is_some());
    if takes && !record.kept && !how.force {
        return Ok(Some(format!(
            "{}: the values that went with it were not kept, as the table has no key",
            evolve::describe(change)
        )));
    }
    Ok(None)
}

async fn back(
    book: &mut Book,
    session: &mut dyn Session,
    record: &ChangeRecord,
    change: &StructureChange,
) -> Result<Vec<String>, StoreError> {
    let enum_now = match &record.about {
        (StructureKind::Enum, name) => book.enumeration(name).cloned(),
        _ => None,
    };
    let users = match &record.about {
        (StructureKind::Enum, name) => book.users_of(name),
        _ => Vec::new(),
    };
    let spec = record.before.as_ref().map(|before| before.spec.clone()).unwrap_or_default();
    let mut done = Vec::new();
    for (at, step) in evolve::reverse(change, enum_now.as_ref(), &users).iter().enumerate() {
        let ((kind, name), _) = keys(step);
        let drops = matches!(step, StructureChange::DropTable(_));
        if drops && kind == StructureKind::Table && session.describe(&name).await?.is_none() {
            book.remove(&record.about);
            continue;
        }
        session.change(step).await?;
        if drops && kind == StructureKind::Table {
            seeded::forget(&book.ledger, session, &name).await?;
        }
        book.note(step, &spec, &record.run);
        done.push(evolve::describe(step));
        // What was taken away comes back as soon as there is a place for it.
        if at == 0
            && record.kept
            && let Some(Declared::Table(table)) =
                record.before.as_ref().map(|before| &before.declared)
        {
            kept::restore(session, &book.ledger, record, change, table).await?;
        }
    }
    Ok(done)
}
