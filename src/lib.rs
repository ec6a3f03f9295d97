//! `mapper` moves and reshapes data between databases from TOML spec files.
pub mod connectors;
pub mod diagnostics;
pub mod document;
pub mod functions;
pub mod spec;
pub mod value;
