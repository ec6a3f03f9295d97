//! `mapper seed` from a spec's seeds.

mod cleaning;
mod kills;
mod laws;
mod refused;
mod stores;
mod world;
