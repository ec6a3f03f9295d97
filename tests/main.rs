//! The one integration binary, since linking is what takes the time: one module per subject.

#![expect(clippy::unwrap_used, reason = "a test that fails may panic")]

mod conformance;
mod diagnostics;
mod engine;
mod loading;
mod schema;
