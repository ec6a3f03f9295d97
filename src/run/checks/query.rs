//! `query`: the first value of a query's answer, or its number of rows.

use std::sync::Arc;

use super::expect::{Actual, count_value, judge};
use super::{Context, Finding};
use crate::connectors::{Store, StoreError};
use crate::plan::Expect;
use crate::run::RunError;
use crate::value::Value;

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
    let (value, unit) = if about_rows {
        (count_value(count), Some("row"))
    } else if rows.is_empty() {
        (Value::Null, None)
    } else {
        (first(rows.swap_remove(0)), None)
    };
    judge(context, expect, &Actual { value, unit, rows: Some(count), total: None }).await
}

/// The first value of a query's answer; null when it has no row.
pub(super) async fn first_value(store: &dyn Store, query: &str) -> Result<Value, StoreError> {
    let rows = store.query(query).await?.rows;
    Ok(rows.into_iter().next().map_or(Value::Null, first))
}

fn first(row: Vec<Value>) -> Value {
    row.into_iter().next().unwrap_or(Value::Null)
}
