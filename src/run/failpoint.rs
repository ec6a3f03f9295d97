//! Points at which a test can hold a run, to kill it there. Without effect in release builds.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

static ARMED: OnceLock<(String, u64)> = OnceLock::new();
static HITS: AtomicU64 = AtomicU64::new(0);

/// Every point that each run passes, in order. `taken_back` is passed besides, where an interrupted
/// batch was taken back, `backup` where a connection has one, and `restored` in a restore.
pub const ALL: &[&str] =
    &["fixtures", "intent", "data", "checkpoint", "committed", "index", "phase_end", "end"];

/// Arms a point: `name` or `name:count` holds at the first or the given passage. Only in debug
/// builds; the first call wins.
pub fn arm(text: &str) {
    let (name, count) = text.split_once(':').unwrap_or((text, "1"));
    let _ = ARMED.set((name.to_owned(), count.parse().unwrap_or(1)));
}

/// Passes a point: holds for ever when it is the armed one, after telling `announce`.
pub async fn pass(name: &'static str) {
    if !cfg!(debug_assertions) {
        return;
    }
    let Some((armed, count)) = ARMED.get() else { return };
    if armed == name && HITS.fetch_add(1, Ordering::SeqCst) + 1 == *count {
        if let Some(announce) = ANNOUNCE.get() {
            announce(name);
        }
        std::future::pending::<()>().await;
    }
}

static ANNOUNCE: OnceLock<fn(&str)> = OnceLock::new();

/// Sets who is told that a point holds.
pub fn announce_with(announce: fn(&str)) {
    let _ = ANNOUNCE.set(announce);
}
