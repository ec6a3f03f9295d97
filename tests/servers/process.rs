//! Server processes: found, started on a free port in a folder of their own, ended with this process.

use std::ffi::OsString;
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const SUPERVISOR: &str = include_str!("supervise.sh");
const PATIENCE: Duration = Duration::from_mins(4);

/// How often a server is started that ends at once: its port may have been taken since it was found.
const TRIES: u32 = 4;
const ENDED: &str = "it ended at once";

/// Starts a server, and again when it ended at once.
pub(crate) fn persistent<T>(start: impl Fn() -> Result<T, String>) -> Result<T, String> {
    for _ in 1..TRIES {
        match start() {
            Err(reason) if reason.starts_with(ENDED) => {}
            other => return other,
        }
    }
    start()
}

/// A folder for one server, given to the user that the server runs as.
pub(crate) struct Folder {
    path: PathBuf,
    user: Option<&'static str>,
    kept: bool,
}

impl Folder {
    /// Makes one. `user` is who the server runs as when this process is root, which many servers
    /// refuse to be.
    pub(crate) fn new(name: &str, user: Option<&'static str>) -> Result<Self, String> {
        let path = tempfile::Builder::new()
            .prefix(&format!("mapper-{name}-"))
            .tempdir()
            .map_err(|error| format!("no temporary folder: {error}"))?
            .keep();
        let user = user.filter(|_| is_root());
        let folder = Self { path, user, kept: false };
        folder.give_away(&folder.path)?;
        Ok(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the server's user the owner of a file or folder.
    pub(crate) fn give_away(&self, path: &Path) -> Result<(), String> {
        match self.user {
            None => Ok(()),
            Some(user) => output(Command::new("chown").arg("-R").arg(user).arg(path)).map(|_| ()),
        }
    }

    /// The program as the server's user.
    pub(crate) fn command(&self, program: &Path) -> Vec<OsString> {
        let mut command: Vec<OsString> = Vec::new();
        if let Some(user) = self.user {
            let as_user = ["setpriv", &format!("--reuid={user}"), &format!("--regid={user}")];
            command.extend(as_user.map(Into::into));
            command.push("--init-groups".into());
        }
        command.push(program.into());
        command
    }

    /// Runs a program as the server's user, to its end.
    pub(crate) fn run(&self, program: &Path, arguments: &[&str]) -> Result<(), String> {
        let command = self.command(program);
        output(Command::new(&command[0]).args(&command[1..]).args(arguments).current_dir("/"))
            .map(|_| ())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !self.kept {
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

/// A running server. It ends when this is dropped or when this process ends, and its folder goes.
pub(crate) struct Process {
    supervisor: Child,
    folder: PathBuf,
}

impl Process {
    /// Starts a command, and waits until `ready` holds.
    pub(crate) fn start(
        mut folder: Folder,
        signal: &str,
        command: &[OsString],
        ready: impl Fn() -> Result<(), String>,
    ) -> Result<Self, String> {
        let supervisor = Command::new("sh")
            .args(["-c", SUPERVISOR, "supervise"])
            .arg(&folder.path)
            .arg(signal)
            .args(command)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .map_err(|error| format!("no shell: {error}"))?;
        folder.kept = true;
        let process = Self { supervisor, folder: folder.path.clone() };
        let start = Instant::now();
        loop {
            let is_ready = ready();
            // Also when somebody answers: that is another one, on a port that both were given.
            if process.folder.join("ended").exists() {
                return Err(format!("{ENDED}:\n{}", process.log()));
            }
            let Err(reason) = is_ready else { return Ok(process) };
            if start.elapsed() > PATIENCE {
                return Err(format!("it does not answer: {reason}\n{}", process.log()));
            }
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The last lines that the server wrote.
    pub(crate) fn log(&self) -> String {
        let bytes = std::fs::read(self.folder.join("log")).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.supervisor.stdin.take());
        let _ = self.supervisor.wait();
    }
}

pub(crate) fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// A loopback port that nothing listens on at this moment.
pub(crate) fn free_port() -> Result<u16, String> {
    TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|error| format!("no free loopback port: {error}"))
}

/// What a program printed, or why it failed.
pub(crate) fn output(command: &mut Command) -> Result<String, String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("`{program}` does not start: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let told = [output.stdout, output.stderr].concat();
    let told = String::from_utf8_lossy(&told);
    let lines: Vec<&str> = told.lines().collect();
    let last = lines[lines.len().saturating_sub(12)..].join("\n");
    Err(format!("`{program}` failed, {}:\n{last}", output.status))
}

/// The first of these files that exists.
pub(crate) fn program(name: &str, folders: &[PathBuf]) -> Result<PathBuf, String> {
    folders
        .iter()
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
        .ok_or_else(|| format!("`{name}` is not installed"))
}

/// The folders of `PATH`, and those of system programs.
pub(crate) fn search_path() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    folders.extend(["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from));
    folders
}

/// Where `scripts/servers install` keeps what it built.
pub(crate) fn cache() -> PathBuf {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let home = || PathBuf::from(variable("HOME").unwrap_or_else(|| "/".into())).join(".cache");
    variable("MAPPER_TEST_CACHE").map_or_else(
        || variable("XDG_CACHE_HOME").map_or_else(home, PathBuf::from).join("mapper-test"),
        PathBuf::from,
    )
}

/// Writes a file in a server's folder.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), String> {
    std::fs::File::create(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|error| format!("{}: {error}", path.display()))
}
