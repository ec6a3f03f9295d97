//! What is to be done about structures, for those who look before.

use super::book::Book;
use super::pending::{Pending, pending, vanished};
use crate::plan::{Plan, PlannedChange, StructureView, evolve};
use crate::run::{RunError, Stores};

/// What is to be done about each structure of a plan, in its order.
///
/// # Errors
/// When a store or its ledger can't be read.
pub async fn views(plan: &Plan, stores: &Stores) -> Result<Vec<StructureView>, RunError> {
    let mut views = Vec::with_capacity(plan.structures.len());
    for task in &plan.structures {
        let store = stores.get(task.connection);
        let book = Book::open(store, stores.ledger(task.connection)).await?;
        let found = pending(plan, task, &book, false).await?;
        views.push(view(found));
    }
    Ok(views)
}

/// As [`views`], and what specs no longer declare.
///
/// # Errors
/// When a store or its ledger can't be read.
pub async fn views_of_all(
    plan: &Plan,
    stores: &Stores,
) -> Result<(Vec<StructureView>, Vec<String>), RunError> {
    let views = views(plan, stores).await?;
    let gone = vanished(plan, stores).await?;
    Ok((views, gone.into_iter().map(|it| format!("{}; {}", it.message, it.help)).collect()))
}

fn view(found: Pending) -> StructureView {
    let mut view = StructureView::default();
    for what in found.interrupted {
        view.notes.push(format!("interrupted: {what}; a run goes on from there"));
    }
    for record in &found.adopted {
        let (kind, name) = record.declared.key();
        view.notes.push(format!("{} {name} is there already, and is taken over", kind.name()));
    }
    for name in &found.to_compare {
        view.notes.push(format!(
            "table {name} is there already: a run takes it over when it has the declared shape, and \
             stops otherwise"
        ));
    }
    for step in found.steps {
        view.changes.push(PlannedChange {
            change: evolve::describe(&step.change),
            statements: step.rendered.statements,
            locks: step.rendered.locks,
            loses: step.rendered.loses,
            differences: step.rendered.differences,
        });
    }
    for drift in found.drift {
        let (kind, name) = drift.about;
        view.blocked.push(format!(
            "{} {name} was changed by hand: {}",
            kind.name(),
            drift.differences.join("; ")
        ));
    }
    for refusal in found.refused {
        view.blocked.push(format!("{}; {}", refusal.message, refusal.help));
    }
    view
}
