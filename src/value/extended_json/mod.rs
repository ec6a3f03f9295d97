//! JSON text to values and back, without loss: plain JSON, and MongoDB Extended JSON version 2.
//!
//! Numbers are read exactly: whole ones of up to 64 bits as integers, larger ones as decimals; one
//! with a point or an exponent as a float only when the float's own text is the text written, as a
//! decimal with the written scale otherwise. So `1.5` is a float and `1.50` a decimal.

mod read;
mod wrapper;
mod write;

pub use read::{ParseError, Parser, parse, parse_plain};
pub use write::{Plain, to_plain_text, to_text, write, write_plain};

#[cfg(test)]
mod tests;
