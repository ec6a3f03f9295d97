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

/// Where the two run.
#[derive(Clone, Copy)]
pub enum Place<'u> {
    Sqlite,
    /// A database that is emptied before each.
    Postgres(&'u str),
}

impl Place<'_> {
    async fn world(self, script: &str) -> World {
        match self {
            Self::Sqlite => World::new(script).await,
            Self::Postgres(url) => {
                let empty =
                    "DROP TABLE IF EXISTS source, target; DROP SCHEMA IF EXISTS mapper CASCADE;";
                World::at(url, &format!("{empty} {script}")).await
            }
        }
    }

    async fn rejects(self, world: &World) -> Vec<String> {
        let (key, table) = match self {
            Self::Sqlite => ("hex(source_key)", "mapper_rejects"),
            Self::Postgres(_) => ("encode(source_key, 'hex')", "mapper.rejects"),
        };
        let sql = format!("SELECT {key}, reason, field, message FROM {table} ORDER BY source_key");
        world.text(&sql).await
    }

    /// The target's rows, as they are stored.
    async fn dump(self, world: &World) -> Vec<String> {
        let (columns, order) = match self {
            Self::Sqlite => ("SELECT name FROM pragma_table_info('target') ORDER BY cid", "rowid"),
            Self::Postgres(_) => (
                "SELECT attname::text FROM pg_attribute
                 WHERE attrelid = 'target'::regclass AND attnum > 0 ORDER BY attnum",
                "id",
            ),
        };
        let cell = |column: &String| match self {
            Self::Sqlite => format!("typeof({column}) || ':' || hex(CAST({column} AS BLOB))"),
            Self::Postgres(_) => format!("quote_nullable({column}::text)"),
        };
        let cells: Vec<String> = world.text(columns).await.iter().map(cell).collect();
        world.text(&format!("SELECT {} FROM target ORDER BY {order}", cells.join(", "))).await
    }
}

/// Runs the phase twice and takes it back.
async fn result(place: Place<'_>, world: &World) -> Result {
    let counts = world.run().await;
    let target = place.dump(world).await;
    let rejects = place.rejects(world).await;
    let entries = entries(world).await;
    let again = world.run().await;
    let stores = Stores::open(&world.plan).await.unwrap();
    let locks = stores.lock(&world.plan).await.unwrap();
    let request = Request { scope: Scope::All, ..Request::default() };
    let cancel = Cancel::default();
    rollback::rollback(&world.plan, &stores, &request, &Silent, &cancel).await.unwrap();
    drop(locks);
    for store in stores.iter() {
        store.close().await;
    }
    Result { counts, target, rejects, entries, again, rolled_back: place.dump(world).await }
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
pub async fn both_ways(
    place: Place<'_>,
    script: &str,
    shape: impl Fn(&mut World),
) -> (Way, Result) {
    let mut results = Vec::with_capacity(2);
    let mut pushed = None;
    for push_down in [true, false] {
        let mut world = place.world(script).await;
        shape(&mut world);
        world.options.push_down = push_down;
        pushed.get_or_insert(way(&world).await);
        results.push(result(place, &world).await);
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
