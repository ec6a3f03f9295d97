//! The shipped specs over their fixtures, held against counts that were computed without mapper.

mod brius;
mod default;
mod dirty;
pub mod planted;
mod requirements;
mod servers;
pub mod world;
