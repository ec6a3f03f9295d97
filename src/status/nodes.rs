//! The state of each node of the graph, in a few words.

use super::{CHOICES, PhaseStatus, phases};
use crate::diagnostics::wording::plural;
use crate::ledger::PhaseState;
use crate::plan::{IndexTask, NodeStatus, Plan, StructureView, Work};
use crate::run::{self, RunError, Stores};

/// The state of each node, for the views of a plan: `done 2,049 of 2,100`, `not started`,
/// `changed: --redo | --update | --keep`. Of checks nothing is kept.
///
/// # Errors
/// When a ledger can't be read.
pub async fn node_states(plan: &Plan, stores: &Stores) -> Result<Vec<NodeStatus>, RunError> {
    let phases = phases::all(plan, stores).await?;
    let views = run::structure::views(plan, stores).await?;
    let mut states = Vec::with_capacity(plan.graph.nodes.len());
    for node in &plan.graph.nodes {
        states.push(match node.work {
            Work::Phase(index) => {
                let name = plan.phases[index].full_name();
                phases.iter().find(|status| status.phase == name).map(in_words)
            }
            Work::Structure(index) => Some(of_structure(&views[index])),
            Work::Index(index) => Some(of_index(&plan.indexes[index], stores).await?.to_owned()),
            Work::Check(_) => None,
        });
    }
    Ok(states)
}

fn in_words(status: &PhaseStatus) -> String {
    let of = match status.expected {
        Some(expected) => {
            format!("{} of {}", grouped(status.current), grouped(expected))
        }
        None => grouped(status.current),
    };
    let words = match status.state {
        PhaseState::NotStarted | PhaseState::RolledBack => return "not started".to_owned(),
        PhaseState::Completed => format!("done {of}"),
        PhaseState::InProgress => format!("under way {of}"),
        PhaseState::Failed => format!("failed after {of}"),
    };
    if status.changed { format!("{words}; changed: {CHOICES}") } else { words }
}

pub(super) fn of_structure(view: &StructureView) -> String {
    if !view.blocked.is_empty() {
        return "refused".to_owned();
    }
    match (view.changes.len(), view.notes.is_empty()) {
        (0, true) => "done".to_owned(),
        (0, false) => "to be taken over".to_owned(),
        (count, _) => format!("{} pending", plural(count, "change")),
    }
}

async fn of_index(task: &IndexTask, stores: &Stores) -> Result<&'static str, RunError> {
    let schema = stores.get(task.connection).describe(&task.entity).await?;
    let there = schema.is_some_and(|schema| {
        schema
            .indexes
            .iter()
            .any(|index| index.keys == task.index.keys && index.unique == task.index.unique)
    });
    Ok(if there { "done" } else { "not started" })
}

/// A number with commas between thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_grouped() {
        let texts = [0, 999, 1_000, 66_904, 1_234_567].map(grouped);
        assert_eq!(texts, ["0", "999", "1,000", "66,904", "1,234,567"]);
    }
}
