//! `stats`: a number about a table or collection.

use bigdecimal::BigDecimal;

use super::expect::{Actual, count_value, judge};
use super::{Context, Finding};
use crate::connectors::Store;
use crate::plan::{Expect, Measure};
use crate::run::RunError;
use crate::value::{Decimal, Value};

/// Asks the store and holds the number against what is expected. A number that the store does not
/// know does not pass.
pub(super) async fn evaluate(
    context: &Context<'_>,
    store: &dyn Store,
    entity: &str,
    measure: Measure,
    expect: &Expect,
) -> Result<Finding, RunError> {
    let statistics = store.statistics(entity).await?;
    let unknown = |what: &str| Ok(Finding::new(false, format!("the store does not know {what}")));
    let (value, unit) = match measure {
        Measure::Records => (count_value(statistics.records), "record"),
        Measure::Bytes => match statistics.bytes {
            Some(bytes) => (count_value(bytes), "byte"),
            None => return unknown("how many bytes of data there are"),
        },
        Measure::IndexBytes => match statistics.index_bytes {
            Some(bytes) => (count_value(bytes), "byte"),
            None => return unknown("how many bytes of indexes there are"),
        },
        Measure::AverageBytes => match (statistics.bytes, statistics.records) {
            (None, _) => return unknown("how many bytes of data there are"),
            (_, 0) => return Ok(Finding::new(false, "there are no records to take an average of")),
            (Some(bytes), records) => (average(bytes, records), "byte"),
        },
    };
    let rows = (measure == Measure::Records).then_some(statistics.records);
    judge(context, expect, &Actual { value, unit: Some(unit), rows, share: None }).await
}

/// Bytes per record, to a tenth.
fn average(bytes: u64, records: u64) -> Value {
    let average = BigDecimal::from(bytes) / BigDecimal::from(records);
    Value::Decimal(Decimal::new(average.round(1)))
}
