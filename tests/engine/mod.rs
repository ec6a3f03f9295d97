//! The engine over real SQLite files: fates, conflicts, duplicates, batches, resume.

mod conflicts;
mod now;
mod second_pass;
mod side_by_side;
mod stream;
pub mod world;
