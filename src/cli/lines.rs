//! Plain lines, where nobody watches a terminal: now and then, and at the end of each phase.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::console::Console;
use super::progress::lock;
use crate::run::{Event, Progress};

/// A phase at work is told of at most this often.
const EVERY: Duration = Duration::from_secs(5);

/// Lines on standard error.
pub(super) struct Lines {
    console: Console,
    phases: Mutex<BTreeMap<String, Phase>>,
}

/// A phase at work.
struct Phase {
    expected: Option<u64>,
    /// When it was told of, and how many records were read then.
    told: (Instant, u64),
}

impl Lines {
    /// Nothing is told yet.
    pub(super) fn new(console: Console) -> Self {
        Self { console, phases: Mutex::new(BTreeMap::new()) }
    }

    /// Tells of an event, when it is time.
    pub(super) fn event(&self, event: &Event) {
        match event {
            Event::PhaseStarted { phase, expected, .. } => {
                let begun = Phase { expected: *expected, told: (Instant::now(), 0) };
                lock(&self.phases).insert(phase.clone(), begun);
            }
            Event::Batch { phase, counts, .. } => {
                let mut phases = lock(&self.phases);
                let Some(state) = phases.get_mut(phase) else { return };
                let (since, before) = state.told;
                let passed = since.elapsed();
                if passed < EVERY {
                    return;
                }
                let read = counts.sources.max(counts.read);
                state.told = (Instant::now(), read);
                let line = under_way(phase, read, before, passed, state.expected, counts);
                self.console.say(&line);
            }
            Event::Undone { phase, batches, of } => {
                let mut phases = lock(&self.phases);
                let now = Instant::now();
                let begun = || Phase { expected: Some(*of), told: (now, 0) };
                let state = phases.entry(phase.clone()).or_insert_with(begun);
                if state.told.0.elapsed() >= EVERY {
                    state.told = (now, *batches);
                    self.console.say(&format!("{phase}: {batches} of {of} batches taken back"));
                }
            }
            Event::PhaseFinished { phase, state, counts, seconds } => {
                lock(&self.phases).remove(phase);
                self.console.say(&ended(phase, state, counts, *seconds));
            }
            _ => {}
        }
    }
}

fn under_way(
    phase: &str,
    read: u64,
    before: u64,
    passed: Duration,
    expected: Option<u64>,
    counts: &Progress,
) -> String {
    let rate = u128::from(read.saturating_sub(before)) * 1000 / passed.as_millis().max(1);
    let of = expected.map(|expected| format!(" of {expected}")).unwrap_or_default();
    let left = expected
        .filter(|expected| rate > 0 && *expected > read)
        .map(|expected| {
            let seconds = u128::from(expected - read) / rate;
            let seconds = Duration::from_secs(u64::try_from(seconds).unwrap_or(u64::MAX));
            format!(", {} left", humantime::format_duration(seconds))
        })
        .unwrap_or_default();
    format!("{phase}: {read}{of} read, {rate} a second{}{left}", rejects(counts))
}

/// How many were rejected, as an addition; nothing when none was.
pub(super) fn rejects(counts: &Progress) -> String {
    match counts.rejected {
        0 => String::new(),
        rejected => format!(", {rejected} rejected"),
    }
}

/// The line at the end of a phase.
pub(super) fn ended(phase: &str, state: &str, counts: &Progress, seconds: f64) -> String {
    let parts = [
        (counts.inserted, "inserted"),
        (counts.updated, "updated"),
        (counts.unchanged, "unchanged"),
        (counts.skipped, "skipped"),
        (counts.rejected, "rejected"),
        (counts.deleted, "deleted"),
        (counts.marked, "marked"),
        (counts.deleted_kept, "no longer in the source and kept"),
    ];
    let mut line =
        format!("{phase}: {} in {seconds:.1} s: {} read", state.replace('_', " "), counts.read);
    for (count, fate) in parts {
        if count > 0 {
            line.push_str(&format!(", {count} {fate}"));
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_read_like_sentences() {
        let counts = Progress { sources: 500, read: 500, rejected: 2, ..Progress::default() };
        let second = Duration::from_secs(1);
        assert_eq!(
            under_way("s.p", 500, 100, second, Some(1300), &counts),
            "s.p: 500 of 1300 read, 400 a second, 2 rejected, 2s left"
        );
        let none = Progress::default();
        assert_eq!(under_way("s.p", 0, 0, second, None, &none), "s.p: 0 read, 0 a second");
        let counts = Progress { read: 3, inserted: 2, skipped: 1, ..Progress::default() };
        assert_eq!(
            ended("s.p", "completed", &counts, 0.25),
            "s.p: completed in 0.2 s: 3 read, 2 inserted, 1 skipped"
        );
    }
}
