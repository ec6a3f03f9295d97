//! A shipped spec in small batches, run by the command on a server.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::seeds::world::root;

/// A shipped spec in a folder of its own.
pub struct Shipped {
    folder: tempfile::TempDir,
    spec: PathBuf,
    variable: &'static str,
}

impl Shipped {
    /// Goals out of sessions, over tables, in batches of so many.
    pub fn goals(batch: usize) -> Self {
        let from = root().join("examples/treatment_goals");
        Self::new("treatment_goals.toml", "APP_URL", "treatment_goals", batch, |folder| {
            for entry in fs::read_dir(&from).unwrap().map(Result::unwrap) {
                if entry.file_type().unwrap().is_file() {
                    fs::copy(entry.path(), folder.join(entry.file_name())).unwrap();
                }
            }
        })
    }

    /// Appointments out of follow-ups, over documents: those of so many patients.
    pub fn appointments(patients: usize, batch: usize) -> Self {
        let from = root().join("examples/mtr_followup");
        Self::new("mtr_followup.toml", "CLINIC_URL", "mtr_followup", batch, |folder| {
            // Patients, and the reviews that their follow-ups refer to, whoever had them.
            let (mut kept, mut reviews) = (BTreeSet::new(), BTreeSet::new());
            let id = |value: &serde_json::Value| {
                value.as_str().or_else(|| value["$oid"].as_str()).map(str::to_owned)
            };
            let rank = |path: &PathBuf| {
                let names = ["patients.jsonl", "mtrfollowups.jsonl"];
                names.iter().position(|name| path.ends_with(name)).unwrap_or(names.len())
            };
            let mut files: Vec<PathBuf> =
                fs::read_dir(&from).unwrap().map(|entry| entry.unwrap().path()).collect();
            files.sort_by_key(rank);
            for path in files {
                if path.extension().is_none_or(|ending| ending != "jsonl") {
                    continue;
                }
                let own = path.ends_with("patients.jsonl");
                let review = path.ends_with("medicationtherapyreviews.jsonl");
                let mut text = String::new();
                for line in fs::read_to_string(&path).unwrap().lines() {
                    let record: serde_json::Value = serde_json::from_str(line).unwrap();
                    if own && kept.len() < patients {
                        kept.extend(id(&record["_id"]));
                    }
                    let patient = id(&record[if own { "_id" } else { "patientId" }]);
                    let wanted = match patient {
                        _ if review => id(&record["_id"]).is_some_and(|id| reviews.contains(&id)),
                        patient => patient.is_none_or(|patient| kept.contains(&patient)),
                    };
                    if wanted {
                        reviews.extend(id(&record["reviewId"]));
                        text.push_str(line);
                        text.push('\n');
                    }
                }
                fs::write(folder.join(path.file_name().unwrap()), text).unwrap();
            }
        })
    }

    fn new(
        spec: &str,
        variable: &'static str,
        example: &str,
        batch: usize,
        fill: impl FnOnce(&Path),
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        fs::create_dir(&data).unwrap();
        fill(&data);
        let text = fs::read_to_string(root().join("specs").join(spec)).unwrap();
        let text = text.replace(&format!("\"../examples/{example}\""), "\"data\"");
        // How quick the server is says nothing here.
        let text = text.replace("repeat = 20", "repeat = 1");
        let text = text.replace("p95 = \"100ms\"", "p95 = \"60s\"");
        let text = text.replace("p95 = \"200ms\"", "p95 = \"60s\"");
        let lines: Vec<String> = text
            .lines()
            .filter(|line| !line.starts_with("batch = "))
            .map(|line| {
                if line.starts_with("target = {") {
                    format!("{line}\nbatch = {batch}")
                } else {
                    line.to_owned()
                }
            })
            .collect();
        let path = folder.path().join(spec);
        fs::write(&path, lines.join("\n")).unwrap();
        Self { folder, spec: path, variable }
    }

    /// Where the spec is.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The spec.
    pub fn spec(&self) -> &Path {
        &self.spec
    }

    /// A command with the database's URL; `SPEC` in the line is the spec.
    pub fn command(&self, url: &str, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mapper"));
        for word in line.split(' ') {
            match word {
                "SPEC" => command.arg(&self.spec),
                word => command.arg(word),
            };
        }
        command
            .env(self.variable, url)
            .env("MAPPER_NOW", "2026-01-02T03:04:05Z")
            .env("MAPPER_COMMIT_AFTER", "0s")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, url: &str, line: &str) -> Output {
        self.command(url, line).output().unwrap()
    }

    /// Runs a command that succeeds.
    pub fn done(&self, url: &str, line: &str) {
        let output = self.run(url, line);
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "mapper {line}: {:?}\n{told}", output.status);
    }
}
