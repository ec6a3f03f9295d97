//! What is about to be touched is exported first, and can be put back.

mod refused;
mod world;

use std::io::BufRead as _;

use world::World;

use crate::servers;

/// Runs, has hands write to the tables, puts back: all is as it was before the run, and the next run
/// does it again.
async fn comes_back(url: &str, documents: bool) {
    let world = World::new(url, documents, "run").await;
    let before = world.content().await;
    world.mapper(&["run", "--dry-run"]).exits(0);
    assert!(!world.backups().exists(), "a dry run writes no backup");
    world.mapper(&["run"]).exits(0);
    let after = world.content().await;
    assert_ne!(before, after);

    world.spoil().await;
    world.add("target", r#"{"id":20,"code":"new","name":"hand"}"#).await;
    let spoilt = world.content().await;
    let told = world.mapper(&["restore", "--dry-run"]).exits(0);
    assert!(told.err.contains("nothing was written"), "{}", told.err);
    assert_eq!(world.content().await, spoilt);

    let refused = world.mapper(&["restore"]).exits(2);
    assert!(refused.err.contains("--yes"), "{}", refused.err);
    let told = world.mapper(&["restore", "--yes", "--format", "json"]).exits(0).json();
    let target =
        &told["tables"].as_array().unwrap().iter().find(|t| t["table"] == "target").unwrap();
    assert_eq!(
        (&target["inserted"], &target["changed"], &target["deleted"], &target["unchanged"]),
        (&2.into(), &1.into(), &3.into(), &0.into()),
        "{told}"
    );
    assert!(told["tables"].as_array().unwrap().iter().all(|table| table["verified"] == true));
    assert_eq!(told["phases"].as_array().unwrap().len(), 2, "{told}");
    let restored = world.content().await;
    // A collection that was not there is gone again.
    assert_eq!(restored, before);

    let again = world.mapper(&["restore", "--yes", "--format", "json"]).exits(0).json();
    for table in again["tables"].as_array().unwrap() {
        assert_eq!(table["inserted"].as_u64().unwrap() + table["deleted"].as_u64().unwrap(), 0);
    }

    // What is gone is not said to be there.
    let told = world.mapper(&["run", "--format", "json"]).exits(0).json();
    let copy = &told["phases"][0];
    assert_eq!((&copy["inserted"], &copy["updated"]), (&2.into(), &1.into()), "{told}");
    assert_eq!(world.content().await, after);
    world.mapper(&["verify"]).exits(0);
    world.mapper(&["rollback", "--all", "--yes"]).exits(0);
    assert_eq!(world.content().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_come_back_on_sqlite() {
    comes_back("sqlite:FOLDER/shop.db", false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_come_back_on_sqlite() {
    comes_back("sqlite:FOLDER/shop.db", true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_come_back_on_postgres() {
    comes_back(&servers::postgres().database().url(), false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_come_back_on_mariadb() {
    comes_back(&servers::mariadb().database().url(), false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_come_back_on_a_mongodb_server() {
    comes_back(&servers::mongo_java().database().url(), true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_for_their_owner_and_can_be_read_without_mapper() {
    let world = World::new("sqlite:FOLDER/shop.db", false, "run").await;
    world.mapper(&["run"]).exits(0);
    #[cfg(unix)]
    for path in World::files(&world.backups()) {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, if path.is_dir() { 0o700 } else { 0o600 }, "{}", path.display());
    }
    let file = zstd::Decoder::new(std::fs::File::open(world.file_of("target")).unwrap()).unwrap();
    let lines: Vec<String> = std::io::BufReader::new(file).lines().map(Result::unwrap).collect();
    assert_eq!(
        lines[0],
        r#"{"id":10,"code":"b","name":"zwei","amount":{"$numberDecimal":"1.10"},"born":{"mapper:date":"2001-02-03"},"hour":{"mapper:time":"04:05:06.000007"},"parent":11}"#
    );
    assert_eq!(lines.len(), 3);
    let told = world.mapper(&["restore", "--list", "--format", "json"]).exits(0).json();
    let backup = &told["backups"][0];
    assert_eq!((&backup["one_moment"], &backup["phase"]), (&true.into(), &serde_json::Value::Null));
    assert_eq!(backup["tables"][1]["rows"], 3);
}

/// A phase says it for itself, whatever its connection says.
#[tokio::test(flavor = "multi_thread")]
async fn a_phase_overrides_its_connection() {
    for (connection, copy, lines, expected) in [
        ("phase", "", "backup = false\n", &[("shop.copy", "target")][..]),
        ("", "", "backup = true\n", &[("shop.lines", "line")]),
        ("run", "backup = false\n", "", &[("", "line")]),
        ("run", "backup = false\n", "backup = false\n", &[]),
        ("", "", "", &[]),
    ] {
        let world = World::new("sqlite:FOLDER/shop.db", false, connection).await;
        world.edit("backup = \"\"\n", "");
        world.edit("[phase.copy.fields]", &format!("{copy}[phase.copy.fields]"));
        world.edit("[phase.lines.fields]", &format!("{lines}[phase.lines.fields]"));
        world.mapper(&["run"]).exits(0);
        let told = world.mapper(&["restore", "--list", "--format", "json"]).exits(0).json();
        let made: Vec<(&str, &str)> = told["backups"]
            .as_array()
            .unwrap()
            .iter()
            .map(|backup| {
                assert_eq!(backup["tables"].as_array().unwrap().len(), 1);
                let phase = backup["phase"].as_str().unwrap_or_default();
                (phase, backup["tables"][0]["table"].as_str().unwrap())
            })
            .collect();
        assert_eq!(made, expected, "{connection} {copy} {lines}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn before_each_phase_only_what_it_touches() {
    let world = World::new("sqlite:FOLDER/shop.db", false, "phase").await;
    let before = world.content().await;
    world.mapper(&["run"]).exits(0);
    let told = world.mapper(&["restore", "--list", "--format", "json"]).exits(0).json();
    let backups: Vec<(&str, &str, u64)> = told["backups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|backup| {
            let table = &backup["tables"][0];
            assert_eq!(backup["tables"].as_array().unwrap().len(), 1);
            let rows = table["rows"].as_u64().unwrap();
            (backup["phase"].as_str().unwrap(), table["table"].as_str().unwrap(), rows)
        })
        .collect();
    assert_eq!(backups, [("shop.copy", "target", 3), ("shop.lines", "line", 0)]);

    let after = world.content().await;
    let told =
        world.mapper(&["restore", "--phase", "lines", "--yes", "--format", "json"]).exits(0).json();
    assert_eq!(told["phases"].as_array().unwrap().len(), 1, "{told}");
    world.mapper(&["run"]).exits(0);
    assert_eq!(world.content().await, after);
    world.mapper(&["restore", "--yes"]).exits(0);
    assert_eq!(world.content().await, before, "both tables, each from the oldest backup");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_run_left_is_no_backup_and_a_whole_one_stays() {
    use std::process::Stdio;
    let world = World::new("sqlite:FOLDER/shop.db", false, "run").await;
    let before = world.content().await;
    // Held in the middle of the first phase, then killed.
    let mut run = world.command(&["run"]);
    run.env("MAPPER_FAILPOINT", "committed").env("MAPPER_COMMIT_AFTER", "0s");
    let mut child = run.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let lines = std::io::BufReader::new(child.stderr.take().unwrap()).lines();
    let held = lines.map(Result::unwrap).find(|line| line.contains("failpoint committed"));
    assert!(held.is_some());
    child.kill().unwrap();
    child.wait().unwrap();

    let listed = world.mapper(&["restore", "--list", "--format", "json"]).exits(0).json();
    assert_eq!(listed["backups"].as_array().unwrap().len(), 1);
    let folder = world.file_of("target").parent().unwrap().to_owned();
    let partial = folder.parent().unwrap().join(".other.partial");
    std::fs::create_dir(&partial).unwrap();
    std::fs::copy(folder.join("manifest.json"), partial.join("manifest.json")).unwrap();
    world.mapper(&["run"]).exits(0);
    let again = world.mapper(&["restore", "--list", "--format", "json"]).exits(0).json();
    assert_eq!(listed, again, "the backup from before the run stays, the partial one is none");
    world.mapper(&["restore", "--yes"]).exits(0);
    assert_eq!(world.content().await, before);
}
