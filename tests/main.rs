//! The one integration binary: one module per subject.

mod conformance;
mod engine;
mod rollback;
