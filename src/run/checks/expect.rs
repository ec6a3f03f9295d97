//! What is expected of an answer, and whether it holds.

use std::borrow::Cow;

use bigdecimal::{BigDecimal, Zero as _};

use super::{Context, Finding, amount, query, sum};
use crate::connectors::compare_values;
use crate::diagnostics::wording::join;
use crate::ledger::Counts;
use crate::plan::{Expect, Operand};
use crate::run::RunError;
use crate::value::{Decimal, Value, time};

/// What a check found.
pub(super) struct Actual {
    /// The answer.
    pub(super) value: Value,
    /// What the answer counts, in the singular (`record`).
    pub(super) unit: Option<&'static str>,
    /// How many rows or records were found, when that is asked.
    pub(super) rows: Option<u64>,
    /// What share of records it is, when that is asked.
    pub(super) share: Option<Share>,
}

/// A share of records.
#[derive(Clone, Copy, Debug)]
pub(super) enum Share {
    /// So many of so many.
    Of(u64, u64),
    /// A number from 0 to 1.
    Ratio(f64),
}

impl Actual {
    /// A plain answer.
    pub(super) fn value(value: Value) -> Self {
        Self { value, unit: None, rows: None, share: None }
    }

    fn show(&self) -> String {
        match (self.unit, &self.value) {
            (Some(unit), Value::Int(count)) => {
                amount(u64::try_from(*count).unwrap_or_default(), unit)
            }
            (_, value) => show_answer(value),
        }
    }
}

/// Holds an answer against what is expected of it.
pub(super) async fn judge(
    context: &Context<'_>,
    expect: &Expect,
    actual: &Actual,
) -> Result<Finding, RunError> {
    let mut found = actual.show();
    // What was expected and does not hold; and what explains a difference.
    let mut failed: Vec<String> = Vec::new();
    let mut notes: Vec<String> = Vec::new();
    if let Some(operand) = &expect.equals {
        let (expected, shown) = operand_value(context, operand).await?;
        if matches!(operand, Operand::Value(_)) && same(&actual.value, &expected) {
            // The spec says this text itself.
            found = actual.unit.map_or_else(|| shown.clone(), |_| found);
        }
        match expect.explained_by {
            None if same(&actual.value, &expected) => {}
            None => failed.push(shown),
            Some(phase) => {
                let explanation = Explanation::new(context, phase).await?;
                let (ok, note) = match difference(&actual.value, &expected) {
                    Some(difference) => explanation.judge(&difference),
                    None => (false, "the difference is no number".to_owned()),
                };
                if !ok {
                    failed.push(shown);
                }
                notes.push(note);
            }
        }
    }
    for (bound, wrong, word) in [
        (&expect.min, std::cmp::Ordering::Less, "at least"),
        (&expect.max, std::cmp::Ordering::Greater, "at most"),
    ] {
        let Some(bound) = bound else { continue };
        let (bound, shown) = operand_value(context, bound).await?;
        if !comparable(&actual.value, &bound) {
            failed.push(format!("{word} {shown}, which it can't be compared with"));
        } else if order(&actual.value, &bound) == wrong {
            failed.push(format!("{word} {shown}"));
        }
    }
    if let Some(wanted) = expect.rows {
        match (actual.rows, expect.explained_by) {
            (None, _) => {
                failed.push("a number of rows, which this answer does not have".to_owned());
            }
            (Some(rows), _) if rows == wanted => {}
            (Some(rows), Some(phase)) if expect.equals.is_none() => {
                let explanation = Explanation::new(context, phase).await?;
                let (ok, note) = explanation.judge(&BigDecimal::from(rows.abs_diff(wanted)));
                if !ok {
                    failed.push(wanted.to_string());
                }
                notes.push(note);
            }
            (Some(_), _) => failed.push(wanted.to_string()),
        }
    }
    rates(expect, actual, &mut found, &mut failed);
    let mut text = found;
    if !failed.is_empty() {
        text = format!("{text}, expected {}", join(&failed, "and"));
    }
    for note in notes {
        text = format!("{text}; {note}");
    }
    Ok(Finding::new(failed.is_empty(), text))
}

