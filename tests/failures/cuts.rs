//! The connection cut in the middle of whatever is under way: the run goes on by itself, or says
//! what happened and the next one goes on; the end is as if nothing had been.

use std::sync::Arc;

use super::kills::Undisturbed;
use super::shipped::Shipped;
use super::state::{State, assert_same};
use crate::kill::moments::Moments;
use crate::servers::{self, Proxy, Server};

const CUTS: u32 = 20;

fn cut(shipped: &Shipped, server: &Arc<Server>, seed: u64) {
    let database = server.database();
    let url = database.url();
    let proxy = Proxy::before(server);
    let through = proxy.url(&url);
    let expected = Undisturbed::new(shipped, &url);
    let before = proxy.forwarded();
    shipped.done(&through, "run SPEC --yes");
    #[expect(clippy::cast_precision_loss, reason = "a share of it is taken")]
    let bytes = (proxy.forwarded() - before) as f64;
    shipped.done(&url, "rollback SPEC --all --yes");

    let mut moments = Moments::new(seed);
    let (mut cuts, mut late, mut went_on) = (0, 0, 0);
    while cuts < CUTS {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bytes")]
        let after = (bytes * (0.02 + 0.93 * moments.next())) as u64;
        let before = proxy.cuts();
        proxy.cut_after(after);
        let output = shipped.run(&through, "run SPEC --yes");
        // A run asks and answers a little more or less than another.
        if proxy.keep() == before {
            late += 1;
            assert!(late < CUTS, "the runs end before they can be cut");
        } else {
            cuts += 1;
        }
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        let when = format!("cut {cuts}, after {after} bytes");
        match output.status.code() {
            Some(0) => went_on += 1,
            Some(1) => {
                assert!(told.contains("error: "), "{when}: {told}");
                shipped.done(&url, "run SPEC --yes");
            }
            other => panic!("{when}: {other:?}\n{told}"),
        }
        State::of(&url).assert_is(&expected.after, &when);
        shipped.done(&url, "rollback SPEC --all --yes");
        assert_same(&State::of(&url).data, &expected.before.data, &format!("{when}, taken back"));
    }
    // Cut while it opens, or in its checks, it ends instead.
    assert!(went_on * 5 > CUTS, "only {went_on} of {CUTS} runs went on by themselves");
}

#[test]
fn on_postgresql() {
    cut(&Shipped::goals(25), &servers::postgres(), 0x1234_5678_9abc_def1);
}

#[test]
fn on_ferretdb() {
    cut(&Shipped::appointments(24, 20), &servers::ferretdb(), 0x0fed_cba9_8765_4321);
}
