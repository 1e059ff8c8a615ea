//! The figures of one call site as one thread sees them: one cache line, one writer.
//!
//! A free counts on the thread that frees, under the site that the block's tag names, so that no event writes another
//! thread's line; the figures of a site are the sums over all threads, and one line alone may be negative.
//!
//! *Live at the peak* costs O(1) for each event: a peak epoch moves when the peak is passed, and a line touched for the
//! first time in a new epoch first copies its live figures. Who reads folds the untouched lines the same way.

use super::writers::Writers;
use crate::sys::arena::Zeroed;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// One call site on one thread.
#[repr(C, align(64))]
pub(crate) struct Counter {
    total_blocks: AtomicU64,
    total_bytes: AtomicU64,
    freed_blocks: AtomicU64,
    freed_bytes: AtomicU64,
    /// Live at the peak, as of `epoch`; two's complement, as one thread may free what another allocated.
    at_peak_blocks: AtomicU64,
    at_peak_bytes: AtomicU64,
    temporary_blocks: AtomicU64,
    /// The epoch in which the line was last touched.
    epoch: AtomicU32,
    /// Which use of the line its figures belong to: a line of a profiled scope is used again by the next scope.
    instance: AtomicU32,
}

const _: () = assert!(size_of::<Counter>() == 64);

// SAFETY: atomic integers, valid when zero, without a destructor.
unsafe impl Zeroed for Counter {}

/// The figures of one counter, or of many added up. Two's complement where they are partial.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    pub(crate) total_blocks: u64,
    pub(crate) total_bytes: u64,
    pub(crate) freed_blocks: u64,
    pub(crate) freed_bytes: u64,
    pub(crate) at_peak_blocks: u64,
    pub(crate) at_peak_bytes: u64,
    pub(crate) temporary_blocks: u64,
}

impl Counter {
    /// Counts a block of `size` bytes.
    #[inline]
    pub(crate) fn allocated<W: Writers>(&self, size: usize, epoch: u32) {
        self.fold(epoch);
        W::add(&self.total_blocks, 1);
        W::add(&self.total_bytes, size as u64);
    }

    /// Counts the end of a block of `size` bytes.
    #[inline]
    pub(crate) fn freed<W: Writers>(&self, size: usize, temporary: bool, epoch: u32) {
        self.fold(epoch);
        W::add(&self.freed_blocks, 1);
        W::add(&self.freed_bytes, size as u64);
        if temporary {
            W::add(&self.temporary_blocks, 1);
        }
    }

    /// Before the first event of a new epoch: what is live is what was live at the peak.
    #[inline]
    fn fold(&self, epoch: u32) {
        if self.epoch.load(Ordering::Relaxed) != epoch {
            let now = self.live();
            self.at_peak_blocks.store(now.0, Ordering::Relaxed);
            self.at_peak_bytes.store(now.1, Ordering::Relaxed);
            // ORDERING: Release, pairs with the Acquire in `read`.
            self.epoch.store(epoch, Ordering::Release);
        }
    }

    /// Makes the line one of this instance, empty, unless it is one already.
    #[inline]
    pub(crate) fn enter_instance(&self, instance: u32, epoch: u32) {
        if self.instance.load(Ordering::Relaxed) != instance {
            for figure in self.figures() {
                figure.store(0, Ordering::Relaxed);
            }
            self.epoch.store(epoch, Ordering::Relaxed);
            // ORDERING: Release, pairs with the Acquire in `is_of_instance`.
            self.instance.store(instance, Ordering::Release);
        }
    }

    /// Whether the figures belong to this instance.
    pub(crate) fn is_of_instance(&self, instance: u32) -> bool {
        // ORDERING: Acquire, pairs with the Release in `enter_instance`.
        self.instance.load(Ordering::Acquire) == instance
    }

    /// The figures as they stand, those at the peak as of `epoch`.
    pub(crate) fn read(&self, epoch: u32) -> Figures {
        // ORDERING: Acquire for what is freed, before the totals: pairs with the Release of the additions.
        let freed_blocks = self.freed_blocks.load(Ordering::Acquire);
        let freed_bytes = self.freed_bytes.load(Ordering::Acquire);
        let total_blocks = self.total_blocks.load(Ordering::Acquire);
        let total_bytes = self.total_bytes.load(Ordering::Acquire);
        // ORDERING: Acquire, pairs with the Release in `fold`.
        let (at_peak_blocks, at_peak_bytes) = if self.epoch.load(Ordering::Acquire) == epoch {
            (self.at_peak_blocks.load(Ordering::Relaxed), self.at_peak_bytes.load(Ordering::Relaxed))
        } else {
            (total_blocks.wrapping_sub(freed_blocks), total_bytes.wrapping_sub(freed_bytes))
        };
        Figures {
            total_blocks,
            total_bytes,
            freed_blocks,
            freed_bytes,
            at_peak_blocks,
            at_peak_bytes,
            temporary_blocks: self.temporary_blocks.load(Ordering::Relaxed),
        }
    }

    #[inline(always)]
    fn live(&self) -> (u64, u64) {
        let blocks = self.total_blocks.load(Ordering::Relaxed).wrapping_sub(self.freed_blocks.load(Ordering::Relaxed));
        let bytes = self.total_bytes.load(Ordering::Relaxed).wrapping_sub(self.freed_bytes.load(Ordering::Relaxed));
        (blocks, bytes)
    }

    fn figures(&self) -> [&AtomicU64; 7] {
        [
            &self.total_blocks,
            &self.total_bytes,
            &self.freed_blocks,
            &self.freed_bytes,
            &self.at_peak_blocks,
            &self.at_peak_bytes,
            &self.temporary_blocks,
        ]
    }
}

impl Figures {
    /// Adds what another thread saw of the same site.
    pub(crate) fn add(&mut self, other: &Self) {
        let sum = |a: &mut u64, b: u64| *a = a.wrapping_add(b);
        sum(&mut self.total_blocks, other.total_blocks);
        sum(&mut self.total_bytes, other.total_bytes);
        sum(&mut self.freed_blocks, other.freed_blocks);
        sum(&mut self.freed_bytes, other.freed_bytes);
        sum(&mut self.at_peak_blocks, other.at_peak_blocks);
        sum(&mut self.at_peak_bytes, other.at_peak_bytes);
        sum(&mut self.temporary_blocks, other.temporary_blocks);
    }

    /// What happened since an earlier reading. What was live at the peak is not a sum over time and stays.
    pub(crate) fn since(&self, earlier: &Self) -> Self {
        Self {
            total_blocks: self.total_blocks.wrapping_sub(earlier.total_blocks),
            total_bytes: self.total_bytes.wrapping_sub(earlier.total_bytes),
            freed_blocks: self.freed_blocks.wrapping_sub(earlier.freed_blocks),
            freed_bytes: self.freed_bytes.wrapping_sub(earlier.freed_bytes),
            temporary_blocks: self.temporary_blocks.wrapping_sub(earlier.temporary_blocks),
            ..*self
        }
    }

    /// Live blocks and bytes, zero where a reading beside running threads came out below.
    pub(crate) fn live(&self) -> (u64, u64) {
        (self.total_blocks.wrapping_sub(self.freed_blocks), self.total_bytes.wrapping_sub(self.freed_bytes))
    }
}
