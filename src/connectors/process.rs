//! Which process holds a lock, and whether it still runs.

use std::fmt;
use std::fs::read_to_string;

/// A process, told apart from others of the same number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Process {
    /// The host's name; empty when it is not known.
    pub(crate) host: String,
    /// Its number on that host.
    pub(crate) id: u32,
    /// The host's boot and the tick at which it started; empty when that is not known.
    pub(crate) started: String,
}

impl Process {
    /// This process.
    pub(crate) fn this() -> Self {
        let id = std::process::id();
        Self { host: host(), id, started: started(id).unwrap_or_default() }
    }

    /// Whether it is known to have ended: it was on this host, and is no longer.
    pub(crate) fn is_gone(&self) -> bool {
        let comparable = !self.host.is_empty() && !self.started.is_empty() && self.host == host();
        // Where this process can't find itself, it can't find others either.
        comparable
            && started(std::process::id()).is_some()
            && started(self.id).is_none_or(|started| started != self.started)
    }
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.as_str() {
            "" => write!(f, "process {}", self.id),
            host => write!(f, "process {} on {host}", self.id),
        }
    }
}

fn host() -> String {
    read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim().to_owned()
}

/// When a process of this host started; `None` when there is none.
fn started(id: u32) -> Option<String> {
    let boot = read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let status = read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The program's name stands in parentheses and may hold any character; the state follows it.
    let mut fields = status.rsplit_once(')')?.1.split_ascii_whitespace();
    let state = fields.next()?;
    let tick = fields.nth(18)?;
    // A process that ended and was not waited for holds nothing.
    (state != "Z" && state != "X").then(|| format!("{}:{tick}", boot.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_runs_and_another_of_its_number_does_not() {
        let this = Process::this();
        assert!(!this.is_gone());
        assert!(this.to_string().contains(&std::process::id().to_string()));
        if !cfg!(target_os = "linux") {
            return;
        }
        let before = Process { started: "an earlier boot:1".into(), ..this.clone() };
        assert!(before.is_gone());
        let elsewhere = Process { host: "elsewhere".into(), ..before };
        assert!(!elsewhere.is_gone());
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let running = Process { id: child.id(), started: started(child.id()).unwrap(), ..this };
        assert!(!running.is_gone());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(running.is_gone());
    }
}
