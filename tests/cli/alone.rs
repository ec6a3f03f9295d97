//! Commands that need no data: the registers, a new spec.

use super::world::World;

#[test]
fn a_code_is_explained() {
    let world = World::empty();
    let done = world.ends(0, "explain e0201");
    assert!(done.out.starts_with("E0201: unknown key\n") && done.err.is_empty(), "{}", done.out);
    let json = world.json(0, "explain E0201");
    assert_eq!((&json["code"], &json["severity"]), (&"E0201".into(), &"error".into()));
    let done = world.ends(2, "explain E0219");
    assert!(done.out.is_empty() && done.err.contains("did you mean `E0"), "{}", done.err);
    assert!(world.json(2, "explain nothing")["error"]["message"].is_string());
}

#[test]
fn registers_are_listed_whole() {
    let world = World::empty();
    let transforms = world.json(0, "list transforms");
    let names: Vec<&str> = transforms["transforms"]
        .as_array()
        .unwrap()
        .iter()
        .map(|transform| transform["name"].as_str().unwrap())
        .collect();
    assert_eq!(names.len(), mapper::functions::ALL.len());
    let text = world.ends(0, "list transforms").out;
    for name in names {
        assert!(text.contains(&format!("\n  {name} ")), "{name} is not listed");
    }
    let codes = world.json(0, "list codes");
    assert_eq!(codes["codes"].as_array().unwrap().len(), mapper::diagnostics::codes::all().count());
    assert!(world.ends(0, "list codes").out.contains("\nE0201  unknown key\n"));
    let connectors = world.json(0, "list connectors");
    assert!(connectors["connectors"][0]["schemes"].is_array());
    assert!(world.ends(0, "list connectors").out.contains("\nfiles "));
    assert!(world.ends(2, "list things").err.contains("transforms, fakes, codes, connectors"));
}

#[test]
fn the_schema_is_the_one_that_is_kept() {
    let world = World::empty();
    let kept = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/spec.schema.json");
    let kept: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(kept).unwrap()).unwrap();
    assert_eq!(world.json(0, "schema"), kept);
}

#[test]
fn shells_get_their_script() {
    let world = World::empty();
    assert!(world.ends(0, "completions bash").out.starts_with("_mapper() {"));
    for shell in ["elvish", "fish", "powershell", "zsh"] {
        assert!(world.ends(0, &format!("completions {shell}")).out.contains("rollback"), "{shell}");
    }
    assert_eq!(world.json(0, "completions fish")["shell"], "fish");
}

#[test]
fn a_new_spec_passes_its_check_and_its_tests() {
    let world = World::empty();
    let done = world.ends(0, "new orders-2");
    assert!(done.err.contains("Wrote orders-2.toml"), "{}", done.err);
    let done = world.ends(0, "check orders-2.toml");
    assert!(done.err.starts_with("no mistakes in 1 phase,"), "{}", done.err);
    world.ends(0, "test orders-2.toml");
    let before = world.read("orders-2.toml");
    let done = world.ends(2, "new orders-2");
    assert!(done.err.contains("orders-2.toml exists"), "{}", done.err);
    assert_eq!(world.read("orders-2.toml"), before);
    std::fs::create_dir(world.path("specs")).unwrap();
    assert_eq!(world.json(0, "new items")["path"], "specs/items.toml");
    assert!(world.path("specs/items.toml").exists());
    world.ends(2, "new ../escape");
}
