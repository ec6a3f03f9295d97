//! `mapper` moves and reshapes data between databases from TOML spec files.
pub mod check;
pub mod connectors;
pub mod diagnostics;
pub mod document;
pub mod expr;
pub mod functions;
pub mod ids;
pub mod ledger;
pub mod plan;
pub mod rejects;
pub mod report;
pub mod rollback;
pub mod run;
pub mod spec;
pub mod status;
pub mod value;
pub mod verify;
