//! A bar per phase, on a terminal.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressState, ProgressStyle};

use super::lines::{ended, rejects};
use super::progress::lock;
use crate::run::Event;

/// The bars of the phases at work.
pub(super) struct Bars {
    all: MultiProgress,
    phases: Mutex<BTreeMap<String, ProgressBar>>,
}

impl Bars {
    /// No bar yet.
    pub(super) fn new() -> Self {
        Self { all: MultiProgress::new(), phases: Mutex::new(BTreeMap::new()) }
    }

    /// Writes a line above the bars.
    pub(super) fn line(&self, text: &str) {
        // There is nobody left to tell.
        let _ = self.all.println(text);
    }

    /// Moves the bars.
    pub(super) fn event(&self, event: &Event) {
        match event {
            Event::PhaseStarted { phase, expected, .. } => {
                let bar = self.all.add(bar(*expected));
                bar.set_prefix(phase.clone());
                bar.enable_steady_tick(Duration::from_millis(200));
                lock(&self.phases).insert(phase.clone(), bar);
            }
            Event::Batch { phase, counts, .. } => {
                if let Some(bar) = lock(&self.phases).get(phase) {
                    bar.set_position(counts.sources.max(counts.read));
                    bar.set_message(rejects(counts));
                }
            }
            Event::Undone { phase, batches, of } => {
                let mut phases = lock(&self.phases);
                let bar = phases.entry(phase.clone()).or_insert_with(|| {
                    let bar = self.all.add(bar(Some(*of)));
                    bar.set_prefix(format!("{phase}: batches taken back"));
                    bar
                });
                bar.set_position(*batches);
                if batches >= of {
                    bar.finish_and_clear();
                }
            }
            Event::PhaseFinished { phase, state, counts, seconds } => {
                if let Some(bar) = lock(&self.phases).remove(phase) {
                    bar.finish_and_clear();
                    self.all.remove(&bar);
                }
                self.line(&ended(phase, state, counts, *seconds));
            }
            _ => {}
        }
    }

    /// Takes all bars away.
    pub(super) fn clear(&self) {
        for bar in std::mem::take(&mut *lock(&self.phases)).into_values() {
            bar.finish_and_clear();
        }
        // There is nobody left to tell.
        let _ = self.all.clear();
    }
}

/// A bar of a known length, or one that only counts.
fn bar(expected: Option<u64>) -> ProgressBar {
    let known = "{prefix} [{bar:30}] {human_pos} of {human_len}, {rate} a second{msg}, {eta} left";
    let unknown = "{prefix} {spinner} {human_pos} read, {rate} a second{msg}";
    let (bar, template) = match expected {
        Some(length) => (ProgressBar::new(length), known),
        None => (ProgressBar::new_spinner(), unknown),
    };
    let style = ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .with_key("rate", |state: &ProgressState, out: &mut dyn fmt::Write| {
            // A bar that can't be drawn is no error.
            let _ = write!(out, "{:.0}", state.per_sec());
        })
        .progress_chars("=> ");
    bar.with_style(style)
}
