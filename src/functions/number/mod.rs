//! Numbers, exact.

mod abs;
mod add;
mod clamp;
mod divide;
mod max;
mod min;
mod multiply;
mod negate;
mod round;
mod subtract;
mod sum;
mod to_number;

pub(super) use abs::Abs;
pub(super) use add::Add;
pub(super) use clamp::Clamp;
pub(super) use divide::Divide;
pub(super) use max::Max;
pub(super) use min::Min;
pub(super) use multiply::Multiply;
pub(super) use negate::Negate;
pub(super) use round::Round;
pub(super) use subtract::Subtract;
pub(super) use sum::Sum;
pub(super) use to_number::ToNumber;
