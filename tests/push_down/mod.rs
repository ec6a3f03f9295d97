//! Phases that their database does by itself: the same as when they stream, record by record.

mod generated;
mod postgres;
mod sqlite;
mod world;
