//! R6: a signal handler that allocates at every single instruction of the recorder.
//!
//! ```text
//! alloc, alloc_zeroed, realloc, dealloc:  instruction ▸ handler ▸ instruction ▸ handler ▸ …
//!                                                        └── alloc, realloc, dealloc
//! ```
//!
//! The inner allocator may be called by a handler at any point, so that the program is a lawful one. Whatever the handler
//! interrupts, every event of its own and of the program counts exactly once. `ci/single-step.sh` does a million
//! instructions.
#![cfg(all(target_arch = "x86_64", target_os = "linux"))]

#[path = "support/claims.rs"]
mod claims;
#[path = "support/count.rs"]
mod count;
#[path = "support/process_per_case.rs"]
mod process_per_case;
#[path = "support/signal_safe_inner.rs"]
mod signal_safe_inner;
#[path = "support/single_step.rs"]
mod single_step;
#[path = "support/threads.rs"]
mod threads;
#[path = "support/watchdog.rs"]
mod watchdog;

use heaplens::{Heaplens, MemoryStats, Metric, Profiler};
use signal_safe_inner::{ArenaOnly, SignalSafeInner};
use single_step::step_if;
use std::alloc::{Layout, alloc, alloc_zeroed, dealloc, realloc};
use std::hint::black_box;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};
use watchdog::{progress, watched};

#[global_allocator]
static HEAP: Heaplens<SignalSafeInner> = Heaplens::wrapping(SignalSafeInner);

claims::claims!(
    r6_a_signal_at_every_instruction_with_stacks_on_loses_and_doubles_nothing,
    r6_a_signal_at_every_instruction_while_stacks_are_verified_finds_no_difference,
    r6_a_signal_at_every_instruction_while_counting_loses_and_doubles_nothing,
    r6_a_signal_at_every_instruction_in_a_scope_counts_there_or_as_uncaptured,
    r6_a_signal_at_every_instruction_of_a_threads_first_event_loses_and_doubles_nothing,
);

/// Instructions that were interrupted so far.
static INTERRUPTED: AtomicU64 = AtomicU64::new(0);

/// From so many instructions on a claim steps through what happens only once as well: finding the rules of the first
/// stack takes half a million in a build without optimisation.
const LONG: u64 = 100_000;

/// Interrupted instructions wanted of each claim. Asks the environment, which allocates.
fn wanted() -> u64 {
    count::count("HEAPLENS_SINGLE_STEPS", 20_000)
}

/// What an interruption adds: blocks, bytes, reallocations, and events of the allocator.
const BY_HANDLER: Added = Added { blocks: 2, bytes: 64, reallocations: 1 };
const EVENTS_BY_HANDLER: u64 = 3;
/// What a round adds.
const BY_ROUND: Added = Added { blocks: 4, bytes: 410, reallocations: 2 };

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Added {
    blocks: u64,
    bytes: u64,
    reallocations: u64,
}

impl Added {
    fn times(self, times: u64) -> Self {
        Self { blocks: self.blocks * times, bytes: self.bytes * times, reallocations: self.reallocations * times }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            blocks: self.blocks + other.blocks,
            bytes: self.bytes + other.bytes,
            reallocations: self.reallocations + other.reallocations,
        }
    }
}

fn layout(size: usize) -> Layout {
    Layout::array::<u8>(size).expect("a small size")
}

/// A block of the arena, through the recorder.
fn made(size: usize) -> NonNull<u8> {
    // SAFETY: the size is not zero.
    NonNull::new(black_box(unsafe { alloc(black_box(layout(size))) })).expect("the arena has room")
}

fn made_zeroed(size: usize) -> NonNull<u8> {
    // SAFETY: the size is not zero.
    NonNull::new(black_box(unsafe { alloc_zeroed(black_box(layout(size))) })).expect("the arena has room")
}

fn resized(block: NonNull<u8>, from: usize, to: usize) -> NonNull<u8> {
    // SAFETY: the callers pass blocks of `from` bytes and use only the result.
    NonNull::new(black_box(unsafe { realloc(block.as_ptr(), black_box(layout(from)), to) }))
        .expect("the arena has room")
}

fn unmade(block: NonNull<u8>, size: usize) {
    // SAFETY: the callers pass blocks of `size` bytes and use them no more.
    unsafe { dealloc(block.as_ptr(), black_box(layout(size))) };
}

