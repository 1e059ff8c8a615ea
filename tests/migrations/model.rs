//! The naive model: every scope with the one around it, every block with the scopes that it counts in, and what follows.

use crate::tally::Tally;
use heaplens::Completeness;
use std::collections::HashMap;

/// A scope's number.
pub(crate) type Number = usize;

/// One scope.
pub(crate) struct Scope {
    pub(crate) parent: Option<Number>,
    pub(crate) is_open: bool,
    pub(crate) expected: Tally,
    pub(crate) completeness: Completeness,
    /// Threads inside by a handle.
    pub(crate) inside: u64,
}

struct Block {
    size: usize,
    serial: u64,
    scopes: Vec<Number>,
}

/// All scopes and blocks, and the last block of each thread.
#[derive(Default)]
pub(crate) struct Model {
    pub(crate) scopes: Vec<Scope>,
    blocks: HashMap<usize, Block>,
    last: [Option<u64>; 4],
    serials: u64,
}

impl Model {
    pub(crate) fn open(&mut self, parent: Option<Number>) -> Number {
        let (expected, completeness) = (Tally::default(), Completeness::default());
        self.scopes.push(Scope { parent, is_open: true, expected, completeness, inside: 0 });
        self.scopes.len() - 1
    }

    pub(crate) fn close(&mut self, scope: Number) {
        let scope = &mut self.scopes[scope];
        scope.is_open = false;
        scope.completeness.attached_at_close += scope.inside;
    }

    pub(crate) fn has(&self, block: usize) -> bool {
        self.blocks.contains_key(&block)
    }

    pub(crate) fn size(&self, block: usize) -> usize {
        self.blocks[&block].size
    }

    /// The open ones of a scope and those around it.
    fn open_around(&self, scope: Option<Number>) -> Vec<Number> {
        std::iter::successors(scope, |scope| self.scopes[*scope].parent)
            .filter(|scope| self.scopes[*scope].is_open)
            .collect()
    }

    /// The nearest open one of a scope and those around it.
    pub(crate) fn nearest_open(&self, scope: Option<Number>) -> Option<Number> {
        self.open_around(scope).first().copied()
    }

    pub(crate) fn allocate(&mut self, thread: usize, scope: Option<Number>, block: usize, size: usize) {
        self.enter(thread, scope, block, size);
        self.compare_peaks();
    }

    pub(crate) fn reallocate(&mut self, thread: usize, scope: Option<Number>, block: usize, size: usize, moved: usize) {
        self.leave(block, false);
        self.enter(thread, scope, block, size);
        for number in self.open_around(scope) {
            self.scopes[number].expected.reallocated(moved);
        }
        self.compare_peaks();
    }

    pub(crate) fn free(&mut self, thread: usize, block: usize) {
        let temporary = self.last[thread] == Some(self.blocks[&block].serial);
        self.leave(block, temporary);
    }

    /// A thread allocates a block that is not looked at.
    pub(crate) fn allocated_another(&mut self, thread: usize) {
        self.last[thread] = None;
    }

    fn enter(&mut self, thread: usize, scope: Option<Number>, block: usize, size: usize) {
        let scopes = self.open_around(scope);
        for number in &scopes {
            self.scopes[*number].expected.allocated(size);
        }
        self.serials += 1;
        self.last[thread] = Some(self.serials);
        self.blocks.insert(block, Block { size, serial: self.serials, scopes });
    }

    fn leave(&mut self, block: usize, temporary: bool) {
        let block = self.blocks.remove(&block).expect("a live block");
        for number in block.scopes {
            let scope = &mut self.scopes[number];
            if scope.is_open {
                scope.expected.freed(block.size, temporary);
            }
        }
        for last in self.last.iter_mut().filter(|last| **last == Some(block.serial)) {
            *last = None;
        }
    }

    fn compare_peaks(&mut self) {
        self.scopes.iter_mut().filter(|scope| scope.is_open).for_each(|scope| scope.expected.compare_peak());
    }
}
