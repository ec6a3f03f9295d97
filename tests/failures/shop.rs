//! A small spec from a file into a server, whose every output is searched for secrets and values.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::state::State;
use crate::servers::{Database, Kind, Server};

/// Stands in every text that the source holds.
pub const MARKER: &str = "QZ7MARKED";

/// Stands in every password.
const SECRET: &str = "s3cret";

/// How many records the source holds, and how many make a batch.
pub const RECORDS: u32 = 60;
const BATCH: u32 = 10;

const SPEC: &str = r#"
spec = 1
name = "shop"

[connections.db]
url = "${DB_URL}"

[phase.items]
source = { files = "orders.jsonl", key = ["number"] }
target = { connection = "db", table = "items", key = ["number"], on_conflict = "update" }
batch = 10

[phase.items.fields]
number = "number"
name = "name"
amount = "amount"
customer = "customer"
"#;

const TABLES: &str = "
    CREATE TABLE customers (id INTEGER PRIMARY KEY);
    INSERT INTO customers VALUES (1), (2), (3);
    CREATE TABLE items (
        number INTEGER PRIMARY KEY,
        name VARCHAR(60) NOT NULL,
        amount INTEGER,
        customer INTEGER,
        CONSTRAINT items_name UNIQUE (name),
        CONSTRAINT items_amount CHECK (amount < 1000),
        CONSTRAINT items_customer FOREIGN KEY (customer) REFERENCES customers (id)
    );
";

/// What a command did.
pub struct Done {
    pub code: i32,
    pub err: String,
    pub events: String,
}

impl Done {
    /// What it says of its failure, without what differs from run to run.
    pub fn failure(&self) -> String {
        let lines = self.err.lines().skip_while(|line| !line.starts_with("error"));
        lines.collect::<Vec<_>>().join("\n")
    }

    /// How often it tried again.
    pub fn retries(&self) -> usize {
        self.events.matches("\"event\":\"retry\"").count()
    }
}

/// The spec and its source in a folder of their own, and a database with empty tables.
pub struct Shop {
    folder: tempfile::TempDir,
    pub database: Database,
}

/// A command under way.
pub struct Running {
    child: Child,
    shop: PathBuf,
}

impl Shop {
    /// With tables, on a server.
    pub fn new(server: &Arc<Server>) -> Self {
        let shop = Self::empty(server);
        shop.create_tables();
        shop
    }

    /// Without a table.
    pub fn empty(server: &Arc<Server>) -> Self {
        let shop = Self { folder: tempfile::tempdir().unwrap(), database: server.database() };
        let documents = matches!(server.kind, Kind::FerretDb | Kind::MongoJava);
        let spec = if documents {
            SPEC.replace("table = ", "collection = ")
                .replace("[phase.items.fields]", "[phase.items.fields]\n_id = \"number\"")
                .replace("url = \"${DB_URL}\"", "url = \"${DB_URL}\"\nmodel = \"documents\"")
        } else {
            SPEC.to_owned()
        };
        shop.write("shop.toml", &spec);
        let mut orders = String::new();
        for number in 1..=RECORDS {
            orders.push_str(&order(number, &format!("\"{MARKER} {number}\""), number, 1));
        }
        shop.write("orders.jsonl", &orders);
        shop
    }

    pub fn create_tables(&self) {
        self.database.execute(TABLES);
        self.give("customers");
        self.give("items");
    }

