//! One thread of the lock-step run: it makes random calls, and the model makes the same.
//!
//! The live set rises and falls like a tide, so that there are many peaks, and is bounded. Blocks go from thread to
//! thread through mailboxes and are freed and reallocated wherever they are.

use crate::block::{Block, Damage};
use crate::failing::failing_if;
use crate::random::Random;
use crate::tally::Tally;
use crate::true_peak::TruePeak;
use std::sync::Mutex;

/// Blocks that a thread holds at most.
const MAX_BLOCKS: usize = 512;
/// Bytes that a thread holds at most, not counting the last block.
const MAX_BYTES: usize = 24 << 20;
/// Calls from one turn of the tide to the next.
const TIDE: u64 = 3_000;
/// Sizes are below two to this power: 1 MiB.
const SIZE_BITS: usize = 20;
/// Damages that are described; more are only counted.
const SHOWN: u64 = 5;

pub(crate) type Mailboxes = [Mutex<Option<Block>>];

/// What all threads of a run share.
pub(crate) struct Shared<'a> {
    pub(crate) mailboxes: &'a Mailboxes,
    pub(crate) peak: TruePeak,
}

/// One thread's part of the run and of the model.
pub(crate) struct Worker {
    random: Random,
    seed: u64,
    blocks: Vec<Block>,
    held_bytes: usize,
    /// The block that a free of would be temporary.
    last: Option<u64>,
    next_serial: u64,
    pub(crate) tally: Tally,
    pub(crate) operations: u64,
    pub(crate) mismatches: u64,
}

impl Worker {
    /// A worker with all the memory it will ever need. Serial numbers of different threads are far apart.
    pub(crate) fn new(index: usize, seed: u64, tally: Tally) -> Self {
        Self {
            random: Random::of_seed(seed ^ ((index as u64) << 32)),
            seed,
            blocks: Vec::with_capacity(MAX_BLOCKS),
            held_bytes: 0,
            last: None,
            next_serial: (index as u64) << 40,
            tally,
            operations: 0,
            mismatches: 0,
        }
    }

    /// Makes one random call.
    pub(crate) fn step(&mut self, shared: &Shared<'_>) {
        let rising = (self.operations / TIDE).is_multiple_of(2);
        let full = self.blocks.len() == MAX_BLOCKS || self.held_bytes >= MAX_BYTES;
        let allocations = if full {
            0
        } else if rising {
            45
        } else {
            25
        };
        match self.random.below(100) {
            choice if choice < allocations => self.allocate(shared),
            choice if choice < 65 => self.reallocate(shared),
            choice if choice < 95 => self.free(shared),
            choice if choice < 98 => self.hand_over(shared),
            _ => self.look_at_any(),
        }
    }

    /// Frees everything this thread holds.
    pub(crate) fn free_all(&mut self, shared: &Shared<'_>) {
        while let Some(position) = self.blocks.len().checked_sub(1) {
            self.free_at(position, shared);
        }
    }

    /// As [`free_all`](Self::free_all), by another thread than the one that allocated: nothing is temporary.
    pub(crate) fn free_all_elsewhere(&mut self, shared: &Shared<'_>) {
        self.last = None;
        self.free_all(shared);
    }

    /// Takes the block out of a mailbox and frees it.
    pub(crate) fn free_mail(&mut self, mailbox: &Mutex<Option<Block>>, shared: &Shared<'_>) {
        if let Some(block) = mailbox.lock().expect("no worker panics").take() {
            self.hold(block);
            self.free_at(self.blocks.len() - 1, shared);
        }
    }

    fn allocate(&mut self, shared: &Shared<'_>) {
        let (size, zeroed) = (self.random.size(SIZE_BITS), self.random.once_in(4));
        let (fails, serial) = (self.random.once_in(200), self.serial());
        let random = &mut self.random;
        let change = if fails { 0 } else { size as i64 };
        let call = || failing_if(fails, || Block::allocate(random, size, zeroed, serial));
        let allocated = shared.peak.around(change, call);
        self.operations += 1;
        self.expect(allocated.is_none() == fails, "the result of alloc");
        if let Some(result) = allocated {
            self.tally.allocated(size);
            self.tally.compare_peak();
            self.last = Some(serial);
            match result {
                Ok(block) => self.hold(block),
                Err(damage) => self.damaged(damage),
            }
        }
    }

