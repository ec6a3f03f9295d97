//! The exit codes: a contract that scripts are written against.

use std::process;

use crate::run::{RunError, RunErrorKind};

/// What a command ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitCode {
    /// 0: all was done.
    Done,
    /// 1: the run or a check failed, the lock is held, the store is away, the spec changed.
    Failed,
    /// 2: the command line or the spec is wrong.
    Usage,
    /// 3: all was done, and rejects exist that are not resolved.
    Rejects,
    /// 130: it was interrupted.
    Interrupted,
}

impl ExitCode {
    /// The number that the shell sees.
    pub fn number(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Rejects => 3,
            Self::Interrupted => 130,
        }
    }

    /// The code of a number; any that is not known is a failure.
    pub(super) fn from_number(number: u8) -> Self {
        [Self::Done, Self::Usage, Self::Rejects, Self::Interrupted]
            .into_iter()
            .find(|code| code.number() == number)
            .unwrap_or(Self::Failed)
    }

    /// What a command ends with that met this error.
    pub fn of(error: &RunError) -> Self {
        match error.kind {
            RunErrorKind::Cancelled => Self::Interrupted,
            _ => Self::Failed,
        }
    }
}

impl From<ExitCode> for process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code.number())
    }
}

/// The table for `mapper --help`.
pub(super) const HELP: &str = "\
Exit codes:
  0    done
  1    the run or a check failed, the lock is held, the server is away, the spec changed
  2    the command line or the spec is wrong
  3    done, and unresolved rejects exist
  130  interrupted";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_names_every_number() {
        for code in [
            ExitCode::Done,
            ExitCode::Failed,
            ExitCode::Usage,
            ExitCode::Rejects,
            ExitCode::Interrupted,
        ] {
            assert!(HELP.contains(&format!("\n  {:<3}  ", code.number())), "{code:?}");
            assert_eq!(ExitCode::from_number(code.number()), code);
        }
    }

    #[test]
    fn only_an_interruption_is_told_apart_from_failures() {
        let error = |kind| ExitCode::of(&RunError::new(kind, "it failed"));
        assert_eq!(error(RunErrorKind::Cancelled).number(), 130);
        assert_eq!(error(RunErrorKind::Refused).number(), 1);
        assert_eq!(error(RunErrorKind::Internal).number(), 1);
    }
}