    /// Makes the tests' user the owner of a table.
    fn give(&self, table: &str) {
        if self.database.server().kind == Kind::Postgres {
            self.database
                .execute(&format!("ALTER TABLE {table} OWNER TO {}", crate::servers::USER.0));
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    pub fn change(&self, name: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path(name)).unwrap();
        assert!(text.contains(from), "{name} has no `{from}`");
        self.write(name, &text.replace(from, to));
    }

    /// Starts a command.
    pub fn start(&self, url: &str, line: &str) -> Running {
        let name = |name: &str| fs::File::create(self.path(name)).unwrap();
        let own = line.replace([' ', '/'], "_");
        let child = Command::new(env!("CARGO_BIN_EXE_mapper"))
            .args(line.split(' '))
            .current_dir(self.folder.path())
            .env("DB_URL", url)
            .env("MAPPER_COMMIT_AFTER", "0s")
            .stdin(Stdio::null())
            .stdout(name(&format!("{own}.out")))
            .stderr(name(&format!("{own}.err")))
            .spawn()
            .unwrap();
        Running { child, shop: self.path(&own) }
    }

    /// Runs a command to its end, and looks whether it told what it must not.
    pub fn mapper(&self, url: &str, line: &str) -> Done {
        self.start(url, line).end()
    }

    /// Runs the migration, with everything told that can be.
    pub fn run(&self, url: &str) -> Done {
        self.mapper(url, RUN)
    }

    /// Runs the migration in the background.
    pub fn start_run(&self, url: &str) -> Running {
        self.start(url, RUN)
    }

    /// Runs the migration to the end that an undisturbed run has, and looks at it in every way.
    pub fn completes(&self, url: &str, when: &str) {
        let done = self.run(url);
        assert_eq!(done.code, 0, "{when}: {}", done.err);
        self.is_complete(when);
        self.look(url);
    }

    /// Every record is in, and the ledger says so.
    pub fn is_complete(&self, when: &str) {
        let state = State::of(&self.database.admin_url());
        assert_eq!(state.rows("items"), RECORDS as usize, "{when}");
        assert_eq!(state.arrived.len(), RECORDS as usize, "{when}");
        assert!(state.conserved > 0, "{when}");
    }

    /// What is there is what the ledger says, and whole batches of it.
    pub fn nothing_is_half_written(&self) -> usize {
        let rows = self.nothing_is_out_of_step();
        assert_eq!(rows % BATCH as usize, 0);
        rows
    }

    /// What is there is what the ledger says to have arrived. Gives how many that are.
    pub fn nothing_is_out_of_step(&self) -> usize {
        let state = State::of(&self.database.admin_url());
        assert_eq!(state.rows("items"), state.arrived.len(), "{:?}", state.fates);
        state.arrived.len()
    }

    /// Looks at what is there with every command that does; none may tell a secret or a value.
    pub fn look(&self, url: &str) {
        for line in [
            "rejects shop.toml",
            "status shop.toml",
            "status shop.toml --format json",
            "verify shop.toml --full --report verify.json",
            "ids shop.toml --legacy 1",
            "check shop.toml --connect",
            "plan shop.toml",
            "run shop.toml --dry-run -v",
            "run shop.toml --yes --format json",
        ] {
            self.mapper(url, line);
        }
        let state = State::of(&self.database.admin_url());
        refuse("the ledger", &state.ledger);
    }
}

const RUN: &str = "run shop.toml --yes -v --report report.md --events events.jsonl";

impl Running {
    /// Waits for its end, and looks whether it told what it must not.
    pub fn end(mut self) -> Done {
        let code = self.child.wait().unwrap().code().unwrap();
        let folder = self.shop.parent().unwrap();
        let mut told = String::new();
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if name != "orders.jsonl" && name != "password" {
                let text = fs::read_to_string(&path).unwrap();
                refuse(&name, &text);
                write!(told, "{text}").unwrap();
            }
        }
        let read = |ending: &str| {
            let path = format!("{}.{ending}", self.shop.display());
            fs::read_to_string(path).unwrap_or_default()
        };
        let events = fs::read_to_string(folder.join("events.jsonl")).unwrap_or_default();
        let err = read("err");
        assert!(!err.contains("mistake in mapper"), "{err}");
        Done { code, err, events }
    }

    /// Ends it at once, with SIGKILL.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Whether it runs still.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}

/// Fails when a text holds a password or a value.
pub fn refuse(name: &str, text: &str) {
    for secret in [MARKER, SECRET] {
        assert!(!text.contains(secret), "{name} tells {secret}:\n{text}");
    }
}

/// A line of the source.
pub fn order(number: u32, name: &str, amount: impl std::fmt::Display, customer: u32) -> String {
    format!("{{\"number\":{number},\"name\":{name},\"amount\":{amount},\"customer\":{customer}}}\n")
}

/// Waits for something that happens soon.
pub fn until(what: &str, mut happens: impl FnMut() -> bool) {
    let start = Instant::now();
    while !happens() {
        assert!(start.elapsed() < Duration::from_mins(3), "{what} did not happen");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Compares what a command says of its failure with what was read and found good.
macro_rules! tells {
    ($name:expr, $done:expr) => {{
        let done = &$done;
        assert_eq!(done.code, 1, "{}: {}", $name, done.err);
        insta::with_settings!({
            filters => vec![
                (r"(127\.0\.0\.1|localhost):\d+", "HOST:PORT"),
                (r"\b(small)?t\d+_\d+", "DATABASE"),
                (r"mapper [\w.-]+ \d+ is", "mapper HOST PROCESS is"),
                (r"process \d+ on [\w.-]+", "PROCESS on HOST"),
                (r"connection \d+ from HOST:PORT", "connection ID from HOST:PORT"),
                // Whether the server says so or the catalog, depends on which was asked first.
                (
                    r"\w+://HOST:PORT/DATABASE: there is no (such column|column `amount`) \((SQLSTATE 42703|error 1054)\)",
                    "table `items` has no column `amount`",
                ),
            ],
            omit_expression => true,
            prepend_module_to_snapshot => false,
        }, { insta::assert_snapshot!($name, done.failure()) });
    }};
}
pub(super) use tells;