    fn reallocate(&mut self, shared: &Shared<'_>) {
        let Some(position) = self.any() else { return self.allocate(shared) };
        let mut block = self.blocks[position];
        let old_size = block.size();
        let size = if self.random.once_in(16) { old_size } else { self.random.size(SIZE_BITS) };
        let (fails, serial) = (self.random.once_in(50), self.serial());
        self.look_at(&block);
        let change = if fails { 0 } else { size as i64 - old_size as i64 };
        let done = shared.peak.around(change, || failing_if(fails, || block.reallocate(size, serial)));
        self.operations += 1;
        self.expect(done.is_none() == fails, "the result of realloc");
        match done {
            Some(done) => {
                self.expect(done.is_intact, "the bytes that realloc carries over");
                self.held_bytes = self.held_bytes - old_size + size;
                self.blocks[position] = block;
                self.tally.freed(old_size, false);
                self.tally.allocated(size);
                self.tally.reallocated(done.moved_bytes);
                self.tally.compare_peak();
                self.last = Some(serial);
            }
            None => self.look_at(&block),
        }
    }

    fn free(&mut self, shared: &Shared<'_>) {
        match self.any() {
            Some(position) => self.free_at(position, shared),
            None => self.allocate(shared),
        }
    }

    fn free_at(&mut self, position: usize, shared: &Shared<'_>) {
        let block = self.blocks.swap_remove(position);
        self.held_bytes -= block.size();
        self.look_at(&block);
        shared.peak.around(-(block.size() as i64), || block.free());
        self.operations += 1;
        let temporary = self.last == Some(block.serial);
        if temporary {
            self.last = None;
        }
        self.tally.freed(block.size(), temporary);
    }

    /// Exchanges a block of this thread for what lies in a mailbox.
    fn hand_over(&mut self, shared: &Shared<'_>) {
        let Some(position) = self.any() else { return };
        let mailbox = &shared.mailboxes[self.random.below(shared.mailboxes.len())];
        let mut place = mailbox.lock().expect("no worker panics");
        let block = self.blocks.swap_remove(position);
        self.held_bytes -= block.size();
        if let Some(received) = place.replace(block) {
            self.hold(received);
        }
    }

    fn look_at_any(&mut self) {
        if let Some(position) = self.any() {
            let block = self.blocks[position];
            self.look_at(&block);
        }
    }

    /// A block of this thread: the newest one time in four, so that many are temporary.
    fn any(&mut self) -> Option<usize> {
        let newest = self.blocks.len().checked_sub(1)?;
        Some(if self.random.once_in(4) { newest } else { self.random.below(newest + 1) })
    }

    fn hold(&mut self, block: Block) {
        self.held_bytes += block.size();
        self.blocks.push(block);
    }

    fn serial(&mut self) -> u64 {
        self.next_serial += 1;
        self.next_serial
    }

    fn look_at(&mut self, block: &Block) {
        if let Err(damage) = block.check() {
            self.damaged(damage);
        }
    }

    fn damaged(&mut self, damage: Damage) {
        self.expect(
            false,
            match damage {
                Damage::Alignment => "the alignment of a block",
                Damage::NotZeroed => "the zeroes of alloc_zeroed",
                Damage::Tag => "the tag of a live block",
                Damage::Bytes => "the bytes of a live block",
            },
        );
    }

    /// Counts a mismatch unless `holds`.
    pub(crate) fn expect(&mut self, holds: bool, what: &str) {
        if !holds {
            self.mismatches += 1;
            if self.mismatches <= SHOWN {
                eprintln!("mismatch of {what} at operation {} with seed {:#x}", self.operations, self.seed);
            }
        }
    }
}
