//! One block of the lock-step run: what was written into it, and whether that is still there.
//!
//! ```text
//! | first 64 bytes | … | last 64 bytes | tag 8 |      every block
//! |        all bytes                   | tag 8 |      one block in 1,000
//! ```
//!
//! Byte `i` of a block is byte `offset + i` of one repeated pattern, so that every check is a comparison of two pieces
//! of memory, which is fast in a debug build as well.

use crate::failing::Failing;
use crate::random::Random;
use heaplens::Heaplens;
use std::alloc::{GlobalAlloc, Layout};
use std::ptr;

/// The allocator that is driven. It shares its recorder with the global one.
static DRIVEN: Heaplens<Failing> = Heaplens::wrapping(Failing);

const PERIOD: usize = 4_096;
const EDGE: usize = 64;
const TAG_BYTES: usize = 8;

/// The pattern, twice, so that no piece of a period's length wraps.
static PATTERN: [u8; 2 * PERIOD] = {
    let mut bytes = [0; 2 * PERIOD];
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut at = 0;
    while at < PERIOD {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes[at] = (state >> 32) as u8;
        bytes[at + PERIOD] = bytes[at];
        at += 1;
    }
    bytes
};
static ZEROES: [u8; PERIOD] = [0; PERIOD];

/// A live block, and who allocated it.
#[derive(Clone, Copy)]
pub(crate) struct Block {
    address: *mut u8,
    layout: Layout,
    /// Where in the pattern the block begins.
    offset: usize,
    /// Whether all bytes are written and checked.
    is_full: bool,
    tag: [u8; TAG_BYTES],
    /// Number among all blocks of all threads.
    pub(crate) serial: u64,
}

// SAFETY: a block is plain memory that whoever holds the value may read, write and free; it is never in two places.
unsafe impl Send for Block {}

impl Block {
    /// A fresh block, filled. `None` when the inner allocator fails.
    pub(crate) fn allocate(
        random: &mut Random,
        size: usize,
        zeroed: bool,
        serial: u64,
    ) -> Option<Result<Self, Damage>> {
        let align = 1 << random.below(13);
        let layout = Layout::from_size_align(size, align).expect("a small layout");
        let address = if zeroed {
            // SAFETY: the size is not zero.
            unsafe { DRIVEN.alloc_zeroed(layout) }
        } else {
            // SAFETY: the size is not zero.
            unsafe { DRIVEN.alloc(layout) }
        };
        if address.is_null() {
            return None;
        }
        let (offset, is_full) = (random.below(PERIOD), random.once_in(1_000));
        let mut block = Self { address, layout, offset, is_full, tag: [0; TAG_BYTES], serial };
        block.tag = block.read_tag();
        let every_byte = size <= PERIOD || random.once_in(64);
        if address.addr() % align != 0 {
            return Some(Err(Damage::Alignment));
        }
        if zeroed && !block.pieces(every_byte).all(|(at, length)| block.bytes(at, length) == &ZEROES[..length]) {
            return Some(Err(Damage::NotZeroed));
        }
        block.fill();
        Some(Ok(block))
    }

    /// Changes the size. `None` when the inner allocator fails; the block is what it was.
    pub(crate) fn reallocate(&mut self, size: usize, serial: u64) -> Option<Reallocated> {
        // SAFETY: the block is live and of this layout, and the size is not zero and small.
        let address = unsafe { DRIVEN.realloc(self.address, self.layout, size) };
        if address.is_null() {
            return None;
        }
        let moved = address != self.address;
        let old = *self;
        self.address = address;
        self.serial = serial;
        self.layout = Layout::from_size_align(size, self.layout.align()).expect("a small layout");
        self.tag = self.read_tag();
        let kept = old.layout.size().min(size);
        let carried_over = old.pieces(old.is_full).filter(|(at, _)| *at < kept).all(|(at, length)| {
            let length = length.min(kept - at);
            self.bytes(at, length) == self.expected(at, length)
        });
        self.fill();
        Some(Reallocated { moved_bytes: if moved { kept } else { 0 }, is_intact: carried_over })
    }

    /// Gives the block back.
    pub(crate) fn free(self) {
        // SAFETY: the block is live and of this layout, and its value ends here.
        unsafe { DRIVEN.dealloc(self.address, self.layout) };
    }

    pub(crate) fn size(&self) -> usize {
        self.layout.size()
    }

    /// Whether the tag and every byte that was written are unchanged.
    pub(crate) fn check(&self) -> Result<(), Damage> {
        if self.read_tag() != self.tag {
            return Err(Damage::Tag);
        }
        let intact = self.pieces(self.is_full).all(|(at, length)| self.bytes(at, length) == self.expected(at, length));
        if intact { Ok(()) } else { Err(Damage::Bytes) }
    }

    fn fill(&self) {
        for (at, length) in self.pieces(self.is_full) {
            // SAFETY: the piece lies inside of the block.
            let place = unsafe { self.address.add(at) };
            // SAFETY: the pattern is as long, and the block is nobody else's.
            unsafe { ptr::copy_nonoverlapping(self.expected(at, length).as_ptr(), place, length) };
        }
    }

    fn expected(&self, at: usize, length: usize) -> &'static [u8] {
        let start = (self.offset + at) % PERIOD;
        &PATTERN[start..start + length]
    }

    /// The pieces that are written: both ends, or the whole block.
    fn pieces(&self, whole: bool) -> impl Iterator<Item = (usize, usize)> {
        let size = self.layout.size();
        let edge = size.min(EDGE);
        let (step, length) = if whole { (PERIOD, PERIOD) } else { ((size - edge).max(1), edge) };
        (0..size).step_by(step).map(move |at| (at, length.min(size - at))).take(if whole { usize::MAX } else { 2 })
    }

    fn bytes(&self, at: usize, length: usize) -> &[u8] {
        // SAFETY: the piece lies inside of the block.
        let place = unsafe { self.address.add(at) };
        // SAFETY: the bytes were written by `fill`, or zeroed, and are nobody else's while the block is borrowed.
        unsafe { std::slice::from_raw_parts(place, length) }
    }

    fn read_tag(&self) -> [u8; TAG_BYTES] {
        // SAFETY: the recorder asked the inner allocator for eight bytes more than the block's size.
        let place = unsafe { self.address.add(self.layout.size()) };
        // SAFETY: the recorder has written all eight; bytes need no alignment.
        unsafe { place.cast::<[u8; TAG_BYTES]>().read() }
    }
}

/// What came of a reallocation.
pub(crate) struct Reallocated {
    /// The smaller of both sizes if the address changed.
    pub(crate) moved_bytes: usize,
    /// Whether the bytes that both sizes have are the same.
    pub(crate) is_intact: bool,
}

/// What is wrong with a block.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Damage {
    Alignment,
    NotZeroed,
    Tag,
    Bytes,
}
