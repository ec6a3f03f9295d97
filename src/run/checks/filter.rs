//! `filter`: how many records a filter finds.

use std::sync::Arc;

use super::expect::{Actual, Share, count_value, judge};
use super::{Context, Finding};
use crate::connectors::Store;
use crate::plan::Expect;
use crate::run::RunError;
use crate::value::query::Filter;

/// Counts the records and holds their number against what is expected.
pub(super) async fn evaluate(
    context: &Context<'_>,
    store: &Arc<dyn Store>,
    entity: &str,
    filter: &Filter,
    expect: &Expect,
) -> Result<Finding, RunError> {
    let count = store.count(entity, filter).await?;
    let share = if expect.min_rate.is_some() || expect.max_rate.is_some() {
        Some(Share::Of(count, store.count(entity, &Filter::All).await?))
    } else {
        None
    };
    let value = count_value(count);
    judge(context, expect, &Actual { value, unit: Some("record"), rows: Some(count), share }).await
}
