//! PostgreSQL: a private cluster.

use std::path::PathBuf;

use super::process::{self, Folder, Process, free_port, output, program, search_path};
use super::tls::Certificates;
use super::{ADMIN_PASSWORD, Kind, Server, USER};

/// What every cluster of the tests runs with. Nothing survives the machine here, so it need not
/// be on disk.
const SETTINGS: &[&str] = &[
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "shared_buffers=64MB",
    "max_connections=200",
    "max_prepared_transactions=4",
    "autovacuum=off",
    "timezone=UTC",
    "log_min_messages=fatal",
    "log_statement=none",
];

/// The folder of the newest version's programs.
fn programs() -> Result<PathBuf, String> {
    let folders = match std::env::var_os("MAPPER_TEST_POSTGRES_BIN") {
        Some(folder) => vec![PathBuf::from(folder)],
        None => {
            let number = |path: &PathBuf| -> Option<u32> {
                path.parent()?.file_name()?.to_str()?.parse().ok()
            };
            let mut folders: Vec<PathBuf> = glob::glob("/usr/lib/postgresql/*/bin")
                .map(|found| found.flatten().collect())
                .unwrap_or_default();
            folders.sort_by_key(|path| std::cmp::Reverse(number(path)));
            folders.extend(search_path());
            folders
        }
    };
    let initdb = program("initdb", &folders)?;
    Ok(initdb.parent().map(Into::into).unwrap_or_default())
}

/// Starts a cluster; `settings` come after those that all have, so they hold.
pub(crate) fn start(settings: &[&str]) -> Result<Server, String> {
    let settings: Vec<String> = settings.iter().map(|setting| (*setting).to_owned()).collect();
    start_in(Folder::new("postgres", Some("postgres"))?, &settings, false)
}

/// Starts a cluster that refuses connections without TLS.
pub(crate) fn start_tls() -> Result<(Server, Certificates), String> {
    let folder = Folder::new("postgres", Some("postgres"))?;
    let certificates = Certificates::new(&folder)?;
    let rules = folder.path().join("rules");
    process::write(&rules, "hostssl all all 127.0.0.1/32 scram-sha-256\n")?;
    folder.give_away(&rules)?;
    let settings = [
        "ssl=on".to_owned(),
        format!("ssl_cert_file={}", certificates.certificate().display()),
        format!("ssl_key_file={}", certificates.key().display()),
        format!("hba_file={}", rules.display()),
    ];
    Ok((start_in(folder, &settings, true)?, certificates))
}

fn start_in(folder: Folder, settings: &[String], tls: bool) -> Result<Server, String> {
    let programs = programs()?;
    let data = folder.path().join("data");
    let password = folder.path().join("password");
    process::write(&password, ADMIN_PASSWORD)?;
    folder.give_away(&password)?;
    let mut arguments = vec![
        "--username=postgres".to_owned(),
        "--auth=scram-sha-256".to_owned(),
        format!("--pwfile={}", password.display()),
        format!("--pgdata={}", data.display()),
        "--encoding=UTF8".to_owned(),
        "--locale=C.UTF-8".to_owned(),
        "--no-sync".to_owned(),
        "--no-instructions".to_owned(),
    ];
    // Text is ordered as people do it, not byte by byte, where the version can: most servers are so.
    let version = output(std::process::Command::new(programs.join("postgres")).arg("--version"))?;
    if major(&version) >= 15 {
        arguments.extend(["--locale-provider=icu", "--icu-locale=en-US"].map(Into::into));
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    folder.run(&programs.join("initdb"), &arguments)?;

    let port = free_port()?;
    let mut command = folder.command(&programs.join("postgres"));
    command.extend(["-D".into(), data.into()]);
    let own = [
        "listen_addresses=127.0.0.1".to_owned(),
        format!("port={port}"),
        format!("unix_socket_directories={}", folder.path().display()),
    ];
    let all = SETTINGS.iter().map(|setting| (*setting).to_owned()).chain(own);
    for setting in all.chain(settings.iter().cloned()) {
        command.extend(["-c".into(), setting.into()]);
    }

    let mut server = Server {
        kind: Kind::Postgres,
        admin: super::url("postgres", port, ("postgres", ADMIN_PASSWORD), "postgres"),
        user: super::url("postgres", port, USER, "postgres"),
        process: None,
    };
    // SIGQUIT is PostgreSQL's word for: at once, without a checkpoint.
    if tls {
        server.admin.set_query(Some("sslmode=require"));
    }
    let process = Process::start(folder, "QUIT", &command, || server.answers())?;
    server.process = Some(process);
    server
        .try_execute("postgres", &format!("CREATE ROLE {} LOGIN PASSWORD '{}'", USER.0, USER.1))?;
    Ok(server)
}

/// 15 of `postgres (PostgreSQL) 15.18 (Debian …)`.
fn major(version: &str) -> u32 {
    let number =
        version.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()));
    let number = number.and_then(|word| word.split(|c: char| !c.is_ascii_digit()).next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}
