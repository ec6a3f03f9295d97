//! Stores without transactions: killed at any statement, a run or a rollback that is started again
//! ends as an undisturbed one does, in data and ledger.

mod alone;
mod kills;
mod world;
