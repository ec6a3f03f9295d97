//! Puts a backup back: tables or collections become what they were, row by row, and the ledger no
//! longer says that what is gone was done.
//!
//! Rows that are as they were stay untouched, so that what refers to them does too. All tables of a
//! store are one transaction where it has them. What phases did to the tables since is marked as
//! taken back, so that the next run does it again.

mod difference;
mod history;
mod order;
mod select;
mod table;

use std::path::PathBuf;
use std::sync::Arc;

use self::difference::Difference;
use self::select::{Chosen, Part};
use crate::backup::{BATCH, Digest};
use crate::connectors::{Session, Store};
use crate::plan::{ConnectionId, Plan};
use crate::run::{Cancel, RunError, RunErrorKind, Stores, exact, failpoint};
use crate::value::Schema;

pub use select::list;

/// What is put back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// The folder of all backups.
    pub root: PathBuf,
    /// The run whose backup it is; the newest that has one otherwise.
    pub run: Option<String>,
    /// The phase before which it was made; the oldest of the run otherwise.
    pub phase: Option<String>,
    /// Only this table or collection.
    pub table: Option<String>,
    /// Says what would be done, and writes nothing.
    pub dry_run: bool,
}

/// What a restore did, or would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RestoreOutcome {
    /// The run whose backup it was.
    pub run: String,
    /// The tables or collections.
    pub tables: Vec<TableOutcome>,
    /// Phases that the ledger now has as taken back, whole or in part: run and name in history.
    pub phases: Vec<(String, String)>,
    /// Whether nothing was written.
    pub dry_run: bool,
}

/// What became of one table or collection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableOutcome {
    /// The connection.
    pub connection: String,
    /// Its name.
    pub table: String,
    /// Rows that were gone and came back.
    pub inserted: u64,
    /// Rows that were changed and are as before.
    pub changed: u64,
    /// Rows that came since and are gone.
    pub deleted: u64,
    /// Rows that were as before.
    pub unchanged: u64,
    /// Whether it was read again and its rows are those of the backup; `None` in a dry run.
    pub verified: Option<bool>,
}

impl RestoreOutcome {
    /// Whether all that was read again is what the backup says.
    pub fn is_verified(&self) -> bool {
        self.tables.iter().all(|table| table.verified != Some(false))
    }
}

/// A table or collection that is put back, and what must be done for it.
struct Table<'b> {
    part: &'b Part,
    schema: Option<Schema>,
    difference: Difference,
}

/// Puts a backup back. The caller holds the locks of the stores.
///
/// # Errors
/// When there is no such backup, it is not what its manifest says, a table's shape changed, rows that
/// would go are referred to, or a store fails. Where the store has transactions, nothing of it is
/// changed then.
pub async fn restore(
    plan: &Plan,
    stores: &Stores,
    request: &Request,
    cancel: &Cancel,
) -> Result<RestoreOutcome, RunError> {
    let chosen = select::choose(plan, request)?;
    let mut outcome = RestoreOutcome {
        run: chosen.run.clone(),
        dry_run: request.dry_run,
        ..RestoreOutcome::default()
    };
    // All is looked at before anything is changed.
    for part in chosen.parts() {
        part.backup.check(&part.table)?;
    }
    for (connection, parts) in &chosen.connections {
        restore_store(plan, stores, *connection, parts, request, cancel, &mut outcome).await?;
    }
    if !request.dry_run {
        history::settle_runs(stores, &connections(&chosen), &outcome.phases).await?;
    }
    Ok(outcome)
}

fn connections(chosen: &Chosen) -> Vec<ConnectionId> {
    chosen.connections.iter().map(|(connection, _)| *connection).collect()
}

async fn restore_store(
    plan: &Plan,
    stores: &Stores,
    connection: ConnectionId,
    parts: &[Part],
    request: &Request,
    cancel: &Cancel,
    outcome: &mut RestoreOutcome,
) -> Result<(), RunError> {
    let name = &plan.connections[connection].name;
    let store = exact(plan, stores, connection).await?;
    let mut tables = Vec::with_capacity(parts.len());
    for part in parts {
        part.fits(&*store)?;
        let schema = store.describe(&part.table.table).await?;
        if part.table.file.is_some()
            && !store.capabilities().documents
            && let Some(how) = part.table.difference(schema.as_ref())
        {
            let message = format!(
                "table `{}` {how}, so what was backed up does not go back into it",
                part.table.table
            );
            return Err(RunError::new(RunErrorKind::Refused, message)
                .help("give it the shape that it had, or take the rows from the backup by hand"));
        }
        let difference = Difference::find(&store, part, schema.as_ref()).await?;
        tables.push(Table { part, schema, difference });
    }
    order::parents_first(&mut tables);
    order::refuse_referenced(&store, &tables).await?;
    let stopped = || RunError::new(RunErrorKind::Cancelled, "interrupted; nothing was changed");
    if cancel.is_cancelled() {
        return Err(stopped());
    }
    for table in &tables {
        outcome.tables.push(TableOutcome {
            connection: name.clone(),
            table: table.part.table.table.clone(),
            inserted: table.difference.missing.len() as u64,
            changed: table.difference.changed.len() as u64,
            deleted: table.difference.extra.len() as u64,
            unchanged: table.difference.unchanged,
            verified: None,
        });
    }
    let marked = history::since(stores, connection, parts).await?;
    outcome.phases.extend(marked.iter().map(history::Since::name));
    if request.dry_run {
        return Ok(());
    }
    let alone = !store.capabilities().transactions;
    let mut session = store.session().await?;
    session.begin().await?;
    let ledger = stores.ledger(connection);
    if alone {
        // A restore that is killed leaves phases that are done again, whatever is there.
        history::reopen(&ledger, &mut *session, &marked).await?;
    }
    write(&store, &mut *session, &tables).await?;
    failpoint::pass("restored").await;
    history::take_back(&ledger, &mut *session, &marked).await?;
    if !alone && cancel.is_cancelled() {
        session.rollback().await?;
        return Err(stopped());
    }
    session.commit().await?;
    drop(session);
    let before = outcome.tables.len() - tables.len();
    for (table, told) in tables.iter().zip(&mut outcome.tables[before..]) {
        told.verified = Some(is_as_before(&store, table.part).await?);
    }
    Ok(())
}

/// Deletes children first, then writes parents first; what refers in a circle is set at the end.
async fn write(
    store: &Arc<dyn Store>,
    session: &mut dyn Session,
    tables: &[Table<'_>],
) -> Result<(), RunError> {
    for table in tables.iter().rev() {
        table::delete(store, session, table).await?;
    }
    for (place, table) in tables.iter().enumerate() {
        let later = order::deferred(tables, place);
        table::write(store, session, table, &later).await?;
    }
    for (place, table) in tables.iter().enumerate() {
        let later = order::deferred(tables, place);
        table::write_deferred(session, table, &later).await?;
    }
    Ok(())
}

/// Reads a table or collection again and compares it with the backup.
async fn is_as_before(store: &Arc<dyn Store>, part: &Part) -> Result<bool, RunError> {
    let name = &part.table.table;
    let mut digest = Digest::default();
    if store.describe(name).await?.is_some() {
        let mut export = store.export(std::slice::from_ref(name), BATCH).await?;
        while let Some(batch) = export.next().await? {
            for row in &batch.rows {
                if digest.add(&batch.layout, row).is_err() {
                    return Ok(false);
                }
            }
        }
    }
    Ok(match part.table.file {
        Some(_) => digest.rows == part.table.rows && digest.text() == part.table.content,
        None => digest.rows == 0,
    })
}
