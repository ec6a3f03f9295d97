//! The default fixtures: run, run again, dry run.

use super::world::{World, counts};

#[tokio::test]
async fn follow_ups_become_appointments() {
    let world = World::new("specs/mtr_followup.toml", "CLINIC_URL");
    let outcome = world.run().await;
    println!("{:#?}", counts(&outcome));
    for node in &outcome.nodes {
        if let Some(check) = &node.check {
            println!("{} {} {}", check.passed, check.name, check.actual);
        }
    }
    let again = world.run().await;
    println!("{:#?}", counts(&again));
}

#[tokio::test]
async fn action_items_become_goals() {
    let world = World::new("specs/treatment_goals.toml", "APP_URL");
    let outcome = world.run().await;
    println!("{:#?}", counts(&outcome));
    let again = world.run().await;
    println!("{:#?}", counts(&again));
}
