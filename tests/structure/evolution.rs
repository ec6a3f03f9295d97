//! A spec that ran is edited: what changes is planned, run, verified, taken back.

use super::world::World;

const FIRST: &str = r#"
[enum.state]
connection = "app"
values = ["open", "done"]

[table.notes]
connection = "app"
primary_key = ["id"]
columns.id    = { type = "integer" }
columns.title = { type = "text(20)" }
columns.state = { type = "state", default = "open" }
"#;

/// Five edits, each with what the plan must say of it.
const EDITS: [(&str, &str, &str, &str); 5] = [
    (
        "columns.state = { type",
        "columns.rank  = { type = \"integer(32)\", default = 7 }\ncolumns.state = { type",
        "adds column notes.rank",
        "SELECT rank FROM notes WHERE id = 1",
    ),
    (
        "text(20)",
        "text(200)",
        "alters column notes.title: text(20) to text(200)",
        "SELECT title FROM notes WHERE id = 1",
    ),
    (
        "columns.title = { type = \"text(20)\" }",
        "columns.label = { type = \"text(20)\", renamed_from = \"title\" }",
        "renames column notes.title to label",
        "SELECT label FROM notes WHERE id = 1",
    ),
    (
        "\"open\", \"done\"",
        "\"open\", \"waiting\", \"done\"",
        "adds waiting to enum state",
        "SELECT state FROM notes WHERE id = 1",
    ),
    (
        "columns.state = { type = \"state\", default = \"open\" }",
        "columns.state = { type = \"state\", default = \"open\" }\n[[table.notes.index]]\nkeys = [\"state\", \"-title\"]",
        "creates index on notes (state, -title)",
        "SELECT count(*) FROM notes",
    ),
];

#[test]
fn five_evolutions_on_every_store_with_tables() {
    for world in World::all() {
        world.spec(FIRST);
        world.ends(0, "run spec.toml --yes");
        world.execute("INSERT INTO notes (id, title) VALUES (1, 'one'), (2, 'two')");
        let before = world.dump();
        let rows = world.query("SELECT id, title, state FROM notes ORDER BY id");
        for (from, to, planned, look) in EDITS {
            let edited = FIRST.replace(from, to);
            assert_ne!(edited, FIRST);
            world.spec(&edited);
            let plan = world.ends(0, "plan spec.toml").out;
            assert!(plan.contains(planned), "{planned}\n{plan}");
            assert!(
                world.ends(1, "verify spec.toml").err.contains("a run is pending"),
                "{planned}"
            );
            let dry = world.ends(0, "run spec.toml --dry-run");
            assert!(dry.err.contains(planned), "{}", dry.err);
            assert_eq!(world.dump(), before, "a dry run changes nothing");
            world.ends(0, "run spec.toml --yes");
            world.ends(0, "verify spec.toml");
            world.query(look);
            assert_ne!(world.dump(), before, "{planned}");
            world.ends(0, "rollback spec.toml --yes");
            world.spec(FIRST);
            world.ends(0, "verify spec.toml");
            assert_eq!(world.dump(), before, "{planned}");
            assert_eq!(world.query("SELECT id, title, state FROM notes ORDER BY id"), rows);
        }
        let rank = FIRST.replace(EDITS[0].0, EDITS[0].1);
        world.spec(&rank);
        world.ends(0, "run spec.toml --yes");
        assert_eq!(world.query(EDITS[0].3), ["7"]);
        let kept = world.ends(1, "rollback spec.toml --all --yes").err;
        assert!(kept.contains("table notes holds rows that no run wrote"), "{kept}");
        assert_eq!(world.query("SELECT count(*) FROM notes"), ["2"]);
        world.ends(0, "rollback spec.toml --all --force --yes");
        assert!(!world.dump().contains("notes"));
    }
}

#[test]
fn a_dropped_column_comes_back_with_its_values() {
    for world in World::all() {
        world.spec(FIRST);
        world.ends(0, "run spec.toml --yes");
        world.execute("INSERT INTO notes (id, title) VALUES (1, 'one'), (2, 'two')");
        let gone = FIRST.replace("columns.title = { type = \"text(20)\" }\n", "");
        world.spec(&gone);
        let refused = world.ends(1, "run spec.toml --yes").err;
        assert!(refused.contains("no longer declares its column `title`"), "{refused}");
        assert!(refused.contains("allow_drop = true"), "{refused}");
        world.spec(&gone.replace("primary_key", "allow_drop = true\nprimary_key"));
        let plan = world.ends(0, "plan spec.toml").out;
        assert!(plan.contains("loses "), "{plan}");
        world.ends(0, "run spec.toml --yes");
        world.ends(0, "verify spec.toml");
        world.ends(0, "rollback spec.toml --yes");
        assert_eq!(world.query("SELECT id, title FROM notes ORDER BY id"), ["1|one", "2|two"]);
        world.spec(FIRST);
        world.ends(0, "verify spec.toml");
    }
}

