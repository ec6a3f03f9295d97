//! Does what is pending of one spec's structure: in one transaction where definitions are part of
//! one, else step by step with the ledger ahead of each.

use std::sync::Arc;

use chrono::Utc;

use super::book::{Book, keys};
use super::pending::{Pending, pending};
use super::{kept, trouble};
use crate::connectors::{Session, StoreError};
use crate::ledger::{ChangeRecord, StructureKind};
use crate::plan::Plan;
use crate::plan::evolve::{self, Refusal};
use crate::run::{Event, Observer, Options, RunError, RunErrorKind, Stores, failpoint};
use crate::value::structure::StructureChange;

/// Does the structure task of that place in the plan. Gives what was done, in words.
pub(in crate::run) async fn apply(
    plan: &Plan,
    index: usize,
    stores: &Stores,
    options: &Options,
    run: &str,
    observer: &dyn Observer,
) -> Result<Vec<String>, RunError> {
    let task = &plan.structures[index];
    let store = stores.get(task.connection);
    let ledger = stores.ledger(task.connection);
    let book = Book::open(store, ledger.clone()).await?;
    let spec = plan.specs.get(task.spec).map_or("", |spec| spec.name.as_str()).to_owned();
    let atomic = store.capabilities().transactional_definitions;
    let mut session = store.session().await?;
    session.begin().await?;
    ledger.create(&mut *session).await?;
    ledger.create_structures(&mut *session).await?;
    session.commit().await?;
    let seq = ledger.changes(Some(run)).await?.last().map_or(0, |last| last.seq + 1);
    let mut worker = Worker {
        book,
        session,
        atomic,
        spec,
        run: run.to_owned(),
        seq,
        show_values: options.show_values,
        observer,
        done: Vec::new(),
    };
    if !options.dry_run {
        worker.recover().await?;
    }
    drop(worker.session);
    let found = pending(plan, task, &worker.book, !options.dry_run).await?;
    refuse(&found)?;
    worker.session = store.session().await?;
    worker.session.begin().await?;
    if options.dry_run {
        worker.rehearse(&found).await?;
    } else {
        worker.work(found).await?;
    }
    Ok(worker.done)
}

/// Refuses what stands in the way.
pub(in crate::run) fn refuse(found: &Pending) -> Result<(), RunError> {
    if let Some(drift) = found.drift.first() {
        let all: Vec<String> = found
            .drift
            .iter()
            .map(|drift| {
                let (kind, name) = &drift.about;
                format!("{} `{name}`: {}", kind.name(), drift.differences.join("; "))
            })
            .collect();
        let (kind, name) = &drift.about;
        return Err(RunError::new(
            RunErrorKind::Refused,
            format!("the structure was changed by hand since the last run: {}", all.join(" · ")),
        )
        .help(format!(
            "undo that in the database, as `mapper plan` shows; nothing is overwritten. Or leave {} \
             `{name}` alone from now on: `existing = true`",
            kind.name()
        )));
    }
    refuse_edits(&found.refused)
}

/// Refuses edits of what ran already.
pub(in crate::run) fn refuse_edits(refused: &[Refusal]) -> Result<(), RunError> {
    let Some(first) = refused.first() else { return Ok(()) };
    let all: Vec<&str> = refused.iter().map(|refusal| refusal.message.as_str()).collect();
    Err(RunError::new(RunErrorKind::Refused, all.join("; ")).help(first.help.clone()))
}

struct Worker<'w> {
    book: Book,
    session: Box<dyn Session>,
    /// Whether definitions are part of the transaction.
    atomic: bool,
    spec: String,
    run: String,
    /// The number of the next change.
    seq: u64,
    show_values: bool,
    observer: &'w dyn Observer,
    done: Vec<String>,
}

