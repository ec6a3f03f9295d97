//! The ten-row example, end to end.

use serde_json::json;

use super::world::World;

#[test]
fn it_runs_and_runs_again_and_is_taken_back() {
    let world = World::hello();
    let done = world.ends(0, "run hello.toml");
    assert!(done.out.is_empty(), "{}", done.out);
    for expected in [
        "shop: filled with 0 records from its fixtures",
        "hello.customers: completed in",
        "hello.orders     completed     6         6",
        "2 checks hold",
        "Done. `mapper verify hello.toml`",
    ] {
        assert!(done.err.contains(expected), "no `{expected}` in\n{}", done.err);
    }
    let again = world.json(0, "run hello.toml");
    assert_eq!(
        (&again["phases"][1]["unchanged"], &again["phases"][1]["inserted"]),
        (&6.into(), &0.into())
    );
    world.ends(0, "verify hello.toml --full");
    let dry = world.json(0, "rollback hello.toml --all --dry-run");
    assert_eq!(dry["dry_run"], true);
    assert_eq!(dry["runs"].as_array().unwrap().len(), 2);
    let done = world.ends(0, "rollback hello.toml --all --yes");
    assert!(done.err.contains("hello.orders: 6 deleted"), "{}", done.err);
    let done = world.ends(0, "rollback hello.toml --all --yes");
    assert!(done.err.contains("no run to take back"), "{}", done.err);
}

#[test]
fn a_dry_run_tells_the_same_and_changes_nothing() {
    let world = World::hello();
    world.ends(0, "run hello.toml --dry-run");
    assert!(!world.path("shop.db").exists(), "a dry run makes no database");
    world.ends(0, "seed hello.toml --fixtures");
    let before = std::fs::read(world.path("shop.db")).unwrap();
    let dry = world.json(0, "run hello.toml --dry-run --report dry.json");
    assert_eq!(std::fs::read(world.path("shop.db")).unwrap(), before);
    let real = world.json(0, "run hello.toml --report real.json");
    for phase in 0..2 {
        for count in ["read", "inserted", "updated", "unchanged", "skipped", "rejected"] {
            assert_eq!(dry["phases"][phase][count], real["phases"][phase][count], "{count}");
        }
    }
    let report: serde_json::Value = serde_json::from_str(&world.read("real.json")).unwrap();
    assert_eq!(report, real, "the report is the document");
}

#[test]
fn the_plan_and_the_status_follow_the_work() {
    let world = World::hello();
    let plan = world.ends(0, "plan hello.toml").out;
    assert!(plan.starts_with("1. phase hello.customers") && plan.contains("after 1 (lookup)"));
    assert!(world.ends(0, "plan hello.toml --format mermaid").out.starts_with("flowchart TD\n"));
    assert_eq!(world.json(0, "plan hello.toml")["nodes"][1]["kind"], "phase");
    let status = world.json(0, "status hello.toml");
    assert_eq!(status["phases"][0]["state"], "not_started");
    assert_eq!(
        (&status["phases"][0]["ready"], &status["phases"][1]["ready"]),
        (&json!(true), &json!(false))
    );
    assert!(!world.path("shop.db").exists(), "looking makes no database");
    world.ends(0, "run hello.toml --only customers");
    let status = world.json(0, "status hello.toml");
    assert_eq!(
        (&status["phases"][0]["remaining"], &status["phases"][1]["ready"]),
        (&json!(0), &json!(true))
    );
    world.ends(0, "run hello.toml --from orders");
    let text = world.ends(0, "status hello.toml --watch").out;
    assert!(text.contains("100 %") && text.contains("ada@box"), "{text}");
    world.ends(2, "status hello.toml --watch --format json");
    assert!(world.ends(0, "plan hello.toml").out.contains("[done 6 of 6]"));
}

#[test]
fn rejects_end_with_three_until_they_are_mended() {
    let world = World::hello();
    world.change("hello.toml", "equals = 18", "min = 15");
    world.change("orders.csv", "S", "?");
    let done = world.ends(3, "run hello.toml --report report.md");
    assert!(done.err.contains("`mapper rejects hello.toml` lists what and why"), "{}", done.err);
    assert!(world.read("report.md").contains("rejected: crosswalk"));
    let list = world.ends(3, "rejects hello.toml");
    assert!(list.out.contains("crosswalk") && !list.out.contains('?'), "{}", list.out);
    world.ends(3, "verify hello.toml");
    world.ends(3, "run hello.toml --only customers");
    world.ends(3, "rejects hello.toml --retry");
    world.change("orders.csv", "?", "S");
    let json = world.json(0, "rejects hello.toml --retry");
    assert_eq!(json["rejects"], json!([]));
    assert_eq!(world.json(0, "run hello.toml")["phases"][1]["unchanged"], 6);
}

