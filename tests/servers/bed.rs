//! The bed itself: every server answers, is empty for each test, and is gone with its process.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Kind, Server, alone, ferretdb, mariadb, mongo_java, postgres};

fn works(server: &Arc<Server>, version: &str) {
    assert!(server.version().starts_with(version), "{}", server.version());
    let database = server.database();
    let other = server.database();
    assert_ne!(database.url(), other.url());
    for url in [database.url(), database.admin_url()] {
        assert!(url.contains(database.name()));
    }
    assert!(Arc::ptr_eq(database.server(), server), "each is started once");
    match server.kind {
        Kind::Postgres | Kind::MariaDb => {
            for database in [&database, &other] {
                database.execute("CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT)");
                database.execute("INSERT INTO items VALUES (1, 'one'), (2, NULL)");
                let rows = database.query("SELECT * FROM items ORDER BY id");
                let text = |text: &str| Some(text.to_owned());
                assert_eq!(rows, [[text("1"), text("one")], [text("2"), None]]);
            }
        }
        Kind::FerretDb | Kind::MongoJava => {
            let insert = mongodb::bson::doc! {"insert": "items", "documents": [{"_id": 1}]};
            server.command(database.name(), insert).unwrap();
        }
    }
}

#[test]
fn postgres_works() {
    works(&postgres(), "PostgreSQL 1");
}

#[test]
fn mariadb_works() {
    works(&mariadb(), "MariaDB 1");
}

#[test]
fn ferretdb_works() {
    works(&ferretdb(), "FerretDB 1.24");
}

#[test]
fn mongo_java_works() {
    works(&mongo_java(), "mongo-java-server 1.47");
}

#[test]
fn databases_go_with_their_guards() {
    for (server, names) in [
        (postgres(), "SELECT datname FROM pg_database"),
        (mariadb(), "SELECT schema_name FROM information_schema.schemata"),
    ] {
        let database = server.database();
        let is_there = || {
            let at = if server.kind == Kind::Postgres { "postgres" } else { "" };
            server.query(at, names).iter().any(|row| row[0].as_deref() == Some(database.name()))
        };
        assert!(is_there());
        let name = database.name().to_owned();
        drop(database);
        let at = if server.kind == Kind::Postgres { "postgres" } else { "" };
        assert!(!server.query(at, names).iter().any(|row| row[0].as_deref() == Some(&*name)));
    }
}

#[test]
fn a_server_of_its_own_has_settings_of_its_own_and_goes_with_its_handle() {
    let server = alone(Kind::Postgres, &["fsync=on"]);
    assert_eq!(server.query("postgres", "SHOW fsync")[0][0].as_deref(), Some("on"));
    assert_eq!(postgres().query("postgres", "SHOW fsync")[0][0].as_deref(), Some("off"));
    let folder = server.folder().unwrap().to_owned();
    drop(server);
    assert!(!folder.exists());
}

/// This test binary again, with one of its tests.
fn again(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]);
    command
}

const HOLD: &str = "MAPPER_TEST_HOLD";

/// A test as any other; with the variable it holds its servers until it is killed.
#[test]
fn servers_run_in_folders() {
    let servers = [postgres(), mariadb(), ferretdb(), mongo_java()];
    let folders: Vec<&std::path::Path> =
        servers.iter().filter_map(|server| server.folder()).collect();
    assert!(folders.iter().all(|folder| folder.join("log").exists()));
    if std::env::var_os(HOLD).is_some() {
        let folders: Vec<_> = folders.iter().map(|folder| folder.display().to_string()).collect();
        let ports: Vec<_> = servers.iter().map(|server| server.port().to_string()).collect();
        println!("\nheld: {} | {}", folders.join(" "), ports.join(" "));
        std::thread::sleep(Duration::from_mins(10));
    }
}

#[test]
fn servers_go_with_a_process_that_is_killed() {
    let mut child = again("servers::bed::servers_run_in_folders")
        .env(HOLD, "1")
        .env_remove("MAPPER_TEST_POSTGRES_URL")
        .env_remove("MAPPER_TEST_MYSQL_URL")
        .env_remove("MAPPER_TEST_MONGODB_URL")
        .env_remove("MAPPER_TEST_MONGODB2_URL")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let told = BufReader::new(child.stdout.take().unwrap());
    let held = told.lines().map_while(Result::ok).find(|line| line.starts_with("held: ")).unwrap();
    let (folders, ports) = held["held: ".len()..].split_once(" | ").unwrap();
    let folders: Vec<PathBuf> = folders.split(' ').map(Into::into).collect();
    let ports: Vec<u16> = ports.split(' ').map(|port| port.parse().unwrap()).collect();
    assert_eq!((folders.len(), ports.len()), (4, 4));
    let listens = |port: &u16| std::net::TcpStream::connect(("127.0.0.1", *port)).is_ok();
    assert!(ports.iter().all(listens) && folders.iter().all(|folder| folder.exists()));

    child.kill().unwrap();
    child.wait().unwrap();
    let start = Instant::now();
    while folders.iter().any(|folder| folder.exists()) {
        assert!(start.elapsed() < Duration::from_mins(3), "left: {folders:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(!ports.iter().any(listens));
}

#[test]
fn a_server_that_can_t_be_had_fails_its_tests() {
    for (test, variable, missing) in [
        ("postgres_works", "MAPPER_TEST_POSTGRES_BIN", "`initdb` is not installed"),
        ("mariadb_works", "MAPPER_TEST_MARIADB_BIN", "`mariadb-install-db` is not installed"),
        ("ferretdb_works", "MAPPER_TEST_CACHE", "`ferretdb` is not installed"),
        ("mongo_java_works", "MAPPER_TEST_CACHE", "`Launcher.class` is not installed"),
        ("postgres_works", "MAPPER_TEST_POSTGRES_URL", "MAPPER_TEST_POSTGRES_URL: "),
        ("mariadb_works", "MAPPER_TEST_MYSQL_URL", "MAPPER_TEST_MYSQL_URL: "),
    ] {
        let nowhere = if variable.ends_with("_URL") { "http://127.0.0.1:1/" } else { "/nowhere" };
        let mut command = again(&format!("servers::bed::{test}"));
        if !variable.ends_with("_URL") {
            for variable in ["POSTGRES", "MYSQL", "MONGODB", "MONGODB2"] {
                command.env_remove(format!("MAPPER_TEST_{variable}_URL"));
            }
        }
        let output = command.env(variable, nowhere).output().unwrap();
        let told = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(!output.status.success(), "{test} with {variable}:\n{told}");
        assert!(told.contains(missing) && told.contains("scripts/servers install"), "{told}");
    }
}

#[test]
fn variables_name_servers_that_run_already() {
    for (test, variable, server) in [
        ("postgres_works", "MAPPER_TEST_POSTGRES_URL", postgres()),
        ("mariadb_works", "MAPPER_TEST_MYSQL_URL", mariadb()),
        ("ferretdb_works", "MAPPER_TEST_MONGODB_URL", ferretdb()),
        ("mongo_java_works", "MAPPER_TEST_MONGODB2_URL", mongo_java()),
    ] {
        let output = again(&format!("servers::bed::{test}"))
            .env(variable, server.admin_url(""))
            .env("MAPPER_TEST_POSTGRES_BIN", "/nowhere")
            .env("MAPPER_TEST_MARIADB_BIN", "/nowhere")
            .env("MAPPER_TEST_CACHE", "/nowhere")
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(output.status.success(), "{test}:\n{told}");
    }
}
