//! Fields that a service fills, against a service that answers, throttles, fails and hangs.

mod brius;
pub mod service;
mod stores;
mod world;

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Duration;

use service::{Act, Request, Service, vector};
use world::{PER_BATCH, PER_RECORD, World, phase};

fn texts(from: usize, to: usize) -> Vec<String> {
    (from..to).map(|at| format!("note \"{at}\"\nof a very private kind")).collect()
}

fn always(_: &str, _: usize) -> Act {
    Act::Answer
}

/// 30 % throttled, 5 % failing, 1 % hanging.
fn troubled(content: &str, nth: usize) -> Act {
    let mut hasher = DefaultHasher::new();
    (content, nth).hash(&mut hasher);
    match hasher.finish() % 100 {
        0..30 => Act::Throttle("0"),
        30..33 => Act::Status(500),
        33..35 => Act::Status(503),
        35 => Act::Hang,
        _ => Act::Answer,
    }
}

fn sum(phases: &[serde_json::Value], key: &str) -> u64 {
    phases.iter().map(|phase| phase["enrich"][0][key].as_u64().unwrap()).sum()
}

/// No window of a second sees more than the rate, but for what the network does to order.
fn keeps_rate(requests: &[Request], rate: usize) {
    let mut at: Vec<_> = requests.iter().map(|request| request.at).collect();
    at.sort();
    for (first, start) in at.iter().enumerate() {
        let within = at[first..].iter().take_while(|at| **at - *start < Duration::from_secs(1));
        let within = within.count();
        assert!(within <= rate + rate / 10 + 1, "{within} requests in a second");
    }
}

#[test]
fn a_service_in_trouble_is_asked_until_all_is_answered_and_nothing_twice() {
    let service = Service::start(troubled);
    let how = format!(
        "{PER_RECORD}concurrency = 8\nrate = \"150/s\"\ntimeout = \"2s\"\n\
         retry = {{ attempts = 8, backoff = \"5ms\" }}\n\
         cost = {{ price = \"0.02\", for = 1000, units = \"inputTextTokenCount\" }}\nbatch = 50\n"
    );
    let phases = [phase("notes", &how), phase("letters", &how)];
    // Both phases have 100 texts in common, and each some of its own twice.
    let mut notes = texts(0, 300);
    notes.extend(texts(0, 50));
    let mut letters = texts(200, 500);
    letters.extend(texts(450, 500));
    let world = World::new(&service, &phases, &notes, &letters);
    let told = world.run(0, "");
    let answered = service.answered();
    assert_eq!(answered.len(), 500, "every content is answered");
    assert!(answered.values().all(|times| *times == 1), "and none twice");
    let requests = service.requests();
    keeps_rate(&requests, 150);
    assert_eq!(world.count("SELECT count(*) FROM vectors"), 500);
    let one =
        world.rows("SELECT vector || '' FROM vectors WHERE source_id = 7 ORDER BY hash LIMIT 1");
    let one: Vec<f64> = serde_json::from_str(&one[0]).unwrap();
    let known: Vec<Vec<f64>> = [&notes[6], &letters[6]].iter().map(|text| vector(text)).collect();
    assert!(known.contains(&one), "{one:?}");
    // The report accounts for every request.
    assert_eq!(sum(&told, "calls"), requests.len() as u64);
    assert_eq!(sum(&told, "sent"), 500);
    let throttled = requests.iter().filter(|request| matches!(request.act, Act::Throttle(_)));
    assert_eq!(sum(&told, "throttled"), throttled.count() as u64);
    assert_eq!(sum(&told, "held") + sum(&told, "shared"), 200);
    let units: usize = answered.keys().map(|content| content.split(' ').count()).sum();
    assert_eq!(sum(&told, "units"), units as u64);
    let cost: f64 = told
        .iter()
        .map(|phase| phase["enrich"][0]["cost"].as_str().unwrap().parse::<f64>().unwrap())
        .sum();
    #[expect(clippy::cast_precision_loss, reason = "a small number")]
    let expected = units as f64 * 0.02 / 1000.0;
    assert!((cost - expected).abs() < 1e-5, "{cost} and not {expected}");
    // Nothing is left claimed, and nothing is left to do.
    assert_eq!(world.count("SELECT count(*) FROM mapper_claims"), 0);
    service.forget();
    let told = world.run(0, "");
    assert_eq!(service.requests().len(), 0);
    assert_eq!(sum(&told, "sent") + sum(&told, "calls"), 0);
    let inserted: u64 = told.iter().map(|phase| phase["inserted"].as_u64().unwrap()).sum();
    assert_eq!(inserted, 0);
    let told = world.ends(0, "verify demo.toml --full");
    assert_eq!(service.requests().len(), 0, "a verification asks nobody");
    assert!(told.contains("Verified."), "{told}");
    world.ends(0, "rollback demo.toml --all --yes");
    assert_eq!(world.count("SELECT count(*) FROM vectors"), 0);
}

