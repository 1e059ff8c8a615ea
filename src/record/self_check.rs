//! How many captured stacks were compared with a full unwind, and how often to do so.
//!
//! A comparison costs as much as a full unwind and the walk up the tree, so that it is done for every n-th capture of a
//! thread only; see `unwind` for what a capture relies on.

use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// Every how many captures of a thread one is compared; zero for never.
static EVERY: AtomicU32 = AtomicU32::new(0);

pub(crate) static COMPARED: AtomicU64 = AtomicU64::new(0);
pub(crate) static MISMATCHED: AtomicU64 = AtomicU64::new(0);
pub(crate) static COMPARED_WITH_PLATFORM: AtomicU64 = AtomicU64::new(0);
pub(crate) static DIFFERING_FROM_PLATFORM: AtomicU64 = AtomicU64::new(0);

/// Every how many captures of a thread one is compared with a full unwind; zero for never.
pub(crate) fn every() -> u32 {
    EVERY.load(Ordering::Relaxed)
}

/// Compares every n-th capture of each thread from here on; zero for none.
pub(crate) fn compare_every(n: u32) {
    EVERY.store(n, Ordering::Relaxed);
}
