//! The one integration binary: linking once is what takes the time.

#![expect(clippy::unwrap_used, reason = "a test that fails may panic")]

mod diagnostics;
mod loading;
mod schema;