#[test]
fn killed_and_resumed_it_sends_again_at_most_a_batch_for_each_worker() {
    for point in ["data:4", "checkpoint:3", "committed:5"] {
        let service = Service::start(always);
        let how = format!("{PER_RECORD}concurrency = 3\nbatch = 20\n");
        let contents = texts(0, 300);
        let world = World::new(&service, &[phase("notes", &how)], &contents, &[]);
        let mut child = world.run_until(point);
        child.kill().unwrap();
        child.wait().unwrap();
        let before = service.answered();
        assert!(before.len() < 300, "{point}: it was killed on the way");
        let told = world.ends(0, "run demo.toml");
        assert!(told.contains("goes on where it was interrupted"), "{told}");
        assert!(told.contains("were on their way to a service"), "{told}");
        let answered = service.answered();
        assert_eq!(answered.len(), 300);
        let again = answered.values().filter(|times| **times > 1).count();
        assert!(again <= 3 * 20, "{point}: {again} contents were sent again");
        assert_eq!(world.count("SELECT count(*) FROM vectors"), 300);
        assert_eq!(world.count("SELECT count(*) FROM mapper_claims"), 0);
        assert_eq!(world.count("SELECT inserted FROM mapper_phases"), 300);
    }
}

/// Takes no note 5 or 27, whoever is asked with it.
fn choosy(content: &str, _: usize) -> Act {
    let poisoned = content.contains("\"5\"") || content.contains("\"27\"");
    if poisoned { Act::Status(400) } else { Act::Answer }
}

#[test]
fn what_a_service_refuses_is_a_reject_and_the_rest_of_its_batch_is_not() {
    let service = Service::start(choosy);
    let how = format!("{PER_BATCH}bearer = \"${{TOKEN}}\"\nbatch = 10\n");
    let world = World::new(&service, &[phase("notes", &how)], &texts(0, 40), &[]);
    let told = world.run(3, "");
    assert_eq!(told[0]["inserted"], 38);
    assert_eq!(told[0]["reasons"]["rejected: enrich"], 2);
    assert_eq!(told[0]["enrich"][0]["refused"], 2);
    for request in service.requests() {
        assert_eq!(request.headers["authorization"], "Bearer tok-3n-s3cret");
        assert_eq!(request.headers["content-type"], "application/json");
    }
    let rejects = world.ends(3, "rejects demo.toml");
    assert!(rejects.contains("the service answers 400 Bad Request"), "{rejects}");
    assert!(!rejects.contains("private"), "{rejects}");
    let held = world.rows("SELECT reason || message || coalesce(field, '') FROM mapper_rejects");
    assert!(held.iter().all(|held| held.contains("vector") && !held.contains("private")));
    // The service takes them at last.
    service.becomes(always);
    service.forget();
    world.ends(0, "rejects demo.toml --retry");
    assert_eq!(world.count("SELECT count(*) FROM vectors"), 40);
    assert_eq!(service.answered().len(), 2, "only those are sent");
}

#[test]
fn who_is_not_let_in_is_told_at_once_and_keeps_what_was_done() {
    fn closes(content: &str, _: usize) -> Act {
        if content.contains("\"9") { Act::Status(401) } else { Act::Answer }
    }
    let service = Service::start(closes);
    let how = format!("{PER_RECORD}bearer = \"${{TOKEN}}\"\nbatch = 10\nconcurrency = 1\n");
    let world = World::new(&service, &[phase("notes", &how)], &texts(10, 100), &[]);
    let told = world.ends(1, "run demo.toml");
    assert!(told.contains("enrich `vector`: the service answers 401 Unauthorized"), "{told}");
    assert!(told.contains("`bearer`") && !told.contains("s3cret"), "{told}");
    assert_eq!(world.count("SELECT count(*) FROM vectors"), 80, "what was answered is kept");
    assert_eq!(world.count("SELECT count(*) FROM mapper_rejects"), 0);
    let refused = service.requests().iter().filter(|r| r.act != Act::Answer).count();
    assert_eq!(refused, 1, "it is not asked again and again");
    service.becomes(always);
    world.ends(0, "run demo.toml");
    assert_eq!(world.count("SELECT count(*) FROM vectors"), 90);
}

