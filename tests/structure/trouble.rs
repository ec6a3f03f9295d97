//! What stands in the way is told: by name, with keys, with the way on.

use super::world::World;

const PARENT: &str = r#"
[table.teams]
connection = "app"
primary_key = ["id"]
columns.id = { type = "integer" }

[table.people]
connection = "app"
primary_key = ["id"]
columns.id   = { type = "integer" }
columns.team = { type = "integer", null = true }
columns.mail = { type = "text(50)", null = true }
"#;

fn filled(world: &World) {
    world.spec(PARENT);
    world.ends(0, "run spec.toml --yes");
    world.execute("INSERT INTO teams (id) VALUES (1)");
    let rows: Vec<String> =
        (1..=30).map(|id| format!("({id}, {})", if id <= 15 { 1 } else { id })).collect();
    world.execute(&format!("INSERT INTO people (id, team) VALUES {}", rows.join(", ")));
}

#[test]
fn rows_that_a_foreign_key_finds_nothing_for_are_named() {
    for world in World::all() {
        filled(&world);
        let before = world.dump();
        let key = "columns.team = { type = \"integer\", null = true, references = \"teams.id\" }";
        world.spec(&PARENT.replace("columns.team = { type = \"integer\", null = true }", key));
        let told = world.ends(1, "run spec.toml --yes").err;
        assert!(told.contains("adds foreign key people (team) to teams (id)"), "{told}");
        assert!(told.contains("16") && told.contains("25") && !told.contains("26;"), "{told}");
        assert_eq!(world.dump(), before, "nothing of it stays");
        world.execute("DELETE FROM people WHERE id > 15");
        world.ends(0, "run spec.toml --yes");
        world.ends(0, "verify spec.toml");
    }
}

#[test]
fn rows_that_hold_null_or_the_same_are_named() {
    for world in World::all() {
        filled(&world);
        world.spec(&PARENT.replace(
            "columns.mail = { type = \"text(50)\", null = true }",
            "columns.mail = { type = \"text(50)\" }",
        ));
        let told = world.ends(1, "run spec.toml --yes").err;
        assert!(told.contains("column `mail` is null in rows 1; 2; 3"), "{told}");
        world.spec(&format!("{PARENT}[[table.people.unique]]\ncolumns = [\"team\"]\n"));
        let told = world.ends(1, "run spec.toml --yes").err;
        assert!(told.contains("(team)"), "{told}");
        world.spec(&format!("{PARENT}columns.rank = {{ type = \"integer\" }}\n"));
        let told = world.ends(1, "run spec.toml --yes").err;
        assert!(told.contains("`people` holds rows, which would have nothing there"), "{told}");
    }
}

#[test]
fn a_value_of_an_enum_goes_only_when_no_row_holds_it() {
    let spec = "[enum.state]\nconnection = \"app\"\nvalues = [\"open\", \"done\"]\n\
        [table.notes]\nconnection = \"app\"\nprimary_key = [\"id\"]\n\
        columns.id = { type = \"integer\" }\ncolumns.state = { type = \"state\" }\n";
    for world in World::all() {
        world.spec(spec);
        world.ends(0, "run spec.toml --yes");
        world.execute("INSERT INTO notes (id, state) VALUES (5, 'done')");
        let without = spec.replace("[\"open\", \"done\"]", "[\"open\"]");
        world.spec(&without);
        let told = world.ends(1, "run spec.toml --yes").err;
        assert!(told.contains("enum `state` no longer declares `done`"), "{told}");
        let allowed = without.replace("values", "allow_drop = true\nvalues");
        world.spec(&allowed);
        let told = world.ends(1, "run spec.toml --yes").err;
        assert!(told.contains("`done` is in use: `notes.state` of rows 5"), "{told}");
        world.execute("UPDATE notes SET state = 'open'");
        world.ends(0, "run spec.toml --yes");
        world.ends(0, "verify spec.toml");
        world.ends(0, "rollback spec.toml --yes");
        world.execute("UPDATE notes SET state = 'done'");
    }
}

#[test]
fn a_prerequisite_is_looked_at_before_anything_is_made() {
    let spec = "[table.users]\nconnection = \"app\"\nexisting = true\n\
        columns.id = { type = \"integer\" }\n\
        [table.notes]\nconnection = \"app\"\nprimary_key = [\"id\"]\n\
        columns.id = { type = \"integer\", references = \"users.id\" }\n";
    for world in World::all() {
        world.spec(spec);
        let told = world.ends(1, "run spec.toml --yes").err;
        assert!(told.contains("has no table `users`, which must exist"), "{told}");
        world.execute("CREATE TABLE users (name VARCHAR(20) NOT NULL)");
        let told = world.ends(1, "run spec.toml --yes").err;
        assert!(told.contains("column `id` of table `users`"), "{told}");
        assert!(!world.dump().contains("notes"));
    }
}

#[test]
fn a_missing_right_and_a_missing_extension_say_who_helps() {
    let world = World::postgres();
    world.spec("[extension.no_such_extension]\nconnection = \"app\"\n");
    let told = world.ends(1, "run spec.toml --yes").err;
    assert!(told.contains("creates extension no_such_extension"), "{told}");
    assert!(told.contains("take `no_such_extension` out"), "{told}");

    world.spec(PARENT);
    world.ends(0, "run spec.toml --yes");
    // A table that belongs to somebody else can't be altered.
    let database = world.database();
    let admin = database.server();
    let name = database.name();
    admin.execute(name, "CREATE ROLE structure_owner_of_test");
    admin.execute(name, "ALTER TABLE people OWNER TO structure_owner_of_test");
    world.spec(&PARENT.replace("text(50)", "text(90)"));
    let told = world.mapper("run spec.toml --yes");
    admin.execute(name, "DROP OWNED BY structure_owner_of_test");
    admin.execute(name, "DROP ROLE structure_owner_of_test");
    assert_eq!(told.code, 1, "{}", told.err);
    assert!(told.err.contains("alters column people.mail"), "{}", told.err);
    assert!(told.err.contains("must be the user's own"), "{}", told.err);
}

#[test]
fn two_people_who_migrate_at_once_take_turns() {
    let world = World::postgres();
    world.spec(PARENT);
    let mut held = world
        .command("run spec.toml --yes")
        .env("MAPPER_FAILPOINT", "structure")
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    super::killed::wait_for(&mut held, "failpoint structure");
    let told = world.ends(1, "run spec.toml --yes").err;
    held.kill().unwrap();
    held.wait().unwrap();
    assert!(told.contains("is working on this database"), "{told}");
    assert!(!world.dump().contains("people"), "its transaction went with it");
    world.ends(0, "run spec.toml --yes");
    world.ends(0, "verify spec.toml");
}
