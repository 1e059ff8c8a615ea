//! The naive model of scopes: it remembers of every live block which scopes it counts in, and adds up from scratch.
//!
//! A block counts in the scopes that were open around it when it was last allocated or reallocated. What is live in a
//! scope is the sum over all live blocks that count in it, computed again after every event.

use crate::held::Held;
use crate::other_thread::OtherThread;
use crate::tally::Tally;
use heaplens::MemoryScope;

/// Scopes that are open at once at most.
pub(crate) const MAX_OPEN: usize = 12;
/// Blocks that are live at once at most.
pub(crate) const MAX_BLOCKS: usize = 40;

struct Open {
    scope: MemoryScope,
    number: u64,
    expected: Tally,
    /// Closed with one around it: its figures stay as they are.
    is_closed: bool,
    /// Guards out of order that its measurement tells of.
    misplaced: u64,
}

struct Block {
    held: Held,
    serial: u64,
    /// Numbers of the scopes it counts in; zero for none.
    scopes: [u64; MAX_OPEN],
}

/// The real scopes and blocks, each with what the model expects of it.
pub(crate) struct Oracle {
    /// Outermost first; of these, the ones from `visible` on are those of the current context.
    open: Vec<Open>,
    visible: usize,
    blocks: Vec<Block>,
    last: Option<u64>,
    numbers: u64,
    other: OtherThread,
    /// How many figures were compared.
    pub(crate) compared: u64,
}

impl Oracle {
    pub(crate) fn new() -> Self {
        Self {
            open: Vec::with_capacity(MAX_OPEN),
            visible: 0,
            blocks: Vec::with_capacity(MAX_BLOCKS),
            last: None,
            numbers: 0,
            other: OtherThread::start(),
            compared: 0,
        }
    }

    pub(crate) fn blocks(&self) -> usize {
        self.blocks.len()
    }

    pub(crate) fn open_scopes(&self) -> usize {
        self.open.len()
    }

    pub(crate) fn open(&mut self, name: &'static str) {
        let scope = MemoryScope::enter(name);
        let number = self.number();
        self.open.push(Open { scope, number, expected: Tally::default(), is_closed: false, misplaced: 0 });
    }

    /// Closes the scope at a position among the open ones, and with it those inside of it that the thread is in.
    pub(crate) fn close(&mut self, position: usize) {
        let mut closed = self.open.remove(position);
        if position < self.visible {
            self.visible -= 1;
        } else if !closed.is_closed {
            for inner in self.open[position..].iter_mut().filter(|inner| !inner.is_closed) {
                inner.is_closed = true;
                inner.misplaced += 1;
                closed.misplaced += 1;
            }
        }
        let measured = closed.scope.finish();
        assert_eq!(measured.stats(), closed.expected.figures, "at the close of the scope at {position}");
        assert_eq!(measured.completeness().misplaced_guards, closed.misplaced, "{measured}");
        assert_eq!(measured.completeness().is_complete(), closed.misplaced == 0, "{measured}");
        self.check();
    }

    pub(crate) fn allocate(&mut self, size: usize) {
        let held = Held::new(size);
        let serial = self.number();
        let scopes = self.around();
        self.blocks.push(Block { held, serial, scopes });
        self.enter(size);
        self.last = Some(serial);
        self.check();
    }

    pub(crate) fn reallocate(&mut self, position: usize, size: usize) {
        let old_size = self.blocks[position].held.size();
        if size == old_size {
            return;
        }
        let moved = self.blocks[position].held.resize(size);
        self.leave(position, old_size, false);
        let (serial, scopes) = (self.number(), self.around());
        self.blocks[position].serial = serial;
        self.blocks[position].scopes = scopes;
        self.enter(size);
        for open in self.visible() {
            open.expected.reallocated(moved);
        }
        self.last = Some(serial);
        self.check();
    }

    pub(crate) fn free(&mut self, position: usize) {
        let temporary = self.last == Some(self.blocks[position].serial);
        self.leave(position, self.blocks[position].held.size(), temporary);
        drop(self.blocks.swap_remove(position));
        self.check();
    }

    /// Frees a block on another thread, where none is temporary.
    pub(crate) fn free_elsewhere(&mut self, position: usize) {
        self.leave(position, self.blocks[position].held.size(), false);
        let block = self.blocks.swap_remove(position);
        self.other.free(block.held);
        self.check();
    }

    /// Does some work outside of all scopes that are open. What it opens itself is closed at its end.
    pub(crate) fn exclude(&mut self, work: impl FnOnce(&mut Self)) {
        let before = self.visible;
        self.visible = self.open.len();
        heaplens::exclude(|| {
            work(self);
            while self.open.len() > self.visible {
                self.close(self.open.len() - 1);
            }
        });
        self.visible = before.min(self.open.len());
        self.check();
    }

    fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    fn around(&self) -> [u64; MAX_OPEN] {
        let mut numbers = [0; MAX_OPEN];
        for (number, open) in numbers.iter_mut().zip(self.open[self.visible..].iter().filter(|open| !open.is_closed)) {
            *number = open.number;
        }
        numbers
    }

    /// The scopes that the thread is in.
    fn visible(&mut self) -> impl Iterator<Item = &mut Open> {
        self.open[self.visible..].iter_mut().filter(|open| !open.is_closed)
    }

    /// A block enters all scopes of the current context; the peaks are compared by [`check`](Self::check).
    fn enter(&mut self, size: usize) {
        for open in self.visible() {
            open.expected.allocated(size);
        }
    }

    /// A block leaves the scopes that it counts in.
    fn leave(&mut self, position: usize, size: usize, temporary: bool) {
        let block = &self.blocks[position];
        for open in self.open.iter_mut().filter(|open| !open.is_closed && block.scopes.contains(&open.number)) {
            open.expected.freed(size, temporary);
        }
        if self.last == Some(block.serial) {
            self.last = None;
        }
    }

    /// After every event: what is live is added up from nothing, peaks are compared, and every figure of every open
    /// scope is what it should be.
    fn check(&mut self) {
        for open in &mut self.open {
            if open.is_closed {
                assert_eq!(open.scope.stats(), open.expected.figures, "scope {}, which is closed", open.number);
                continue;
            }
            let inside = || self.blocks.iter().filter(|block| block.scopes.contains(&open.number));
            let live_bytes: usize = inside().map(|block| block.held.size()).sum();
            let live = (inside().count() as u64, live_bytes as u64);
            open.expected.compare_peak();
            assert_eq!(
                (open.expected.figures.live_blocks, open.expected.figures.live_bytes),
                live,
                "the model is sound"
            );
            assert_eq!(open.scope.stats(), open.expected.figures, "scope {}", open.number);
            self.compared += 1;
        }
    }
}
