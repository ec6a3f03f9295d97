//! The laws of generated rows.
