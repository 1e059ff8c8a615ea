//! L7: threads that all move blocks by `realloc` among few size classes, so that an address that one thread gives up is
//! at once a block of another.
//!
//! The inner allocator moves at every `realloc`. Who kept blocks by their address would take one for another; here every
//! figure is known beforehand, and the tag behind each block is checked when it moves.

#[path = "support/claims.rs"]
mod claims;
#[path = "support/count.rs"]
mod count;
#[path = "support/held.rs"]
mod held;
#[path = "support/process_per_case.rs"]
mod process_per_case;
#[path = "support/random.rs"]
mod random;
#[path = "support/resized.rs"]
mod resized;
#[path = "support/threads.rs"]
mod threads;
#[path = "support/watchdog.rs"]
mod watchdog;

use heaplens::{Heaplens, Profiler};
use held::Held;
use random::Random;
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use watchdog::{progress, watched};

#[global_allocator]
static HEAP: Heaplens<AlwaysMoving> = Heaplens::wrapping(AlwaysMoving);

claims::claims!(l7_threads_that_move_blocks_among_few_sizes_mistake_none_for_another);

/// The system's allocator without its `realloc`: the trait's own allocates, copies and frees.
struct AlwaysMoving;

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for AlwaysMoving {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(block, layout) };
    }
}

const THREADS: usize = 8;
const BLOCKS_EACH: usize = 16;
const SIZES: [usize; 5] = [24, 56, 64, 200, 1_000];

/// Places through which blocks go from one thread to another.
type Exchange = [Mutex<Held>; 16];

/// Moves blocks so many times. Returns the bytes that were moved.
fn move_blocks(exchange: &Exchange, seed: u64, times: u64) -> u64 {
    let mut random = Random::of_seed(seed);
    let mut blocks: [Held; BLOCKS_EACH] = std::array::from_fn(|_| Held::new(random.size(8)));
    let mut moved_bytes = 0;
    for _ in 0..times {
        let block = &mut blocks[random.below(BLOCKS_EACH)];
        // Of the other parity than the present size, so that every call changes it.
        let size = SIZES[random.below(SIZES.len())] - usize::from(block.size().is_multiple_of(2));
        let moved = block.resize(size);
        assert!(moved > 0, "the inner allocator moves");
        moved_bytes += moved as u64;
        if random.once_in(8)
            && let Ok(mut place) = exchange[random.below(exchange.len())].lock()
        {
            std::mem::swap(block, &mut *place);
        }
        if random.once_in(4_096) {
            progress();
        }
    }
    moved_bytes
}

fn l7_threads_that_move_blocks_among_few_sizes_mistake_none_for_another() {
    watched(|| {
        let times = count::count("HEAPLENS_MOVES", 200_000) / THREADS as u64;
        let profiler = Profiler::builder().verify_every(256).start().expect("the first profiler");
        let (before, moved_bytes) = (heaplens::stats(), AtomicU64::new(0));
        let exchange: Exchange = std::array::from_fn(|number| Mutex::new(Held::new(number + 1)));
        let places = exchange.len();
        threads::run_on::<THREADS>(&|index| {
            moved_bytes.fetch_add(move_blocks(&exchange, index as u64, times), Ordering::Relaxed);
        });
        drop(exchange);
        let after = heaplens::stats();
        let missing = *profiler.stop().completeness();
        let moves = times * THREADS as u64;
        println!("{moves} blocks moved by {THREADS} threads, {moved_bytes:?} bytes");
        assert_eq!(after.reallocations - before.reallocations, moves);
        assert_eq!(after.moved_bytes - before.moved_bytes, moved_bytes.into_inner());
        assert_eq!(after.total_blocks - before.total_blocks, moves + (THREADS * BLOCKS_EACH + places) as u64);
        assert_eq!((after.live_blocks, after.live_bytes), (before.live_blocks, before.live_bytes));
        assert!(missing.is_complete(), "{missing}");
    });
}
