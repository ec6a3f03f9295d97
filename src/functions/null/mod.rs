//! Null handling.

mod blank_to_null;
mod coalesce;
mod empty_to_null;
mod null_if;
mod zero_to_null;

pub(super) use blank_to_null::BlankToNull;
pub(super) use coalesce::Coalesce;
pub(super) use empty_to_null::EmptyToNull;
pub(super) use null_if::NullIf;
pub(super) use zero_to_null::ZeroToNull;
