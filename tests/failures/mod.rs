//! Real servers that fail: what is told, what stays, and that a second run completes.

mod cuts;
pub(crate) mod hold;
mod kills;
mod midway;
mod reach;
mod rights;
pub(crate) mod shipped;
mod shop;
mod state;
mod violations;
