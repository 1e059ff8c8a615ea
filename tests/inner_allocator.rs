//! An inner allocator that fails: at the n-th call, now and then, or always. What it answers is handed on, a failure
//! changes no figure, and every block that is live stays as it was, its tag included.
//!
//! The failing allocator stands in a second `Heaplens` beside the global one, so that only the calls that a claim makes
//! by hand fail, and the test's own bookkeeping does not.

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
use std::sync::atomic::{AtomicU64, Ordering};

heaplens::install!();

claims::claims!(
    c3_every_live_block_survives_the_failure_of_any_call,
    c12_c13_each_method_is_forwarded_to_its_own,
    c13_doubling_from_a_byte_to_64_mib_is_one_alloc_and_26_reallocs,
    c15_eight_threads_out_of_memory_come_back_to_where_they_began,
);

static FAILING: Heaplens<Failing> = Heaplens::wrapping(Failing);

/// The system's allocator, which fails on demand and counts its calls.
struct Failing;

static CALLS: Calls = Calls {
    alloc: AtomicU64::new(0),
    alloc_zeroed: AtomicU64::new(0),
    realloc: AtomicU64::new(0),
    dealloc: AtomicU64::new(0),
};
/// Calls that may fail so far.
static ASKED: AtomicU64 = AtomicU64::new(0);
/// The number of the one call that fails.
static FAILS_AT: AtomicU64 = AtomicU64::new(u64::MAX);
/// Of how many calls in a hundred each fails.
static FAILS_PER_CENT: AtomicU64 = AtomicU64::new(0);

struct Calls {
    alloc: AtomicU64,
    alloc_zeroed: AtomicU64,
    realloc: AtomicU64,
    dealloc: AtomicU64,
}

impl Calls {
    /// Calls so far: `alloc`, `alloc_zeroed`, `realloc`, `dealloc`.
    fn so_far(&self) -> [u64; 4] {
        [&self.alloc, &self.alloc_zeroed, &self.realloc, &self.dealloc].map(|calls| calls.load(Ordering::Relaxed))
    }
}

fn fails(calls: &AtomicU64) -> bool {
    calls.fetch_add(1, Ordering::Relaxed);
    let number = ASKED.fetch_add(1, Ordering::Relaxed);
    number == FAILS_AT.load(Ordering::Relaxed) || number.wrapping_mul(61) % 100 < FAILS_PER_CENT.load(Ordering::Relaxed)
}

// SAFETY: every call is refused with null or goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Failing {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if fails(&CALLS.alloc) {
            return core::ptr::null_mut();
        }
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if fails(&CALLS.alloc_zeroed) {
            return core::ptr::null_mut();
        }
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        CALLS.dealloc.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(block, layout) };
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        if fails(&CALLS.realloc) {
            return core::ptr::null_mut();
        }
        // SAFETY: the caller's promise is passed on.
        unsafe { System.realloc(block, layout, new_size) }
    }
}

/// A live block, what was written into it, and the tag that stood behind it.
struct Block {
    start: *mut u8,
    layout: Layout,
    fill: u8,
    tag: u64,
}

impl Block {
    /// Fills a fresh block and remembers its tag.
    fn fill(start: *mut u8, layout: Layout, fill: u8) -> Self {
        // SAFETY: a block of this size.
        unsafe { start.write_bytes(fill, layout.size()) };
        Self { start, layout, fill, tag: tag_behind(start, layout.size()) }
    }

    #[track_caller]
    fn verify(&self) {
        self.verify_first(self.layout.size());
        assert_eq!(tag_behind(self.start, self.layout.size()), self.tag, "the tag of a live block never changes");
    }

    #[track_caller]
    fn verify_first(&self, length: usize) {
        // SAFETY: the block is live, and all its bytes were written.
        let bytes = unsafe { core::slice::from_raw_parts(self.start, length) };
        assert!(bytes.iter().all(|byte| *byte == self.fill), "the bytes of a live block never change");
    }
}

fn tag_behind(start: *mut u8, size: usize) -> u64 {
    // SAFETY: the inner block is eight bytes longer than the user's.
    let place = unsafe { start.add(size) };
    // SAFETY: these eight bytes were written with the tag.
    unsafe { place.cast::<u64>().read_unaligned() }
}

/// What the figures must be, kept by the naive means of plain additions.
#[derive(Debug, Default, PartialEq, Eq)]
struct Model {
    total_blocks: u64,
    total_bytes: u64,
    freed_blocks: u64,
    freed_bytes: u64,
    reallocations: u64,
}

