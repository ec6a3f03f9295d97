//! Rehearsals that fail, are interrupted or are killed.

use std::io::BufRead as _;
use std::process::Stdio;
use std::sync::Arc;

use super::world::{World, content, fill, open, scratches, spec, turn};
use crate::servers;

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_hold_is_told_and_the_exit_code_is_1() {
    let world = World::new(&[("DB_URL", "sqlite:FOLDER/real.db")]);
    let url = format!("sqlite:{}", world.path("real.db").display());
    fill(&url, false).await;
    let text = spec(false).replace("key = \"id\" }", "key = \"name\" }");
    let spec = world.write("shop.toml", &text);
    let told = world.rehearse(&spec, &["--report", "r.md"]);
    assert_eq!(told.exit, 1, "{:#}\n{}", told.document, told.err);
    let run = &told.document["steps"][1];
    assert_eq!((&run["step"], &run["passed"]), (&"run".into(), &false.into()));
    assert!(run["found"].to_string().contains("patients have practices"), "{run}");
    // What ran is taken back all the same.
    let steps = told.document["steps"].as_array().unwrap();
    assert!(steps.iter().skip(2).all(|step| step["passed"] == true), "{steps:?}");
    assert_eq!(steps.last().unwrap()["step"], "compare");
    let report = std::fs::read_to_string(world.path("r.md")).unwrap();
    assert!(report.contains("| run | FAILED |"), "{report}");
    for text in [report, told.document.to_string(), told.err] {
        assert!(!text.contains("meaning 1"), "no value is told: {text}");
    }
    world.assert_no_folder();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_to_stay_stays_and_is_not_taken_for_a_leftover() {
    let _turn = turn().await;
    let server = servers::postgres();
    let database = server.database();
    fill(&database.admin_url(), false).await;
    let world = World::new(&[("DB_URL", &database.admin_url())]);
    let spec = world.write("shop.toml", &spec(false));
    let told = world.passes(&spec, &["--keep"]);
    assert_eq!(told["kept"], true);
    let kept = scratches(&database.admin_url()).await;
    assert_eq!(kept.len(), 1);
    let told = world.passes(&spec, &[]);
    assert_eq!(told["removed"].as_array().unwrap().len(), 0, "{told}");
    assert_eq!(scratches(&database.admin_url()).await, kept);
    let store = open(&database.admin_url(), false).await;
    store.drop_database(&kept[0]).await.unwrap();
    store.close().await;
}

/// Killed in the middle, a rehearsal leaves a database, which the next one removes.
fn killed(world: &World, spec: &std::path::Path) {
    let mut command = world.command(spec, &[]);
    command.env("MAPPER_FAILPOINT", "committed").env("MAPPER_COMMIT_AFTER", "0s");
    let mut child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let lines = std::io::BufReader::new(child.stderr.take().unwrap()).lines();
    let mut told = lines.map(Result::unwrap);
    assert!(told.any(|line| line.contains("failpoint committed")));
    // While one is under way, another leaves it alone.
    let other = world.rehearse(spec, &[]);
    assert_eq!(other.exit, 0, "{:#}\n{}", other.document, other.err);
    assert_eq!(other.document["removed"].as_array().unwrap().len(), 0);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_one_left_is_removed_on_sqlite() {
    let world = World::new(&[("DB_URL", "sqlite:FOLDER/real.db")]);
    fill(&format!("sqlite:{}", world.path("real.db").display()), false).await;
    let spec = world.write("shop.toml", &spec(false));
    killed(&world, &spec);
    let told = world.passes(&spec, &[]);
    assert_eq!(told["removed"].as_array().unwrap().len(), 1, "{told}");
}

async fn killed_on_server(server: &Arc<servers::Server>, documents: bool) {
    let database = server.database();
    let url = if documents { database.url() } else { database.admin_url() };
    fill(&url, documents).await;
    let world = World::new(&[("DB_URL", &url)]);
    let spec = world.write("shop.toml", &spec(documents));
    killed(&world, &spec);
    assert_eq!(scratches(&url).await.len(), 1);
    let told = world.passes(&spec, &[]);
    assert_eq!(told["removed"].as_array().unwrap().len(), 1, "{told}");
    assert_eq!(scratches(&url).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_one_left_is_removed_on_servers() {
    let _turn = turn().await;
    killed_on_server(&servers::postgres(), false).await;
    killed_on_server(&servers::mariadb(), false).await;
    killed_on_server(&servers::mongo_java(), true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_may_not_create_databases_is_told() {
    let database = servers::postgres().database();
    let role = format!("plain_{}", database.name());
    database.execute(&format!(
        "CREATE ROLE {role} LOGIN PASSWORD 'x'; GRANT CONNECT ON DATABASE {} TO {role}",
        database.name()
    ));
    let admin = url::Url::parse(&database.admin_url()).unwrap();
    let mut url = admin.clone();
    url.set_username(&role).unwrap();
    url.set_password(Some("x")).unwrap();
    let world = World::new(&[("DB_URL", url.as_str())]);
    let spec = world.write("shop.toml", &spec(false));
    let told = world.rehearse(&spec, &[]);
    database.execute(&format!(
        "REVOKE ALL ON DATABASE {} FROM {role}; DROP ROLE {role}",
        database.name()
    ));
    assert_eq!(told.exit, 1, "{}", told.err);
    assert!(
        told.document.to_string().contains("right to create one")
            || told.err.contains("right to create one"),
        "{}{}",
        told.document,
        told.err
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_one_removes_what_it_made() {
    let world = World::new(&[("DB_URL", "sqlite:FOLDER/real.db")]);
    let url = format!("sqlite:{}", world.path("real.db").display());
    fill(&url, false).await;
    let before = content(&url, false).await;
    let spec = world.write("shop.toml", &spec(false));
    let mut command = world.command(&spec, &[]);
    let mut child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let lines = std::io::BufReader::new(child.stderr.take().unwrap()).lines();
    // The first words of its run; the steps after it are left out.
    let first = lines.map(Result::unwrap).find(|line| line.contains("shop."));
    assert!(first.is_some());
    let id = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    world.assert_no_folder();
    assert_eq!(content(&url, false).await, before);
}