fn first_byte(block: NonNull<u8>) -> &'static AtomicU64 {
    // SAFETY: the blocks of this file are longer than eight bytes, aligned to them, and used by one thread.
    unsafe { AtomicU64::from_ptr(block.as_ptr().cast()) }
}

/// At every instruction.
fn interrupt() {
    let number = INTERRUPTED.fetch_add(1, Ordering::Relaxed);
    let block = made(24);
    first_byte(block).store(number, Ordering::Relaxed);
    let block = resized(block, 24, 40);
    if first_byte(block).load(Ordering::Relaxed) != number {
        std::process::abort();
    }
    unmade(block, 40);
    if number.is_multiple_of(0x1_0000) {
        progress();
    }
}

/// Every method of the allocator, one instruction at a time or as usual.
#[inline(never)]
fn round(stepped: bool) {
    let (mut block, mut zeroed) = (NonNull::dangling(), NonNull::dangling());
    step_if(stepped, &mut || block = made(100));
    step_if(stepped, &mut || zeroed = made_zeroed(60));
    assert_eq!(first_byte(zeroed).swap(7, Ordering::Relaxed), 0);
    first_byte(block).store(9, Ordering::Relaxed);
    step_if(stepped, &mut || block = resized(block, 100, 200));
    step_if(stepped, &mut || block = resized(block, 200, 50));
    assert_eq!(first_byte(block).load(Ordering::Relaxed), 9);
    step_if(stepped, &mut || unmade(block, 50));
    step_if(stepped, &mut || unmade(zeroed, 60));
}

/// The same from another depth of the stack, which makes other call sites.
#[inline(never)]
fn round_below(depth: u64, stepped: bool) {
    if depth == 0 {
        round(stepped)
    } else {
        round_below(black_box(depth - 1), stepped)
    }
    black_box(depth);
}

/// Rounds until enough instructions were interrupted. Returns what all of them added, the handler's part included.
fn rounds(wanted: u64) -> Added {
    let _arena = ArenaOnly::begin();
    single_step::handle_with(interrupt);
    let before = INTERRUPTED.load(Ordering::Relaxed);
    let mut rounds = 0;
    if wanted < LONG {
        round_below(0, false);
        rounds += 1;
    }
    while INTERRUPTED.load(Ordering::Relaxed) - before < wanted {
        round_below(rounds % 5, true);
        rounds += 1;
    }
    let interrupted = INTERRUPTED.load(Ordering::Relaxed) - before;
    println!("{interrupted} instructions interrupted in {rounds} rounds");
    assert_eq!(signal_safe_inner::blocks_in_use(), 0);
    BY_ROUND.times(rounds).plus(BY_HANDLER.times(interrupted))
}

/// Checks the difference of two readings: everything counted once, and nothing is live.
#[track_caller]
fn assert_added(before: &MemoryStats, after: &MemoryStats, added: Added) {
    let total = Added {
        blocks: after.total_blocks - before.total_blocks,
        bytes: after.total_bytes - before.total_bytes,
        reallocations: after.reallocations - before.reallocations,
    };
    assert_eq!(total, added);
    assert_eq!((after.live_blocks, after.live_bytes), (before.live_blocks, before.live_bytes));
}

/// Blocks that count under a remark instead of a stack.
fn blocks_under(profile: &heaplens::Profile, remark: &str) -> u64 {
    let sites = profile.sites(Metric::TotalBlocks);
    sites.iter().filter(|site| site.frames()[0].function == remark).map(|site| site.value()).sum()
}

/// `println!` allocates its buffer at the first call.
fn warm_up() {
    println!("single steps");
}