impl Model {
    fn of(figures: &heaplens::MemoryStats) -> Self {
        Self {
            total_blocks: figures.total_blocks,
            total_bytes: figures.total_bytes,
            freed_blocks: figures.freed_blocks,
            freed_bytes: figures.freed_bytes,
            reallocations: figures.reallocations,
        }
    }

    fn since(&self, earlier: &Self) -> Self {
        Self {
            total_blocks: self.total_blocks - earlier.total_blocks,
            total_bytes: self.total_bytes - earlier.total_bytes,
            freed_blocks: self.freed_blocks - earlier.freed_blocks,
            freed_bytes: self.freed_bytes - earlier.freed_bytes,
            reallocations: self.reallocations - earlier.reallocations,
        }
    }

    fn allocated(&mut self, size: usize) {
        self.total_blocks += 1;
        self.total_bytes += size as u64;
    }

    fn freed(&mut self, size: usize) {
        self.freed_blocks += 1;
        self.freed_bytes += size as u64;
    }
}

/// Blocks that random operations are done on.
struct Workshop {
    live: Vec<Block>,
    model: Model,
    numbers: Random,
    failures: u64,
}

impl Workshop {
    const MOST_BLOCKS: usize = 12;

    fn new(seed: u64) -> Self {
        let live = Vec::with_capacity(Self::MOST_BLOCKS);
        Self { live, model: Model::default(), numbers: Random::of_seed(seed), failures: 0 }
    }

    fn step(&mut self) {
        let crowded = self.live.len() == Self::MOST_BLOCKS;
        match self.numbers.below(6) {
            0..=2 if !crowded => self.allocate(),
            3 | 4 if !self.live.is_empty() => self.reallocate(),
            _ if !self.live.is_empty() => self.free(),
            _ => self.allocate(),
        }
    }

    fn allocate(&mut self) {
        let layout =
            Layout::from_size_align(1 + self.numbers.below(200), 1 << self.numbers.below(7)).expect("a valid layout");
        let zeroed = self.numbers.below(2) == 0;
        let start = if zeroed {
            // SAFETY: the size is not zero.
            unsafe { FAILING.alloc_zeroed(layout) }
        } else {
            // SAFETY: the size is not zero.
            unsafe { FAILING.alloc(layout) }
        };
        if start.is_null() {
            return self.failed();
        }
        self.model.allocated(layout.size());
        let fill = self.numbers.below(256) as u8;
        self.live.push(Block::fill(start, layout, fill));
    }

    fn reallocate(&mut self) {
        let index = self.numbers.below(self.live.len());
        let new_size = 1 + self.numbers.below(300);
        let Block { start, layout, fill, .. } = self.live[index];
        // SAFETY: the block has this layout, and the new size makes a valid one.
        let moved = unsafe { FAILING.realloc(start, layout, new_size) };
        if moved.is_null() {
            return self.failed();
        }
        self.model.allocated(new_size);
        self.model.freed(layout.size());
        self.model.reallocations += 1;
        let kept = Block { start: moved, layout, fill, tag: 0 };
        kept.verify_first(layout.size().min(new_size));
        let layout = Layout::from_size_align(new_size, layout.align()).expect("a valid layout");
        self.live[index] = Block::fill(moved, layout, fill.wrapping_add(1));
    }

    fn free(&mut self) {
        let index = self.numbers.below(self.live.len());
        let block = self.live.swap_remove(index);
        self.release(&block);
    }

    fn release(&mut self, block: &Block) {
        block.verify();
        self.model.freed(block.layout.size());
        // SAFETY: the block has this layout and is not used any more.
        unsafe { FAILING.dealloc(block.start, block.layout) };
    }

    /// A call was refused: whatever is live must be as it was.
    fn failed(&mut self) {
        self.failures += 1;
        self.live.iter().for_each(Block::verify);
    }

    fn empty(&mut self) {
        while let Some(block) = self.live.pop() {
            self.release(&block);
        }
    }
}

