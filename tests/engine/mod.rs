//! The engine over real SQLite files: fates, conflicts, duplicates, batches, resume.

mod conflicts;
pub mod world;
