//! Enums and tables: the changes that runs made of them, taken back in reverse.

use std::collections::{BTreeMap, BTreeSet};

use super::units::{Part, Unit};
use super::writer::Writers;
use super::{Request, UnitOutcome};
use crate::ledger::ChangeRecord;
use crate::plan::evolve;
use crate::run::structure::{Book, Undo, UndoneChange, standing, undo};
use crate::run::{RunError, Stores, failpoint};
use crate::value::structure::StructureChange;

/// One change to take back: its unit, and the change.
type Step = (usize, ChangeRecord);

/// Takes the changes of structure back of all units whose records are taken back.
pub(super) async fn take_back(
    units: &mut [Unit],
    told: &mut [UnitOutcome],
    stores: &Stores,
    writers: &mut Writers,
    request: &Request,
) -> Result<(), RunError> {
    let mut steps: BTreeMap<usize, Vec<Step>> = BTreeMap::new();
    for (at, unit) in units.iter().enumerate() {
        // What a phase wrote and keeps, it keeps in its table.
        if !unit.others.is_empty() || !unit.parts.iter().all(Part::is_done) {
            continue;
        }
        for (connection, change) in &unit.changes {
            steps.entry(*connection).or_default().push((at, change.clone()));
        }
    }
    let how = Undo { force: request.force, show_values: request.show_values };
    for (connection, mut steps) in steps {
        steps.sort_by(|(_, a), (_, b)| (b.at, &b.run, b.seq).cmp(&(a.at, &a.run, a.seq)));
        let mut worker =
            Worker { connection, stores, writers, how, told, stopped: BTreeSet::new() };
        worker.all(&steps).await?;
        for at in worker.stopped {
            units[at].stands = true;
        }
    }
    Ok(())
}

struct Worker<'w> {
    connection: usize,
    stores: &'w Stores,
    writers: &'w mut Writers,
    how: Undo,
    told: &'w mut [UnitOutcome],
    /// The units of which something stays.
    stopped: BTreeSet<usize>,
}

impl Worker<'_> {
    async fn all(&mut self, steps: &[Step]) -> Result<(), RunError> {
        let store = self.stores.get(self.connection);
        let atomic = store.capabilities().transactional_definitions;
        // What would stay is known before anything goes.
        let mut book = self.book().await?;
        let session = self.writers.of(self.connection).session().await?;
        for (unit, record) in steps {
            if let Some(why) = standing(&book, session, record, self.how).await? {
                self.stopped.insert(*unit);
                self.told[*unit].standing.push(why);
            }
        }
        let open: Vec<&Step> =
            steps.iter().filter(|(unit, _)| !self.stopped.contains(unit)).collect();
        if !atomic {
            self.writers.of(self.connection).commit().await?;
            self.group(&open, &mut book, false).await?;
            return Ok(());
        }
        // Together first, as tables of several specs may refer to each other; else each by itself.
        if self.group(&open, &mut book, true).await? {
            return Ok(());
        }
        let mut seen = BTreeSet::new();
        for (unit, _) in open.iter().filter(|(unit, _)| seen.insert(*unit)) {
            let own: Vec<&Step> = open.iter().copied().filter(|(of, _)| of == unit).collect();
            let mut book = self.book().await?;
            if !self.group(&own, &mut book, true).await? {
                self.stopped.insert(*unit);
            }
        }
        Ok(())
    }

    async fn book(&self) -> Result<Book, RunError> {
        let store = self.stores.get(self.connection);
        Ok(Book::open(store, self.stores.ledger(self.connection)).await?)
    }

    /// Takes changes back, all of them or none where definitions are part of a transaction. Tells
    /// whether all were.
    async fn group(
        &mut self,
        steps: &[&Step],
        book: &mut Book,
        atomic: bool,
    ) -> Result<bool, RunError> {
        if steps.is_empty() {
            return Ok(true);
        }
        if atomic {
            self.writers.of(self.connection).session().await?.savepoint().await?;
        }
        let mut done: Vec<(usize, String)> = Vec::new();
        let mut stopped: BTreeSet<usize> = BTreeSet::new();
        for (unit, record) in steps {
            if stopped.contains(unit) {
                continue;
            }
            let session = self.writers.of(self.connection).session().await?;
            match undo(book, session, record, self.how).await? {
                UndoneChange::Done(what) => done.extend(what.into_iter().map(|it| (*unit, it))),
                UndoneChange::Kept(why) => {
                    stopped.insert(*unit);
                    let alone = steps.iter().all(|(of, _)| of == unit);
                    if !atomic || alone {
                        self.told[*unit].standing.push(why);
                    }
                    if atomic {
                        break;
                    }
                }
            }
            if !atomic {
                failpoint::pass("structure_undone").await;
                self.writers.of(self.connection).commit().await?;
            }
        }
        let whole = stopped.is_empty();
        if atomic {
            let writer = self.writers.of(self.connection);
            if !whole {
                writer.session().await?.rollback_to_savepoint().await?;
                return Ok(false);
            }
            writer.session().await?.release().await?;
            writer.commit().await?;
        } else {
            self.stopped.extend(stopped);
        }
        for (unit, what) in done {
            self.told[unit].undone.push(what);
        }
        Ok(whole)
    }
}

/// What taking changes back loses, in words, for those who are asked before.
pub(super) fn losses(units: &[Unit], stores: &Stores) -> Vec<String> {
    let mut all = Vec::new();
    for unit in units {
        for (connection, record) in unit.changes.iter().rev() {
            let Some(change) = &record.change else { continue };
            match change {
                StructureChange::CreateTable(table) => {
                    all.push(format!("table {} is dropped", table.name));
                }
                StructureChange::AddColumn { .. } | StructureChange::AlterColumn { .. } => {
                    for back in evolve::reverse(change, None, &[]) {
                        let rendered = stores.get(*connection).render(&back);
                        if let Ok(Some(loses)) = rendered.map(|rendered| rendered.loses) {
                            all.push(format!("{}: {loses} are lost", evolve::describe(&back)));
                        }
                    }
                }
                _ => {}
            }
        }
    }
    all
}
