//! Schemas declared in specs, on real servers: made, verified, changed, taken back.

mod evolution;
mod killed;
mod trouble;
mod vytalwatch;
mod world;
