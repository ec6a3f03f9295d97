//! `phase`: what share of its records a phase did not reject.

use super::expect::{Actual, Share, count_value, judge};
use super::{Context, Finding};
use crate::plan::Expect;
use crate::run::RunError;

/// Holds the share of a phase's records that it did not reject against what is expected.
pub(super) async fn evaluate(
    context: &Context<'_>,
    phase: usize,
    expect: &Expect,
) -> Result<Finding, RunError> {
    let Some(counts) = context.told_of(phase).await? else {
        let name = context.plan.phases[phase].full_name();
        return Ok(Finding::new(false, format!("`{name}` has not run")));
    };
    let passed = counts.read.saturating_sub(counts.rejected);
    let actual = Actual {
        share: Some(Share::Of(passed, counts.read)),
        ..Actual::value(count_value(passed))
    };
    judge(context, expect, &actual).await
}
