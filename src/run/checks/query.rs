//! `query`: the first value of a query's answer, or its number of rows.

use std::sync::Arc;

use super::expect::{Actual, Share, count_value, judge};
use super::{Context, Finding};
use crate::connectors::{Store, StoreError};
use crate::plan::Expect;
use crate::run::RunError;
use crate::value::{Decimal, Value};

/// Runs the query and holds its answer against what is expected.
pub(super) async fn evaluate(
    context: &Context<'_>,
    store: &Arc<dyn Store>,
    query: &str,
    expect: &Expect,
) -> Result<Finding, RunError> {
    let mut rows = store.query(query).await?.rows;
    let count = rows.len() as u64;
    let about_rows = expect.rows.is_some()
        && expect.equals.is_none()
        && expect.min.is_none()
        && expect.max.is_none();
    let share = match rows.first() {
        Some(row) if expect.min_rate.is_some() || expect.max_rate.is_some() => share(row),
        _ => None,
    };
    let (value, unit) = if about_rows {
        (count_value(count), Some("row"))
    } else if rows.is_empty() {
        (Value::Null, None)
    } else {
        (first(rows.swap_remove(0)), None)
    };
    judge(context, expect, &Actual { value, unit, rows: Some(count), share }).await
}

/// The share that an answer tells: two numbers, so many of so many; or one, from 0 to 1.
fn share(row: &[Value]) -> Option<Share> {
    let count = |value: &Value| u64::try_from(Decimal::from_value(value)?.to_i64()?).ok();
    match row {
        [share] => {
            let share = Decimal::from_value(share)?.to_f64()?;
            (0.0..=1.0).contains(&share).then_some(Share::Ratio(share))
        }
        [part, total, ..] => {
            let (part, total) = (count(part)?, count(total)?);
            (part <= total).then_some(Share::Of(part, total))
        }
        [] => None,
    }
}

/// The first value of a query's answer; null when it has no row.
pub(super) async fn first_value(store: &dyn Store, query: &str) -> Result<Value, StoreError> {
    let rows = store.query(query).await?.rows;
    Ok(rows.into_iter().next().map_or(Value::Null, first))
}

fn first(row: Vec<Value>) -> Value {
    row.into_iter().next().unwrap_or(Value::Null)
}
