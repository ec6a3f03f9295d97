//! Checks, verification and reports, over databases with planted mistakes.

mod cells;
mod check_kinds;
mod documents;
mod expectations;
mod ledger;
mod report;
mod structure;
mod world;
