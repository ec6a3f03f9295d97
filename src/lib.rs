//! `mapper` moves and reshapes data between databases from TOML spec files.
pub mod connectors;
pub mod diagnostics;
pub mod document;
pub mod expr;
pub mod functions;
pub mod plan;
pub mod spec;
pub mod value;
