//! An inner allocator that a signal handler may call at any instruction, even in the middle of itself.
//!
//! The system's allocator takes locks. Between [`ArenaOnly::begin`] and its drop every block comes from here instead:
//!
//! ```text
//! IN_USE   bit n of word m: block 64 m + n is taken      one atomic step takes or frees a block
//! BLOCKS   4,096 blocks of 256 bytes
//! ```

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::UnsafeCell;
use std::process;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

const BLOCK_BYTES: usize = 256;
const WORDS: usize = 64;

/// The system's allocator, or the arena.
pub(crate) struct SignalSafeInner;

/// As long as it lives, every new block comes from the arena.
pub(crate) struct ArenaOnly;

#[repr(align(256))]
struct Block(UnsafeCell<[u8; BLOCK_BYTES]>);

// SAFETY: whoever takes a block by its bit is the only one to use it.
unsafe impl Sync for Block {}

static BLOCKS: [Block; 64 * WORDS] = [const { Block(UnsafeCell::new([0; BLOCK_BYTES])) }; 64 * WORDS];
static IN_USE: [AtomicU64; WORDS] = [const { AtomicU64::new(0) }; WORDS];
static ARENA_ONLY: AtomicBool = AtomicBool::new(false);

impl ArenaOnly {
    pub(crate) fn begin() -> Self {
        ARENA_ONLY.store(true, Ordering::Relaxed);
        Self
    }
}

impl Drop for ArenaOnly {
    fn drop(&mut self) {
        ARENA_ONLY.store(false, Ordering::Relaxed);
    }
}

/// Blocks of the arena that are taken.
#[allow(dead_code)]
pub(crate) fn blocks_in_use() -> u32 {
    IN_USE.iter().map(|word| word.load(Ordering::Relaxed).count_ones()).sum()
}

/// Takes back every block of the arena: nobody uses any of them.
#[allow(dead_code)]
pub(crate) fn forget_all() {
    IN_USE.iter().for_each(|word| word.store(0, Ordering::Relaxed));
}

fn take() -> *mut u8 {
    for (number, word) in IN_USE.iter().enumerate() {
        loop {
            let taken = word.load(Ordering::Relaxed);
            let bit = (!taken).trailing_zeros();
            if bit == 64 {
                break;
            }
            if word.fetch_or(1 << bit, Ordering::Relaxed) & 1 << bit == 0 {
                return BLOCKS[64 * number + bit as usize].0.get().cast();
            }
        }
    }
    ptr::null_mut()
}

/// The place of a block in the arena, if it is one of it.
fn place_of(block: *mut u8) -> Option<usize> {
    let offset = block.addr().checked_sub(BLOCKS.as_ptr().addr())?;
    (offset < size_of_val(&BLOCKS)).then_some(offset / BLOCK_BYTES)
}

fn give_back(place: usize) {
    let bit = 1 << (place % 64);
    if IN_USE[place / 64].fetch_and(!bit, Ordering::Relaxed) & bit == 0 {
        // Freed twice.
        process::abort();
    }
}

// SAFETY: a block is the system's, or one of the arena, which is large enough, aligned, and nobody else's.
unsafe impl GlobalAlloc for SignalSafeInner {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if !ARENA_ONLY.load(Ordering::Relaxed) {
            // SAFETY: the caller's promise is passed on.
            return unsafe { System.alloc(layout) };
        }
        if layout.size() > BLOCK_BYTES || layout.align() > BLOCK_BYTES { ptr::null_mut() } else { take() }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        match place_of(block) {
            Some(place) => give_back(place),
            // SAFETY: the caller's promise is passed on; the block is none of the arena.
            None => unsafe { System.dealloc(block, layout) },
        }
    }
}
