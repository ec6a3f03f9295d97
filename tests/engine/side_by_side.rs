//! Transactions of one phase that are open at the same time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use mapper::plan::Transaction;
use mapper::run::{Cancel, Event, NodeOutcome, Observer};
use mapper::value::{FieldPath, Value};

use super::world::{World, path};
use crate::failures::hold::Hold;
use crate::servers::{self, Database};

const SCRIPT: &str = "
    DROP SCHEMA IF EXISTS mapper CASCADE; DROP TABLE IF EXISTS source, target;
    CREATE TABLE source (id INTEGER PRIMARY KEY, name TEXT);
    CREATE TABLE target (id INTEGER PRIMARY KEY, name TEXT CHECK (name <> 'bad'));
    INSERT INTO source SELECT n, 'name ' || n FROM generate_series(1, 2000) AS n;
";

/// Ends all connections, or stops the run, when so many batches are done.
struct Trouble {
    database: Arc<Database>,
    at: u64,
    stop: Option<Cancel>,
    done: AtomicBool,
    commits: Mutex<Vec<u64>>,
}

impl Observer for Trouble {
    fn event(&self, event: &Event) {
        match event {
            Event::Commit { batches, .. } => self.commits.lock().unwrap().push(*batches),
            Event::Batch { batch, .. }
                if *batch == self.at && !self.done.swap(true, Ordering::SeqCst) =>
            {
                match &self.stop {
                    Some(cancel) => cancel.cancel(),
                    None => {
                        let database = Arc::clone(&self.database);
                        let ended = std::thread::spawn(move || database.end_connections());
                        assert!(ended.join().unwrap() > 0);
                    }
                }
            }
            _ => {}
        }
    }
}

async fn world(database: &Database, push_down: bool, change: &str) -> World {
    let mut world = World::at(&database.url(), &format!("{SCRIPT}{change}")).await;
    world.options.push_down = push_down;
    let phase = world.phase();
    phase.batch = 100;
    phase.transaction = Transaction::Batch;
    phase.target.key = vec![FieldPath::field("id")];
    phase.mapping.fields =
        vec![(FieldPath::field("id"), path("id")), (FieldPath::field("name"), path("name"))];
    world
}

/// Looks after each batch how many transactions write, and may keep the ledger locked from the second
/// commit to the fourth batch.
struct Look {
    database: Arc<Database>,
    locks: bool,
    most: Mutex<usize>,
    release: Mutex<Option<mpsc::Sender<()>>>,
    /// The batches that were committed when the fourth was written.
    committed: Mutex<u64>,
    at_fourth: Mutex<Option<u64>>,
}

impl Look {
    fn writing(&self) -> usize {
        let database = Arc::clone(&self.database);
        let look = move || {
            let writing = "SELECT 1::text FROM pg_stat_activity WHERE backend_xid IS NOT NULL
                AND datname = current_database() AND pid <> pg_backend_pid()";
            database.query(writing).len()
        };
        std::thread::spawn(look).join().unwrap()
    }

    fn lock(&self) {
        let (held, is_held) = mpsc::channel();
        let (release, released) = mpsc::channel();
        let database = Arc::clone(&self.database);
        std::thread::spawn(move || {
            let hold = Hold::new(&database, "LOCK TABLE mapper.batches IN EXCLUSIVE MODE");
            held.send(()).unwrap();
            // A commit that is waited for waits no longer than this.
            let _ = released.recv_timeout(Duration::from_secs(3));
            drop(hold);
        });
        is_held.recv().unwrap();
        *self.release.lock().unwrap() = Some(release);
    }
}

