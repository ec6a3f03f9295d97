//! The whole life of a spec in a scratch database: it passes or says why not, touches nothing real
//! and leaves nothing behind.

mod trouble;
mod world;

use std::path::{Path, PathBuf};

use world::{World, content, fill, scratches, spec, turn};

use crate::servers;

fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("specs").join(name)
}

#[test]
fn shipped_specs_pass_on_their_embedded_databases() {
    for (name, variables) in [
        ("mtr_followup.toml", &["CLINIC_URL"][..]),
        ("treatment_goals.toml", &["APP_URL"]),
        ("brius", &["LEGACY_URL", "MDW_URL"]),
        ("vytalwatch", &["APP_URL"]),
    ] {
        let urls: Vec<(&'static str, String)> = variables
            .iter()
            .map(|variable| (*variable, format!("sqlite:FOLDER/{variable}.db")))
            .collect();
        let urls: Vec<(&'static str, &str)> =
            urls.iter().map(|(name, url)| (*name, url.as_str())).collect();
        let world = World::new(&urls);
        let told = world.passes(&shipped(name), &[]);
        assert_eq!(told["data"][0]["from"], "fixtures");
        for variable in variables {
            assert!(!world.path(&format!("{variable}.db")).exists(), "the real one is not made");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn shipped_specs_pass_on_postgres() {
    let _turn = turn().await;
    let (one, two) = (servers::postgres().database(), servers::postgres().database());
    let world = World::new(&[("APP_URL", &one.admin_url())]);
    world.passes(&shipped("treatment_goals.toml"), &[]);
    world.passes(&shipped("vytalwatch"), &[]);
    let urls = (one.admin_url(), two.admin_url());
    let world = World::new(&[("LEGACY_URL", &urls.0), ("MDW_URL", &urls.1)]);
    world.passes(&shipped("brius"), &[]);
    assert!(content(&one.admin_url(), false).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shipped_spec_passes_on_a_mongodb_server() {
    let _turn = turn().await;
    let database = servers::mongo_java().database();
    let world = World::new(&[("CLINIC_URL", &database.url())]);
    world.passes(&shipped("mtr_followup.toml"), &[]);
    assert!(content(&database.url(), true).await.is_empty());
}

/// A sample of the real data holds all that it refers to, and the real data stay as they are.
async fn sampled(url: &str, documents: bool, on_server: bool) {
    let world = World::new(&[("DB_URL", url)]);
    let url = url.replace("FOLDER", world.path("").to_str().unwrap());
    fill(&url, documents).await;
    let before = content(&url, documents).await;
    let spec = world.write("shop.toml", &spec(documents));
    let told = world.passes(&spec, &["--sample", "5%"]);
    assert_eq!(content(&url, documents).await, before);
    let tables = told["data"][0]["tables"].as_array().unwrap();
    let rows = |name: &str| {
        let table = tables.iter().find(|table| table["table"] == name);
        table.unwrap_or_else(|| panic!("{name}: {tables:?}"))["records"].as_u64().unwrap()
    };
    let patients = rows("patients");
    assert!((20..100).contains(&patients), "{patients} of 1000 at 5 %");
    assert!(rows("codes") <= patients && rows("codes") > 0, "only those that are looked up");
    assert!(rows("practices") > 5, "those of the patients too");
    assert!(tables.iter().all(|table| table["table"] != "secret"), "what is not used stays out");
    let phases = told["phases"].as_array().unwrap();
    for phase in phases {
        assert_eq!(phase["rejected"], 0, "{phase}");
    }
    let of_patients = phases.iter().find(|phase| phase["phase"] == "shop.patients").unwrap();
    assert_eq!((&of_patients["read"], &of_patients["full"]), (&patients.into(), &1000.into()));
    assert!(of_patients["estimated_seconds"].as_f64().is_some());
    // The same share gives the same sample.
    let again = world.passes(&spec, &["--sample", "5%"]);
    assert_eq!(again["data"], told["data"]);
    if on_server {
        assert_eq!(scratches(&url).await, Vec::<String>::new());
    } else {
        assert_eq!(rows("regions"), 10, "what a foreign key refers to comes along");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_are_sampled_on_sqlite() {
    sampled("sqlite:FOLDER/real.db", false, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_are_sampled_on_postgres() {
    let _turn = turn().await;
    sampled(&servers::postgres().database().admin_url(), false, true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_are_sampled_on_mariadb() {
    let _turn = turn().await;
    sampled(&servers::mariadb().database().admin_url(), false, true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_are_sampled_on_a_mongodb_server() {
    let _turn = turn().await;
    sampled(&servers::mongo_java().database().url(), true, true).await;
}
