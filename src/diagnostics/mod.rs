//! What can be wrong in a spec, and where. Knows nothing of the rest.
//!
//! A mistake is a [`Diagnostic`]: a [`Code`] from the register in [`codes`], a lower-case phrase,
//! labels on spans, and help. [`Diagnostics`] collects them; [`render`] turns them into text.

mod code;
pub mod codes;
mod diagnostic;
pub mod render;
mod source;
pub mod wording;

pub use code::{Code, Page};
pub use diagnostic::{Diagnostic, Diagnostics, Label, Severity};
pub use source::{Source, SourceId, SourceMap, Span};
