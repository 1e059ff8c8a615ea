//! What belongs to one test: its number, and sizes of blocks that no other test uses.
//!
//! ```text
//! test n ─▶ 401 + 2n parts: 401, 403, …, 799      bytes, where all that a scope has is the test's own
//!                                                 units of 16 KiB, where the standard library or tokio allocate as well
//! ```
//!
//! Any two of these numbers add up to more than the largest, so that no blocks of others look like one of the test's own.
//! What the runtime of a test allocates in one scope is less than a unit: `bytes / UNIT` is the test's own part of a figure.

use crate::held::Held;
use heaplens::{Measurement, MemoryStats};
use std::sync::atomic::{AtomicBool, Ordering};

/// Number of tests.
pub(crate) const TESTS: usize = 200;
/// More bytes than a runtime allocates in one scope of a test.
pub(crate) const UNIT: usize = 16 << 10;

/// One test.
#[derive(Clone, Copy)]
pub(crate) struct Own {
    pub(crate) number: usize,
}

/// What a scope has to say of the blocks of its test: their numbers.
pub(crate) struct Blocks {
    pub(crate) total: usize,
    pub(crate) live: usize,
    pub(crate) at_peak: usize,
}

impl Own {
    /// The test of a name that ends in its number, which is the only one of that number.
    pub(crate) fn of(name: &str) -> Self {
        static TAKEN: [AtomicBool; TESTS] = [const { AtomicBool::new(false) }; TESTS];
        let number: usize = name.trim_start_matches("test_").parse().expect("a name that ends in a number");
        assert!(!TAKEN[number].swap(true, Ordering::Relaxed), "two tests with the number {number}");
        Self { number }
    }

    /// Bytes of its small blocks.
    pub(crate) fn bytes(self) -> usize {
        401 + 2 * self.number
    }

    /// Bytes of its large blocks.
    pub(crate) fn large_bytes(self) -> usize {
        UNIT * self.bytes()
    }

    /// One of its large blocks.
    #[inline(never)]
    pub(crate) fn large_block(self) -> Held {
        Held::new(self.large_bytes())
    }

    /// Compares the part of the figures that is the test's own, where the runtime allocates in the scope as well.
    #[track_caller]
    pub(crate) fn assert_large(self, used: &Measurement, blocks: Blocks) {
        assert_whole(used);
        let in_units = |bytes: u64| bytes as usize / UNIT;
        let of_blocks = |blocks: usize| self.bytes() * blocks;
        assert_eq!(in_units(used.total_bytes), of_blocks(blocks.total), "allocated by test {}: {used}", self.number);
        assert_eq!(in_units(used.live_bytes), of_blocks(blocks.live), "live of test {}: {used}", self.number);
        assert_eq!(in_units(used.freed_bytes), of_blocks(blocks.total - blocks.live), "freed: {used}");
        assert_eq!(in_units(used.peak_bytes), of_blocks(blocks.at_peak), "peak of test {}: {used}", self.number);
        assert_eq!(used.largest_block_bytes, self.large_bytes() as u64, "largest: {used}");
        assert_eq!(used.total_blocks - used.freed_blocks, used.live_blocks);
        assert!(used.total_blocks >= blocks.total as u64 && used.live_blocks >= blocks.live as u64, "{used}");
        assert_eq!(used.peak_error_bytes, 0, "{used}");
    }
}

/// Compares every figure.
#[track_caller]
pub(crate) fn assert_exact(used: &Measurement, expected: MemoryStats) {
    assert_whole(used);
    assert_eq!(used.stats(), expected, "{used}");
}

/// Nothing is missing from the figures, and nobody worked for the scope from outside.
#[track_caller]
pub(crate) fn assert_whole(used: &Measurement) {
    assert!(used.completeness().is_complete(), "{used}");
    assert_eq!((used.unattached_threads(), used.unattached_blocks()), (0, 0), "{used}");
}
