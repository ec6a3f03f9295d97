//! Killed with SIGKILL at random moments on a server, a run that is started again ends as an
//! undisturbed one does; what it did can be taken back.

use std::time::{Duration, Instant};

use super::shipped::Shipped;
use super::state::{State, assert_same};
use crate::servers;

const KILLS: u32 = 20;

/// Kills on one database before the next: what they leave behind meets the next run too.
const PER_DATABASE: u32 = 5;

/// Always the same numbers from 0 to 1.
pub struct Moments(u64);

impl Moments {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        f64::from(u32::try_from(self.0 >> 32).unwrap()) / f64::from(u32::MAX)
    }
}

/// What an undisturbed run leaves, and the time it takes.
pub struct Undisturbed {
    pub before: State,
    pub after: State,
    pub duration: Duration,
}

impl Undisturbed {
    pub fn new(shipped: &Shipped, url: &str) -> Self {
        shipped.done(url, "seed SPEC --fixtures");
        let before = State::of(url);
        let start = Instant::now();
        shipped.done(url, "run SPEC --yes");
        let duration = start.elapsed();
        let after = State::of(url);
        let (data, fates) = (after.data.len(), after.fates.len());
        assert!(
            data > before.data.len() && fates > 100,
            "{data} records and indexes, {fates} fates"
        );
        shipped.done(url, "rollback SPEC --all --yes");
        assert_same(&State::of(url).data, &before.data, "undisturbed, taken back");
        Self { before, after, duration }
    }
}

/// Kills runs of one spec on databases of one server.
fn killed(shipped: &Shipped, server: &std::sync::Arc<servers::Server>, seed: u64) {
    let mut database = server.database();
    let expected = Undisturbed::new(shipped, &database.url());
    let mut moments = Moments::new(seed);
    let (mut kills, mut late, mut halfway, mut share) = (0, 0, 0, 0.9);
    while kills < KILLS {
        if kills > 0 && kills % PER_DATABASE == 0 && late == 0 {
            database = server.database();
            shipped.done(&database.url(), "seed SPEC --fixtures");
        }
        let url = database.url();
        let mut child = shipped.command(&url, "run SPEC --yes").spawn().unwrap();
        std::thread::sleep(expected.duration.mul_f64(share * (0.1 + 0.9 * moments.next())));
        child.kill().unwrap();
        if child.wait().unwrap().success() {
            late += 1;
            share *= 0.8;
            assert!(late <= KILLS, "the runs end before they can be killed");
        } else {
            kills += 1;
            let fates = State::of(&url).fates;
            let some = fates.len() > 1 && fates.len() < expected.after.fates.len();
            halfway += u32::from(some);
            shipped.done(&url, "run SPEC --yes");
        }
        let when = format!("kill {kills}");
        State::of(&url).assert_is(&expected.after, &when);
        shipped.done(&url, "rollback SPEC --all --yes");
        assert_same(&State::of(&url).data, &expected.before.data, &format!("{when}, taken back"));
    }
    assert!(halfway * 2 > KILLS, "only {halfway} of {KILLS} kills left the ledger half filled");
}

#[test]
fn on_postgresql() {
    killed(&Shipped::goals(), &servers::postgres(), 0x2545_f491_4f6c_dd1d);
}

#[test]
fn on_ferretdb() {
    killed(&Shipped::appointments(24), &servers::ferretdb(), 0x9e37_79b9_7f4a_7c15);
}