impl Observer for Look {
    fn event(&self, event: &Event) {
        match event {
            Event::Commit { batches, .. } => {
                *self.committed.lock().unwrap() = *batches;
                if self.locks && *batches == 2 {
                    self.lock();
                }
            }
            Event::Batch { batch, .. } => {
                let writing = self.writing();
                let mut most = self.most.lock().unwrap();
                *most = writing.max(*most);
                if *batch == 4 && self.release.lock().unwrap().take().is_some() {
                    *self.at_fourth.lock().unwrap() = Some(*self.committed.lock().unwrap());
                }
            }
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_transactions_are_open_where_the_spec_wants_no_single_one() {
    let look_at = async |push_down, transaction, change| {
        let database = Arc::new(servers::postgres().database());
        let mut world = world(&database, push_down, change).await;
        world.phase().transaction = transaction;
        let look = Arc::new(Look {
            database,
            locks: !push_down,
            most: Mutex::default(),
            release: Mutex::default(),
            committed: Mutex::default(),
            at_fourth: Mutex::default(),
        });
        let observer = Arc::clone(&look) as Arc<dyn Observer>;
        world.outcome(observer, Cancel::default()).await.unwrap();
        let (most, at_fourth) = (*look.most.lock().unwrap(), *look.at_fourth.lock().unwrap());
        (most, at_fourth)
    };
    // What is pushed down runs ahead; of a stream the commit before ends while the next is gathered.
    assert_eq!(look_at(true, Transaction::Batch, "").await.0, 2);
    assert_eq!(look_at(false, Transaction::Batch, "").await.1, Some(2));
    assert_eq!(look_at(true, Transaction::Phase, "").await.0, 1);
    assert_eq!(look_at(false, Transaction::Phase, "").await.1, None);
    // A unique index in which records may meet.
    let unique = "ALTER TABLE target ADD UNIQUE (name)";
    assert_eq!(look_at(true, Transaction::Batch, unique).await.0, 1);
    assert_eq!(look_at(false, Transaction::Batch, unique).await.1, Some(3));
}

/// Runs until a batch was done, and lets trouble come then. Gives what became of the phase.
async fn run(world: &World, database: &Arc<Database>, at: u64, stop: bool) -> NodeOutcome {
    let cancel = Cancel::default();
    let trouble = Arc::new(Trouble {
        database: Arc::clone(database),
        at,
        stop: stop.then(|| cancel.clone()),
        done: AtomicBool::default(),
        commits: Mutex::default(),
    });
    let observer = Arc::clone(&trouble) as Arc<dyn Observer>;
    let outcome = world.outcome(observer, cancel).await.unwrap();
    assert!(trouble.done.load(Ordering::SeqCst));
    let commits = trouble.commits.lock().unwrap().clone();
    assert!(commits.is_sorted() && !commits.is_empty(), "{commits:?}");
    outcome.nodes.into_iter().next().unwrap()
}

/// Every record is in the target once, and once in the ledger.
async fn is_complete(world: &World, why: &str) {
    let different = "SELECT count(*) FROM source FULL JOIN target USING (id)
        WHERE source.name IS DISTINCT FROM target.name";
    assert_eq!(world.text(different).await, ["0"], "{why}");
    assert_eq!(world.text("SELECT count(*) FROM target").await, ["2000"], "{why}");
    let again = world.run().await;
    assert_eq!((again.read, again.unchanged), (2_000, 2_000), "{why}: {again:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_end_leave_each_record_once() {
    for (push_down, at) in [(true, 2), (true, 11), (false, 2), (false, 5), (false, 11), (false, 20)]
    {
        let why = format!("pushed down: {push_down}, ended after batch {at}");
        let database = Arc::new(servers::postgres().database());
        let world = world(&database, push_down, "").await;
        let node = run(&world, &database, at, false).await;
        assert!(node.error.is_none(), "{why}: {:?}", node.error);
        let counts = node.phase.unwrap().counts;
        assert_eq!((counts.read, counts.inserted), (2_000, 2_000), "{why}: {counts:?}");
        is_complete(&world, &why).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_was_stopped_goes_on_where_it_stood() {
    for push_down in [true, false] {
        let database = Arc::new(servers::postgres().database());
        let world = world(&database, push_down, "").await;
        let node = run(&world, &database, 7, true).await;
        let counts = node.phase.unwrap().counts;
        assert!((700..2_000).contains(&counts.read), "{counts:?}");
        let held = world.text("SELECT count(*) FROM target").await;
        assert_eq!(held, [counts.inserted.to_string()]);
        let whole = world.run().await;
        assert_eq!((whole.read, whole.inserted), (2_000, 2_000), "{whole:?}");
        is_complete(&world, "stopped").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_refused_is_rejected_and_the_rest_arrives() {
    for push_down in [true, false] {
        let database = servers::postgres().database();
        let change = "UPDATE source SET name = 'bad' WHERE id % 500 IN (98, 102)";
        let world = world(&database, push_down, change).await;
        let counts = world.run().await;
        assert_eq!((counts.inserted, counts.rejected), (1_992, 8), "{counts:?}");
        assert_eq!(world.text("SELECT count(*) FROM target").await, ["1992"]);
    }
}

/// The first record of each batch has no number: it gets the one behind those of the batch before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_target_counts_goes_on_from_the_commit_before() {
    let database = servers::postgres().database();
    let change = "ALTER TABLE source ADD numbers jsonb DEFAULT '{}';
        UPDATE source SET numbers = jsonb_build_object('number', id) WHERE id % 100 <> 1;
        ALTER TABLE target ADD number serial";
    let mut world = world(&database, false, change).await;
    let mut number = path("numbers.number");
    number.default = Some(Value::Missing);
    world.phase().mapping.fields.push((FieldPath::field("number"), number));
    let counts = world.run().await;
    assert_eq!(counts.inserted, 2_000, "{counts:?}");
    let others = world.text("SELECT count(*) FROM target WHERE number <> id").await;
    assert_eq!(others, ["0"]);
}
