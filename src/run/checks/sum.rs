//! `sum`: a total, exactly.

use bigdecimal::BigDecimal;

use super::expect::{Actual, judge};
use super::records::{Records, is_present};
use super::{Context, Finding};
use crate::connectors::value_at;
use crate::plan::{Expect, SumOf};
use crate::run::{RunError, RunErrorKind};
use crate::value::{Decimal, Value};

/// Adds up and holds the total against what is expected.
pub(super) async fn evaluate(
    context: &Context<'_>,
    sum: &SumOf,
    expect: &Expect,
) -> Result<Finding, RunError> {
    let total = total(context, sum).await?;
    judge(context, expect, &Actual::value(total)).await
}

/// The total of a field; null and missing add nothing.
///
/// # Errors
/// When a record holds something else than a number there.
pub(super) async fn total(context: &Context<'_>, sum: &SumOf) -> Result<Value, RunError> {
    let store = context.stores.get(sum.connection);
    let filter = sum.filter.clone().and(is_present(&sum.of));
    let mut records = Records::open(&**store, &sum.entity, &[&sum.of], filter).await?;
    let mut total = BigDecimal::from(0);
    let mut others: u64 = 0;
    while let Some(batch) = records.next().await? {
        for row in &batch.rows {
            match value_at(&batch.layout, row, &sum.of) {
                value if value.is_absent() => {}
                value => match Decimal::from_value(value) {
                    Some(number) => total += number.number(),
                    None => others += 1,
                },
            }
        }
    }
    if others > 0 {
        let message = format!(
            "{} of `{}` with something else than a number in `{}`",
            super::amount(others, "record"),
            sum.entity,
            sum.of
        );
        return Err(RunError::new(RunErrorKind::Refused, message));
    }
    Ok(Value::Decimal(Decimal::new(total)))
}
