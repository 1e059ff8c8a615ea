//! What is read of a scope.

use super::scope_record::{ScopeRecord, flag};
use crate::completeness::Completeness;
use crate::stats::MemoryStats;
use core::sync::atomic::{AtomicU64, Ordering};

/// Readings that are tried before one beside running threads is taken as it is.
const TRIES: u32 = 8;

/// A scope's figures, as read once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ScopeFigures {
    pub(crate) total_blocks: u64,
    pub(crate) total_bytes: u64,
    pub(crate) freed_blocks: u64,
    pub(crate) freed_bytes: u64,
    pub(crate) peak_blocks: u64,
    pub(crate) peak_bytes: u64,
    pub(crate) reallocations: u64,
    pub(crate) moved_bytes: u64,
    pub(crate) temporary_blocks: u64,
    pub(crate) largest_block_bytes: u64,
    pub(crate) completeness: Completeness,
    pub(crate) unattached_threads: u64,
    pub(crate) unattached_blocks: u64,
}

impl ScopeFigures {
    /// Of a scope that ended where its figures were not to be had: none, and that something is missing.
    pub(crate) fn lost() -> Self {
        let completeness = Completeness { misplaced_guards: 1, ..Completeness::default() };
        Self { completeness, ..Self::default() }
    }

    /// The figures as users see them.
    pub(crate) fn stats(&self) -> MemoryStats {
        MemoryStats {
            total_blocks: self.total_blocks,
            total_bytes: self.total_bytes,
            freed_blocks: self.freed_blocks,
            freed_bytes: self.freed_bytes,
            live_blocks: self.total_blocks.saturating_sub(self.freed_blocks),
            live_bytes: self.total_bytes.saturating_sub(self.freed_bytes),
            peak_blocks: self.peak_blocks,
            peak_bytes: self.peak_bytes,
            peak_error_bytes: 0,
            reallocations: self.reallocations,
            moved_bytes: self.moved_bytes,
            temporary_blocks: self.temporary_blocks,
            largest_block_bytes: self.largest_block_bytes,
        }
    }
}

impl ScopeRecord {
    /// The figures while the scope is open. Beside other threads inside they are of one instant if there is one.
    pub(super) fn read_open(&self) -> ScopeFigures {
        let mut words = (self.foreign_blocks.read(), self.foreign_bytes.read());
        for _ in 0..TRIES {
            let (blocks, bytes) = self.live_by(words.0, words.1);
            // What is live before the totals: no block is live and not yet allocated.
            let figures = self.figures(blocks, bytes);
            let again = (self.foreign_blocks.read(), self.foreign_bytes.read());
            if again == words || !self.is_shared() {
                return figures;
            }
            words = again;
        }
        let (blocks, bytes) = self.live_by(words.0, words.1);
        self.figures(blocks, bytes)
    }

    /// The last figures of a closed scope.
    pub(super) fn read_closed(&self) -> ScopeFigures {
        let read = |figure: &AtomicU64| figure.load(Ordering::Relaxed);
        let live = |total: &AtomicU64, freed: &AtomicU64| read(total).saturating_sub(read(freed));
        self.figures(
            live(&self.own.total_blocks, &self.own.freed_blocks),
            live(&self.own.total_bytes, &self.own.freed_bytes),
        )
    }

    /// The figures of a scope in which this much is live.
    pub(super) fn figures(&self, live_blocks: u64, live_bytes: u64) -> ScopeFigures {
        let read = |figure: &AtomicU64| figure.load(Ordering::Acquire);
        // The totals last: beside other threads inside nothing is more than was allocated.
        let (peak_blocks, peak_bytes) = (read(&self.peak_blocks), read(&self.peak_bytes));
        let (reallocations, moved_bytes) = (read(&self.own.reallocations), read(&self.own.moved_bytes));
        let temporary_blocks = read(&self.own.temporary_blocks).wrapping_add(read(&self.temporary_elsewhere));
        let largest_block_bytes = read(&self.own.largest_block_bytes);
        let (total_blocks, total_bytes) = (read(&self.own.total_blocks), read(&self.own.total_bytes));
        ScopeFigures {
            total_blocks,
            total_bytes,
            freed_blocks: total_blocks.saturating_sub(live_blocks),
            freed_bytes: total_bytes.saturating_sub(live_bytes),
            peak_blocks,
            peak_bytes,
            reallocations,
            moved_bytes,
            temporary_blocks,
            largest_block_bytes,
            completeness: if self.is(flag::DROPPED) { self.drops.read() } else { Completeness::default() },
            unattached_threads: read(&self.unattached_threads),
            unattached_blocks: read(&self.unattached_blocks),
        }
    }
}