#[expect(clippy::cast_precision_loss, reason = "a share of counts")]
fn rates(expect: &Expect, actual: &Actual, found: &mut String, failed: &mut Vec<String>) {
    if expect.min_rate.is_none() && expect.max_rate.is_none() {
        return;
    }
    let share = match actual.share {
        Some(Share::Of(part, total)) => {
            *found = format!("{part} of {}", amount(total, "record"));
            if total == 0 {
                // Of no records any share is found.
                return;
            }
            let share = part as f64 / total as f64;
            *found = format!("{found} ({})", percent(share));
            share
        }
        Some(Share::Ratio(share)) => {
            *found = percent(share);
            share
        }
        None => {
            failed.push("a share of records, which this answer does not have".to_owned());
            return;
        }
    };
    if let Some(least) = expect.min_rate.filter(|least| share < *least) {
        failed.push(format!("at least {}", percent(least)));
    }
    if let Some(most) = expect.max_rate.filter(|most| share > *most) {
        failed.push(format!("at most {}", percent(most)));
    }
}

fn percent(share: f64) -> String {
    let text = format!("{:.2}", share * 100.0);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

/// What explains a difference: the records of a phase that did not arrive.
struct Explanation {
    phase: String,
    counts: Option<Counts>,
}

impl Explanation {
    async fn new(context: &Context<'_>, phase: usize) -> Result<Self, RunError> {
        let counts = context.counts_of(phase).await?;
        Ok(Self { phase: context.plan.phases[phase].full_name(), counts })
    }

    /// Whether a difference is that of the skips and rejects, and how that is said.
    fn judge(&self, difference: &BigDecimal) -> (bool, String) {
        let Some(counts) = &self.counts else {
            let note = format!("`{}` has not run and explains nothing", self.phase);
            return (difference.is_zero(), note);
        };
        let missing = counts.skipped + counts.rejected;
        // A record that was left out because the target holds its like makes no difference; but two
        // of them may have the same one there.
        let there: u64 = ["skipped: exists", "rejected: exists", "skipped: appended_before"]
            .iter()
            .filter_map(|reason| counts.reasons.get(*reason))
            .sum();
        let least = BigDecimal::from(missing.saturating_sub(there));
        let explained = (least..=BigDecimal::from(missing)).contains(difference);
        let fates = format!(
            "{} and {} of `{}`",
            amount(counts.skipped, "skip"),
            amount(counts.rejected, "reject"),
            self.phase
        );
        let difference = difference.normalized().to_plain_string();
        let note = if explained {
            format!("the difference of {difference} is explained by {fates}")
        } else {
            format!("the difference of {difference} is not explained by {fates}")
        };
        (explained, note)
    }
}

/// What an answer is compared with, and how that may be shown.
async fn operand_value(
    context: &Context<'_>,
    operand: &Operand,
) -> Result<(Value, String), RunError> {
    let value = match operand {
        Operand::Value(value) => return Ok((value.clone(), show_literal(value))),
        Operand::Query { connection, query: text } => {
            query::first_value(&**context.stores.get(*connection), text).await?
        }
        Operand::Count { connection, entity, filter } => {
            count_value(context.stores.get(*connection).count(entity, filter).await?)
        }
        Operand::Sum(of) => sum::total(context, of).await?,
    };
    let shown = show_answer(&value);
    Ok((value, shown))
}

/// A count as a value.
pub(super) fn count_value(count: u64) -> Value {
    i64::try_from(count).map_or_else(|_| Value::Decimal(count.into()), Value::Int)
}

/// Numbers as they are; anything else only by its type.
fn show_answer(value: &Value) -> String {
    match value {
        Value::Missing | Value::Null => "nothing".to_owned(),
        Value::Int(_) | Value::Float(_) | Value::Decimal(_) => {
            value.canonical_text().unwrap_or(Cow::Borrowed("")).into_owned()
        }
        other => other.kind().to_string(),
    }
}

/// What the spec itself says.
fn show_literal(value: &Value) -> String {
    match value {
        Value::Text(text) => format!("`{text}`"),
        Value::Missing | Value::Null => "nothing".to_owned(),
        other => match other.canonical_text() {
            Some(text) => text.into_owned(),
            None => other.kind().to_string(),
        },
    }
}

fn difference(a: &Value, b: &Value) -> Option<BigDecimal> {
    let (a, b) = (Decimal::from_value(a)?, Decimal::from_value(b)?);
    Some((a.number() - b.number()).abs())
}

/// Whether two answers hold the same: numbers by value, times and texts by content, whatever way a
/// store spells them.
pub(super) fn same(a: &Value, b: &Value) -> bool {
    if a.same_content(b) {
        return true;
    }
    match (a, b) {
        // Stores without a type for truth count it.
        (Value::Bool(truth), number @ Value::Int(_))
        | (number @ Value::Int(_), Value::Bool(truth)) => *number == Value::Int((*truth).into()),
        _ => comparable(a, b) && order(a, b).is_eq(),
    }
}

/// Whether one can come before the other: numbers, texts, times among each other.
fn comparable(a: &Value, b: &Value) -> bool {
    let (a, b) = spelled_alike(a, b);
    let group = |value: &Value| match value {
        Value::Int(_) | Value::Float(_) | Value::Decimal(_) => Some(0),
        Value::Text(_) => Some(1),
        Value::Date(_) | Value::DateTime(_) | Value::Timestamp(_) => Some(2),
        Value::Time(_) => Some(3),
        Value::Uuid(_) => Some(4),
        Value::ObjectId(_) => Some(5),
        Value::Bool(_) => Some(6),
        Value::Bytes(_) => Some(7),
        Value::Missing | Value::Null | Value::Array(_) | Value::Object(_) => None,
    };
    group(&a).is_some() && group(&a) == group(&b)
}

fn order(a: &Value, b: &Value) -> std::cmp::Ordering {
    let (a, b) = spelled_alike(a, b);
    compare_values(&a, &b)
}

/// Where one is text and the other a time or an id: the text read as such.
fn spelled_alike<'v>(a: &'v Value, b: &'v Value) -> (Cow<'v, Value>, Cow<'v, Value>) {
    let read = |text: &str, like: &Value| match like {
        Value::Date(_) | Value::DateTime(_) | Value::Timestamp(_) => time::parse_date(text)
            .map(Value::Date)
            .or_else(|| time::parse_date_time(text).map(Value::DateTime))
            .or_else(|| time::parse_timestamp(text).map(Value::Timestamp)),
        Value::Time(_) => time::parse_time(text).map(Value::Time),
        Value::Uuid(_) => uuid::Uuid::try_parse(text).ok().map(Value::Uuid),
        Value::ObjectId(_) => text.parse().ok().map(Value::ObjectId),
        _ => None,
    };
    match (a, b) {
        (Value::Text(text), other) if !matches!(other, Value::Text(_)) => {
            (read(text, other).map_or(Cow::Borrowed(a), Cow::Owned), Cow::Borrowed(b))
        }
        (other, Value::Text(text)) if !matches!(other, Value::Text(_)) => {
            (Cow::Borrowed(a), read(text, other).map_or(Cow::Borrowed(b), Cow::Owned))
        }
        _ => (Cow::Borrowed(a), Cow::Borrowed(b)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_the_same_by_content() {
        let decimal = |text: &str| Value::Decimal(text.parse().unwrap());
        let date = Value::Date(time::parse_date("2024-01-31").unwrap());
        assert!(same(&Value::Int(2), &decimal("2.00")));
        assert!(same(&Value::Float(0.1), &decimal("0.10")));
        assert!(same(&Value::text("2024-01-31"), &date));
        assert!(same(&Value::text("2024-01-31 00:00:00"), &date));
        assert!(same(&Value::Int(1), &Value::Bool(true)));
        assert!(!same(&Value::text("2"), &Value::Int(2)));
        assert!(!same(&Value::text("a "), &Value::text("a")));
        assert!(!same(&Value::text("2024-02-01"), &date));
        assert!(!same(&Value::Null, &Value::Int(0)));
    }

    #[test]
    fn answers_that_are_no_numbers_are_shown_by_type_only() {
        assert_eq!(show_answer(&Value::text("secret")), "text");
        assert_eq!(show_answer(&Value::Int(5)), "5");
        assert_eq!(show_literal(&Value::text("open")), "`open`");
        assert_eq!(percent(0.95), "95 %");
        assert_eq!(percent(0.12345), "12.35 %");
    }

    #[test]
    fn what_was_there_already_may_explain_nothing() {
        let explanation = |skipped: u64, exists: u64| {
            let reasons = [("skipped: exists".to_owned(), exists)].into();
            let counts = Counts { skipped, reasons, ..Counts::default() };
            Explanation { phase: "s.p".into(), counts: Some(counts) }
        };
        let explains = |skipped, exists, difference: i64| {
            explanation(skipped, exists).judge(&BigDecimal::from(difference)).0
        };
        assert!(explains(3, 0, 3));
        assert!(!explains(3, 0, 0));
        assert!(explains(3, 2, 1));
        assert!(explains(3, 2, 3));
        // One of the two was there because of an earlier record of the same source.
        assert!(explains(3, 2, 2));
        assert!(!explains(3, 2, 0));
        assert!(!explains(3, 2, 4));
    }
}
