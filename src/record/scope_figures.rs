//! What is read of a scope.

use crate::completeness::Completeness;
use crate::stats::MemoryStats;

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