fn c3_every_live_block_survives_the_failure_of_any_call() {
    const CALLS_THAT_FAIL: u64 = 2_000;
    const CALLS_AFTER_IT: u64 = 16;
    for n in 0..CALLS_THAT_FAIL {
        let mut workshop = Workshop::new(n);
        let before = heaplens::stats();
        let scope = heaplens::MemoryScope::enter("failing");
        ASKED.store(0, Ordering::Relaxed);
        FAILS_AT.store(n, Ordering::Relaxed);
        while ASKED.load(Ordering::Relaxed) <= n + CALLS_AFTER_IT {
            workshop.step();
        }
        FAILS_AT.store(u64::MAX, Ordering::Relaxed);
        assert_eq!(scope.stats().live_blocks, workshop.live.len() as u64, "call {n}");
        workshop.empty();
        let used = scope.finish();
        assert_eq!(workshop.failures, 1, "call {n} fails, and no other");
        assert_eq!(Model::of(&used), workshop.model, "call {n}");
        assert_eq!(Model::of(&heaplens::stats()).since(&Model::of(&before)), workshop.model, "call {n}");
        assert!(used.completeness().is_complete(), "call {n}: {}", used.completeness());
    }
}

fn c12_c13_each_method_is_forwarded_to_its_own() {
    let layout = Layout::from_size_align(100, 8).expect("a valid layout");
    let [alloc, alloc_zeroed, realloc, dealloc] = CALLS.so_far();
    // SAFETY: the size is not zero.
    let first = unsafe { FAILING.alloc(layout) };
    assert_eq!(CALLS.so_far(), [alloc + 1, alloc_zeroed, realloc, dealloc]);
    // SAFETY: the size is not zero.
    let second = unsafe { FAILING.alloc_zeroed(layout) };
    assert_eq!(CALLS.so_far(), [alloc + 1, alloc_zeroed + 1, realloc, dealloc]);
    // SAFETY: the block has this layout.
    unsafe { FAILING.dealloc(first, layout) };
    assert_eq!(CALLS.so_far(), [alloc + 1, alloc_zeroed + 1, realloc, dealloc + 1]);
    // SAFETY: the block has this layout.
    unsafe { FAILING.dealloc(second, layout) };
}

fn c13_doubling_from_a_byte_to_64_mib_is_one_alloc_and_26_reallocs() {
    const LAST: usize = 64 << 20;
    let [alloc, alloc_zeroed, realloc, dealloc] = CALLS.so_far();
    let ((), used) = heaplens::measure("doubling", || {
        let mut layout = Layout::new::<u8>();
        // SAFETY: the size is not zero.
        let mut block = unsafe { FAILING.alloc(layout) };
        while layout.size() < LAST {
            let doubled = Layout::array::<u8>(layout.size() * 2).expect("a valid layout");
            // SAFETY: the block has this layout, and the new size makes a valid one.
            block = unsafe { FAILING.realloc(block, layout, doubled.size()) };
            layout = doubled;
        }
        // SAFETY: the block has this layout.
        unsafe { FAILING.dealloc(block, layout) };
    });
    assert_eq!(CALLS.so_far(), [alloc + 1, alloc_zeroed, realloc + 26, dealloc + 1]);
    assert_eq!((used.total_blocks, used.reallocations, used.live_bytes), (27, 26, 0));
    assert_eq!(used.peak_bytes, LAST as u64);
}

fn c15_eight_threads_out_of_memory_come_back_to_where_they_began() {
    const THREADS: u64 = 8;
    // What the standard library keeps from its first thread on is no part of the baseline.
    std::thread::spawn(|| ()).join().expect("no panic");
    for per_cent in [1, 10, 100] {
        let before = heaplens::stats();
        FAILS_PER_CENT.store(per_cent, Ordering::Relaxed);
        let failures: u64 = std::thread::scope(|threads| {
            let running: Vec<_> = (1..=THREADS).map(|seed| threads.spawn(move || out_of_memory(seed))).collect();
            running.into_iter().map(|thread| thread.join().expect("no panic")).sum()
        });
        FAILS_PER_CENT.store(0, Ordering::Relaxed);
        let after = heaplens::stats();
        assert_eq!((after.live_blocks, after.live_bytes), (before.live_blocks, before.live_bytes), "{per_cent} %");
        assert!(failures > 0);
        println!("{per_cent} %: {failures} refused calls");
    }
}

/// Random operations on one thread, some of which are refused. Returns how many.
fn out_of_memory(seed: u64) -> u64 {
    const STEPS: u32 = 20_000;
    let mut workshop = Workshop::new(seed);
    let scope = heaplens::MemoryScope::enter("out of memory");
    (0..STEPS).for_each(|_| workshop.step());
    workshop.empty();
    let used = scope.finish();
    assert_eq!(Model::of(&used), workshop.model);
    assert_eq!((used.live_blocks, used.live_bytes), (0, 0), "back to the baseline");
    workshop.failures
}