impl Worker<'_> {
    /// Finishes the change that was under way when a run was killed.
    async fn recover(&mut self) -> Result<(), RunError> {
        for mut record in std::mem::take(&mut self.book.open) {
            let Some(change) = record.change.clone() else { continue };
            self.session.begin().await?;
            if let Err(error) = self.session.change(&change).await {
                self.book.ledger.forget_change(&mut *self.session, &record).await?;
                self.session.commit().await?;
                return Err(self.trouble(&change, error).await);
            }
            self.book.note(&change, &self.spec, &record.run);
            self.book.flush(&mut *self.session).await?;
            record.done = true;
            self.book.ledger.save_change(&mut *self.session, &record).await?;
            self.session.commit().await?;
            self.tell(&change, Vec::new(), true);
        }
        Ok(())
    }

    async fn work(&mut self, found: Pending) -> Result<(), RunError> {
        for record in found.adopted {
            let key = record.declared.key();
            self.book.put(crate::ledger::StructureRecord { run: self.run.clone(), ..record });
            let change = ChangeRecord {
                run: self.run.clone(),
                seq: self.next(),
                about: key.clone(),
                change: None,
                before: None,
                done: true,
                kept: false,
                at: Utc::now(),
            };
            self.book.ledger.save_change(&mut *self.session, &change).await?;
            let message = format!(
                "{}: {} {} is there already in this shape, and is taken over",
                self.spec,
                key.0.name(),
                key.1
            );
            self.done.push(format!("takes over {} {}", key.0.name(), key.1));
            self.observer.event(&Event::Adopted { spec: self.spec.clone(), message });
        }
        let mut values_added = false;
        for step in found.steps {
            let adds = matches!(step.change, StructureChange::AddEnumValue { .. });
            // A value of an enum can be used after the transaction that adds it.
            if values_added && !adds && self.atomic {
                self.commit().await?;
                values_added = false;
            }
            values_added |= adds;
            let lossy = step.rendered.loses.is_some();
            self.step(&step.change, lossy).await?;
            self.tell(&step.change, step.rendered.statements, true);
        }
        for (declared, names) in found.settled {
            self.book.settle(&declared, names, &self.spec);
        }
        for key in found.released {
            self.book.remove(&key);
        }
        self.commit().await?;
        Ok(())
    }

    async fn commit(&mut self) -> Result<(), RunError> {
        self.book.flush(&mut *self.session).await?;
        self.session.commit().await?;
        self.session.begin().await?;
        Ok(())
    }

    async fn step(&mut self, change: &StructureChange, lossy: bool) -> Result<(), RunError> {
        if let Some((why, help)) =
            trouble::foreseen(&mut *self.session, change, self.show_values).await?
        {
            let message = format!("{}: {why}", evolve::describe(change));
            return Err(RunError::new(RunErrorKind::Refused, message).help(help));
        }
        let (before, about) = keys(change);
        let before = self.book.records.get(&before).cloned();
        let mut record = ChangeRecord {
            run: self.run.clone(),
            seq: self.next(),
            about,
            change: Some(change.clone()),
            before,
            done: self.atomic,
            kept: false,
            at: Utc::now(),
        };
        if lossy {
            let table = record.before.as_ref().and_then(|before| before.declared.table());
            if let Some(table) = table {
                record.kept = kept::keep(
                    &mut *self.session,
                    &self.book.ledger,
                    (&record.run, record.seq),
                    change,
                    table,
                )
                .await?;
            }
        }
        self.book.ledger.save_change(&mut *self.session, &record).await?;
        if !self.atomic {
            self.session.commit().await?;
            failpoint::pass("structure_intent").await;
            self.session.begin().await?;
        }
        if let Err(error) = self.session.change(change).await {
            self.session.rollback().await?;
            if !self.atomic {
                self.session.begin().await?;
                self.book.ledger.forget_change(&mut *self.session, &record).await?;
                self.session.commit().await?;
            }
            return Err(self.trouble(change, error).await);
        }
        failpoint::pass("structure").await;
        self.book.note(change, &self.spec, &self.run);
        if !self.atomic {
            record.done = true;
            self.book.ledger.save_change(&mut *self.session, &record).await?;
            self.commit().await?;
        }
        Ok(())
    }

    async fn trouble(&mut self, change: &StructureChange, error: StoreError) -> RunError {
        let ((kind, name), _) = keys(change);
        let table = match kind {
            StructureKind::Table => self.session.structure(&name).await.ok().flatten(),
            _ => None,
        };
        trouble::explain(&mut *self.session, change, table.as_ref(), error, self.show_values).await
    }

    /// Tells what would be done, and gives the phases of a dry run the tables.
    async fn rehearse(&mut self, found: &Pending) -> Result<(), RunError> {
        for step in &found.steps {
            self.session.change(&step.change).await?;
            self.tell(&step.change, step.rendered.statements.clone(), false);
        }
        for name in &found.to_compare {
            let message = format!(
                "{}: table {name} is there already; it is taken over when it has the declared \
                 shape, and refused otherwise",
                self.spec
            );
            self.observer.event(&Event::Adopted { spec: self.spec.clone(), message });
        }
        self.session.commit().await?;
        Ok(())
    }

    fn next(&mut self) -> u64 {
        self.seq += 1;
        self.seq - 1
    }

    fn tell(&mut self, change: &StructureChange, statements: Vec<String>, done: bool) {
        let change = evolve::describe(change);
        self.done.push(change.clone());
        self.observer.event(&Event::Structure {
            spec: self.spec.clone(),
            change,
            statements,
            done,
        });
    }
}

/// Whether a task has anything to do, or something stands in its way.
pub(in crate::run) async fn look(
    plan: &Plan,
    index: usize,
    stores: &Stores,
) -> Result<Pending, RunError> {
    let task = &plan.structures[index];
    let store = stores.get(task.connection);
    let book = Book::open(&Arc::clone(store), stores.ledger(task.connection)).await?;
    Ok(pending(plan, task, &book, false).await?)
}
