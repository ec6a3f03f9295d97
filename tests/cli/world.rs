//! A folder with specs, and the binary in it.

use std::path::{Path, PathBuf};

use serde_json::Value as Json;
use snapbox::cmd::{Command, cargo_bin};

/// A working directory with the specs of `examples/hello` in it.
pub struct World {
    folder: tempfile::TempDir,
}

/// What a command did.
pub struct Done {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl World {
    pub fn empty() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub fn hello() -> Self {
        let world = Self::empty();
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/hello");
        std::fs::create_dir(world.path("shop")).unwrap();
        for file in ["hello.toml", "customers.csv", "orders.csv", "shop/schema.sql"] {
            std::fs::copy(from.join(file), world.path(file)).unwrap();
        }
        world
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// Changes a file: every `from` becomes `to`, and there is one.
    pub fn change(&self, name: &str, from: &str, to: &str) {
        let text = self.read(name);
        assert!(text.contains(from), "{name} has no `{from}`");
        self.write(name, &text.replace(from, to));
    }

    /// The command, with a clean environment; the database is `shop.db`.
    pub fn command(&self, line: &str) -> Command {
        Command::new(cargo_bin!("mapper"))
            .current_dir(self.folder.path())
            .env_clear()
            .env("SHOP_URL", "sqlite:shop.db")
            .env("USER", "ada")
            .env("HOSTNAME", "box")
            .args(line.split(' '))
    }

    pub fn mapper(&self, line: &str) -> Done {
        let output = self.command(line).output().unwrap();
        Done {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Runs a command that ends with this code.
    pub fn ends(&self, code: i32, line: &str) -> Done {
        let done = self.mapper(line);
        assert_eq!(done.code, code, "mapper {line}\n{}\n{}", done.out, done.err);
        done
    }

    /// Runs a command with `--format json`: one document on standard output.
    pub fn json(&self, code: i32, line: &str) -> Json {
        let done = self.ends(code, &format!("{line} --format json"));
        let json: Json = serde_json::from_str(&done.out)
            .unwrap_or_else(|error| panic!("mapper {line}: {error}\n{}", done.out));
        if let Some(exit) = json.get("exit") {
            assert_eq!(exit, code, "mapper {line}");
        }
        json
    }
}
