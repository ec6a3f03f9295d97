//! The one integration binary.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test that fails says where")]

mod conformance;
