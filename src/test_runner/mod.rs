//! Runs the tests of a plan: source records through the real engine, into a store in memory.

mod compare;
mod difference;
mod world;

pub use difference::{Difference, FieldDifference};

use std::sync::Arc;

use self::world::World;
use crate::plan::{Fates, Plan, TestCase};
use crate::run::Options;

/// What became of a test.
#[derive(Clone, Debug, PartialEq)]
pub struct TestOutcome {
    /// Its name.
    pub name: String,
    /// The phase's full name.
    pub phase: String,
    /// What is otherwise than expected. Empty: it passed.
    pub differences: Vec<Difference>,
}

impl TestOutcome {
    /// Whether everything is as expected.
    pub fn passed(&self) -> bool {
        self.differences.is_empty()
    }
}

/// Runs the tests whose name, or whose phase's full name, contains the filter.
///
/// `Options::now` is what `now` is in the mappings. Each test stands for itself; one that can't be
/// run fails with the reason.
pub async fn run_tests(plan: &Plan, filter: Option<&str>, options: &Options) -> Vec<TestOutcome> {
    let mut outcomes = Vec::new();
    let options = Arc::new(Options { dry_run: false, ..options.clone() });
    for test in &plan.tests {
        let phase = plan.phases[test.phase].full_name();
        if filter.is_some_and(|part| !test.name.contains(part) && !phase.contains(part)) {
            continue;
        }
        let differences = match run_test(plan, test, &options).await {
            Ok(differences) => differences,
            Err(error) => vec![Difference::Failed(error.message)],
        };
        outcomes.push(TestOutcome { name: test.name.clone(), phase, differences });
    }
    outcomes
}

async fn run_test(
    plan: &Plan,
    test: &TestCase,
    options: &Arc<Options>,
) -> Result<Vec<Difference>, crate::run::RunError> {
    let world = World::new(plan, test).await?;
    let result = world.run(options).await?;
    let mut differences = Vec::new();
    if let Some(expect) = &test.expect {
        differences.extend(compare::rows(&world, test, expect, &result.rows));
    }
    // A reject that nobody expects is a failure; a skip is what a rule says.
    let rejects = test.expect_rejects.clone().unwrap_or(Fates::Count(0));
    let details = result.rejects.iter().map(|(_, detail)| detail.clone()).collect();
    let reasons: Vec<String> = result.rejects.into_iter().map(|(reason, _)| reason).collect();
    differences.extend(compare::fates("rejects", &rejects, reasons, details));
    if let Some(skips) = &test.expect_skips {
        differences.extend(compare::fates("skips", skips, result.skips, Vec::new()));
    }
    Ok(differences)
}
