//! Runs over real SQLite files are taken back, continued, told and tried again.

mod again;
mod mapping;
mod seeds;
mod undo;
mod world;
