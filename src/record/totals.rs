//! What a slot counts: the thread's totals, what it left out, and what the recorder's own work took there.

use super::writers::Writers;
use crate::completeness::Completeness;
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
    /// Of the present stretch: see [`Largest`].
    pub(crate) largest_block_bytes: AtomicU64,
}

/// The largest block of a thread, over stretches of its time that end where another scope or another search for the peak
/// begins. The present stretch is in [`Totals`].
#[derive(Default)]
pub(crate) struct Largest {
    /// In the stretches since the last restart of the search for the peak that are over.
    in_window: AtomicU64,
    /// Before it.
    before_window: AtomicU64,
}

impl Largest {
    /// The largest block ever.
    pub(crate) fn ever(&self, totals: &Totals) -> u64 {
        self.before_window.load(Ordering::Relaxed).max(self.in_window(totals))
    }

    /// The largest block since [`begin_window`](Self::begin_window).
    pub(crate) fn in_window(&self, totals: &Totals) -> u64 {
        self.in_window.load(Ordering::Relaxed).max(totals.largest_block_bytes.load(Ordering::Relaxed))
    }

    /// Ends the present stretch and returns the largest block of it. Called by the thread itself.
    #[inline(always)]
    pub(crate) fn end_stretch(&self, totals: &Totals) -> u64 {
        let largest = totals.largest_block_bytes.load(Ordering::Relaxed);
        if largest > self.in_window.load(Ordering::Relaxed) {
            self.in_window.store(largest, Ordering::Relaxed);
        }
        totals.largest_block_bytes.store(0, Ordering::Relaxed);
        largest
    }

    /// Looks for the largest block anew, after the end of a stretch. Called by the thread itself.
    pub(crate) fn begin_window(&self, totals: &Totals) {
        self.end_stretch(totals);
        self.before_window.store(self.ever(totals), Ordering::Relaxed);
        self.in_window.store(0, Ordering::Relaxed);
    }
}

/// What was left out, by reason: on one thread, or inside of one scope.
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
    pub(crate) misplaced_guards: AtomicU64,
    pub(crate) late_entries: AtomicU64,
    pub(crate) attached_at_close: AtomicU64,
}

impl Drops {
    /// The figures as users see them.
    pub(crate) fn read(&self) -> Completeness {
        let read = |reason: &AtomicU64| reason.load(Ordering::Relaxed);
        Completeness {
            foreign_frees: read(&self.foreign_frees),
            uncaptured_events: read(&self.uncaptured_events),
            overflowed_blocks: read(&self.overflowed_blocks),
            truncated_stacks: read(&self.truncated_stacks),
            empty_stacks: read(&self.empty_stacks),
            unnamed_scopes: read(&self.unnamed_scopes),
            evicted_scopes: read(&self.evicted_scopes),
            mismatched_stacks: read(&self.mismatched_stacks),
            abandoned_events: read(&self.abandoned_events),
            misplaced_guards: read(&self.misplaced_guards),
            late_entries: read(&self.late_entries),
            attached_at_close: read(&self.attached_at_close),
        }
    }

    /// Nothing was left out.
    pub(crate) fn forget(&self) {
        // Named one by one, so that a new reason is not forgotten here.
        let Self {
            foreign_frees,
            uncaptured_events,
            overflowed_blocks,
            truncated_stacks,
            empty_stacks,
            unnamed_scopes,
            evicted_scopes,
            mismatched_stacks,
            abandoned_events,
            misplaced_guards,
            late_entries,
            attached_at_close,
        } = self;
        for reason in [
            foreign_frees,
            uncaptured_events,
            overflowed_blocks,
            truncated_stacks,
            empty_stacks,
            unnamed_scopes,
            evicted_scopes,
            mismatched_stacks,
            abandoned_events,
            misplaced_guards,
            late_entries,
            attached_at_close,
        ] {
            reason.store(0, Ordering::Relaxed);
        }
    }
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
    /// The figures that add up.
    #[inline(always)]
    pub(crate) fn sums(&self) -> [&AtomicU64; 7] {
        [
            &self.total_blocks,
            &self.total_bytes,
            &self.freed_blocks,
            &self.freed_bytes,
            &self.temporary_blocks,
            &self.reallocations,
            &self.moved_bytes,
        ]
    }

    /// Every figure.
    pub(crate) fn figures(&self) -> [&AtomicU64; 8] {
        [
            &self.total_blocks,
            &self.total_bytes,
            &self.freed_blocks,
            &self.freed_bytes,
            &self.temporary_blocks,
            &self.reallocations,
            &self.moved_bytes,
            &self.largest_block_bytes,
        ]
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
