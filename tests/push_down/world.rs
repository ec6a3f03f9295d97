//! Two equal databases, one whose phase is pushed down and one whose phase streams.

use mapper::ledger::{Counts, Entry};
use mapper::rollback::{self, Request, Scope};
use mapper::run::{self, Cancel, Silent, Stores, Way};

use crate::engine::world::World;

/// Everything that must not depend on the way.
#[derive(Debug, PartialEq)]
pub struct Result {
    pub counts: Counts,
    pub target: Vec<String>,
    pub rejects: Vec<String>,
    pub entries: Vec<Entry>,
    pub again: Counts,
    pub rolled_back: Vec<String>,
}

/// Runs the phase twice and takes it back.
pub async fn result(world: &World) -> Result {
    let counts = world.run().await;
    let target = dump(world).await;
    let rejects = world
        .text("SELECT hex(source_key), reason, field, message FROM mapper_rejects ORDER BY source_key")
        .await;
    let entries = entries(world).await;
    let again = world.run().await;
    let stores = Stores::open(&world.plan).await.unwrap();
    let locks = stores.lock(&world.plan).await.unwrap();
    let request = Request { scope: Scope::All, ..Request::default() };
    let cancel = Cancel::default();
    rollback::rollback(&world.plan, &stores, &request, &Silent, &cancel).await.unwrap();
    drop((locks, stores));
    Result { counts, target, rejects, entries, again, rolled_back: dump(world).await }
}

/// The target's rows, with storage classes and bytes.
pub async fn dump(world: &World) -> Vec<String> {
    let columns = world.text("SELECT name FROM pragma_table_info('target') ORDER BY cid").await;
    let cells: Vec<String> = columns
        .iter()
        .map(|column| format!("typeof({column}) || ':' || hex(CAST({column} AS BLOB))"))
        .collect();
    world.text(&format!("SELECT {} FROM target ORDER BY rowid", cells.join(", "))).await
}

/// The ledger's entries by key: batches may be of another size, and what can't be read comes last
/// in each.
async fn entries(world: &World) -> Vec<Entry> {
    let stores = Stores::open(&world.plan).await.unwrap();
    let ledger = stores.ledger(0);
    let phase = world.plan.phases[0].history_name();
    let run = ledger.phases(Some(&phase)).await.unwrap().pop().unwrap().run;
    let mut entries = Vec::new();
    for (run_of, seq, _, _) in ledger.batch_index(&phase, None).await.unwrap() {
        if run_of == run {
            entries.extend(ledger.batch(&run, &phase, seq).await.unwrap().entries);
        }
    }
    entries.sort_by(|a: &Entry, b| a.key.cmp(&b.key));
    entries
}

/// How the phase gets its rows into its target.
pub async fn way(world: &World) -> Way {
    let stores = Stores::open(&world.plan).await.unwrap();
    run::way(&world.plan, &world.plan.phases[0], &stores).await.unwrap().unwrap()
}

/// Runs the same on two databases and both ways; both must agree.
pub async fn both_ways(script: &str, shape: impl Fn(&mut World)) -> (Way, Result) {
    let mut results = Vec::with_capacity(2);
    let mut pushed = None;
    for push_down in [true, false] {
        let mut world = World::new(script).await;
        shape(&mut world);
        world.options.push_down = push_down;
        pushed.get_or_insert(way(&world).await);
        results.push(result(&world).await);
    }
    let streamed = results.pop().unwrap();
    let by_database = results.pop().unwrap();
    agree(&by_database, &streamed);
    (pushed.unwrap(), by_database)
}

fn agree(pushed: &Result, streamed: &Result) {
    assert_eq!(pushed.counts, streamed.counts);
    assert_eq!(pushed.target, streamed.target);
    assert_eq!(pushed.rejects, streamed.rejects);
    assert_eq!(pushed.entries, streamed.entries);
    assert_eq!(pushed, streamed);
}
