//! Blocks of one thread, and the books of its scopes as a naive model keeps them: one event after the other, in each open
//! scope that the block belongs to. It allocates nothing but the blocks.

use crate::held::Held;
use crate::own;
use crate::tally::Tally;
use heaplens::{Measurement, MemoryScope, MemoryStats, ScopeHandle};

/// Scopes that a ledger can have, and how deep they can nest.
const SCOPES: usize = 24;
const DEPTH: usize = 4;

/// The scopes around a block, as places in the ledger.
#[derive(Clone, Copy, Default)]
struct Path {
    scopes: [usize; DEPTH],
    depth: usize,
}

/// A live block, and the scopes that it belongs to.
pub(crate) struct Block {
    held: Held,
    path: Path,
}

/// An open scope with its place in the ledger.
#[must_use]
pub(crate) struct Opened {
    scope: MemoryScope,
    place: usize,
}

/// The books of one thread.
pub(crate) struct Ledger {
    tallies: [Tally; SCOPES],
    is_open: [bool; SCOPES],
    opened: usize,
    path: Path,
    /// Address of the block that was allocated last.
    last: usize,
}

impl Ledger {
    pub(crate) fn new() -> Self {
        Self {
            tallies: [Tally::default(); SCOPES],
            is_open: [false; SCOPES],
            opened: 0,
            path: Path::default(),
            last: 0,
        }
    }

    /// Opens a scope inside of the current one.
    pub(crate) fn open(&mut self, name: &'static str) -> Opened {
        let place = self.enter();
        Opened { scope: MemoryScope::enter(name), place }
    }

    /// Closes the innermost scope and compares every figure.
    #[track_caller]
    pub(crate) fn close(&mut self, opened: Opened) {
        let used = opened.scope.finish();
        self.compare(&used, opened.place);
    }

    /// As [`open`](Self::open), for a scope that the caller opens by other means. Returns its place.
    pub(crate) fn enter(&mut self) -> usize {
        let place = self.opened;
        self.opened += 1;
        self.is_open[place] = true;
        self.path.scopes[self.path.depth] = place;
        self.path.depth += 1;
        place
    }

    /// As [`close`](Self::close), for a scope of which the caller has the figures.
    #[track_caller]
    pub(crate) fn compare(&mut self, used: &Measurement, place: usize) {
        self.abandon(place);
        own::assert_exact(used, self.figures(place));
    }

    /// The innermost scope was closed, and nobody has its figures.
    pub(crate) fn abandon(&mut self, place: usize) {
        self.path.depth -= 1;
        assert_eq!(self.path.scopes[self.path.depth], place, "the innermost scope is closed first");
        self.is_open[place] = false;
    }

    /// What a closed scope has to say.
    pub(crate) fn figures(&self, place: usize) -> MemoryStats {
        self.tallies[place].figures
    }

    /// Does `work` outside of all scopes.
    pub(crate) fn outside<R>(&mut self, work: impl FnOnce(&mut Self) -> R) -> R {
        let inside = std::mem::take(&mut self.path);
        let result = heaplens::exclude(|| work(self));
        self.path = inside;
        result
    }

    pub(crate) fn allocate(&mut self, size: usize) -> Block {
        let held = Held::new(size);
        self.last = held.0.as_ptr().addr();
        for place in self.path.open(&self.is_open) {
            self.tallies[place].allocated(size);
            self.tallies[place].compare_peak();
        }
        Block { held, path: self.path }
    }

    pub(crate) fn free(&mut self, block: Block) {
        let temporary = block.held.0.as_ptr().addr() == self.last;
        self.last = if temporary { 0 } else { self.last };
        let (held, path) = (block.held, block.path);
        for place in path.open(&self.is_open) {
            self.tallies[place].freed(held.size(), temporary);
        }
        drop(held);
    }

    /// Another thread has the books from here on: none of its blocks is the one that it allocated last.
    pub(crate) fn forget_last(&mut self) {
        self.last = 0;
    }

    /// Lets another thread free the block.
    pub(crate) fn free_elsewhere(&mut self, block: Block, free: impl FnOnce(Held)) {
        for place in block.path.open(&self.is_open) {
            self.tallies[place].freed(block.held.size(), false);
        }
        free(block.held);
    }

    /// One `realloc` to another size: the block is of the current scopes from then on.
    pub(crate) fn resize(&mut self, block: &mut Block, size: usize) {
        for place in block.path.open(&self.is_open) {
            self.tallies[place].freed(block.held.size(), false);
        }
        let moved_bytes = block.held.resize(size);
        self.last = block.held.0.as_ptr().addr();
        block.path = self.path;
        for place in self.path.open(&self.is_open) {
            self.tallies[place].allocated(size);
            self.tallies[place].reallocated(moved_bytes);
            self.tallies[place].compare_peak();
        }
    }
}

impl Block {
    pub(crate) fn size(&self) -> usize {
        self.held.size()
    }
}

impl Opened {
    pub(crate) fn handle(&self) -> ScopeHandle {
        self.scope.handle()
    }
}

impl Path {
    fn open(self, is_open: &[bool; SCOPES]) -> impl Iterator<Item = usize> {
        self.scopes.into_iter().take(self.depth).filter(|place| is_open[*place])
    }
}
