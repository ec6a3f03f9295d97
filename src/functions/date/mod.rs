//! Dates and times.

mod add_days;
mod add_duration;
mod days_until;
mod from_epoch;
mod start_of;
mod to_epoch;
mod years_until;

pub(super) use add_days::AddDays;
pub(super) use add_duration::AddDuration;
pub(super) use days_until::DaysUntil;
pub(super) use from_epoch::FromEpoch;
pub(super) use start_of::StartOf;
pub(super) use to_epoch::ToEpoch;
pub(super) use years_until::YearsUntil;
