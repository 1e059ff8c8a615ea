//! The same stress over every inner allocator that is at hand: each gets, in all four methods, the layout that the block
//! was allocated with, eight bytes longer than the program's.
//!
//! Between heaplens and the inner allocator stands one that remembers every live block's layout and checks what it is
//! asked to free or resize.

#[path = "support/claims.rs"]
mod claims;
#[path = "support/process_per_case.rs"]
mod process_per_case;
#[path = "support/random.rs"]
#[allow(dead_code, reason = "each test binary draws its own kinds of numbers")]
mod random;

use heaplens::Heaplens;
use random::Random;
use std::alloc::{GlobalAlloc, Layout, System};
use std::collections::HashMap;
use std::process;
use std::sync::{LazyLock, Mutex};
use std::thread;

heaplens::install!();

claims::claims!(
    x7_the_system_allocator_gets_back_what_it_gave,
    #[cfg(feature = "jemalloc")]
    x7_jemalloc_gets_back_what_it_gave,
);

/// An inner allocator whose every call is checked against the layouts of the blocks that it gave.
struct Checked<A>(A);

/// Layouts of the live blocks, by address. What the map itself allocates goes to the global allocator, not to this one.
static LIVE: LazyLock<Mutex<HashMap<usize, Layout>>> = LazyLock::new(Mutex::default);

fn remember(block: *mut u8, layout: Layout) {
    let known = heaplens::exclude(|| LIVE.lock().expect("no panic under the lock").insert(block.addr(), layout));
    if known.is_some() {
        process::abort();
    }
}

fn forget(block: *mut u8, layout: Layout) {
    let known = LIVE.lock().expect("no panic under the lock").remove(&block.addr());
    if known != Some(layout) {
        process::abort();
    }
}

// SAFETY: every call goes to the inner allocator as it came.
unsafe impl<A: GlobalAlloc> GlobalAlloc for Checked<A> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is passed on.
        let block = unsafe { self.0.alloc(layout) };
        remember(block, layout);
        block
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is passed on.
        let block = unsafe { self.0.alloc_zeroed(layout) };
        remember(block, layout);
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        forget(block, layout);
        // SAFETY: the caller's promise is passed on.
        unsafe { self.0.dealloc(block, layout) };
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        forget(block, layout);
        // SAFETY: the caller's promise is passed on.
        let moved = unsafe { self.0.realloc(block, layout, new_size) };
        remember(moved, Layout::from_size_align(new_size, layout.align()).expect("a valid layout"));
        moved
    }
}

/// A live block of the stress, filled with one byte.
struct Block {
    start: *mut u8,
    layout: Layout,
    fill: u8,
}

impl Block {
    fn bytes(&self) -> &[u8] {
        // SAFETY: the block is live, and all of it was written.
        unsafe { core::slice::from_raw_parts(self.start, self.layout.size()) }
    }

    fn write(start: *mut u8, layout: Layout, fill: u8) -> Self {
        // SAFETY: a block of this layout.
        unsafe { start.write_bytes(fill, layout.size()) };
        Self { start, layout, fill }
    }
}

/// Random operations on one thread, every block verified before it goes.
fn stress(heap: &impl GlobalAlloc, seed: u64) {
    const STEPS: usize = 20_000;
    let mut random = Random::of_seed(seed);
    let mut live: Vec<Block> = Vec::with_capacity(64);
    let scope = heaplens::MemoryScope::enter("stress");
    let mut blocks = 0;
    for _ in 0..STEPS {
        let fill = random.number() as u8;
        let size = random.size(14);
        match random.below(5) {
            0 | 1 if live.len() < 64 => {
                let layout = Layout::from_size_align(size, 1 << random.below(13)).expect("a valid layout");
                // SAFETY: the size is not zero.
                let plain = || unsafe { heap.alloc(layout) };
                // SAFETY: the size is not zero.
                let zeroed = || unsafe { heap.alloc_zeroed(layout) };
                let start = if fill & 1 == 0 { plain() } else { zeroed() };
                assert!(!start.is_null() && start.addr().is_multiple_of(layout.align()));
                live.push(Block::write(start, layout, fill));
                blocks += 1;
            }
            2 if !live.is_empty() => {
                let index = random.below(live.len());
                let Block { start, layout, fill: old } = live[index];
                // SAFETY: the block has this layout, and the new size makes a valid one.
                let moved = unsafe { heap.realloc(start, layout, size) };
                assert!(!moved.is_null() && moved.addr().is_multiple_of(layout.align()));
                // SAFETY: a `realloc` keeps what both sizes hold.
                let kept = unsafe { core::slice::from_raw_parts(moved, size.min(layout.size())) };
                assert!(kept.iter().all(|byte| *byte == old));
                let layout = Layout::from_size_align(size, layout.align()).expect("a valid layout");
                live[index] = Block::write(moved, layout, fill);
                blocks += 1;
            }
            _ => {
                let Some(block) = live.pop() else { continue };
                free(heap, &block);
            }
        }
    }
    for block in live.drain(..) {
        free(heap, &block);
    }
    let used = scope.finish();
    assert!(used.completeness().is_complete(), "{used}");
    assert_eq!((used.total_blocks, used.live_blocks, used.live_bytes), (blocks, 0, 0));
}

fn free(heap: &impl GlobalAlloc, block: &Block) {
    assert!(block.bytes().iter().all(|byte| *byte == block.fill));
    // SAFETY: the block has this layout and is not used any more.
    unsafe { heap.dealloc(block.start, block.layout) };
}

fn stress_on_threads(heap: &(impl GlobalAlloc + Sync)) {
    thread::scope(|threads| {
        for seed in 0..4 {
            threads.spawn(move || stress(heap, seed));
        }
    });
    assert!(LIVE.lock().expect("no panic under the lock").is_empty(), "every block came back");
}

fn x7_the_system_allocator_gets_back_what_it_gave() {
    stress_on_threads(&Heaplens::wrapping(Checked(System)));
}

#[cfg(feature = "jemalloc")]
fn x7_jemalloc_gets_back_what_it_gave() {
    stress_on_threads(&Heaplens::wrapping(Checked(heaplens::Jemalloc)));
}
