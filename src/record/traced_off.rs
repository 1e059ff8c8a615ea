//! Stands for `traced.rs` without the feature `stacks`: nothing is ever traced.

use super::event::Reallocation;
use super::slot::Slot;
use super::tag::Tag;

/// # Safety
///
/// None is needed.
pub(super) const unsafe fn allocated(_: &Slot, _: *mut u8, _: usize, _: u64, _: u64, _: u64) -> bool {
    false
}

/// # Safety
///
/// None is needed.
pub(super) const unsafe fn reallocated(_: &Slot, _: &Reallocation, _: u64, _: u64, _: u64) -> bool {
    false
}

pub(super) const fn freed(_: &Slot, _: Tag, _: *mut u8, _: usize) -> bool {
    false
}
