//! What is told while a command works: bars on a terminal, lines elsewhere, JSON lines to a file.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::bars::Bars;
use super::console::Console;
use super::failure::Failure;
use super::lines::Lines;
use crate::run::{Event, Observer};

/// Watches the work, and tells of it.
pub(super) struct Watcher {
    view: Option<View>,
    console: Console,
    events: Option<Mutex<Events>>,
    filled: Mutex<Vec<(String, u64)>>,
}

/// How people see it.
enum View {
    Bars(Bars),
    Lines(Lines),
}

/// The file of JSON lines, and whether it failed.
struct Events {
    file: BufWriter<File>,
    error: Option<std::io::Error>,
}

impl Watcher {
    /// Starts watching.
    ///
    /// # Errors
    /// When the file of events can't be created.
    pub(super) fn new(console: &Console, events: Option<&Path>) -> Result<Self, Failure> {
        let events = match events {
            Some(path) => Some(Mutex::new(Events { file: create(path)?, error: None })),
            None => None,
        };
        let view = match (console.is_quiet(), console.is_terminal()) {
            (true, _) => None,
            (false, true) => Some(View::Bars(Bars::new())),
            (false, false) => Some(View::Lines(Lines::new(*console))),
        };
        Ok(Self { view, console: *console, events, filled: Mutex::new(Vec::new()) })
    }

    /// Ends watching: takes the bars away, and closes the file. Gives the connections that were
    /// filled from fixtures, with how many records.
    pub(super) fn finish(&self) -> Vec<(String, u64)> {
        if let Some(View::Bars(bars)) = &self.view {
            bars.clear();
        }
        if let Some(events) = &self.events {
            let mut events = lock(events);
            let flushed = events.file.flush();
            if let Some(error) = events.error.take().or(flushed.err()) {
                self.console.warning(&format!("the events could not all be written: {error}"));
            }
        }
        std::mem::take(&mut *lock(&self.filled))
    }

    fn line(&self, text: &str) {
        match &self.view {
            Some(View::Bars(bars)) => bars.line(text),
            Some(View::Lines(_)) => self.console.say(text),
            None => {}
        }
    }
}

impl Observer for Watcher {
    fn event(&self, event: &Event) {
        if let Some(events) = &self.events {
            let mut events = lock(events);
            let written = serde_json::to_string(event)
                .map_err(std::io::Error::other)
                .and_then(|line| writeln!(events.file, "{line}"))
                // Who follows the file wants to see where the work stands.
                .and_then(|()| match event {
                    Event::Record { .. } | Event::Batch { .. } => Ok(()),
                    _ => events.file.flush(),
                });
            if let Err(error) = written {
                events.error.get_or_insert(error);
            }
        }
        if let Event::Fixtures { connection, records } = event {
            lock(&self.filled).push((connection.clone(), *records));
        }
        if let Some(text) = words(event, self.console.is_verbose()) {
            self.line(&text);
        }
        match &self.view {
            Some(View::Bars(bars)) => bars.event(event),
            Some(View::Lines(lines)) => lines.event(event),
            None => {}
        }
    }

    fn wants_records(&self) -> bool {
        self.console.is_verbose()
    }
}

/// What is told in a line of its own, on terminals and elsewhere.
fn words(event: &Event, verbose: bool) -> Option<String> {
    match event {
        Event::Fixtures { connection, records } => {
            Some(format!("{connection}: filled with {records} records from its fixtures"))
        }
        Event::Backup { connection, tables, records, folder } => Some(format!(
            "{connection}: {tables} tables or collections with {records} records backed up to \
             {folder}"
        )),
        Event::PhaseStarted { phase, resumed: true, .. } => {
            Some(format!("{phase}: goes on where it was interrupted"))
        }
        Event::Record { phase, key, fate, reason, message } => {
            let why = match (reason, message) {
                (Some(reason), Some(message)) => format!(" ({reason}: {message})"),
                (Some(why), None) | (None, Some(why)) => format!(" ({why})"),
                (None, None) => String::new(),
            };
            verbose.then(|| format!("{phase} {key}: {fate}{why}"))
        }
        Event::Retry { phase, attempt, message } => {
            Some(format!("{phase}: {message}; attempt {attempt} follows"))
        }
        Event::Index { index, entity, created } => {
            let what = if *created { "created" } else { "was there" };
            verbose.then(|| format!("index {index} on {entity}: {what}"))
        }
        Event::Check { check, passed, actual, .. } => verbose.then(|| {
            format!("check {check}: {} ({actual})", if *passed { "holds" } else { "fails" })
        }),
        Event::Structure { spec, change, statements, done } => {
            let mut text = format!("{spec}: {change}");
            if verbose || !done {
                for line in statements.iter().flat_map(|statement| statement.lines()) {
                    text.push_str(&format!("\n    {line}"));
                }
            }
            Some(text)
        }
        Event::Adopted { message, .. } => Some(message.clone()),
        Event::Warning { message } => Some(format!("warning: {message}")),
        _ => None,
    }
}

fn create(path: &Path) -> Result<BufWriter<File>, Failure> {
    let file = File::create(path)
        .map_err(|error| Failure::usage(format!("{} can't be written: {error}", path.display())))?;
    Ok(BufWriter::new(file))
}

/// A panic elsewhere does not silence what is told.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
