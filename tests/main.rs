//! The one integration binary: linking once is what takes the time. One module per subject.

#![allow(missing_docs, unreachable_pub, reason = "nobody imports a test")]
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr, reason = "a test may")]
#![allow(clippy::format_collect, reason = "no test is slow by it")]

mod architecture;
mod backup;
mod checking;
mod cli;
mod conformance;
mod diagnostics;
mod differential;
mod documents;
mod engine;
mod enrich;
mod failures;
mod fidelity;
mod init;
mod intents;
mod kill;
mod loading;
mod push_down;
mod rehearse;
mod repair;
mod rollback;
mod schema;
mod seeding;
mod seeds;
mod servers;
mod structure;
mod verify;