#[test]
fn a_service_that_is_away_stops_the_phase() {
    let service = Service::start(always);
    let how = format!("{PER_RECORD}retry = {{ attempts = 2, backoff = \"1ms\" }}\n");
    let world = World::new(&service, &[phase("notes", &how)], &texts(0, 3), &[]);
    world.change("${SERVICE_URL}", "http://127.0.0.1:1");
    let told = world.ends(1, "run demo.toml");
    assert!(told.contains("the service can't be reached, after 2 attempts"), "{told}");
    world.change("http://127.0.0.1:1", "${SERVICE_URL}");
    let told = world.run(0, "");
    assert_eq!(told[0]["inserted"], 3);
}

#[test]
fn failures_that_do_not_pass_are_rejects_in_the_end() {
    fn fails(content: &str, _: usize) -> Act {
        if content.contains("\"1\"") { Act::Status(502) } else { Act::Answer }
    }
    let service = Service::start(fails);
    let how = format!("{PER_RECORD}retry = {{ attempts = 3, backoff = \"1ms\" }}\n");
    // The same text twice: it is not tried twice.
    let mut contents = texts(0, 4);
    contents.extend(texts(1, 2));
    let world = World::new(&service, &[phase("notes", &how)], &contents, &[]);
    let told = world.run(3, "");
    assert_eq!(told[0]["rejected"], 2);
    assert_eq!(told[0]["enrich"][0]["failed"], 3);
    let rejects = world.ends(3, "rejects demo.toml");
    assert!(rejects.contains("502 Bad Gateway, after 3 attempts"), "{rejects}");
}

#[test]
fn a_wait_that_the_service_asks_for_is_kept() {
    fn once(_: &str, nth: usize) -> Act {
        if nth == 1 { Act::Throttle("1") } else { Act::Answer }
    }
    let service = Service::start(once);
    // One attempt: being throttled does not count.
    let how = format!("{PER_RECORD}retry = {{ attempts = 1, backoff = \"1ms\" }}\n");
    let world = World::new(&service, &[phase("notes", &how)], &texts(0, 1), &[]);
    world.run(0, "");
    let requests = service.requests();
    assert_eq!(requests.len(), 2);
    assert!(requests[1].at - requests[0].at >= Duration::from_secs(1));
}

#[test]
fn a_dry_run_sends_nothing_and_tells_how_much_it_would() {
    let service = Service::start(always);
    let how = format!("{PER_BATCH}batch = 10\n");
    let mut contents = texts(0, 25);
    contents.extend(texts(0, 5));
    let world = World::new(&service, &[phase("notes", &how)], &contents, &[]);
    world.ends(0, "seed demo.toml --fixtures");
    let told = world.ends(0, "run demo.toml --dry-run");
    assert!(
        told.contains("vector: no request was sent; a run would send 25 inputs in 3 requests"),
        "{told}"
    );
    assert_eq!(service.requests().len(), 0);
    assert_eq!(world.count("SELECT count(*) FROM vectors"), 0);
    let told = world.run(0, "");
    assert_eq!((&told[0]["inserted"], &told[0]["skipped"]), (&25.into(), &5.into()));
}

#[test]
fn requests_to_aws_are_signed() {
    let service = Service::start(always);
    let how = format!(
        "{PER_RECORD}aws = {{ service = \"bedrock\", region = \"eu-west-1\", \
         access_key = \"${{KEY_ID}}\", secret_key = \"${{TOKEN}}\", session_token = \"${{SESSION:-}}\" }}\n"
    );
    let world = World::new(&service, &[phase("notes", &how)], &texts(0, 2), &[]);
    let told = world.ends(2, "run demo.toml");
    assert!(told.contains("the variable `KEY_ID` is not set"), "{told}");
    let run = |session: &str| {
        let mut command = world.command("run demo.toml");
        command.env("KEY_ID", "AKIDTEST").env("SESSION", session);
        assert!(command.output().unwrap().status.success());
    };
    run("");
    for request in service.requests() {
        let signature = &request.headers["authorization"];
        assert!(signature.starts_with("AWS4-HMAC-SHA256 Credential=AKIDTEST/"), "{signature}");
        assert!(signature.contains("/eu-west-1/bedrock/aws4_request"), "{signature}");
        assert!(signature.contains("SignedHeaders=content-type;host;x-amz-date"), "{signature}");
        assert!(!request.headers.contains_key("x-amz-security-token"));
    }
    world.ends(2, "rollback demo.toml --all --yes");
    let mut command = world.command("rollback demo.toml --all --yes");
    assert!(command.env("KEY_ID", "AKIDTEST").output().unwrap().status.success());
    service.forget();
    run("temporary");
    assert!(service.requests().iter().all(|r| r.headers["x-amz-security-token"] == "temporary"));
    assert_eq!(service.requests().len(), 2);
}

