//! Enums and tables: what is declared against what the ledger says was declared, and against what
//! the catalog says.
//!
//! What the spec asks for is the difference between its declaration and the one in the ledger; what
//! others did by hand is the difference between the catalog now and the catalog right after the last
//! change. Both sides of each comparison are spelt the same way.

mod adopt;
mod apply;
mod book;
mod kept;
mod pending;
mod seeded;
mod trouble;
mod undo;
mod view;

pub(super) use apply::{apply, look, refuse, refuse_edits};
pub use book::Book;
pub use pending::{Drift, Pending, Step, pending, vanished};
pub use undo::{Undo, UndoneChange, standing, undo};
pub use view::{views, views_of_all};
