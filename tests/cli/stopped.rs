//! Interrupted, locked out: what a second process or an impatient user meets.

#![cfg(unix)]

use std::io::{BufReader, Read as _};
use std::process::{Child, Command, Stdio};

use super::world::World;

/// The shipped spec with enough records that one sees it work.
fn long() -> World {
    let world = World::empty();
    let root = env!("CARGO_MANIFEST_DIR");
    let text = std::fs::read_to_string(format!("{root}/specs/mtr_followup.toml")).unwrap();
    let examples = format!("\"{root}/examples/");
    world.write("long.toml", &text.replace("\"../examples/", &examples));
    world
}

fn start(world: &World, failpoint: Option<&str>) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mapper"));
    command
        .args(["run", "long.toml"])
        .current_dir(world.path(""))
        .env("CLINIC_URL", "sqlite:long.db")
        .env("MAPPER_COMMIT_AFTER", "0s")
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    if let Some(point) = failpoint {
        command.env("MAPPER_FAILPOINT", point);
    }
    command.spawn().unwrap()
}

/// Reads until a line has this in it.
fn wait_for(lines: &mut impl std::io::BufRead, part: &str) {
    let mut told = String::new();
    loop {
        let mut line = String::new();
        assert!(lines.read_line(&mut line).unwrap() > 0, "never said `{part}`:\n{told}");
        if line.contains(part) {
            return;
        }
        told.push_str(&line);
    }
}

fn interrupt(child: &Child) {
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

fn ends(world: &World, code: i32, line: &str) -> String {
    let output = world.command(line).env("CLINIC_URL", "sqlite:long.db").output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "mapper {line}\n{told}");
    told
}

#[test]
fn once_finishes_the_batch_and_the_next_run_goes_on() {
    for attempt in 1.. {
        let world = long();
        let mut child = start(&world, None);
        let mut lines = BufReader::new(child.stderr.take().unwrap());
        wait_for(&mut lines, "filled with");
        interrupt(&child);
        let mut rest = String::new();
        lines.read_to_string(&mut rest).unwrap();
        let code = child.wait().unwrap().code();
        if code == Some(0) {
            // On a busy machine it may be done before it is told to stop.
            assert!(attempt < 10, "{rest}");
            continue;
        }
        assert_eq!(code, Some(130), "{rest}");
        assert!(rest.contains("`mapper run long.toml` goes on from there."), "{rest}");
        ends(&world, 0, "run long.toml");
        let told = ends(&world, 0, "verify long.toml --full");
        assert!(told.contains("Verified."), "{told}");
        break;
    }
}

#[test]
fn twice_ends_at_once() {
    let world = long();
    let mut child = start(&world, Some("data"));
    let mut lines = BufReader::new(child.stderr.take().unwrap());
    wait_for(&mut lines, "failpoint data");
    interrupt(&child);
    wait_for(&mut lines, "Ctrl-C again ends at once");
    interrupt(&child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

#[test]
fn who_holds_the_lock_is_told() {
    let world = long();
    let mut child = start(&world, Some("data"));
    let mut lines = BufReader::new(child.stderr.take().unwrap());
    wait_for(&mut lines, "failpoint data");
    for line in ["run long.toml", "rollback long.toml --yes"] {
        let told = ends(&world, 1, line);
        assert!(told.contains(&child.id().to_string()), "{line}: {told}");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    ends(&world, 0, "run long.toml");
}
