//! A TOML file as a tree that knows where everything was written.

mod spanned;
mod text;

pub use spanned::Spanned;
pub use text::Text;
