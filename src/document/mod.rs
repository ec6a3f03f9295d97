//! A TOML file as a tree that knows where everything was written, held against declared shapes;
//! the only home of `toml`.

mod literal;
mod node;
mod parse;
mod scan;
mod secret;
pub mod shape;
mod spanned;
mod text;
mod validate;
mod variables;

pub use node::{Datetime, Entry, Node, NodeKind, Table};
pub use parse::{Damage, Document, MAX_BYTES, parse};
pub use shape::{Group, GroupRule, KeyKind, KeyShape, Shape, TableShape, TextKind};
pub use spanned::Spanned;
pub use text::Text;
pub use validate::{Bound, Validator, parse_bound, parse_percent, parse_rate};
pub use variables::{Environment, substitute};
