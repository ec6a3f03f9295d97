//! Servers with a certificate that a private authority signed.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};

use super::process::{Folder, output, persistent};
use super::{Kind, Server, Shared, had, mariadb, mongodb, postgres};

/// The files of a private authority and of a server that it vouches for, under the name `localhost`
/// alone: not under its address.
pub(crate) struct Certificates {
    folder: PathBuf,
}

impl Certificates {
    /// Makes them in a server's folder, with `openssl`.
    pub(super) fn new(folder: &Folder) -> Result<Self, String> {
        let own = folder.path().join("tls");
        std::fs::create_dir(&own).map_err(|error| error.to_string())?;
        let made = Self { folder: own };
        let openssl = |arguments: &str| {
            let words = arguments.split_whitespace();
            output(Command::new("openssl").args(words).current_dir(&made.folder)).map(|_| ())
        };
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
        for name in ["ca", "other-ca"] {
            openssl(&format!(
                "req -x509 {key} -keyout {name}.key -out {name}.pem -days 2 -subj /CN={name} \
                 -addext keyUsage=critical,keyCertSign,cRLSign"
            ))?;
        }
        super::process::write(
            &made.folder.join("names"),
            "subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n",
        )?;
        openssl(&format!("req {key} -keyout server.key -out server.csr -subj /CN=localhost"))?;
        openssl(
            "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -set_serial 1 -days 2 \
             -extfile names -out server.pem",
        )?;
        folder.give_away(&made.folder)?;
        Ok(made)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The certificate of the authority that signed the server's.
    pub(crate) fn authority(&self) -> PathBuf {
        self.file("ca.pem")
    }

    /// The certificate of an authority that has nothing to do with it.
    pub(crate) fn other_authority(&self) -> PathBuf {
        self.file("other-ca.pem")
    }

    /// The server's certificate.
    pub(super) fn certificate(&self) -> PathBuf {
        self.file("server.pem")
    }

    /// The server's key.
    pub(super) fn key(&self) -> PathBuf {
        self.file("server.key")
    }
}

/// A server that speaks TLS only. Its URLs say nothing of it: tests add what they try
/// (`?sslmode=verify-full&sslrootcert=…`), and write `localhost` for its address to fit the name in
/// the certificate.
pub(crate) struct TlsServer {
    pub(crate) server: Arc<Server>,
    pub(crate) certificates: Certificates,
}

impl TlsServer {
    /// A URL with `localhost` in place of the address, and these options.
    pub(crate) fn named(url: &str, options: &str) -> String {
        format!("{}?{options}", url.replace("127.0.0.1", "localhost"))
    }

    fn of((server, certificates): (Server, Certificates)) -> Arc<Self> {
        Arc::new(Self { server: Arc::new(server), certificates })
    }
}

/// The text of a path, for a URL's options.
pub(crate) fn option(path: &Path) -> String {
    path.display().to_string()
}

/// PostgreSQL that refuses connections without TLS.
pub(crate) fn postgres_tls() -> Arc<TlsServer> {
    static SERVER: OnceLock<Result<Arc<TlsServer>, String>> = OnceLock::new();
    let start = || persistent(postgres::start_tls).map(TlsServer::of);
    had(Kind::Postgres, SERVER.get_or_init(start).clone())
}

/// MariaDB that refuses connections without TLS.
pub(crate) fn mariadb_tls() -> Arc<TlsServer> {
    static SERVER: OnceLock<Result<Arc<TlsServer>, String>> = OnceLock::new();
    let start = || persistent(mariadb::start_tls).map(TlsServer::of);
    had(Kind::MariaDb, SERVER.get_or_init(start).clone())
}

/// FerretDB that listens for TLS only.
pub(crate) fn ferretdb_tls() -> Arc<TlsServer> {
    static SERVER: OnceLock<Result<Arc<TlsServer>, String>> = OnceLock::new();
    let start = || persistent(mongodb::start_ferretdb_tls).map(TlsServer::of);
    had(Kind::FerretDb, SERVER.get_or_init(start).clone())
}

/// FerretDB that lets in nobody without a password. Its URLs have none.
pub(crate) fn ferretdb_with_password() -> Arc<Server> {
    static SERVER: Shared = OnceLock::new();
    let start = || persistent(mongodb::start_ferretdb_with_password).map(Arc::new);
    had(Kind::FerretDb, SERVER.get_or_init(start).clone())
}
