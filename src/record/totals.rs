//! What a slot counts: the thread's totals, what it left out, and what the recorder's own work took there.

use super::writers::Writers;
use core::sync::atomic::{AtomicU64, Ordering};

/// The totals of a slot. What every event touches is one cache line.
#[repr(C, align(64))]
pub(crate) struct Totals {
    pub(crate) total_blocks: AtomicU64,
    pub(crate) total_bytes: AtomicU64,
    pub(crate) freed_blocks: AtomicU64,
    pub(crate) freed_bytes: AtomicU64,
    pub(crate) temporary_blocks: AtomicU64,
    pub(crate) reallocations: AtomicU64,
    pub(crate) moved_bytes: AtomicU64,
    /// Since the last restart of the search for the peak.
    pub(crate) largest_block_bytes: AtomicU64,
    /// Before it.
    pub(crate) largest_before_window: AtomicU64,
}

/// What was left out on this thread, by reason.
#[derive(Default)]
pub(crate) struct Drops {
    pub(crate) foreign_frees: AtomicU64,
    pub(crate) uncaptured_events: AtomicU64,
    pub(crate) overflowed_blocks: AtomicU64,
    pub(crate) truncated_stacks: AtomicU64,
    pub(crate) empty_stacks: AtomicU64,
    pub(crate) unnamed_scopes: AtomicU64,
    pub(crate) evicted_scopes: AtomicU64,
    pub(crate) mismatched_stacks: AtomicU64,
    pub(crate) abandoned_events: AtomicU64,
}

/// What the recorder's own work allocated on this thread: overhead, in no figure of the user's.
#[derive(Default)]
pub(crate) struct OwnWork {
    /// Successful allocations and reallocations.
    pub(crate) events: AtomicU64,
    /// Bytes allocated and not yet freed, two's complement.
    pub(crate) live_bytes: AtomicU64,
}

impl Totals {
    /// The largest block ever.
    pub(crate) fn largest_ever(&self) -> u64 {
        self.largest_before_window.load(Ordering::Relaxed).max(self.largest_in_window())
    }

    /// The largest block since [`begin_window`](Self::begin_window).
    pub(crate) fn largest_in_window(&self) -> u64 {
        self.largest_block_bytes.load(Ordering::Relaxed)
    }

    /// Looks for the largest block anew. Called by the slot's thread.
    pub(crate) fn begin_window(&self) {
        self.largest_before_window.store(self.largest_ever(), Ordering::Relaxed);
        self.largest_block_bytes.store(0, Ordering::Relaxed);
    }

    /// Counts a block.
    #[inline(always)]
    pub(crate) fn allocated<W: Writers>(&self, size: usize) {
        W::add(&self.total_blocks, 1);
        W::add(&self.total_bytes, size as u64);
        self.raise_largest::<W>(size as u64);
    }

    /// Counts the end of a block.
    #[inline(always)]
    pub(crate) fn freed<W: Writers>(&self, size: usize) {
        W::add(&self.freed_blocks, 1);
        W::add(&self.freed_bytes, size as u64);
    }

    /// Counts what makes a reallocation more than a new and a freed block.
    #[inline(always)]
    pub(crate) fn reallocated<W: Writers>(&self, moved: u64) {
        W::add(&self.reallocations, 1);
        if moved != 0 {
            W::add(&self.moved_bytes, moved);
        }
    }

    #[inline(always)]
    fn raise_largest<W: Writers>(&self, size: u64) {
        if size > self.largest_block_bytes.load(Ordering::Relaxed) {
            W::raise(&self.largest_block_bytes, size);
        }
    }
}