#[test]
fn only_what_changed_is_sent_when_records_are_updated() {
    let service = Service::start(always);
    let spec = r#"
[phase.notes]
source = { connection = "app", table = "notes", key = ["id"] }
target = { connection = "app", table = "documents", key = ["id"], on_conflict = "update" }

[phase.notes.fields]
id = "id"
content = "text"
seen = { value = "SEEN" }

[phase.notes.enrich.vector]
url = "${SERVICE_URL}/embed"
input = "content"
per = "record"
body = '{"inputText": {{ input | tojson }}}'
take = "embedding"
"#;
    let world = World::new(&service, &[spec.replace("SEEN", "once")], &texts(0, 10), &[]);
    let schema = std::fs::read_to_string(world.path("app/schema.sql")).unwrap();
    let more =
        "CREATE TABLE documents (id INTEGER PRIMARY KEY, content TEXT, seen TEXT, vector JSON);\n";
    std::fs::write(world.path("app/schema.sql"), schema + more).unwrap();
    world.run(0, "");
    assert_eq!(service.answered().len(), 10);
    service.forget();
    // Other fields change, the content does not.
    world.change("\"once\"", "\"twice\"");
    let told = world.run(0, " --update notes");
    assert_eq!((&told[0]["updated"], service.requests().len()), (&10.into(), 0));
    assert_eq!(told[0]["enrich"][0]["held"], 10);
    world.execute("UPDATE notes SET text = 'another one' WHERE id IN (3, 4)");
    let told = world.run(0, "");
    assert_eq!((&told[0]["updated"], &told[0]["unchanged"]), (&2.into(), &8.into()));
    let answered: HashSet<String> = service.answered().into_keys().collect();
    assert_eq!(answered, HashSet::from(["another one".to_owned()]));
    let vectors = world.rows("SELECT DISTINCT vector || '' FROM documents WHERE id IN (3, 4)");
    let one: Vec<f64> = serde_json::from_str(&vectors[0]).unwrap();
    assert_eq!(one, vector("another one"));
}

#[test]
fn an_enrichment_or_a_phase_that_is_off_sends_nothing() {
    let service = Service::start(always);
    let how = format!("{PER_RECORD}enabled = \"${{ASK:-false}}\"\n");
    let phases = [phase("notes", &how), phase("letters", PER_RECORD)];
    let world = World::new(&service, &phases, &texts(0, 2), &texts(5, 6));
    let schema = std::fs::read_to_string(world.path("app/schema.sql")).unwrap();
    std::fs::write(world.path("app/schema.sql"), schema.replace("JSON NOT NULL", "JSON")).unwrap();
    world.change("[phase.letters]\n", "[phase.letters]\nenabled = \"${LETTERS:-false}\"\n");
    let told = world.run(0, "");
    assert_eq!((&told[0]["inserted"], &told[1]["state"]), (&2.into(), &"not_selected".into()));
    assert_eq!(service.requests().len(), 0);
    assert_eq!(world.count("SELECT count(*) FROM vectors WHERE vector IS NULL"), 2);
    let plan = world.ends(0, "plan demo.toml");
    assert!(plan.contains("vector of a service is not enabled"), "{plan}");
    assert!(plan.contains("not enabled: it is not run"), "{plan}");
    // Both are enabled: what is there gets its vector by an update.
    let mut command = world.command("run demo.toml --update notes");
    assert!(command.env("ASK", "true").env("LETTERS", "true").output().unwrap().status.success());
    assert_eq!(world.count("SELECT count(*) FROM vectors WHERE vector IS NOT NULL"), 3);
    assert_eq!(service.requests().len(), 3);
}
