//! `latency`: a read is quick.

use std::time::Duration;

use super::{Finding, amount};
use crate::connectors::Store;
use crate::run::RunError;
use crate::value::query::Select;

/// Times the read, after one that warms up.
pub(super) async fn evaluate(
    store: &dyn Store,
    select: &Select,
    repeat: u64,
    limit: Duration,
) -> Result<Finding, RunError> {
    store.time(select).await?;
    let repeat = repeat.max(1);
    let mut times = Vec::new();
    for _ in 0..repeat {
        times.push(store.time(select).await?);
    }
    times.sort_unstable();
    let (median, p95) = (percentile(&times, 50), percentile(&times, 95));
    let passed = p95 <= limit;
    let mut actual = format!(
        "p95 {}, median {} of {}",
        milliseconds(p95),
        milliseconds(median),
        amount(repeat, "read")
    );
    if !passed {
        actual = format!("{actual}, expected a p95 of at most {}", milliseconds(limit));
    }
    Ok(Finding::new(passed, actual))
}

/// The least time that so many of a hundred reads keep (nearest rank).
fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or_default()
}

fn milliseconds(time: Duration) -> String {
    let number = format!("{:.1}", time.as_secs_f64() * 1000.0);
    format!("{} ms", number.strip_suffix(".0").unwrap_or(&number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_by_nearest_rank() {
        let times: Vec<Duration> = (1..=20).map(Duration::from_millis).collect();
        assert_eq!(percentile(&times, 95), Duration::from_millis(19));
        assert_eq!(percentile(&times, 50), Duration::from_millis(10));
        assert_eq!(percentile(&times[..1], 95), Duration::from_millis(1));
        assert_eq!(milliseconds(Duration::from_millis(100)), "100 ms");
        assert_eq!(milliseconds(Duration::from_micros(1250)), "1.2 ms");
    }
}
