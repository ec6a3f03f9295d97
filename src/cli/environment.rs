//! What a command takes from outside: variables, the `.env` file, the clock, who and how.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::Failure;
use crate::connectors;
use crate::document;

/// The variables that specs may use, and where relative paths begin.
#[derive(Clone, Debug)]
pub(super) struct Environment {
    /// The process's variables, and those of the file that it does not have.
    pub(super) variables: document::Environment,
    /// The working directory, absolute.
    pub(super) directory: PathBuf,
}

impl Environment {
    /// Reads the process's variables and `.env` in the working directory, or another file in its
    /// place. A variable of the process wins over one of the file.
    ///
    /// # Errors
    /// When the named file is not there, or a file is not one of variables. No line of it is shown:
    /// it may hold secrets.
    pub(super) fn read(file: Option<&Path>) -> Result<Self, Failure> {
        let directory = std::env::current_dir().map_err(|error| {
            Failure::usage(format!("the working directory can't be read: {error}"))
        })?;
        let path = match file {
            Some(path) => Some(path.to_owned()),
            None => Some(directory.join(".env")).filter(|path| path.exists()),
        };
        let mut variables = match path {
            Some(path) => read_file(&path)?,
            None => document::Environment::new(),
        };
        for (name, value) in std::env::vars_os() {
            if let (Ok(name), Ok(value)) = (name.into_string(), value.into_string()) {
                variables.insert(name, value);
            }
        }
        Ok(Self { variables, directory })
    }

    /// The moment that `MAPPER_NOW` fixes `now` at.
    ///
    /// # Errors
    /// When it is not a moment with a time zone.
    pub(super) fn now(&self) -> Result<Option<DateTime<Utc>>, Failure> {
        let Some(text) = self.get("MAPPER_NOW") else { return Ok(None) };
        match DateTime::parse_from_rfc3339(text) {
            Ok(moment) => Ok(Some(moment.to_utc())),
            Err(_) => Err(Failure::usage("MAPPER_NOW is not a moment")
                .help("write it like 2026-01-31T12:00:00Z, or unset it")),
        }
    }

    /// How long batches are gathered before they commit, when `MAPPER_COMMIT_AFTER` says it.
    ///
    /// # Errors
    /// When it is not a duration.
    pub(super) fn commit_after(&self) -> Result<Option<Duration>, Failure> {
        let Some(text) = self.get("MAPPER_COMMIT_AFTER") else { return Ok(None) };
        match humantime::parse_duration(text) {
            Ok(duration) => Ok(Some(duration)),
            Err(_) => Err(Failure::usage("MAPPER_COMMIT_AFTER is not a duration")
                .help("write it like 500ms or 2s, or unset it")),
        }
    }

    /// Whether a database that is source and target does a phase by itself where it can:
    /// `MAPPER_PUSH_DOWN` is `on`, the default, or `off`.
    ///
    /// # Errors
    /// When it is something else.
    pub(super) fn push_down(&self) -> Result<bool, Failure> {
        match self.get("MAPPER_PUSH_DOWN") {
            None | Some("on") => Ok(true),
            Some("off") => Ok(false),
            Some(_) => Err(Failure::usage("MAPPER_PUSH_DOWN is neither `on` nor `off`")
                .help("write one of them, or unset it")),
        }
    }

    /// The folder of backups: `MAPPER_BACKUPS`, or `backups` in the working directory.
    pub(super) fn backups(&self) -> PathBuf {
        self.directory.join(self.get("MAPPER_BACKUPS").unwrap_or("backups"))
    }

    /// Who runs this: user and host.
    pub(super) fn who(&self) -> String {
        let user = ["USER", "LOGNAME", "USERNAME"].iter().find_map(|name| self.get(name));
        let host = self
            .get("HOSTNAME")
            .map(str::to_owned)
            .or_else(|| std::fs::read_to_string("/proc/sys/kernel/hostname").ok())
            .or_else(|| self.get("COMPUTERNAME").map(str::to_owned));
        let host = host.as_deref().map_or("unknown", str::trim);
        match user {
            Some(user) => format!("{user}@{host}"),
            None => format!("{}@{host}", user_number().unwrap_or_else(|| "unknown".to_owned())),
        }
    }

    /// A variable that is set and not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

/// The user's number, where the system has numbers: `uid 1000`.
fn user_number() -> Option<String> {
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::fs::MetadataExt as _;
        let process = std::fs::metadata("/proc/self").ok()?;
        Some(format!("uid {}", process.uid()))
    }
    #[cfg(not(target_os = "linux"))]
    None
}

fn read_file(path: &Path) -> Result<document::Environment, Failure> {
    let shown = path.display();
    let lines = dotenvy::from_path_iter(path).map_err(|error| {
        let why = match &error {
            dotenvy::Error::Io(error) => format!(": {error}"),
            _ => String::new(),
        };
        Failure::usage(format!("the file of variables {shown} can't be read{why}"))
    })?;
    let mut variables = document::Environment::new();
    for (index, line) in lines.enumerate() {
        let (name, value) = line.map_err(|_| {
            Failure::usage(format!("{shown} is not a file of variables"))
                .help(format!("look at its entry {}: an entry is NAME=value", index + 1))
        })?;
        variables.insert(name, value);
    }
    Ok(variables)
}

/// The command line for the ledger: users, passwords and options of URLs are left out.
pub(super) fn command_line(arguments: impl IntoIterator<Item = OsString>) -> String {
    let mut words: Vec<String> = arguments
        .into_iter()
        .map(|word| {
            let word = word.to_string_lossy().into_owned();
            if word.contains("://") { connectors::location_of(&word) } else { word }
        })
        .collect();
    if let Some(program) = words.first_mut() {
        "mapper".clone_into(program);
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let variables = variables.iter().map(owned).collect();
        Environment { variables, directory: PathBuf::from("/") }
    }

    #[test]
    fn the_moment_needs_a_time_zone() {
        let now = |text| environment(&[("MAPPER_NOW", text)]).now();
        assert_eq!(
            now("2026-01-31T13:00:00+01:00").unwrap().unwrap().to_rfc3339(),
            "2026-01-31T12:00:00+00:00"
        );
        assert!(now("").unwrap().is_none(), "empty is not set");
        assert!(now("2026-01-31").is_err() && now("yesterday").is_err());
    }

    #[test]
    fn the_command_line_has_no_passwords() {
        let words = ["/usr/bin/mapper", "init", "--from", "postgres://me:secret@db/shop?key=x"];
        assert_eq!(
            command_line(words.map(OsString::from)),
            "mapper init --from postgres://db/shop"
        );
    }

    #[test]
    fn who_is_told_also_where_nothing_is_known() {
        let who = environment(&[("USER", "ada"), ("HOSTNAME", "box")]).who();
        assert_eq!(who, "ada@box");
        assert!(environment(&[("HOSTNAME", "box")]).who().ends_with("@box"));
    }

    #[test]
    fn a_broken_file_of_variables_is_not_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vars");
        std::fs::write(&path, "A=1\nPASSWORD hunter2\n").unwrap();
        let failure = read_file(&path).unwrap_err();
        assert!(!format!("{failure:?}").contains("hunter2"), "{failure:?}");
        std::fs::write(&path, "# words\nA=1\nexport B='two words'\n").unwrap();
        assert_eq!(read_file(&path).unwrap()["B"], "two words");
        assert!(read_file(&folder.path().join("missing")).is_err());
    }
}