#[test]
fn a_changed_phase_is_refused_and_each_way_on_works() {
    let world = World::hello();
    world.ends(0, "run hello.toml");
    world.change("hello.toml", "\"Order {{", "\"No. {{");
    let done = world.ends(1, "run hello.toml");
    for way in ["--redo hello.orders", "--update hello.orders", "--keep hello.orders"] {
        assert!(done.err.contains(way), "{}", done.err);
    }
    let json = world.json(1, "run hello.toml");
    assert!(json["error"].as_str().unwrap().contains("changed"), "{json}");
    assert_eq!(world.json(0, "status hello.toml")["phases"][1]["changed"], true);
    let updated = world.json(0, "run hello.toml --update orders");
    assert_eq!(updated["phases"][1]["updated"], 6);
    world.change("hello.toml", "\"No. {{", "\"Nr. {{");
    let redone = world.json(0, "run hello.toml --redo orders --yes");
    assert_eq!(redone["phases"][1]["inserted"], 6);
    world.change("hello.toml", "\"Nr. {{", "\"N. {{");
    world.ends(0, "run hello.toml --keep orders");
    world.ends(0, "run hello.toml");
}

#[test]
fn a_failed_check_fails_the_run_with_its_advice() {
    let world = World::hello();
    world.change("hello.toml", "equals = 18", "equals = 19");
    let done = world.ends(1, "run hello.toml");
    assert!(done.err.contains("check `all pieces arrived` does not hold"), "{}", done.err);
    assert!(done.err.contains("help: Run `mapper rejects`."), "{}", done.err);
    assert_eq!(world.json(1, "verify hello.toml")["exit"], 1);
}

#[test]
fn records_and_events_are_told_on_request() {
    let world = World::hello();
    let done = world.ends(0, "run hello.toml -v --events events.jsonl");
    assert!(done.err.contains("hello.customers 17: inserted\n"), "{}", done.err);
    let events: Vec<serde_json::Value> = world
        .read("events.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let of = |kind: &str| events.iter().filter(|event| event["event"] == kind).count();
    assert_eq!((of("record"), of("phase_finished"), of("check")), (10, 2, 2));
    let quiet = world.ends(0, "run hello.toml -q");
    assert!(quiet.out.is_empty() && quiet.err.is_empty(), "{}", quiet.err);
}

#[test]
fn ids_are_found_both_ways_and_exported() {
    let world = World::hello();
    world.ends(1, "ids hello.toml --legacy 17");
    world.ends(0, "run hello.toml");
    let found = world.json(0, "ids hello.toml --legacy 17");
    let id = found["ids"][0]["new_id"].as_str().unwrap();
    let back = world.json(0, &format!("ids hello.toml --new {id}"));
    assert_eq!(back["ids"][0]["legacy_key"], "17");
    assert_eq!(world.json(1, "ids hello.toml --legacy 999")["ids"], json!([]));
    world.ends(0, "ids hello.toml --export ids.csv");
    assert_eq!(world.read("ids.csv").lines().count(), 11);
    assert_eq!(world.json(0, "ids hello.toml --export ids.jsonl")["ids"], 10);
}

#[test]
fn fixtures_are_loaded_once() {
    let world = World::hello();
    assert_eq!(world.json(0, "seed hello.toml --fixtures")["connections"][0]["loaded"], true);
    assert_eq!(world.json(0, "seed hello.toml --fixtures")["connections"][0]["loaded"], false);
    let done = world.ends(0, "seed hello.toml --fixtures");
    assert!(done.err.contains("there was data already, so nothing was loaded"), "{}", done.err);
}

#[test]
fn mapping_tests_pass_and_fail_readably() {
    let world = World::hello();
    world.ends(0, "test hello.toml");
    assert_eq!(world.json(0, "test hello.toml orders")["tests"].as_array().unwrap().len(), 1);
    world.ends(2, "test hello.toml nothing-like-it");
    world.change("hello.toml", "name = \"Chidi Sample\"", "name = \"Someone\"");
    let done = world.ends(1, "test hello.toml");
    assert!(done.err.contains("FAILED hello.customers") && done.err.contains("\"Someone\""));
    assert_eq!(world.json(1, "test hello.toml")["failed"], 1);
    assert!(!world.path("shop.db").exists());
}

#[test]
fn commands_that_need_the_database_say_that_it_is_not_there() {
    let world = World::hello();
    for line in ["verify hello.toml", "rollback hello.toml --yes", "rejects hello.toml --retry"] {
        let done = world.ends(1, line);
        assert!(done.err.contains("`mapper run` makes and fills it"), "{line}: {}", done.err);
    }
    world.ends(0, "rejects hello.toml");
    world.ends(0, "check hello.toml --connect");
    assert!(!world.path("shop.db").exists());
}
