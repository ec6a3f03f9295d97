//! `specs/vytalwatch`: eleven specs, seventeen tables, from an empty database and back to it.

use std::path::Path;

use super::world::World;

const TABLES: [&str; 17] = [
    "ai_conversations",
    "ai_messages",
    "appointments",
    "call_participants",
    "call_recordings",
    "calls",
    "claims",
    "clinical_notes",
    "consents",
    "conversations",
    "device_tokens",
    "encryption_keys",
    "medication_adherence",
    "medication_schedules",
    "medications",
    "messages",
    "tasks",
];

fn world(world: World) -> World {
    world.copy("specs/vytalwatch", "specs/vytalwatch");
    world.copy("examples/vytalwatch", "examples/vytalwatch");
    world
}

fn users(world: &World, schema: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/vytalwatch");
    world.execute(&std::fs::read_to_string(root.join(schema)).unwrap());
}

#[test]
fn on_postgresql_all_comes_and_goes_and_three_are_taken_back() {
    let world = world(World::postgres());
    users(&world, "schema.postgres.sql");
    // The table is somebody else's, as a prerequisite may be.
    world.execute("GRANT SELECT, REFERENCES ON users TO PUBLIC");
    let before = world.dump();
    let done = world.ends(0, "run specs/vytalwatch --yes");
    assert!(done.err.contains("20260206120000-CreateTasks: creates table tasks"), "{}", done.err);
    agrees(&world);
    world.ends(0, "verify specs/vytalwatch");
    let again = world.ends(0, "run specs/vytalwatch --yes");
    assert!(!again.err.contains("creates"), "{}", again.err);

    world.ends(0, "rollback specs/vytalwatch -n 3 --yes");
    let left = tables(&world);
    assert_eq!(left.len(), 17 - 4, "device tokens, two of conversations, keys: {left:?}");
    let status = world.json(0, "status specs/vytalwatch");
    let pending = status["structures"].as_array().unwrap();
    let open = pending.iter().filter(|one| one["state"] != "done").count();
    assert_eq!((pending.len(), open), (11, 3));
    let runs = status["runs"].as_array().unwrap();
    let rolled_back: Vec<&str> = runs
        .iter()
        .filter(|run| run["state"] == "rolled_back")
        .map(|run| run["spec"].as_str().unwrap())
        .collect();
    assert_eq!(rolled_back.len(), 3, "{rolled_back:?}");
    assert!(runs.iter().all(|run| run["who"] == "ada@box" && run["checksum"].is_string()));

    world.ends(0, "run specs/vytalwatch --yes");
    world.ends(0, "verify specs/vytalwatch");
    assert_eq!(tables(&world), TABLES);
    world.ends(0, "rollback specs/vytalwatch --all --yes");
    assert_eq!(world.dump(), before);
}

fn tables(world: &World) -> Vec<String> {
    world.query(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'users' \
         ORDER BY 1",
    )
}

/// What the catalog says, asked without this program, against the text of the specs.
fn agrees(world: &World) {
    let folder = world.path("specs/vytalwatch");
    let (mut files, mut columns, mut keys, mut unique, mut indexes) = (0, 0, 0, 0, 0);
    let mut enums: Vec<String> = Vec::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        // The other spec of the folder is the test data.
        let name = path.file_name().unwrap().to_str().unwrap();
        if !name.starts_with("2026") {
            continue;
        }
        files += 1;
        let spec: toml::Table = std::fs::read_to_string(path).unwrap().parse().unwrap();
        for (name, of) in spec["enum"].as_table().unwrap() {
            for value in of["values"].as_array().unwrap() {
                enums.push(format!("{name}|{}", value.as_str().unwrap()));
            }
        }
        for table in spec["table"].as_table().unwrap().values() {
            let all = table["columns"].as_table().unwrap();
            columns += all.len();
            keys += all.values().filter(|column| column.get("references").is_some()).count();
            unique += all.values().filter(|column| column.get("unique").is_some()).count();
            let list = |key: &str| table.get(key).map_or(0, |list| list.as_array().unwrap().len());
            unique += list("unique");
            indexes += list("index");
        }
    }
    assert_eq!(files, 11);
    enums.sort();
    assert_eq!(tables(world), TABLES);
    let one = |sql: &str| world.query(sql)[0].parse::<usize>().unwrap();
    let constraints = |kind: &str| {
        one(&format!(
            "SELECT count(*) FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid \
             WHERE c.contype = '{kind}' AND t.relname <> 'users' \
             AND t.relnamespace = 'public'::regnamespace"
        ))
    };
    assert_eq!(constraints("f"), keys);
    assert_eq!(constraints("u"), unique);
    assert_eq!(constraints("p"), 17);
    assert_eq!(
        one("SELECT count(*) FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'users'"),
        indexes + unique + 17
    );
    assert_eq!(
        one("SELECT count(*) FROM information_schema.columns WHERE table_schema = 'public' \
             AND table_name <> 'users'"),
        columns
    );
    let found = world.query(
        "SELECT t.typname, e.enumlabel FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid \
         ORDER BY t.typname, e.enumsortorder",
    );
    let mut sorted = found.clone();
    sorted.sort();
    assert_eq!(sorted, enums);
    let cascades = world.query(
        "SELECT conname FROM pg_constraint WHERE contype = 'f' AND confdeltype = 'c' \
         AND conrelid = 'messages'::regclass ORDER BY 1",
    );
    assert_eq!(cascades, ["messages_conversationId_fkey", "messages_senderId_fkey"]);
    let types = world.query(
        "SELECT column_name, udt_name FROM information_schema.columns WHERE table_name = 'claims' \
         AND column_name IN ('id', 'metadata', 'createdAt', 'billedAmount', 'status') ORDER BY 1",
    );
    let wanted = [
        "billedAmount|numeric",
        "createdAt|timestamptz",
        "id|uuid",
        "metadata|jsonb",
        "status|claim_status",
    ];
    assert_eq!(types, wanted);
    let none = one("SELECT count(*) FROM pg_constraint WHERE contype = 'f' \
         AND 'encryption_keys'::regclass IN (conrelid, confrelid)");
    assert_eq!(none, 0);
}