fn stepped_with_stacks(verify_every: u32) {
    warm_up();
    let wanted = wanted();
    let profiler = Profiler::builder().verify_every(verify_every).start().expect("the first profiler");
    let before = heaplens::stats();
    let added = rounds(wanted);
    let after = heaplens::stats();
    let profile = profiler.stop();
    assert_added(&before, &after, added);
    let missing = profile.completeness();
    let uncaptured_blocks = missing.uncaptured_events / EVENTS_BY_HANDLER * BY_HANDLER.blocks;
    println!("{uncaptured_blocks} of {} blocks by a handler inside the recorder", added.blocks);
    assert_eq!(missing.uncaptured_events % EVENTS_BY_HANDLER, 0);
    assert!(uncaptured_blocks > 0, "some instructions are the recorder's");
    assert_eq!(blocks_under(&profile, "(not captured)"), uncaptured_blocks);
    let all_blocks = added.blocks + blocks_under(&profile, "(before recording)");
    assert_eq!((profile.stats().total_blocks, profile.total(Metric::TotalBlocks)), (all_blocks, all_blocks));
    assert_eq!((missing.mismatched_stacks, missing.abandoned_events, missing.foreign_frees), (0, 0, 0));
    assert_eq!((missing.overflowed_blocks, missing.empty_stacks), (0, 0));
    assert_no_stack_ends_in_the_recorder(profile);
}

/// The handler's stack goes on wherever it interrupted the recorder. It may end, flagged, in a stub of the linker, for
/// which there are no unwind tables.
#[track_caller]
fn assert_no_stack_ends_in_the_recorder(profile: heaplens::Profile) {
    let profile = profile.with_runtime_frames(true);
    let functions = |site: &heaplens::Site<'_>| -> Vec<String> {
        site.frames().iter().map(|frame| frame.function.clone()).collect()
    };
    for stack in profile.sites(Metric::TotalBlocks).iter().map(functions) {
        if let [.., last, remark] = stack.as_slice() {
            assert!(remark != "(cut short)" || !last.contains("heaplens::"), "{stack:#?}");
        }
    }
}

fn r6_a_signal_at_every_instruction_with_stacks_on_loses_and_doubles_nothing() {
    watched(|| stepped_with_stacks(0));
}

fn r6_a_signal_at_every_instruction_while_stacks_are_verified_finds_no_difference() {
    watched(|| stepped_with_stacks(8));
}

fn r6_a_signal_at_every_instruction_while_counting_loses_and_doubles_nothing() {
    watched(|| {
        warm_up();
        let wanted = wanted();
        let (before, missing_before) = (heaplens::stats(), heaplens::completeness());
        let added = rounds(wanted);
        assert_added(&before, &heaplens::stats(), added);
        let uncaptured = heaplens::completeness().uncaptured_events - missing_before.uncaptured_events;
        assert!(uncaptured > 0 && uncaptured.is_multiple_of(EVENTS_BY_HANDLER), "{uncaptured}");
    });
}

fn r6_a_signal_at_every_instruction_in_a_scope_counts_there_or_as_uncaptured() {
    watched(|| {
        warm_up();
        let wanted = wanted();
        let before = heaplens::stats();
        let (added, used) = heaplens::measure("stepped", || rounds(wanted));
        assert_added(&before, &heaplens::stats(), added);
        let uncaptured = used.completeness().uncaptured_events;
        assert!(uncaptured > 0 && uncaptured.is_multiple_of(EVENTS_BY_HANDLER), "{uncaptured}");
        assert_eq!(used.total_blocks, added.blocks - uncaptured / EVENTS_BY_HANDLER * BY_HANDLER.blocks);
        assert_eq!((used.live_blocks, used.live_bytes), (0, 0));
    });
}

fn r6_a_signal_at_every_instruction_of_a_threads_first_event_loses_and_doubles_nothing() {
    watched(|| {
        warm_up();
        let profiler = Profiler::builder().start().expect("the first profiler");
        single_step::handle_with(interrupt);
        let wanted = wanted();
        let (before, interrupted_before) = (heaplens::stats(), INTERRUPTED.load(Ordering::Relaxed));
        let mut threads = 0;
        let interrupted = || INTERRUPTED.load(Ordering::Relaxed) - interrupted_before;
        while interrupted() < wanted {
            threads += 1;
            let _arena = ArenaOnly::begin();
            threads::run_on::<1>(&|_| {
                let mut block = NonNull::dangling();
                step_if(true, &mut || block = made(100));
                step_if(true, &mut || unmade(block, 100));
            });
        }
        let (after, interrupted) = (heaplens::stats(), interrupted());
        let by_threads = Added { blocks: 1, bytes: 100, reallocations: 0 };
        assert_added(&before, &after, by_threads.times(threads).plus(BY_HANDLER.times(interrupted)));
        println!("{interrupted} instructions interrupted on {threads} threads");
        assert_eq!(profiler.stop().completeness().mismatched_stacks, 0);
    });
}
