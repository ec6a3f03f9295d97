//! The one integration binary: linking once is what takes the time.

mod diagnostics;
mod loading;
mod schema;
