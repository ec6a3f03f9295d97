//! Killed in the middle of definitions: the ledger tells the truth, and the next run completes.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};

use super::world::World;

const SPEC: &str = r#"
[enum.state]
connection = "app"
values = ["open", "done"]

[table.teams]
connection = "app"
primary_key = ["id"]
columns.id = { type = "integer" }

[table.people]
connection = "app"
primary_key = ["id"]
columns.id    = { type = "integer" }
columns.team  = { type = "integer", references = "teams.id" }
columns.state = { type = "state", default = "open" }

[[table.people.index]]
keys = ["state"]
"#;

/// Waits until a process says something.
pub(super) fn wait_for(child: &mut Child, text: &str) {
    let lines = BufReader::new(child.stderr.as_mut().unwrap()).lines();
    for line in lines {
        if line.unwrap().contains(text) {
            return;
        }
    }
    panic!("it ended without `{text}`");
}

fn killed(world: &World, line: &str, point: &str) {
    let mut child =
        world.command(line).env("MAPPER_FAILPOINT", point).stderr(Stdio::piped()).spawn().unwrap();
    wait_for(&mut child, "failpoint");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn on_mariadb_at_every_step_and_the_next_run_completes() {
    let whole = World::mariadb();
    whole.spec(SPEC);
    whole.ends(0, "run spec.toml --yes");
    let wanted = whole.dump();
    let steps: usize = whole.query("SELECT count(*) FROM mapper_changes")[0].parse().unwrap();
    assert!(steps >= 4, "{steps}");
    for step in 1..=steps {
        for point in ["structure_intent", "structure"] {
            let world = World::mariadb();
            world.spec(SPEC);
            killed(&world, "run spec.toml --yes", &format!("{point}:{step}"));
            let status = world.json(0, "status spec.toml");
            assert_ne!(status["structures"][0]["state"], "done", "{point} {step}");
            assert_eq!(status["runs"][0]["state"], "in_progress");
            assert!(
                world.ends(0, "plan spec.toml").out.contains("interrupted: "),
                "{point} {step}"
            );
            let found = world.ends(1, "verify spec.toml").err;
            assert!(found.contains("a run was interrupted"), "{found}");
            if step % 2 == 0 {
                // What was made so far can be taken back too.
                world.ends(0, "rollback spec.toml --yes");
                assert_eq!(world.dump(), "", "{point} {step}");
            }
            world.ends(0, "run spec.toml --yes");
            world.ends(0, "verify spec.toml");
            assert_eq!(world.dump(), wanted, "{point} {step}");
        }
    }
}

#[test]
fn on_mariadb_a_rollback_that_was_killed_goes_on() {
    let world = World::mariadb();
    world.spec(SPEC);
    world.ends(0, "run spec.toml --yes");
    killed(&world, "rollback spec.toml --yes", "structure_undone:2");
    world.ends(0, "rollback spec.toml --yes");
    assert_eq!(world.dump(), "");
    world.ends(0, "run spec.toml --yes");
    world.ends(0, "verify spec.toml");
}

#[test]
fn where_definitions_are_part_of_a_transaction_nothing_stays() {
    for world in [World::file(), World::postgres()] {
        world.spec(SPEC);
        killed(&world, "run spec.toml --yes", "structure:3");
        assert!(!world.dump().contains("people"), "{}", world.dump());
        world.ends(0, "run spec.toml --yes");
        world.ends(0, "verify spec.toml");
    }
}
