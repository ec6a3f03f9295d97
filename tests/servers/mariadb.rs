//! MariaDB: a private instance.

use std::path::PathBuf;

use super::process::{self, Folder, Process, free_port, program, search_path};
use super::tls::Certificates;
use super::{ADMIN_PASSWORD, Kind, Server, USER};

const SETTINGS: &[&str] = &[
    "--bind-address=127.0.0.1",
    "--skip-name-resolve",
    "--character-set-server=utf8mb4",
    "--collation-server=utf8mb4_general_ci",
    "--innodb-buffer-pool-size=64M",
    "--innodb-log-file-size=16M",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-flush-method=nosync",
    "--innodb-doublewrite=0",
    "--max-connections=200",
    "--max-allowed-packet=64M",
    "--key-buffer-size=1M",
    "--aria-pagecache-buffer-size=8M",
    "--default-time-zone=+00:00",
];

/// Starts an instance; `settings` come after those that all have, so they hold.
pub(crate) fn start(settings: &[&str]) -> Result<Server, String> {
    let settings: Vec<String> = settings.iter().map(|setting| (*setting).to_owned()).collect();
    start_in(Folder::new("mariadb", Some("mysql"))?, &settings, false)
}

/// Starts an instance that refuses connections without TLS.
pub(crate) fn start_tls() -> Result<(Server, Certificates), String> {
    let folder = Folder::new("mariadb", Some("mysql"))?;
    let certificates = Certificates::new(&folder)?;
    let settings = [
        format!("--ssl-cert={}", certificates.certificate().display()),
        format!("--ssl-key={}", certificates.key().display()),
        format!("--ssl-ca={}", certificates.authority().display()),
        "--require-secure-transport=on".to_owned(),
    ];
    Ok((start_in(folder, &settings, true)?, certificates))
}

fn start_in(folder: Folder, settings: &[String], tls: bool) -> Result<Server, String> {
    let folders = std::env::var_os("MAPPER_TEST_MARIADB_BIN")
        .map_or_else(search_path, |folder| vec![PathBuf::from(folder)]);
    let install = program("mariadb-install-db", &folders)?;
    let daemon = program("mariadbd", &folders)?;
    let path = |name: &str| folder.path().join(name).display().to_string();
    folder.run(
        &install,
        &[
            "--no-defaults",
            &format!("--datadir={}", path("data")),
            &format!("--tmpdir={}", folder.path().display()),
            "--auth-root-authentication-method=normal",
            "--skip-name-resolve",
            "--skip-test-db",
            "--innodb-log-file-size=16M",
            "--innodb-flush-method=nosync",
        ],
    )?;
    let users = folder.path().join("users.sql");
    process::write(
        &users,
        &format!(
            "CREATE USER 'admin'@'127.0.0.1' IDENTIFIED BY '{ADMIN_PASSWORD}';\n\
             GRANT ALL ON *.* TO 'admin'@'127.0.0.1' WITH GRANT OPTION;\n\
             CREATE USER '{}'@'127.0.0.1' IDENTIFIED BY '{}';\n",
            USER.0, USER.1,
        ),
    )?;
    folder.give_away(&users)?;

    let port = free_port()?;
    let mut command = folder.command(&daemon);
    command.push("--no-defaults".into());
    let own = [
        format!("--datadir={}", path("data")),
        format!("--tmpdir={}", folder.path().display()),
        format!("--socket={}", path("socket")),
        format!("--pid-file={}", path("pid")),
        format!("--init-file={}", users.display()),
        format!("--port={port}"),
    ];
    command.extend(SETTINGS.iter().map(Into::into));
    command.extend(own.iter().chain(settings).map(Into::into));

    let mut server = Server {
        kind: Kind::MariaDb,
        admin: super::url("mysql", port, ("admin", ADMIN_PASSWORD), "mysql"),
        user: super::url("mysql", port, USER, ""),
        process: None,
    };
    if tls {
        server.admin.set_query(Some("ssl-mode=REQUIRED"));
    }
    server.process = Some(Process::start(folder, "KILL", &command, || server.answers())?);
    Ok(server)
}
