//! A random walk over the call stack: each step goes one frame of some kind further in, or allocates where it is.
//!
//! ```text
//! step ── shape ── step ── shape ── step ── leaf: one allocation, captured and compared
//!   └─── leaf        └──── shape ── …
//! ```
//!
//! A walk follows from its seed. It is shared by everything that runs below it (callbacks, fibers, signal handlers), and
//! is therefore changed through cells.

use crate::leaf;
use crate::random::Random;
use std::cell::{Cell, RefCell};
use std::hint::black_box;

/// A kind of frame, or of a few: it calls [`Walk::step`] with the depth it is given, once or several times.
pub(crate) type Shape = fn(&Walk, u32);

/// Steps that may still be taken below the current one.
pub(crate) const WHOLE_DEPTH: u32 = 24;

/// Steps at most on a stack that is small or made for the occasion.
const SHORT_DEPTH: u32 = 6;

/// Blocks that outlive the frame that allocated them.
const KEPT_BLOCKS: usize = 32;

/// A step on its way through something that hands on no more than a pointer.
pub(crate) struct Step<'a> {
    pub(crate) walk: &'a Walk,
    pub(crate) depth: u32,
}

/// One random walk.
pub(crate) struct Walk {
    random: RefCell<Random>,
    steps_left: Cell<u32>,
    shapes: &'static [Shape],
    starts_threads: bool,
    kept: RefCell<Vec<Vec<u8>>>,
}

impl Walk {
    /// A walk of so many steps over frames of these shapes.
    pub(crate) fn new(seed: u64, steps: u32, shapes: &'static [Shape]) -> Self {
        Self {
            random: RefCell::new(Random::of_seed(seed)),
            steps_left: Cell::new(steps),
            shapes,
            starts_threads: true,
            kept: RefCell::new(Vec::new()),
        }
    }

    /// A walk for another thread, which starts no further threads: their number stays in bounds.
    pub(crate) fn on_another_thread(seed: u64, steps: u32, shapes: &'static [Shape]) -> Self {
        Self { starts_threads: false, ..Self::new(seed, steps, shapes) }
    }

    /// One step, and up to four things below it: allocations, and further steps as long as there is depth left.
    #[inline(never)]
    pub(crate) fn step(&self, depth: u32) {
        if !self.takes_step() {
            return;
        }
        for _ in 0..=self.below(4) {
            if depth == 0 || self.random.borrow_mut().once_in(3) {
                leaf::allocate(self);
            } else {
                let shape = self.shapes[self.below(self.shapes.len())];
                shape(self, depth - 1);
            }
        }
        // Something is left to do, so that the last call is no tail call.
        black_box(self);
    }

    /// A step on a stack that is small or made for the occasion.
    pub(crate) fn short_step(&self, depth: u32) {
        self.step(depth.min(SHORT_DEPTH));
        black_box(self);
    }

    /// A number from 0 to `end - 1`.
    pub(crate) fn below(&self, end: usize) -> usize {
        self.random.borrow_mut().below(end)
    }

    /// A seed for a walk of its own.
    pub(crate) fn seed(&self) -> u64 {
        self.random.borrow_mut().number()
    }

    /// The shapes of this walk, for a walk on another thread.
    pub(crate) fn shapes(&self) -> &'static [Shape] {
        self.shapes
    }

    /// Whether steps may start threads.
    pub(crate) fn starts_threads(&self) -> bool {
        self.starts_threads
    }

    /// The size of a block, or of a buffer on the stack: from 1 to 2,047 bytes, small ones as often as large ones.
    pub(crate) fn size(&self) -> usize {
        self.random.borrow_mut().size(11)
    }

    /// Keeps a block until 32 others are kept, so that it is freed below other frames than it was allocated in.
    pub(crate) fn keep(&self, block: Vec<u8>) {
        let place = self.below(KEPT_BLOCKS);
        let mut kept = self.kept.borrow_mut();
        if kept.len() < KEPT_BLOCKS {
            kept.push(block);
        } else {
            kept[place] = block;
        }
    }

    fn takes_step(&self) -> bool {
        let left = self.steps_left.get();
        self.steps_left.set(left.saturating_sub(1));
        left > 0
    }
}
