//! What goes wrong with servers, on demand.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use super::process::{is_root, output};
use super::{Database, Kind, Server};

/// The password of users that a test makes.
const PASSWORD: &str = "s3cret-of-a-guest";

impl Database {
    /// Ends all connections to it on the server's side. Gives how many there were.
    pub(crate) fn end_connections(&self) -> usize {
        let name = self.name();
        if self.server().kind == Kind::Postgres {
            let ended = format!(
                "SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity \
                 WHERE datname = '{name}' AND pid <> pg_backend_pid()"
            );
            return self.server().query("postgres", &ended).len();
        }
        let of_it = format!("SELECT id FROM information_schema.processlist WHERE db = '{name}'");
        let connections = self.server().query("", &of_it);
        for connection in &connections {
            let id = connection[0].as_deref().unwrap_or_default();
            // It may have ended by itself.
            let _ = self.server().try_execute("", &format!("KILL {id}"));
        }
        connections.len()
    }

    /// Makes its transactions read-only, as on a replica, from the next connection on; PostgreSQL
    /// only. A whole MariaDB is made so by [`super::alone`] with `--read-only`.
    pub(crate) fn set_read_only(&self, read_only: bool) {
        assert_eq!(self.server().kind, Kind::Postgres);
        let value = if read_only { "on" } else { "off" };
        let name = self.name();
        self.server().execute(
            "postgres",
            &format!("ALTER DATABASE {name} SET default_transaction_read_only = {value}"),
        );
    }

    /// Its URL with a user who may read the tables that are there now, and nothing else.
    pub(crate) fn reader_url(&self) -> String {
        let name = self.name();
        let reader = format!("reader_{name}");
        if self.server().kind == Kind::Postgres {
            self.execute(&format!(
                "CREATE ROLE {reader} LOGIN PASSWORD '{PASSWORD}'; \
                 REVOKE CREATE ON SCHEMA public FROM PUBLIC; \
                 GRANT USAGE ON SCHEMA public TO {reader}; \
                 GRANT SELECT ON ALL TABLES IN SCHEMA public TO {reader}"
            ));
        } else {
            self.execute(&format!("CREATE USER '{reader}'@'%' IDENTIFIED BY '{PASSWORD}'"));
            self.execute(&format!("GRANT SELECT ON {name}.* TO '{reader}'@'%'"));
        }
        self.as_user(&reader, PASSWORD)
    }

    /// Its URL with another user.
    pub(crate) fn as_user(&self, name: &str, password: &str) -> String {
        let mut url = url::Url::parse(&self.url()).unwrap();
        url.set_username(name).unwrap();
        url.set_password(Some(password)).unwrap();
        url.into()
    }
}

/// A PostgreSQL database on a disk of so few megabytes. It needs a superuser, who alone may mount.
pub(crate) struct SmallDisk {
    server: Arc<Server>,
    name: String,
    path: PathBuf,
}

impl SmallDisk {
    pub(crate) fn new(server: &Arc<Server>, megabytes: u32) -> Self {
        Self::mounted(server, megabytes).unwrap_or_else(|reason| {
            panic!("no small disk for this test (only root can mount one): {reason}")
        })
    }

    fn mounted(server: &Arc<Server>, megabytes: u32) -> Result<Self, String> {
        assert_eq!(server.kind, Kind::Postgres);
        let folder = server.folder().ok_or("the server is not on this machine")?;
        if !is_root() {
            return Err("this is not root".into());
        }
        let name = format!("small{}", server.database().name());
        let path = folder.join(&name);
        std::fs::create_dir(&path).map_err(|error| error.to_string())?;
        let size = format!("size={megabytes}m,mode=0777");
        output(Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(&path))?;
        let disk = Self { server: server.clone(), name, path };
        let data = disk.path.join("data");
        std::fs::create_dir(&data).map_err(|error| error.to_string())?;
        output(Command::new("chown").arg("postgres").arg(&data))?;
        let (name, data) = (&disk.name, data.display());
        server.execute("postgres", &format!("CREATE TABLESPACE {name} LOCATION '{data}'"));
        server.execute(
            "postgres",
            &format!("CREATE DATABASE {name} OWNER {} TABLESPACE {name}", super::USER.0),
        );
        Ok(disk)
    }

    /// The URL of the database on it.
    pub(crate) fn url(&self) -> String {
        self.server.url(&self.name)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        for what in ["DATABASE", "TABLESPACE"] {
            let force = if what == "DATABASE" { " WITH (FORCE)" } else { "" };
            let drop = format!("DROP {what} IF EXISTS {}{force}", self.name);
            let _ = self.server.try_execute("postgres", &drop);
        }
        let _ = output(Command::new("umount").arg("-l").arg(&self.path));
    }
}
