//! An independent witness: an inner allocator that counts, in its own way, what reaches it.
//!
//! ```text
//! program ──▶ Heaplens (the figures under test) ──▶ CountingInner (the witness) ──▶ System
//! ```
//!
//! Every block that reaches it is eight bytes longer than the program asked for, which it takes off again. Its counts
//! are atomic additions, so that they are exact whatever the threads do.

use heaplens::{Heaplens, MemoryStats};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering};

/// What heaplens adds to each block.
const TAG_BYTES: u64 = 8;

/// The system's allocator, counted.
pub(crate) struct CountingInner;

/// The allocator under test, around the witness.
pub(crate) const fn heaplens_around_the_witness() -> Heaplens<CountingInner> {
    Heaplens::wrapping(CountingInner)
}

static TOTAL_BLOCKS: AtomicU64 = AtomicU64::new(0);
static TOTAL_BYTES: AtomicU64 = AtomicU64::new(0);
static FREED_BLOCKS: AtomicU64 = AtomicU64::new(0);
static FREED_BYTES: AtomicU64 = AtomicU64::new(0);
static REALLOCATIONS: AtomicU64 = AtomicU64::new(0);

/// Both accounts at one moment. Exact when no other thread runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Accounts {
    heaplens: [u64; 5],
    witness: [u64; 5],
}

impl Accounts {
    /// Reads both accounts. Allocates nothing.
    pub(crate) fn now() -> Self {
        let MemoryStats { total_blocks, total_bytes, freed_blocks, freed_bytes, reallocations, .. } = heaplens::stats();
        let witness = [&TOTAL_BLOCKS, &TOTAL_BYTES, &FREED_BLOCKS, &FREED_BYTES, &REALLOCATIONS];
        Self {
            heaplens: [total_blocks, total_bytes, freed_blocks, freed_bytes, reallocations],
            witness: witness.map(|count| count.load(Ordering::Relaxed)),
        }
    }

    /// What happened since an earlier moment, if both accounts agree on it: blocks allocated.
    #[track_caller]
    pub(crate) fn agreed_blocks_since(&self, earlier: &Self) -> u64 {
        let change = |now: &[u64; 5], then: &[u64; 5]| core::array::from_fn::<u64, 5, _>(|i| now[i] - then[i]);
        let by_heaplens = change(&self.heaplens, &earlier.heaplens);
        let by_witness = change(&self.witness, &earlier.witness);
        assert_eq!(by_heaplens, by_witness, "total blocks and bytes, freed blocks and bytes, reallocations");
        by_witness[0]
    }
}

fn count(counter: &AtomicU64, amount: u64) {
    counter.fetch_add(amount, Ordering::Relaxed);
}

fn allocated(tagged_size: usize) {
    count(&TOTAL_BLOCKS, 1);
    count(&TOTAL_BYTES, tagged_size as u64 - TAG_BYTES);
}

fn freed(tagged_size: usize) {
    count(&FREED_BLOCKS, 1);
    count(&FREED_BYTES, tagged_size as u64 - TAG_BYTES);
}

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for CountingInner {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is passed on.
        let block = unsafe { System.alloc(layout) };
        if !block.is_null() {
            allocated(layout.size());
        }
        block
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is passed on.
        let block = unsafe { System.alloc_zeroed(layout) };
        if !block.is_null() {
            allocated(layout.size());
        }
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        freed(layout.size());
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(block, layout) };
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the caller's promise is passed on.
        let new_block = unsafe { System.realloc(block, layout, new_size) };
        if !new_block.is_null() {
            allocated(new_size);
            freed(layout.size());
            count(&REALLOCATIONS, 1);
        }
        new_block
    }
}
