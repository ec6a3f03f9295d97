//! The shipped specs over their fixtures are taken back whole.

use mapper::ledger::PhaseState;
use mapper::rollback::{Request, Scope, rollback};
use mapper::run::{Cancel, Silent};
use mapper::status::status;

use crate::seeds::world::World;

#[tokio::test]
async fn shipped_specs_leave_nothing() {
    let shipped =
        [("specs/mtr_followup.toml", "CLINIC_URL"), ("specs/treatment_goals.toml", "APP_URL")];
    for (spec, variable) in shipped {
        let world = World::new(spec, variable);
        let stores = world.open().await;
        let before = world.dump().await;
        world.run().await;
        let after = world.dump().await;
        assert_ne!(before, after, "{spec}");
        world.run().await;
        assert_eq!(world.dump().await, after, "{spec}");

        let cancel = Cancel::default();
        let all = Request { scope: Scope::All, ..Request::default() };
        let dry = Request { dry_run: true, ..all.clone() };
        let told = rollback(&world.plan, &stores, &dry, &Silent, &cancel).await.unwrap();
        assert_eq!(world.dump().await, after, "{spec}");
        let done = rollback(&world.plan, &stores, &all, &Silent, &cancel).await.unwrap();
        assert_eq!(told.units, done.units, "{spec}");
        assert!(done.is_complete(), "{spec}: {:?}", done.kept);
        assert_eq!(done.units.len(), 2);
        let now = world.dump().await;
        let differ: Vec<_> = now.iter().filter(|line| !before.contains(line)).take(3).collect();
        assert!(now == before, "{spec}: {differ:?}");
        let status = status(&world.plan, &stores).await.unwrap();
        assert!(status.phases.iter().all(|phase| phase.state == PhaseState::NotStarted));
    }
}