#[test]
fn a_table_that_vanished_is_refused_and_one_that_may_go_comes_back_with_its_rows() {
    for world in World::all() {
        world.spec(FIRST);
        world.ends(0, "run spec.toml --yes");
        world.execute("INSERT INTO notes (id, title) VALUES (1, 'one'), (2, 'two')");
        let before = world.dump();
        let start = FIRST.find("[table.notes]").unwrap();
        world.spec(&FIRST[..start]);
        let refused = world.ends(1, "run spec.toml --yes").err;
        assert!(refused.contains("made table `notes` and no longer declares it"), "{refused}");
        let tombstone =
            format!("{}[table.notes]\nconnection = \"app\"\nallow_drop = true\n", &FIRST[..start]);
        world.spec(&tombstone);
        world.ends(0, "run spec.toml --yes");
        assert!(!world.dump().contains("notes"));
        world.ends(0, "rollback spec.toml --yes");
        assert_eq!(world.dump(), before);
        let rows = world.query("SELECT id, title, state FROM notes ORDER BY id");
        assert_eq!(rows, ["1|one|open", "2|two|open"]);
    }
}

#[test]
fn what_was_changed_by_hand_is_told_and_never_overwritten() {
    for world in World::all() {
        world.spec(FIRST);
        world.ends(0, "run spec.toml --yes");
        world.execute("ALTER TABLE notes ADD COLUMN extra INTEGER");
        let by_hand = world.dump();
        let plan = world.ends(0, "plan spec.toml").out;
        assert!(
            plan.contains("table notes was changed by hand: column `extra` is there besides"),
            "{plan}"
        );
        let found = world.ends(1, "verify spec.toml").err;
        assert!(found.contains("changed by hand"), "{found}");
        world.spec(&FIRST.replace("text(20)", "text(200)"));
        let refused = world.ends(1, "run spec.toml --yes").err;
        assert!(refused.contains("column `extra` is there besides"), "{refused}");
        assert_eq!(world.dump(), by_hand);
        let kept = world.ends(1, "rollback spec.toml --yes").err;
        assert!(kept.contains("changed by hand since"), "{kept}");
        world.execute("ALTER TABLE notes DROP COLUMN extra");
        world.spec(FIRST);
        world.ends(0, "verify spec.toml");
        world.ends(0, "rollback spec.toml --yes");
    }
}

#[test]
fn a_table_of_the_same_shape_is_taken_over_and_another_one_is_refused() {
    for world in World::all() {
        world.spec(FIRST);
        world.ends(0, "run spec.toml --yes");
        // As if another tool had made it: the table is there, and no ledger knows of it.
        let forget = if world.url().starts_with("postgres") {
            "DELETE FROM mapper.structures; DELETE FROM mapper.changes"
        } else {
            "DELETE FROM mapper_structures; DELETE FROM mapper_changes"
        };
        forget.split("; ").for_each(|statement| world.execute(statement));
        let before = world.dump();
        world.spec(&FIRST.replace("text(20)", "text(30)"));
        let refused = world.ends(1, "run spec.toml --yes").err;
        assert!(
            refused.contains("there is a table `notes` already, and it is another one"),
            "{refused}"
        );
        assert!(refused.contains("column `title` is"), "{refused}");
        world.spec(FIRST);
        let done = world.ends(0, "run spec.toml --yes").err;
        assert!(done.contains("table notes is there already in this shape"), "{done}");
        assert_eq!(world.dump(), before);
        world.ends(0, "verify spec.toml");
        // What it did not make it does not drop.
        world.ends(0, "rollback spec.toml --all --yes");
        assert!(world.dump().contains("notes"));
    }
}

#[test]
fn tables_that_refer_to_each_other_are_made_in_two_steps() {
    let circle = r#"
[table.teams]
connection = "app"
primary_key = ["id"]
columns.id   = { type = "integer" }
columns.lead = { type = "integer", null = true, references = "people.id", on_delete = "set_null" }

[table.people]
connection = "app"
primary_key = ["id"]
columns.id   = { type = "integer" }
columns.team = { type = "integer", references = "teams.id", on_delete = "cascade" }
"#;
    for world in World::all() {
        world.spec(circle);
        world.ends(0, "run spec.toml --yes");
        world.ends(0, "verify spec.toml");
        world.ends(0, "rollback spec.toml --yes");
        assert!(!world.dump().contains("people"));
    }
}

#[test]
fn specs_that_refer_to_each_other_are_closed_afterwards_and_go_together() {
    let teams = "[table.teams]\nconnection = \"app\"\nprimary_key = [\"id\"]\n\
        columns.id = { type = \"integer\" }\n\
        columns.lead = { type = \"integer\", null = true, references = \"people.id\" }\n";
    let people = "[table.people]\nconnection = \"app\"\nprimary_key = [\"id\"]\n\
        columns.id = { type = \"integer\" }\n\
        columns.team = { type = \"integer\", references = \"teams.id\" }\n";
    for world in [World::file(), World::postgres()] {
        std::fs::create_dir(world.path("both")).unwrap();
        world.write("a.toml", teams);
        world.write("b.toml", people);
        for name in ["a.toml", "b.toml"] {
            let text = std::fs::read_to_string(world.path(name)).unwrap();
            let text = text.replace("\"fixtures\"", "\"../fixtures\"");
            std::fs::write(world.path("both").join(name), text).unwrap();
        }
        let plan = world.ends(0, "plan both").out;
        assert!(plan.contains("foreign keys b: people"), "{plan}");
        assert_eq!(plan.matches("creates table people").count(), 1, "{plan}");
        world.ends(0, "run both --yes");
        world.ends(0, "verify both");
        world.ends(0, "run both --yes");
        world.ends(0, "rollback both --all --yes");
        assert!(!world.dump().contains("people"), "{}", world.dump());
    }
}
