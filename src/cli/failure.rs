//! Why a command ends early, and how that is told.

use serde_json::{Value as Json, json};

use super::ExitCode;
use super::console::Console;
use crate::diagnostics::{Diagnostics, SourceMap, render};
use crate::run::{RunError, RunErrorKind};

/// What stops a command.
#[derive(Debug)]
pub(super) enum Failure {
    /// The command line, or a file named on it, is wrong.
    Usage {
        /// What is wrong.
        message: String,
        /// What to do.
        help: Option<String>,
    },
    /// The specs are wrong.
    Spec(Box<(Diagnostics, SourceMap)>),
    /// What the command does failed.
    Run(Box<RunError>),
}

impl Failure {
    /// Something is wrong with the command line.
    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), help: None }
    }

    /// What the command does failed, for a reason that is neither the spec's nor a store's.
    pub(super) fn failed(message: impl Into<String>) -> Self {
        Self::Run(Box::new(RunError::new(RunErrorKind::Refused, message)))
    }

    /// Says what to do.
    pub(super) fn help(self, text: impl Into<String>) -> Self {
        match self {
            Self::Usage { message, .. } => Self::Usage { message, help: Some(text.into()) },
            Self::Run(error) => Self::Run(Box::new(error.help(text))),
            Self::Spec(found) => Self::Spec(found),
        }
    }

    /// The exit code that goes with it.
    pub(super) fn exit(&self) -> ExitCode {
        match self {
            Self::Usage { .. } | Self::Spec(_) => ExitCode::Usage,
            Self::Run(error) => ExitCode::of(error),
        }
    }

    /// Tells it, as a document or in words.
    pub(super) fn tell(&self, console: &Console) {
        if console.is_json() {
            // There is nobody left to tell that standard output is closed.
            let _ = console.document(&self.json());
            return;
        }
        match self {
            Self::Usage { message, help } => console.error(message, &[], help.as_deref()),
            Self::Spec(found) => {
                let (diagnostics, sources) = &**found;
                console.error_text(&render::text(diagnostics, sources, console.style()));
            }
            Self::Run(error) => tell_run_error(error, console),
        }
    }

    fn json(&self) -> Json {
        let exit = self.exit().number();
        match self {
            Self::Usage { message, help } => {
                json!({ "exit": exit, "error": { "message": message, "help": help } })
            }
            Self::Spec(found) => {
                let (diagnostics, sources) = &**found;
                json!({ "exit": exit, "diagnostics": render::json(diagnostics, sources) })
            }
            Self::Run(error) => json!({ "exit": exit, "error": run_error_json(error) }),
        }
    }
}

impl<E: Into<RunError>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Run(Box::new(error.into()))
    }
}

/// Tells a run's error with its place and what to do.
pub(super) fn tell_run_error(error: &RunError, console: &Console) {
    let batch = error.batch.map(|batch| batch.to_string());
    let places = [("phase", &error.phase), ("batch", &batch), ("key", &error.key)];
    let places: Vec<(&str, &str)> =
        places.iter().filter_map(|(name, place)| Some((*name, place.as_deref()?))).collect();
    let ours = "this is a mistake in mapper; please report it with this message";
    let help = match error.kind {
        RunErrorKind::Internal => error.help.as_deref().or(Some(ours)),
        _ => error.help.as_deref(),
    };
    console.error(&error.message, &places, help);
}

/// A run's error for machines.
pub(super) fn run_error_json(error: &RunError) -> Json {
    json!({
        "message": error.message,
        "phase": error.phase,
        "batch": error.batch,
        "key": error.key,
        "help": error.help,
    })
}
