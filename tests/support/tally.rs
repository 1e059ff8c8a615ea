//! The naive model of one owner's figures: it adds up one event after the other.
//!
//! Written from the meaning of the figures and not from the recorder: one thread, no batches, no slots. A peak is
//! compared after every event.

use heaplens::MemoryStats;

/// Figures that are added up event by event. `live` wraps while it is only one thread's part.
#[derive(Clone, Copy, Default)]
pub(crate) struct Tally {
    pub(crate) figures: MemoryStats,
}

impl Tally {
    /// A new block of `size` bytes.
    pub(crate) fn allocated(&mut self, size: usize) {
        let size = size as u64;
        self.figures.total_blocks += 1;
        self.figures.total_bytes += size;
        self.figures.largest_block_bytes = self.figures.largest_block_bytes.max(size);
        self.balance();
    }

    /// The end of a block of `size` bytes.
    pub(crate) fn freed(&mut self, size: usize, temporary: bool) {
        self.figures.freed_blocks += 1;
        self.figures.freed_bytes += size as u64;
        self.figures.temporary_blocks += u64::from(temporary);
        self.balance();
    }

    /// What makes a reallocation more than a freed and a new block.
    pub(crate) fn reallocated(&mut self, moved_bytes: usize) {
        self.figures.reallocations += 1;
        self.figures.moved_bytes += moved_bytes as u64;
    }

    /// The event is over: is this a peak? Of several equal ones the first counts.
    pub(crate) fn compare_peak(&mut self) {
        if self.figures.live_bytes > self.figures.peak_bytes {
            self.figures.peak_bytes = self.figures.live_bytes;
            self.figures.peak_blocks = self.figures.live_blocks;
        }
    }

    fn balance(&mut self) {
        self.figures.live_blocks = self.figures.total_blocks.wrapping_sub(self.figures.freed_blocks);
        self.figures.live_bytes = self.figures.total_bytes.wrapping_sub(self.figures.freed_bytes);
    }
}
