//! Two servers that speak MongoDB's protocol.

use super::process::{Folder, Process, cache, free_port, program, search_path};
use super::tls::Certificates;
use super::{ADMIN_PASSWORD, Kind, Server};

/// Starts FerretDB with its SQLite back end.
pub(crate) fn start_ferretdb() -> Result<Server, String> {
    let port = free_port()?;
    ferretdb(
        Folder::new("ferretdb", None)?,
        port,
        None,
        &[format!("--listen-addr=127.0.0.1:{port}")],
    )
}

/// Starts FerretDB listening for TLS only.
pub(crate) fn start_ferretdb_tls() -> Result<(Server, Certificates), String> {
    let folder = Folder::new("ferretdb", None)?;
    let certificates = Certificates::new(&folder)?;
    let port = free_port()?;
    let listen = [
        "--listen-addr=".to_owned(),
        format!("--listen-tls=127.0.0.1:{port}"),
        format!("--listen-tls-cert-file={}", certificates.certificate().display()),
        format!("--listen-tls-key-file={}", certificates.key().display()),
    ];
    let url = format!("mongodb://127.0.0.1:{port}/?tls=true&tlsInsecure=true");
    Ok((ferretdb(folder, port, Some(&url), &listen)?, certificates))
}

/// Starts FerretDB with one user. Its last word in a login that succeeds is `done: false`, which the
/// driver does not take, so that only what is refused can be shown.
pub(crate) fn start_ferretdb_with_password() -> Result<Server, String> {
    let port = free_port()?;
    let settings = [
        format!("--listen-addr=127.0.0.1:{port}"),
        "--test-enable-new-auth".to_owned(),
        "--setup-database=admin".to_owned(),
        "--setup-username=admin".to_owned(),
        format!("--setup-password={ADMIN_PASSWORD}"),
    ];
    ferretdb(Folder::new("ferretdb", None)?, port, None, &settings)
}

fn ferretdb(
    folder: Folder,
    port: u16,
    admin: Option<&str>,
    settings: &[String],
) -> Result<Server, String> {
    let ferretdb = program("ferretdb", &[cache()])?;
    let data = folder.path().join("data");
    std::fs::create_dir(&data).map_err(|error| error.to_string())?;
    // Most of its time would go into collecting garbage that there is room for.
    let mut command = vec!["env".into(), "GOGC=400".into()];
    command.extend(folder.command(&ferretdb));
    let arguments = [
        "--handler=sqlite".to_owned(),
        // Nothing is to outlive a machine that stops: no write waits for the disk.
        format!("--sqlite-url=file:{}/?_pragma=synchronous(off)", data.display()),
        format!("--state-dir={}", folder.path().display()),
        "--debug-addr=-".to_owned(),
        "--telemetry=disable".to_owned(),
        "--log-level=error".to_owned(),
    ];
    command.extend(arguments.iter().chain(settings).map(Into::into));
    finish(Kind::FerretDb, folder, port, admin, &command)
}

/// Starts mongo-java-server, which keeps everything in memory.
pub(crate) fn start_mongo_java() -> Result<Server, String> {
    let archives = cache().join("mongo-java");
    program("Launcher.class", std::slice::from_ref(&archives))?;
    let java = program("java", &search_path())?;
    let folder = Folder::new("mongo-java", None)?;
    let port = free_port()?;
    let mut command = folder.command(&java);
    let classes = format!("{0}:{0}/*", archives.display());
    let number = port.to_string();
    let arguments = [
        "-Xmx512m",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-cp",
        &classes,
        "Launcher",
        &number,
    ];
    command.extend(arguments.map(Into::into));
    finish(Kind::MongoJava, folder, port, None, &command)
}

fn finish(
    kind: Kind,
    folder: Folder,
    port: u16,
    admin: Option<&str>,
    command: &[std::ffi::OsString],
) -> Result<Server, String> {
    let user = super::url("mongodb", port, ("", ""), "");
    let admin = admin.map_or_else(|| Ok(user.clone()), url::Url::parse);
    let admin = admin.map_err(|error| error.to_string())?;
    let mut server = Server { kind, admin, user, process: None };
    server.process = Some(Process::start(folder, "KILL", command, || server.answers())?);
    Ok(server)
}
