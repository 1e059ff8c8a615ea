//! Who adds to a figure: the one thread that owns it, or any thread.

use core::sync::atomic::{AtomicU64, Ordering};

/// Whether a line has one writer (plain loads and stores) or several (atomic additions).
pub(crate) trait Writers {
    /// Adds to a figure.
    fn add(figure: &AtomicU64, amount: u64);
    /// Raises a maximum.
    fn raise(figure: &AtomicU64, to: u64);
}

/// The thread that owns the line. A load and a store cost a tenth of an atomic addition.
pub(crate) struct One;
/// Any thread: the line of those that have none of their own.
pub(crate) struct Many;

impl Writers for One {
    #[inline(always)]
    fn add(figure: &AtomicU64, amount: u64) {
        let sum = figure.load(Ordering::Relaxed).wrapping_add(amount);
        // ORDERING: Release, pairs with the Acquire reads of freed figures: who sees a free sees the allocation before
        // it, so that nothing is ever negative. (A plain store on x86.)
        figure.store(sum, Ordering::Release);
    }

    #[inline(always)]
    fn raise(figure: &AtomicU64, to: u64) {
        figure.store(to, Ordering::Relaxed);
    }
}

impl Writers for Many {
    fn add(figure: &AtomicU64, amount: u64) {
        // ORDERING: Release, as above.
        figure.fetch_add(amount, Ordering::Release);
    }

    fn raise(figure: &AtomicU64, to: u64) {
        figure.fetch_max(to, Ordering::Relaxed);
    }
}
