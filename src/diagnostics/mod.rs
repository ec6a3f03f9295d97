//! What can be wrong in a spec, and where. Knows nothing of the rest.

mod source;

pub use source::{Source, SourceId, SourceMap, Span};
