//! One run of mapper from a store into another: its spec, and what became of each record.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use mapper::check;
use mapper::diagnostics::render;
use mapper::document::Environment;
use mapper::plan::Plan;
use mapper::rejects;
use mapper::run::{self, Cancel, Options, Silent, Stores};
use mapper::spec::{self, FileSystem};

use super::hard::{Hard, Policy, Side, Store};
use super::stores::Place;

/// Why a record was rejected: reason and sentence.
pub(crate) type Rejects = BTreeMap<usize, (String, String)>;

/// The values of a group that go from one store to another.
pub(crate) fn pairs(hards: &[Hard], from: Store, into: Store) -> Vec<usize> {
    let goes = |hard: &Hard| {
        hard.samples.iter().any(|sample| sample.spelt(from).is_some()) && hard.goes_into(into)
    };
    hards.iter().enumerate().filter(|(_, hard)| goes(hard)).map(|(place, _)| place).collect()
}

impl Hard {
    /// Whether there is a column for it. Documents need none, and are left out where a value is
    /// about one kind of column.
    pub(crate) fn goes_into(&self, store: Store) -> bool {
        if store.is_documents() {
            return [self.into.sqlite, self.into.postgres, self.into.mariadb]
                .iter()
                .all(|declared| !declared.is_empty());
        }
        !self.into.of(store).is_empty()
    }
}

fn connection(spec: &mut String, side: Side, place: &Place, policy: Option<Policy>) {
    let name = if side == Side::Source { "from" } else { "into" };
    let _ = writeln!(spec, "[connections.{name}]\nurl = \"${{{}}}\"", name.to_uppercase());
    if place.store == Store::SqliteDocuments {
        spec.push_str("model = \"documents\"\n");
    }
    if let Some(policy) = policy.filter(|policy| policy.side == side) {
        let _ = writeln!(spec, "{}", policy.line);
    }
}

/// The spec of a run of one phase.
fn spec_of(
    from: &Place,
    into: &Place,
    group: usize,
    hards: &[Hard],
    policy: Option<Policy>,
) -> String {
    let (source, target) = (from.store, into.store);
    let mut spec = format!("spec = 1\nname = \"f{group}_{}\"\n", source.word());
    let files = matches!(source, Store::JsonLines | Store::Csv);
    if !files {
        connection(&mut spec, Side::Source, from, policy);
    }
    connection(&mut spec, Side::Target, into, policy);
    let entity = |store: Store| if store.is_documents() { "collection" } else { "table" };
    spec.push_str("[phase.copy.source]\n");
    if files {
        let name = if source == Store::Csv { "csv" } else { "jsonl" };
        let path = from.file(&format!("s{group}.{name}"));
        let _ = writeln!(spec, "files = '{}'\nkey = [\"id\"]", path.display());
        if let Some(policy) = policy.filter(|policy| policy.side == Side::Source) {
            let _ = writeln!(spec, "{}", policy.line);
        }
        if source == Store::Csv {
            spec.push_str("null_values = ['\\N']\n[phase.copy.source.columns]\nid = \"integer\"\n");
            for (place, hard) in
                hards.iter().enumerate().filter(|(_, hard)| !hard.from.csv.is_empty())
            {
                let _ = writeln!(spec, "v{place} = \"{}\"", hard.from.csv);
            }
        }
    } else {
        let key = if source.is_documents() { "_id" } else { "id" };
        let _ = writeln!(
            spec,
            "connection = \"from\"\n{} = \"s{group}\"\nkey = [\"{key}\"]",
            entity(source)
        );
    }
    let key = if target.is_documents() { "_id" } else { "id" };
    let _ = writeln!(
        spec,
        "[phase.copy.target]\nconnection = \"into\"\n{} = \"t{group}_{}\"\nkey = [\"{key}\"]",
        entity(target),
        source.word()
    );
    let from_key = if source.is_documents() { "_id" } else { "id" };
    let _ = writeln!(spec, "[phase.copy.fields]\n{key} = \"{from_key}\"");
    for place in pairs(hards, source, target) {
        let cast = hards[place].cast;
        let cast = if cast.is_empty() { String::new() } else { format!(", {cast}") };
        let _ = writeln!(spec, "v{place} = {{ from = \"v{place}\"{cast} }}");
    }
    spec
}

fn load(spec: &str, from: &Place, into: &Place) -> Plan {
    let path = into.file("fidelity.toml");
    std::fs::write(&path, spec).unwrap();
    let environment =
        Environment::from_iter([("FROM".to_owned(), from.url()), ("INTO".to_owned(), into.url())]);
    let (set, sources, mut diagnostics) = spec::load(&[path], &environment, &FileSystem);
    let options = check::Options { working_directory: into.file("") };
    let checked = set.and_then(|set| check::check(&set, &sources, &options, &mut diagnostics));
    match checked {
        Some(checked) => checked.plan,
        None => panic!("{spec}\n{}", render::text(&diagnostics, &sources, render::Style::PLAIN)),
    }
}

/// Runs a phase from a store into another; `rows` are those of the source in order.
pub(crate) async fn transfer(
    from: &Place,
    into: &Place,
    group: usize,
    hards: &[Hard],
    rows: &[usize],
) -> Rejects {
    let policy = hards.first().and_then(|hard| hard.policy);
    let spec = spec_of(from, into, group, hards, policy);
    let plan = load(&spec, from, into);
    let stores = Stores::open(&plan).await.unwrap();
    let mut locks = stores.lock(&plan).await;
    for _ in 0..100 {
        // The connection of the run before may still be on its way out.
        if locks.is_ok() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        locks = stores.lock(&plan).await;
    }
    let locks = locks.unwrap();
    let outcome = run::run(
        Arc::new(plan.clone()),
        stores.clone(),
        Arc::new(Options::default()),
        Arc::new(Silent),
        Cancel::default(),
    )
    .await
    .unwrap();
    for node in &outcome.nodes {
        assert!(node.error.is_none(), "{spec}\n{:?}", node.error);
        let counts = &node.phase.as_ref().unwrap().counts;
        assert!(counts.is_conserved(), "{spec}\n{counts:?}");
    }
    let rejects = rejects::list(&plan, &stores, true).await.unwrap();
    drop(locks);
    for store in stores.iter() {
        store.close().await;
    }
    let number = |key: &str| {
        // A record of a file that can't be read is known by its place in the file.
        let (before, last) = match key.rsplit_once(|c: char| !c.is_ascii_digit()) {
            None => (None, key),
            Some((before, last)) => (Some(before), last),
        };
        let number: usize = last.parse().unwrap_or_else(|_| panic!("{key}"));
        if before.is_none() { number } else { rows[number - 1] }
    };
    rejects
        .into_iter()
        .map(|reject| (number(&reject.key), (reject.reason, reject.message)))
        .collect()
}
