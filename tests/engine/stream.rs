//! New rows that flow into the target in one stream over many batches.

use std::sync::{Arc, Mutex};

use mapper::ledger::Counts;
use mapper::plan::{OnDuplicate, Transaction, WriteMode};
use mapper::run::{Cancel, Event, Observer};

use super::world::World;
use crate::servers;

/// `told` holds a row per statement that put rows into the target.
const SCRIPT: &str = "
    CREATE TABLE source (id INTEGER PRIMARY KEY, code TEXT, name TEXT);
    CREATE TABLE target (uid TEXT PRIMARY KEY, code TEXT UNIQUE, name TEXT CHECK (name <> 'bad'));
    CREATE TABLE told (at SERIAL);
    CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN INSERT INTO told DEFAULT VALUES; RETURN NULL; END';
    CREATE TRIGGER tell AFTER INSERT ON target FOR EACH STATEMENT EXECUTE FUNCTION tell();
    INSERT INTO source SELECT n, 'c' || n, 'name ' || n FROM generate_series(1, 100) AS n;
";

/// What was told of batches, and of records where that is wanted.
#[derive(Default)]
struct Watch {
    records: bool,
    batches: Mutex<Vec<(u64, u64)>>,
}

impl Observer for Watch {
    fn event(&self, event: &Event) {
        if let Event::Batch { batch, counts, .. } = event {
            self.batches.lock().unwrap().push((*batch, counts.read));
        }
    }

    fn wants_records(&self) -> bool {
        self.records
    }
}

/// Everything that a run leaves behind.
#[derive(Debug, PartialEq)]
struct Left {
    counts: Counts,
    batches: Vec<(u64, u64)>,
    target: Vec<String>,
    ledger: Vec<String>,
    rejects: Vec<String>,
}

/// Runs the phase; where records are to be told, it does not stream. Gives how many statements put
/// rows into the target, too.
async fn run(change: &str, alter: fn(&mut World), records: bool) -> (Left, usize) {
    let database = servers::postgres().database();
    let mut world = World::at(&database.url(), &format!("{SCRIPT}{change}")).await;
    world.phase().batch = 5;
    world.options.push_down = false;
    alter(&mut world);
    let watch = Arc::new(Watch { records, ..Watch::default() });
    let outcome =
        world.outcome(Arc::clone(&watch) as Arc<dyn Observer>, Cancel::default()).await.unwrap();
    let node = outcome.nodes.into_iter().next().unwrap();
    assert!(node.error.is_none(), "{:?}", node.error);
    let counts = node.phase.unwrap().counts;
    assert!(counts.is_conserved(), "{counts:?}");
    let batches = watch.batches.lock().unwrap().clone();
    let left = Left {
        counts,
        batches,
        target: world.text("SELECT uid, code, name FROM target ORDER BY code, uid").await,
        ledger: world.text("SELECT seq, encode(record, 'hex') FROM mapper.batches ORDER BY seq").await,
        rejects: world
            .text("SELECT seq, ordinal, encode(source_key, 'hex'), reason, field, message FROM mapper.rejects ORDER BY 1, 2")
            .await,
    };
    let statements = world.text("SELECT count(*) FROM told").await[0].parse().unwrap();
    (left, statements)
}

async fn same_both_ways(change: &str, alter: fn(&mut World)) -> (Left, usize) {
    let (streamed, statements) = run(change, alter, false).await;
    let (batchwise, _) = run(change, alter, true).await;
    assert_eq!(streamed, batchwise, "{change}");
    (streamed, statements)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_batches_of_a_commit_are_one_statement() {
    let whole: fn(&mut World) = |world| world.phase().transaction = Transaction::Phase;
    let (left, statements) = same_both_ways("", whole).await;
    assert_eq!((left.counts.inserted, statements), (100, 1));
    assert_eq!(left.batches.len(), 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_there_is_looked_up_beside_the_stream() {
    let change = "INSERT INTO target SELECT 'old' || n, 'c' || n, 'old' FROM generate_series(3, 100, 3) AS n;
                  DELETE FROM told";
    let whole: fn(&mut World) = |world| world.phase().transaction = Transaction::Phase;
    let (left, statements) = same_both_ways(change, whole).await;
    assert_eq!((left.counts.inserted, left.counts.skipped, statements), (67, 33, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_stream_is_gone_over_batch_by_batch() {
    // One place, and more places than are worth another stream.
    let whole: fn(&mut World) = |world| world.phase().transaction = Transaction::Phase;
    let each: fn(&mut World) = |world| world.phase().transaction = Transaction::Batch;
    let grouped: fn(&mut World) = |_| {};
    for (bad, rejected, transaction) in
        [("= 42", 1, whole), ("% 20 = 7", 5, whole), ("% 20 = 7", 5, each), ("= 100", 1, grouped)]
    {
        let change = format!("UPDATE source SET name = 'bad' WHERE id {bad}");
        let (left, _) = same_both_ways(&change, transaction).await;
        assert_eq!((left.counts.inserted, left.counts.rejected), (100 - rejected, rejected));
        assert_eq!(left.rejects.len(), usize::try_from(rejected).unwrap());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn duplicates_and_taken_ids_are_told_as_ever() {
    let change = "UPDATE source SET code = 'c' || (id - 30) WHERE id % 10 = 5 AND id > 30;
                  UPDATE source SET code = 'c' || (id - 1) WHERE id % 10 = 8;
                  UPDATE source SET name = 'bad' WHERE id IN (5, 77)";
    for alter in [
        (|world| world.phase().on_duplicate = OnDuplicate::Reject) as fn(&mut World),
        |world| world.phase().on_duplicate = OnDuplicate::First,
        |world| world.phase().on_duplicate = OnDuplicate::Last,
        |world| {
            world.phase().target.write = WriteMode::Append;
            world.phase().target.key.clear();
        },
    ] {
        let (left, _) = same_both_ways(change, alter).await;
        assert!(left.counts.skipped + left.counts.rejected > 2, "{:?}", left.counts);
    }
}
