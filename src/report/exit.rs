//! Exit codes.

use crate::run::{NodeState, Outcome};
use crate::verify::VerifyReport;

/// All was done.
pub(super) const DONE: u8 = 0;
/// The run or a check failed.
pub(super) const FAILED: u8 = 1;
/// All was done, and unresolved rejects exist.
pub(super) const REJECTS: u8 = 3;
/// Someone stopped the run before its end.
pub(super) const INTERRUPTED: u8 = 130;

/// The exit code of a run: 0 done, 1 failed, or done and others refer to what was to be deleted, 3 done and unresolved rejects exist, 130 interrupted.
/// A failure counts more than an interruption. A run that was done before the wish to stop was seen
/// is done.
pub fn exit_code(outcome: &Outcome) -> u8 {
    let stopped = outcome
        .nodes
        .iter()
        .any(|node| matches!(node.state, NodeState::NotStarted | NodeState::Interrupted));
    if outcome.is_failed() {
        FAILED
    } else if outcome.cancelled && stopped {
        INTERRUPTED
    } else if stopped {
        // Something was left undone without a reason that is known.
        FAILED
    } else if outcome.referenced() > 0 {
        // The target holds what the sources no longer have, and should not.
        FAILED
    } else if outcome.rejected() > 0 {
        REJECTS
    } else {
        DONE
    }
}

/// The exit code of a verification: 0 when all holds, 1 when something of severity `error` does not,
/// 3 when unresolved rejects exist.
pub fn exit_code_of_verification(report: &VerifyReport) -> u8 {
    if report.is_failed() {
        FAILED
    } else if report.open_rejects() > 0 {
        REJECTS
    } else {
        DONE
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Counts, PhaseRecord, PhaseState, TargetShape};
    use crate::plan::{Severity, Work};
    use crate::run::NodeOutcome;
    use crate::run::checks::CheckResult;

    fn outcome(state: NodeState) -> Outcome {
        let node = NodeOutcome {
            work: Work::Phase(0),
            name: "s.p".into(),
            state,
            phase: None,
            kept: Vec::new(),
            usage: Vec::new(),
            violated: Vec::new(),
            check: None,
            structure: Vec::new(),
            error: None,
        };
        Outcome { nodes: vec![node], ..Outcome::default() }
    }

    fn rejecting() -> PhaseRecord {
        let now = chrono::DateTime::UNIX_EPOCH;
        PhaseRecord {
            run: "r".into(),
            phase: "s.p".into(),
            checksum: String::new(),
            state: PhaseState::Completed,
            counts: Counts { rejected: 2, read: 2, ..Counts::default() },
            checkpoint: None,
            batches: 1,
            now,
            started_at: now,
            finished_at: None,
            seconds: 0.0,
            expected: None,
            error: None,
            target: TargetShape::default(),
        }
    }

    #[test]
    fn codes_of_runs() {
        assert_eq!(exit_code(&Outcome::default()), DONE);
        assert_eq!(exit_code(&outcome(NodeState::Done)), DONE);
        assert_eq!(exit_code(&outcome(NodeState::NotSelected)), DONE);
        assert_eq!(exit_code(&outcome(NodeState::Failed)), FAILED);
        let mut stopped = outcome(NodeState::Interrupted);
        stopped.cancelled = true;
        assert_eq!(exit_code(&stopped), INTERRUPTED);
        let mut late = outcome(NodeState::Done);
        late.cancelled = true;
        assert_eq!(exit_code(&late), DONE);
        let mut failed = outcome(NodeState::Failed);
        failed.cancelled = true;
        assert_eq!(exit_code(&failed), FAILED);
        let mut rejects = outcome(NodeState::Done);
        rejects.nodes[0].phase = Some(rejecting());
        assert_eq!(exit_code(&rejects), REJECTS);
    }

    #[test]
    fn only_a_check_of_severity_error_fails_a_run() {
        for (severity, code) in
            [(Severity::Error, FAILED), (Severity::Warning, DONE), (Severity::Info, DONE)]
        {
            let mut outcome = outcome(NodeState::Done);
            outcome.nodes[0].check = Some(CheckResult {
                name: "c".into(),
                severity,
                passed: false,
                actual: String::new(),
                advice: None,
                keys: Vec::new(),
            });
            assert_eq!(exit_code(&outcome), code);
        }
    }
}
