//! How much is asked of a mix: a number of allocations, counted by heaplens itself.

use crate::walk::{Shape, WHOLE_DEPTH, Walk};

/// Steps of one walk.
const STEPS: u32 = 400;
/// Every other walk is one of so many that come again and again, so that stacks, and sequences of them, do.
const FAMILIAR_WALKS: u64 = 16;

/// The blocks that a mix has to allocate.
pub(crate) struct Quota {
    blocks_before: u64,
    blocks: u64,
    seed: u64,
}

impl Quota {
    /// So many blocks from here on; whatever is random follows from the seed.
    pub(crate) fn begin(blocks: u64, seed: u64) -> Self {
        Self { blocks_before: heaplens::stats().total_blocks, blocks, seed }
    }

    /// Blocks allocated since the beginning, on every thread.
    pub(crate) fn allocated(&self) -> u64 {
        heaplens::stats().total_blocks - self.blocks_before
    }

    /// Whether there is anything left to do.
    pub(crate) fn is_left(&self) -> bool {
        self.allocated() < self.blocks
    }

    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    /// Walks over frames of these shapes. `begin` takes the first step of each, from wherever it is to begin.
    pub(crate) fn walk(&self, shapes: &'static [Shape], begin: fn(&Walk)) {
        for number in (0_u64..).take_while(|_| self.is_left()) {
            let place = if number % 2 == 0 { number / 2 % FAMILIAR_WALKS } else { number };
            begin(&Walk::new(self.seed.wrapping_add(place), STEPS, shapes));
        }
    }
}

/// Begins a walk here.
pub(crate) fn here(walk: &Walk) {
    walk.step(WHOLE_DEPTH);
}