#[test]
fn test_data_goes_with_its_tables_and_comes_again() {
    for world in [World::postgres(), World::file()].map(world) {
        if !world.is_file() {
            users(&world, "schema.postgres.sql");
            world.execute("GRANT ALL ON users TO PUBLIC");
        }
        let tokens = || world.query("SELECT count(*) FROM device_tokens");
        world.ends(0, "run specs/vytalwatch --yes");
        world.ends(0, "seed specs/vytalwatch --count 20");
        world.ends(0, "verify specs/vytalwatch");
        let seeded = tokens();
        assert_ne!(seeded, ["0"]);

        world.ends(0, "rollback specs/vytalwatch -n 3 --yes");
        world.ends(0, "run specs/vytalwatch --yes");
        assert_eq!(tokens(), ["0"]);
        world.ends(0, "seed specs/vytalwatch --count 20");
        assert_eq!(tokens(), seeded);

        // Somebody's own row keeps its table.
        world.execute("DELETE FROM encryption_keys");
        world.execute(
            "UPDATE device_tokens SET id = '00000000-0000-4000-8000-000000000000' \
             WHERE CAST(id AS text) = (SELECT min(CAST(id AS text)) FROM device_tokens)",
        );
        let done = world.ends(1, "rollback specs/vytalwatch -n 3 --yes");
        assert!(done.err.contains("device_tokens holds rows that no run wrote"), "{}", done.err);
        world.execute("DELETE FROM device_tokens");
        world.ends(0, "rollback specs/vytalwatch --all --yes");
    }
}

#[test]
fn in_a_file_the_same_specs_come_and_go_and_plan_lists_what_differs() {
    let world = world(World::file());
    let plan = world.ends(0, "plan specs/vytalwatch").out;
    assert!(plan.contains("differs: "), "{plan}");
    world.ends(0, "run specs/vytalwatch --yes");
    world.ends(0, "verify specs/vytalwatch");
    let made = world.query(
        "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'mapper%'",
    );
    assert_eq!(made, ["18"], "with users");
    world.ends(0, "rollback specs/vytalwatch --all --yes");
    let left = world
        .query("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'mapper%'");
    assert_eq!(left, ["users"]);
}

#[test]
fn on_mariadb_the_same_specs_come_and_go() {
    let world = world(World::mariadb());
    // As the connector makes a UUID, which the keys refer to.
    world.spec("[table.probe]\nconnection = \"app\"\nprimary_key = [\"id\"]\ncolumns.id = { type = \"uuid\" }");
    world.ends(0, "run spec.toml --yes");
    world.execute("CREATE TABLE users LIKE probe");
    world.ends(0, "rollback spec.toml --yes");
    let before = world.dump();
    let plan = world.ends(0, "plan specs/vytalwatch").out;
    assert!(plan.contains("differs: "), "{plan}");
    world.ends(0, "run specs/vytalwatch --yes");
    world.ends(0, "verify specs/vytalwatch");
    world.ends(0, "rollback specs/vytalwatch -n 3 --yes");
    world.ends(0, "run specs/vytalwatch --yes");
    world.ends(0, "verify specs/vytalwatch");
    world.ends(0, "rollback specs/vytalwatch --all --yes");
    assert_eq!(world.dump(), before);
}
