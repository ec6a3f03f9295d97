//! A panic is a mistake in mapper, and says so without showing what it worked on.

use std::io::Write as _;
use std::panic;

/// Where mistakes are reported.
const REPORT: &str = "the project's issue tracker";

/// Replaces the panic message, which may hold values of records, by where it happened. A panic in
/// the main thread then ends the process with 1; one in a task becomes the task's error.
pub(super) fn install() {
    panic::set_hook(Box::new(|info| {
        let place = info.location().map_or_else(String::new, |location| {
            format!(" ({}:{})", location.file(), location.line())
        });
        let version = env!("CARGO_PKG_VERSION");
        // There is nobody left to tell.
        let _ = writeln!(
            std::io::stderr(),
            "error: this is a mistake in mapper {version}{place}\n  help: please report this line \
             and what you ran to {REPORT}; what was committed stays, and the same command goes on \
             from there"
        );
    }));
}

/// Runs something; a panic in it gives `None`.
pub(super) fn caught<T>(work: impl FnOnce() -> T) -> Option<T> {
    panic::catch_unwind(panic::AssertUnwindSafe(work)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_caught() {
        assert_eq!(caught(|| 1), Some(1));
        assert_eq!(caught(|| [1][std::hint::black_box(0)]), Some(1));
    }
}
