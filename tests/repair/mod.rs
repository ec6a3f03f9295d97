//! Repairing what a migration finds: triggers and foreign keys that are off meanwhile, what a dry
//! run foretells, chains of lookups, and what is counted of them.

mod chains;
mod foretold;
mod rates;
mod switches;
pub(crate) mod world;
