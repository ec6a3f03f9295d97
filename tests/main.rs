//! The one integration binary: linking once is what takes the time. One module per subject.

#![allow(missing_docs, unreachable_pub, reason = "nobody imports a test")]
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

mod architecture;
mod conformance;
mod diagnostics;
mod documents;
mod engine;
mod loading;
mod schema;
mod seeds;
