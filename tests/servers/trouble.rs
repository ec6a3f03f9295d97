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
///
/// Its server is its own: any connection may have to write out what another one changed, so a full
/// disk fails those who never use it.
pub(crate) struct SmallDisk {
    server: Arc<Server>,
    path: PathBuf,
}

impl SmallDisk {
    /// The database on it, and its table space.
    pub(crate) const NAME: &str = "small";

    pub(crate) fn new(megabytes: u32) -> Self {
        // All that is on the disk fits, so that nothing is written out before it is asked for.
        let server = super::alone(Kind::Postgres, &["shared_buffers=128MB"]);
        Self::mounted(server, megabytes).unwrap_or_else(|reason| {
            panic!("no small disk for this test (only root can mount one): {reason}")
        })
    }

    fn mounted(server: Arc<Server>, megabytes: u32) -> Result<Self, String> {
        let folder = server.folder().ok_or("the server is not on this machine")?;
        if !is_root() {
            return Err("this is not root".into());
        }
        let path = folder.join(Self::NAME);
        std::fs::create_dir(&path).map_err(|error| error.to_string())?;
        let size = format!("size={megabytes}m,mode=0777");
        output(Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(&path))?;
        let disk = Self { server, path };
        let data = disk.path.join("data");
        std::fs::create_dir(&data).map_err(|error| error.to_string())?;
        output(Command::new("chown").arg("postgres").arg(&data))?;
        let (server, name, data) = (&disk.server, Self::NAME, data.display());
        server.execute("postgres", &format!("CREATE TABLESPACE {name} LOCATION '{data}'"));
        server.execute(
            "postgres",
            &format!("CREATE DATABASE {name} OWNER {} TABLESPACE {name}", super::USER.0),
        );
        Ok(disk)
    }

    /// The server that has the database.
    pub(crate) fn server(&self) -> &Arc<Server> {
        &self.server
    }

    /// The URL of the database on it.
    pub(crate) fn url(&self) -> String {
        self.server.url(Self::NAME)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // The server still has files open there, and ends with this.
        let _ = output(Command::new("umount").arg("-l").arg(&self.path));
    }
}
