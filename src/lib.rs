//! `mapper` moves and reshapes data between databases from TOML spec files.
pub mod connectors;
pub mod expr;
pub mod functions;
pub mod plan;
pub mod value;
