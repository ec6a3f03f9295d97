//! Files, folders and includes.

use super::{Files, codes};

const CONNECTION: &str = "[connections.shop]\nurl = \"sqlite:shop.db\"\n";

fn named(name: &str, rest: &str) -> String {
    format!("spec = 1\nname = \"{name}\"\n{rest}")
}

#[test]
fn what_is_no_text_gets_one_clear_error() {
    let mut files = Files::default();
    files.0.insert("latin1.toml".into(), b"spec = 1\nname = \"caf\xe9\"\n".to_vec());
    files.0.insert("large.toml".into(), vec![b'#'; 50_000_000]);
    let said = |path: &str| {
        let (set, _, diagnostics) = files.load(&[path]);
        assert!(set.is_none());
        let sorted = diagnostics.sorted();
        assert_eq!(sorted.len(), 1);
        format!("{} {} {:?}", sorted[0].code, sorted[0].message, sorted[0].help)
    };
    assert_eq!(said("none.toml"), "E0101 `none.toml` can't be read: there is no such file None");
    assert_eq!(
        said("latin1.toml"),
        "E0102 `latin1.toml` is not UTF-8 Some(\"line 2 holds the byte 0xE9; save the file as UTF-8\")"
    );
    assert_eq!(
        said("large.toml"),
        "E0103 `large.toml` is too large for a spec Some(\"a spec may have 10 MB\")"
    );
}

#[test]
fn a_folder_is_its_specs_by_name_without_what_they_include() {
    let files = Files::new([
        ("specs/b.toml", &named("b", "include = [\"shared.toml\", \"shared/more.toml\"]")),
        ("specs/a.toml", &named("a", "include = \"./shared.toml\"")),
        ("specs/shared.toml", CONNECTION),
        ("specs/shared/more.toml", "[crosswalk.c]\na = 1\n"),
        ("specs/notes.md", "not a spec"),
    ]);
    let (set, _, diagnostics) = files.load(&["specs"]);
    assert!(diagnostics.is_empty(), "{:?}", codes(&diagnostics));
    let specs = set.unwrap().specs;
    let names: Vec<_> = specs.iter().map(|spec| spec.name.as_ref().unwrap().as_str()).collect();
    assert_eq!(names, ["a", "b"]);
    assert!(specs.iter().all(|spec| spec.connection("shop").is_some()));
    assert!(specs[0].crosswalk("c").is_none() && specs[1].crosswalk("c").is_some());
}

#[test]
fn a_mistake_in_a_shared_file_is_told_once() {
    let files = Files::new([
        ("specs/a.toml", &named("a", "include = \"shared/c.toml\"")),
        ("specs/b.toml", &named("b", "include = \"shared/c.toml\"")),
        ("specs/shared/c.toml", "[connections.shop]\nurl = 5\n"),
    ]);
    assert_eq!(codes(&files.load(&["specs"]).2), ["E0203"]);
    assert_eq!(codes(&files.load(&["specs", "specs/a.toml"]).2), ["E0203"]);
}

#[test]
fn folders_without_specs_and_specs_with_one_name_are_told() {
    let files = Files::new([
        ("empty/readme.md", ""),
        ("two/a.toml", &named("same", "")),
        ("two/b.toml", &named("same", "")),
        ("circle/a.toml", &named("a", "include = \"b.toml\"")),
        ("circle/b.toml", &named("b", "include = \"a.toml\"")),
    ]);
    assert_eq!(codes(&files.load(&["empty"]).2), ["E0108"]);
    assert_eq!(codes(&files.load(&["two"]).2), ["E0205"]);
    assert_eq!(codes(&files.load(&["nowhere"]).2), ["E0101"]);
    let circle = files.load(&["circle"]).2;
    assert!(codes(&circle).iter().all(|code| *code == "E0110") && !circle.is_empty());
}

#[test]
fn a_diamond_of_includes_is_taken_in_once() {
    let files = Files::new([
        ("a.toml", &named("a", "include = [\"b.toml\", \"c.toml\"]")),
        ("b.toml", "include = \"d.toml\""),
        ("c.toml", "include = \"d.toml\""),
        ("d.toml", CONNECTION),
    ]);
    let (set, _, diagnostics) = files.load(&["a.toml"]);
    assert!(diagnostics.is_empty(), "{:?}", codes(&diagnostics));
    assert_eq!(set.unwrap().specs[0].connections.len(), 1);
}

#[test]
fn what_could_not_be_read_is_marked_as_damage() {
    let files = Files::new([
        ("a.toml", &named("a", "[phase.x\nbatch = 1\n[crosswalk.c]\na = 1\n")),
        ("b.toml", &named("b", "include = \"none.toml\"")),
        ("c.toml", &named("c", "batch = 1")),
    ]);
    let damaged = |path: &str| files.load(&[path]).0.unwrap().specs[0].damaged;
    assert!(damaged("a.toml") && damaged("b.toml") && !damaged("c.toml"));
    let (set, _, diagnostics) = files.load(&["a.toml"]);
    assert!(set.unwrap().specs[0].crosswalk("c").is_some(), "the rest is read");
    assert_eq!(codes(&diagnostics), ["E0105"], "what the damage took is not missed");
}
