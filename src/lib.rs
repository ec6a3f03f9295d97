//! `mapper` moves and reshapes data between databases from TOML spec files.
//!
//! A spec says *what* maps to *what*. The library reads it, finds every mistake in it, works out an
//! order, does it batch by batch, and keeps beside the data what became of each record, so that the
//! result can be verified and taken back. It never prints, exits, or reads the environment; the
//! binary does, and holds nothing else.
//!
//! # From text to plan
//!
//! ```
//! use mapper::check::{self, Options};
//! use mapper::diagnostics::render::{self, Style};
//! use mapper::document::Environment;
//! use mapper::spec;
//!
//! let text = r#"
//! spec = 1
//! name = "shop"
//!
//! [connections.shop]
//! url = "sqlite:shop.db"
//!
//! [phase.customers]
//! source = { files = "customers.csv", key = ["number"] }
//! target = { connection = "shop", table = "customers", key = ["number"] }
//! fields = { number = "number", name = { from = "name", apply = "trim" } }
//!
//! [phase.orders]
//! source = { files = "orders.csv", key = ["number"] }
//! target = { connection = "shop", table = "orders", key = ["number"] }
//! fields = { number = "number", customer_id = { lookup = "customers", from = "customer" } }
//! "#;
//!
//! let (specs, sources, mut diagnostics) = spec::load_text(text, &Environment::new());
//! let checked = specs.and_then(|specs| {
//!     check::check(&specs, &sources, &Options::default(), &mut diagnostics)
//! });
//! print!("{}", render::text(&diagnostics, &sources, Style::PLAIN));
//!
//! let plan = checked.expect("the spec has no mistake").plan;
//! for node in &plan.graph.nodes {
//!     println!("{}", node.name);
//! }
//! # let names: Vec<_> = plan.graph.nodes.iter().map(|node| node.name.as_str()).collect();
//! # assert_eq!(names, ["shop.customers", "shop.orders"]);
//! ```
//!
//! It prints `shop.customers` and `shop.orders`: the lookup orders the phases.
//!
//! # The way through the modules
//!
//! | stage | module | begin at |
//! |---|---|---|
//! | a TOML file as a tree that keeps places | [`document`] | [`document::parse`] |
//! | what the author wrote | [`spec`] | [`spec::load`] |
//! | names, types, order; every mistake | [`check`] | [`check::check`], [`check::connect`] |
//! | what will be done, as plain data | [`plan`] | [`plan::Plan`] |
//! | stores and files | [`connectors`] | [`connectors::Store`] |
//! | rows of test data | [`generate`] | [`generate::Recipe`], [`check::seeds`] |
//! | how a value is computed | [`expr`], [`functions`] | [`expr::Program`], [`functions::ALL`] |
//! | asking services | [`http`] | [`http::Client`] |
//! | doing it | [`run`] | [`run::run`] |
//! | what was done | [`ledger`] | [`ledger::Ledger`] |
//! | what is left behind | [`coverage`] | [`coverage::coverage`] |
//! | what was there before | [`backup`] | [`backup::write`], [`restore::restore`] |
//! | values, types, keys, casts | [`value`] | [`value::Value`] |
//! | what went wrong in a spec | [`diagnostics`] | [`diagnostics::codes`] |
//!
//! `ARCHITECTURE.md` tells which of them may see which, and why.
//!
//! # What is API
//!
//! The spec language, the commands with their flags and exit codes, JSON output, ledger tables and
//! diagnostic codes are what a version number speaks of. This library is how the binary is built;
//! before version 1 its types may change with any release.
pub mod backup;
pub mod check;
pub mod cli;
pub mod connectors;
pub mod coverage;
pub mod diagnostics;
pub mod document;
pub mod expr;
pub mod functions;
pub mod generate;
pub mod http;
pub mod ids;
pub mod init;
pub mod ledger;
pub mod plan;
pub mod rehearse;
pub mod rejects;
pub mod report;
pub mod restore;
pub mod rollback;
pub mod run;
pub mod spec;
pub mod status;
pub mod test_runner;
pub mod value;
pub mod verify;
