//! Two servers that speak MongoDB's protocol.

use super::process::{Folder, Process, cache, free_port, program, search_path};
use super::{Kind, Server};

/// Starts FerretDB with its SQLite back end.
pub(crate) fn start_ferretdb() -> Result<Server, String> {
    let ferretdb = program("ferretdb", &[cache()])?;
    let folder = Folder::new("ferretdb", None)?;
    let data = folder.path().join("data");
    std::fs::create_dir(&data).map_err(|error| error.to_string())?;
    let port = free_port()?;
    let mut command = folder.command(&ferretdb);
    let arguments = [
        "--handler=sqlite".to_owned(),
        format!("--sqlite-url=file:{}/", data.display()),
        format!("--state-dir={}", folder.path().display()),
        format!("--listen-addr=127.0.0.1:{port}"),
        "--debug-addr=-".to_owned(),
        "--telemetry=disable".to_owned(),
        "--log-level=error".to_owned(),
    ];
    command.extend(arguments.iter().map(Into::into));
    finish(Kind::FerretDb, folder, port, &command)
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
    finish(Kind::MongoJava, folder, port, &command)
}

fn finish(
    kind: Kind,
    folder: Folder,
    port: u16,
    command: &[std::ffi::OsString],
) -> Result<Server, String> {
    let url = super::url("mongodb", port, ("", ""), "");
    let mut server = Server { kind, admin: url.clone(), user: url, process: None };
    server.process = Some(Process::start(folder, "KILL", command, || server.answers())?);
    Ok(server)
}
