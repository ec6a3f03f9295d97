//! Moments at which a run is killed: chosen by how far it came, not by the clock, so that they are
//! spread over the work on a busy machine too.

use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;

/// Always the same numbers from 0 to 1.
pub struct Moments(u64);

impl Moments {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        f64::from(u32::try_from(self.0 >> 32).unwrap()) / f64::from(u32::MAX)
    }
}

/// The file of events by which one sees how far a run came.
pub struct Events {
    path: PathBuf,
    /// How long it is after an undisturbed run.
    whole: u64,
}

impl Events {
    pub fn new(folder: &Path) -> Self {
        Self { path: folder.join("kill-events.jsonl"), whole: 0 }
    }

    /// A run that tells its events.
    pub fn told_by(&self, command: &mut Command) {
        let _ = std::fs::remove_file(&self.path);
        command.arg("--events").arg(&self.path);
    }

    fn length(&self) -> u64 {
        std::fs::metadata(&self.path).map_or(0, |file| file.len())
    }

    /// An undisturbed run is over.
    pub fn are_whole(&mut self) {
        self.whole = self.length();
        assert!(self.whole > 0, "no events were told");
    }

    /// Kills a run at a moment: some while it opens the ledger, most amid the work. False when it
    /// was over before; it may be over all the same when this is true.
    pub fn kill(&self, child: &mut Child, moments: &mut Moments) -> bool {
        const OPENING: f64 = 0.15;
        let (at, pause) = (moments.next(), moments.next());
        let (bytes, longest) = if at < OPENING {
            (0.0, 150.0)
        } else {
            #[expect(clippy::cast_precision_loss, reason = "a share of it is taken")]
            let whole = self.whole as f64;
            (whole * 0.95 * (at - OPENING) / (1.0 - OPENING), 20.0)
        };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bytes")]
        let bytes = bytes as u64;
        while self.length() < bytes && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_millis(1).mul_f64(longest * pause));
        child.kill().unwrap();
        let status = child.wait().unwrap();
        assert!(status.success() || status.code().is_none(), "the run failed: {status:?}");
        !status.success()
    }
}
