//! Every cell of documents: inserted, patched and filled.

use mapper::connectors::Model;
use mapper::expr::IdKind;
use mapper::plan::{OnConflict, WriteMode};
use mapper::value::Value;
use mapper::verify::PhaseDifferences;

use super::world::{World, id, id_of, mapped, object, path, phase, value};

/// 700 notes become tasks; the tasks' ids go back into the notes; people get what they lack.
async fn office() -> World {
    let mut world = World::new(Model::Documents).await;
    let notes = (1..=700)
        .map(|number: i64| {
            let mut note = object(vec![
                ("_id", Value::Int(number)),
                ("text", Value::text(format!("note {number}"))),
                ("meta", Value::object(object(vec![("pages", Value::Int(number % 7))]))),
            ]);
            if number % 2 == 0 {
                note.insert("due", Value::text("2024-01-31"));
            }
            note
        })
        .collect();
    world.insert("notes", notes).await;
    let people = (1..=10)
        .map(|number: i64| {
            let mut person = object(vec![("_id", Value::Int(number))]);
            if number == 3 {
                let prefs = object(vec![("language", Value::text("yo"))]);
                person.insert("prefs", Value::object(prefs));
            }
            person
        })
        .collect();
    world.insert("people", people).await;
    world.add(mapped(
        phase("tasks", ("notes", "_id"), "tasks", WriteMode::Insert(OnConflict::Skip)),
        &["noteId"],
        vec![
            ("_id", id(IdKind::ObjectId, "tasks")),
            ("noteId", path("_id")),
            ("text", path("text")),
            ("due", path("due")),
            ("meta", path("meta")),
        ],
    ));
    let mut link = phase("link", ("notes", "_id"), "notes", WriteMode::Patch);
    let task = id_of(&mut link, "tasks", "_id");
    world.add(mapped(link, &["_id"], vec![("_id", path("_id")), ("taskId", task)]));
    let fill = WriteMode::Fill { null_is_missing: false };
    world.add(mapped(
        phase("languages", ("people", "_id"), "people", fill),
        &["_id"],
        vec![("_id", path("_id")), ("prefs.language", value("en"))],
    ));
    world.add(mapped(
        phase("state", ("tasks", "_id"), "tasks", WriteMode::Patch),
        &["_id"],
        vec![("_id", path("_id")), ("meta.state", value("open"))],
    ));
    world
}

async fn differences(world: &World) -> Vec<PhaseDifferences> {
    let report = world.verify(true).await;
    assert_eq!(report.differences.len(), world.plan.phases.len());
    report.differences
}

#[tokio::test]
async fn planted_differences_are_found_and_nothing_else() {
    let world = office().await;
    let outcome = world.run().await;
    assert!(!outcome.is_failed(), "{:?}", outcome.nodes);
    let clean = world.verify(true).await;
    assert!(!clean.is_failed(), "{:#?}", clean.results);
    assert_eq!(clean.differences[0].compared, 700);

    let by_note = |number: i64| ("noteId", Value::Int(number));
    // Null is not missing in a document.
    world.set("tasks", by_note(9), "due", Value::Null).await;
    world.set("tasks", by_note(10), "text", Value::text("note 10 ")).await;
    world.set("tasks", by_note(400), "meta.pages", Value::Int(99)).await;
    world.set("tasks", by_note(401), "meta.state", Value::text("closed")).await;
    let by_id = |number: i64| ("_id", Value::Int(number));
    let task = |number: i64| {
        let key = mapper::value::Key::new([&Value::Int(number)]).unwrap();
        let rule = mapper::expr::IdRule {
            kind: IdKind::ObjectId,
            spec: "shop".into(),
            phase: "tasks".into(),
            name: None,
        };
        rule.make(&key, None)
    };
    world.set("notes", by_id(7), "taskId", task(8)).await;
    world.set("notes", by_id(8), "taskId", task(7)).await;
    // The one language was there before; the other was filled in.
    world.set("people", by_id(3), "prefs.language", Value::text("ha")).await;
    world.set("people", by_id(5), "prefs.language", Value::text("ha")).await;

    let found = differences(&world).await;
    let fields = |index: usize| {
        let fields: Vec<String> =
            found[index].fields.iter().map(|(name, count)| format!("{name} {count}")).collect();
        fields.join(", ")
    };
    assert_eq!(fields(0), "due 1, meta 1, text 1");
    // A collection is read in order of its ids' texts.
    assert_eq!(found[0].keys, ["10", "400", "9"]);
    assert_eq!(fields(1), "taskId 2");
    assert_eq!(found[1].keys, ["7", "8"]);
    assert_eq!(fields(2), "prefs.language 1");
    assert_eq!(found[2].keys, ["5"]);
    assert_eq!(fields(3), "meta.state 1");
    assert!(found.iter().all(|phase| phase.missing == 0 && phase.error.is_none()));
}

#[tokio::test]
async fn what_was_filled_in_is_known_after_further_runs() {
    let world = office().await;
    for _ in 0..3 {
        assert!(!world.run().await.is_failed());
    }
    assert!(differences(&world).await.iter().all(PhaseDifferences::is_equal));
    world.set("people", ("_id", Value::Int(5)), "prefs.language", Value::text("ha")).await;
    assert_eq!(differences(&world).await[2].keys, ["5"]);
}
