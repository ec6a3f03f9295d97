//! Killed with SIGKILL at random moments on a server, a run that is started again ends as an
//! undisturbed one does; what it did can be taken back.

use super::shipped::Shipped;
use super::state::{State, assert_same};
use crate::kill::moments::{Events, Moments};
use crate::servers;

const KILLS: u32 = 20;

/// Kills on one database before the next: what they leave behind meets the next run too.
const PER_DATABASE: u32 = 5;

/// What an undisturbed run finds and leaves, and what it tells meanwhile.
pub struct Undisturbed {
    pub before: State,
    pub after: State,
    pub events: Events,
}

impl Undisturbed {
    pub fn new(shipped: &Shipped, url: &str) -> Self {
        shipped.done(url, "seed SPEC --fixtures");
        let before = State::of(url);
        let mut events = Events::new(shipped.folder());
        let mut run = shipped.command(url, "run SPEC --yes");
        events.told_by(&mut run);
        let output = run.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        events.are_whole();
        let after = State::of(url);
        let (data, fates) = (after.data.len(), after.fates.len());
        assert!(
            data > before.data.len() && fates > 100,
            "{data} records and indexes, {fates} fates"
        );
        shipped.done(url, "rollback SPEC --all --yes");
        assert_same(&State::of(url).data, &before.data, "undisturbed, taken back");
        Self { before, after, events }
    }
}

/// Kills runs of one spec on databases of one server.
fn killed(shipped: &Shipped, server: &std::sync::Arc<servers::Server>, seed: u64) {
    let mut database = server.database();
    let expected = Undisturbed::new(shipped, &database.url());
    let mut moments = Moments::new(seed);
    let (mut kills, mut halfway) = (0, 0);
    for attempt in 0.. {
        if kills >= KILLS && halfway * 2 > KILLS {
            break;
        }
        assert!(attempt < 6 * KILLS, "{kills} of {attempt} runs were killed, {halfway} amid them");
        if attempt > 0 && attempt % PER_DATABASE == 0 {
            database = server.database();
            shipped.done(&database.url(), "seed SPEC --fixtures");
        }
        let url = database.url();
        let mut run = shipped.command(&url, "run SPEC --yes");
        expected.events.told_by(&mut run);
        let mut child = run.stderr(std::process::Stdio::null()).spawn().unwrap();
        let when = format!("attempt {attempt}");
        let killed = expected.events.kill(&mut child, &mut moments);
        let left = State::of(&url);
        // A run that the ledger knows to be over is not gone on with.
        if killed && !left.is_over {
            kills += 1;
            let some = left.fates.len() > 1 && left.fates.len() < expected.after.fates.len();
            halfway += u32::from(some);
            shipped.done(&url, "run SPEC --yes");
        }
        State::of(&url).assert_is(&expected.after, &when);
        shipped.done(&url, "rollback SPEC --all --yes");
        assert_same(&State::of(&url).data, &expected.before.data, &format!("{when}, taken back"));
    }
}

#[test]
fn on_postgresql() {
    killed(&Shipped::goals(25), &servers::postgres(), 0x2545_f491_4f6c_dd1d);
}

#[test]
fn on_ferretdb() {
    killed(&Shipped::appointments(24, 20), &servers::ferretdb(), 0x9e37_79b9_7f4a_7c15);
}
