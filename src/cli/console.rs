//! The only place that prints.
//!
//! What was asked for (a page, a plan, a list, a JSON document) goes to standard output. What is
//! told about the work (progress, diagnostics, summaries, questions) goes to standard error.

use std::io::{self, IsTerminal as _, Write as _};

use serde_json::Value as Json;

use super::{ColorChoice, Failure, Format, Globals};
use crate::diagnostics::render::Style;

/// How wide text is wrapped where nobody says how wide the terminal is.
const WIDTH: usize = 100;

/// Standard output and error, and how to write there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Console {
    format: Format,
    quiet: bool,
    verbose: bool,
    color: bool,
    terminal: bool,
}

impl Console {
    /// The console that the global flags ask for.
    #[expect(clippy::disallowed_methods, reason = "whether colour is wanted")]
    pub(super) fn new(globals: &Globals) -> Self {
        let terminal = io::stderr().is_terminal();
        let color = match globals.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => {
                let plain = std::env::var("NO_COLOR").is_ok_and(|value| !value.is_empty())
                    || std::env::var("TERM").is_ok_and(|value| value == "dumb");
                terminal && !plain
            }
        };
        Self {
            format: globals.format,
            quiet: globals.quiet,
            verbose: globals.verbose > 0,
            color,
            terminal,
        }
    }

    /// Whether the answer is one JSON document.
    pub(super) fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// The form of the answer.
    pub(super) fn format(&self) -> Format {
        self.format
    }

    /// Whether each record is told.
    pub(super) fn is_verbose(&self) -> bool {
        self.verbose
    }

    /// Whether only errors are told.
    pub(super) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Whether a person sees standard error.
    pub(super) fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// Whether a person can be asked.
    pub(super) fn can_ask(&self) -> bool {
        self.terminal && io::stdin().is_terminal() && !self.is_json()
    }

    /// How diagnostics are drawn.
    pub(super) fn style(&self) -> Style {
        Style { width: WIDTH, color: self.color, unicode: true }
    }

    /// Gives the answer: text, or the document when JSON was asked for.
    ///
    /// # Errors
    /// When standard output can't be written.
    pub(super) fn answer(&self, text: &str, json: impl FnOnce() -> Json) -> Result<(), Failure> {
        if self.is_json() { self.document(&json()) } else { Self::write(text) }
    }

    /// What clears the screen, where the answer goes to one.
    #[expect(clippy::unused_self, reason = "all that prints is a method of the console")]
    pub(super) fn clear(&self) -> &'static str {
        if io::stdout().is_terminal() { "\x1b[2J\x1b[H" } else { "" }
    }

    /// Gives the JSON document.
    ///
    /// # Errors
    /// When standard output can't be written.
    #[expect(clippy::unused_self, reason = "all that prints is a method of the console")]
    pub(super) fn document(&self, json: &Json) -> Result<(), Failure> {
        Self::write(&format!("{json:#}"))
    }

    fn write(text: &str) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        let end = if text.ends_with('\n') || text.is_empty() { "" } else { "\n" };
        let written = write!(out, "{text}{end}").and_then(|()| out.flush());
        match written {
            // A reader that has seen enough is no error.
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(Failure::failed(format!("standard output can't be written: {error}")))
            }
            _ => Ok(()),
        }
    }

    /// Tells something, unless it shall be quiet.
    pub(super) fn say(&self, text: &str) {
        if !self.quiet {
            self.error_text(text);
        }
    }

    /// Tells an error: what, where, and what to do.
    pub(super) fn error(&self, message: &str, places: &[(&str, &str)], help: Option<&str>) {
        let mut text = format!("{} {message}\n", self.paint("error:", "31;1"));
        for (name, place) in places {
            text.push_str(&format!("  {} {name} {place}\n", self.paint("at", "34")));
        }
        if let Some(help) = help {
            text.push_str(&format!("  {} {help}\n", self.paint("help:", "36")));
        }
        self.error_text(&text);
    }

    /// Tells a warning.
    pub(super) fn warning(&self, message: &str) {
        self.say(&format!("{} {message}", self.paint("warning:", "33;1")));
    }

    /// Writes to standard error, also when quiet.
    #[expect(clippy::unused_self, reason = "all that prints is a method of the console")]
    pub(super) fn error_text(&self, text: &str) {
        let end = if text.ends_with('\n') || text.is_empty() { "" } else { "\n" };
        // There is nobody left to tell.
        let _ = write!(io::stderr().lock(), "{text}{end}");
    }

    /// Asks a question, and reads a line.
    ///
    /// # Errors
    /// When standard input can't be read.
    pub(super) fn ask(&self, question: &str) -> io::Result<String> {
        let mut err = io::stderr().lock();
        write!(err, "{question} ")?;
        err.flush()?;
        drop(err);
        let mut line = String::new();
        io::stdin().read_line(&mut line)?;
        Ok(line.trim().to_owned())
    }

    /// Text in a colour (an SGR number), where colour is wanted.
    pub(super) fn paint(&self, text: &str, color: &str) -> String {
        if self.color { format!("\x1b[{color}m{text}\x1b[0m") } else { text.to_owned() }
    }
}
