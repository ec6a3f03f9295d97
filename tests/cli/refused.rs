//! What is wrong with the command line, the environment or the spec: exit 2, and nothing is done.

use super::world::World;

#[test]
fn unknown_words_are_told() {
    let world = World::hello();
    for line in [
        "",
        "seed hello.toml --fixtures --clean",
        "seed hello.toml --clean --count 5",
        "seed hello.toml --count 0",
        "chek hello.toml",
        "run",
        "run hello.toml --nonsense",
        "rollback hello.toml -n 0",
        "rollback hello.toml -n 1 --all",
        "run hello.toml --redo orders --dry-run",
        "run hello.toml --show-values",
        "ids hello.toml",
        "ids hello.toml --new 1 --legacy 2",
        "check hello.toml --format mermaid",
        "rejects hello.toml --yes",
    ] {
        let done = world.ends(2, line);
        assert!(done.out.is_empty() && done.err.contains("try '--help'"), "{line}: {}", done.err);
    }
    let json = world.json(2, "run hello.toml --nonsense");
    assert_eq!(json["error"]["message"], "unexpected argument '--nonsense' found");
    assert!(!world.path("shop.db").exists());
}

#[test]
fn a_wrong_spec_stops_every_command_with_all_its_mistakes() {
    let world = World::hello();
    world.change("hello.toml", "apply = \"trim\"", "aply = \"trim\"");
    world.change("hello.toml", "crosswalk = \"order_status\"", "crosswalk = \"order_state\"");
    for command in ["check", "plan", "run", "verify", "rollback", "status", "rejects", "test"] {
        let done = world.ends(2, &format!("{command} hello.toml"));
        assert!(done.out.is_empty(), "{command}: {}", done.out);
        for expected in ["E0201", "E0303", "hello.toml:"] {
            assert!(done.err.contains(expected), "{command}: no {expected} in\n{}", done.err);
        }
        let json = world.json(2, &format!("{command} hello.toml"));
        let diagnostics = json["diagnostics"].as_array().unwrap();
        assert!(diagnostics.len() >= 2, "{command}: {json}");
        assert!(diagnostics.iter().all(|one| one["line"].is_u64()), "{command}: {json}");
    }
    let missing = world.ends(2, "run nothing.toml");
    assert!(missing.err.contains("there is no such file"), "{}", missing.err);
    assert!(!world.path("shop.db").exists());
}

#[test]
fn phases_that_are_not_there_are_told_before_anything_is_done() {
    let world = World::hello();
    for flag in ["--only", "--skip", "--from", "--redo", "--update", "--keep"] {
        let done = world.ends(2, &format!("run hello.toml --yes {flag} order"));
        assert!(done.err.contains("did you mean `orders`?"), "{flag}: {}", done.err);
    }
    let done = world.ends(2, "run hello.toml --only orders --skip orders");
    assert!(done.err.contains("leave no phase"), "{}", done.err);
    world.ends(2, "rollback hello.toml --phase order --yes");
    world.ends(2, "run hello.toml --report report.txt");
    world.ends(2, "run hello.toml --report missing/report.json");
    world.ends(2, "run hello.toml --events missing/events.jsonl");
    world.ends(2, "ids hello.toml --export ids.xlsx");
    assert!(!world.path("shop.db").exists());
}

#[test]
fn variables_come_from_the_file_and_the_process_wins() {
    let world = World::hello();
    world.change("hello.toml", "expect = { equals = 18 }", "expect = { equals = 18 } # ${PIECES}");
    world.change("hello.toml", "fixtures = \"shop\"", "fixtures = \"${FOLDER}\"");
    let done = world.ends(2, "check hello.toml");
    assert!(done.err.contains("the variable `FOLDER` is not set"), "{}", done.err);
    world.write("my.env", "# where the tables are\nFOLDER=shop\n");
    world.ends(0, "check hello.toml --env-file my.env");
    world.write(".env", "FOLDER=shop\nSHOP_URL=sqlite:other.db\n");
    world.ends(0, "run hello.toml");
    assert!(world.path("shop.db").exists() && !world.path("other.db").exists());
    let done = world.ends(2, "check hello.toml --env-file nothing.env");
    assert!(done.err.contains("nothing.env"), "{}", done.err);
    world.write("bad.env", "SECRET hunter2\n");
    let done = world.ends(2, "check hello.toml --env-file bad.env");
    assert!(!done.err.contains("hunter2") && done.err.contains("bad.env"), "{}", done.err);
}

#[test]
fn moments_and_durations_from_outside_are_checked() {
    let world = World::hello();
    for (name, value) in [("MAPPER_NOW", "yesterday"), ("MAPPER_COMMIT_AFTER", "soon")] {
        let output = world.command("run hello.toml").env(name, value).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{name}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(name), "{name}");
    }
    assert!(!world.path("shop.db").exists());
}

#[test]
fn nobody_there_to_confirm_is_a_refusal() {
    let world = World::hello();
    world.ends(0, "run hello.toml");
    let before = std::fs::read(world.path("shop.db")).unwrap();
    for line in ["rollback hello.toml", "run hello.toml --redo orders"] {
        let done = world.ends(2, line);
        assert!(done.err.contains("--yes"), "{line}: {}", done.err);
    }
    world.change("hello.toml", "fixtures = \"shop\"", "fixtures = \"shop\"\nproduction = true");
    for line in ["run hello.toml", "rejects hello.toml --retry"] {
        let done = world.ends(2, line);
        assert!(done.err.contains("writes to `shop`, which is production"), "{}", done.err);
    }
    assert_eq!(std::fs::read(world.path("shop.db")).unwrap(), before);
    world.ends(0, "run hello.toml --dry-run");
    world.ends(0, "run hello.toml --yes");
}
