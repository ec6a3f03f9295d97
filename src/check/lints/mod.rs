//! Advice: what is allowed, and worth a look.

mod similar_column;
mod unused_connection;
mod unused_crosswalk;

use super::Checker;

/// Every rule.
const RULES: &[fn(&mut Checker<'_>)] =
    &[similar_column::run, unused_connection::run, unused_crosswalk::run];

/// Runs every rule.
pub(super) fn run(checker: &mut Checker<'_>) {
    for rule in RULES {
        rule(checker);
    }
}
