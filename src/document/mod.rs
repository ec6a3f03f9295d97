//! A TOML file as a tree that knows where everything was written; the only home of `toml`.

mod literal;
mod node;
mod parse;
mod scan;
mod spanned;
mod text;

pub use node::{Datetime, Entry, Node, NodeKind, Table};
pub use parse::{Damage, Document, MAX_BYTES, parse};
pub use spanned::Spanned;
pub use text::Text;
