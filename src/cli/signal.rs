//! Ctrl-C: once finishes the batch under way, twice ends at once.

use super::console::Console;
use super::exit::ExitCode;
use crate::run::Cancel;

/// Listens for interruptions from now on. The first cancels, and tells `how` to go on later; the
/// second ends the process.
pub(super) fn listen(console: Console, how: String) -> Cancel {
    let cancel = Cancel::default();
    let told = cancel.clone();
    tokio::spawn(async move {
        if !interrupted().await {
            return;
        }
        told.cancel();
        console.error_text(&format!(
            "Interrupted: the batch under way is finished first. {how} Ctrl-C again ends at once."
        ));
        if interrupted().await {
            end();
        }
    });
    cancel
}

#[expect(clippy::disallowed_methods, clippy::exit, reason = "the second Ctrl-C waits for nothing")]
fn end() -> ! {
    std::process::exit(ExitCode::Interrupted.number().into())
}

/// Waits for Ctrl-C or a request to end. `false` when neither can be heard.
#[cfg(unix)]
async fn interrupted() -> bool {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return tokio::signal::ctrl_c().await.is_ok();
    };
    tokio::select! {
        heard = tokio::signal::ctrl_c() => heard.is_ok(),
        heard = terminate.recv() => heard.is_some(),
    }
}

#[cfg(not(unix))]
async fn interrupted() -> bool {
    tokio::signal::ctrl_c().await.is_ok()
}
