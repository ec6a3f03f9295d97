//! Phase 8 of `specs/brius` on its sample: off unless it is asked for, then every content once.

use std::process::Command;

use serde_json::Value as Json;

use super::service::{Act, Service};
use super::troubled;

fn run(service: &Service, folder: &std::path::Path, embeddings: bool) -> Json {
    let root = env!("CARGO_MANIFEST_DIR");
    let report = folder.join("report.json");
    let output = Command::new(env!("CARGO_BIN_EXE_mapper"))
        .args(["run", "specs/brius", "--env-file", "examples/brius/sample/expected.env"])
        .args(["--report", report.to_str().unwrap()])
        .current_dir(root)
        .env("LEGACY_URL", format!("sqlite:{}", folder.join("legacy.db").display()))
        .env("MDW_URL", format!("sqlite:{}", folder.join("mdw.db").display()))
        .env("EMBEDDINGS", embeddings.to_string())
        .env("EMBEDDING_URL", format!("{}/invoke", service.url))
        .env("EMBEDDING_RATE", "400/s")
        .env("AWS_ACCESS_KEY_ID", "AKIDTEST")
        .env("AWS_SECRET_ACCESS_KEY", "s3cret-of-aws")
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "the sample has rejects\n{told}");
    assert!(!told.contains("s3cret-of-aws"));
    serde_json::from_str(&std::fs::read_to_string(report).unwrap()).unwrap()
}

#[test]
fn every_content_gets_one_vector() {
    // Nothing hangs here: the spec waits 30 seconds.
    fn throttled(content: &str, nth: usize) -> Act {
        match troubled(content, nth) {
            Act::Hang => Act::Answer,
            act => act,
        }
    }
    let service = Service::start(throttled);
    let folder = tempfile::tempdir().unwrap();
    let report = run(&service, folder.path(), false);
    assert_eq!(service.requests().len(), 0, "it is off");
    let of = |report: &Json| -> Vec<Json> {
        let phases = report["phases"].as_array().unwrap().iter();
        let own = |phase: &&Json| phase["phase"].as_str().unwrap().starts_with("embeddings.");
        phases.filter(own).cloned().collect()
    };
    assert!(of(&report).iter().all(|phase| phase["state"] == "not_selected"));
    let report = run(&service, folder.path(), true);
    let phases = of(&report);
    let sum = |key: &str| phases.iter().map(|phase| phase[key].as_u64().unwrap()).sum::<u64>();
    assert_eq!(phases.len(), 4);
    assert!(phases.iter().all(|phase| phase["state"] == "completed"), "{phases:?}");
    assert!(phases.iter().all(|phase| phase["inserted"].as_u64() > Some(0)), "{phases:?}");
    assert_eq!(sum("rejected"), 0);
    let answered = service.answered();
    assert_eq!(answered.len() as u64, sum("inserted"));
    assert!(answered.values().all(|times| *times == 1));
    assert!(service.requests().iter().all(|request| {
        request.headers["authorization"].contains("/us-east-1/bedrock/aws4_request")
    }));
    let checks = report["checks"].as_array().unwrap();
    for name in ["no content has two embeddings", "every vector has 1,024 dimensions"] {
        let check = checks.iter().find(|check| check["name"].as_str().unwrap().contains(name));
        assert!(check.is_some_and(|check| check["passed"] == true), "{name}: {checks:?}");
    }
}
