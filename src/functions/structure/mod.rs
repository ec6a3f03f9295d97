//! JSON, lists and objects.

mod compact;
mod first;
mod flatten;
mod keys;
mod last;
mod length;
mod merge;
mod omit;
mod parse_json;
mod pick;
mod sort;
mod to_json;
mod unique;
mod values;
mod wrap;

pub(super) use compact::Compact;
pub(super) use first::First;
pub(super) use flatten::Flatten;
pub(super) use keys::Keys;
pub(super) use last::Last;
pub(super) use length::Length;
pub(super) use merge::Merge;
pub(super) use omit::Omit;
pub(super) use parse_json::ParseJson;
pub(super) use pick::Pick;
pub(super) use sort::Sort;
pub(super) use to_json::ToJson;
pub(super) use unique::Unique;
pub(super) use values::Values;
pub(super) use wrap::Wrap;
