//! The peak of the process: exact on one thread, within `peak_error_bytes` on several.
//!
//! Each case begins in a fresh process. The peak of a process never falls, so that a case first lifts the live figure to
//! a new peak and goes on from there.

#[path = "support/claims.rs"]
mod claims;
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

use heaplens::{MemoryStats, stats};
use held::Held;
use random::Random;
use std::sync::Mutex;

heaplens::install!();

/// Bytes that a thread of the recorder may hold back, above or below what it handed over.
const BATCH_BYTES: u64 = 64 << 10;

claims::claims!(
    freed_before_the_peak_is_not_in_it,
    freed_between_two_peaks_is_not_in_the_second,
    allocated_and_freed_between_two_peaks_is_in_none,
    of_two_equal_peaks_the_first_counts,
    a_peak_by_one_byte_counts,
    a_realloc_at_the_peak_raises_it_by_the_difference,
    a_realloc_that_shrinks_at_the_peak_ends_it,
    a_realloc_that_moves_never_has_both_blocks_in_the_peak,
    a_long_rise_is_exact_at_every_step,
    a_random_walk_is_exact_at_every_step,
    scopes_do_not_change_the_peak_of_the_process,
    the_peak_of_another_thread_is_kept_when_the_first_goes_on,
    the_error_covers_another_thread_while_the_first_waits_at_its_peak,
    the_peak_of_eight_threads_one_after_the_other_is_within_its_error,
    the_peak_of_eight_threads_at_once_is_within_its_error,
);

/// Lifts what is live to `above` bytes over every peak so far. The block has to be kept.
fn lift(above: usize) -> (Held, MemoryStats) {
    let before = stats();
    let missing = (before.peak_bytes - before.live_bytes) as usize;
    let block = Held::new(missing + above);
    let lifted = stats();
    assert_eq!(lifted.peak_bytes, before.peak_bytes + above as u64);
    assert_eq!((lifted.peak_bytes, lifted.peak_blocks), (lifted.live_bytes, lifted.live_blocks));
    (block, lifted)
}

/// The peak since `lifted`: bytes and blocks above it.
fn above(lifted: &MemoryStats) -> (u64, u64) {
    let figures = stats();
    assert_eq!(figures.peak_error_bytes, 0, "one thread: the peak is exact");
    (figures.peak_bytes - lifted.peak_bytes, figures.peak_blocks.wrapping_sub(lifted.peak_blocks))
}

fn freed_before_the_peak_is_not_in_it() {
    let (block, lifted) = lift(100_000);
    drop(block);
    let kept = [Held::new(60_000), Held::new(lifted.peak_bytes as usize)];
    let figures = stats();
    drop(kept);
    assert_eq!(stats().peak_bytes, figures.live_bytes);
    assert_eq!(stats().peak_blocks, figures.live_blocks);
}

fn freed_between_two_peaks_is_not_in_the_second() {
    let (_level, lifted) = lift(1_000);
    let first = Held::new(500);
    assert_eq!(above(&lifted), (500, 1));
    drop(first);
    assert_eq!(above(&lifted), (500, 1));
    let second = [Held::new(300), Held::new(300)];
    assert_eq!(above(&lifted), (600, 2));
    drop(second);
    assert_eq!(above(&lifted), (600, 2));
}

fn allocated_and_freed_between_two_peaks_is_in_none() {
    let (_level, lifted) = lift(1_000);
    drop(Held::new(500));
    drop([Held::new(100), Held::new(100), Held::new(100)]);
    assert_eq!(above(&lifted), (500, 1));
    drop([Held::new(400), Held::new(400)]);
    assert_eq!(above(&lifted), (800, 2));
}

fn of_two_equal_peaks_the_first_counts() {
    let (_level, lifted) = lift(1_000);
    drop(Held::new(600));
    drop([Held::new(200), Held::new(200), Held::new(200)]);
    assert_eq!(above(&lifted), (600, 1));
}

fn a_peak_by_one_byte_counts() {
    let (_level, lifted) = lift(1_000);
    drop(Held::new(600));
    drop([Held::new(200), Held::new(200), Held::new(201)]);
    assert_eq!(above(&lifted), (601, 3));
}

fn a_realloc_at_the_peak_raises_it_by_the_difference() {
    let (mut level, lifted) = lift(1_000);
    let size = level.size();
    level.resize(size + 700);
    assert_eq!(above(&lifted), (700, 0));
    level.resize(size + 100);
    assert_eq!(above(&lifted), (700, 0));
    level.resize(size + 700);
    level.resize(size + 701);
    assert_eq!(above(&lifted), (701, 0));
}

fn a_realloc_that_shrinks_at_the_peak_ends_it() {
    let (_level, lifted) = lift(1_000);
    let mut block = Held::new(900);
    block.resize(100);
    let more = [Held::new(300), Held::new(400)];
    assert_eq!(above(&lifted), (900, 1));
    drop(more);
    drop(block);
    assert_eq!(above(&lifted), (900, 1));
}

fn a_realloc_that_moves_never_has_both_blocks_in_the_peak() {
    let (_level, lifted) = lift(1_000);
    let mut growing = Held::new(1_000);
    let between = [Held::new(10_000), Held::new(10_000)];
    growing.resize(20_000);
    assert_eq!(above(&lifted), (40_000, 3));
    drop((growing, between));
    assert_eq!(above(&lifted), (40_000, 3));
}

/// Through more than one batch, and down again.
fn a_long_rise_is_exact_at_every_step() {
    let mut blocks = Vec::with_capacity(2_000);
    let (_level, lifted) = lift(1_000);
    for step in 1..=2_000 {
        blocks.push(Held::new(100));
        assert_eq!(above(&lifted), (100 * step, step));
    }
    while let Some(block) = blocks.pop() {
        drop(block);
        assert_eq!(above(&lifted), (200_000, 2_000));
    }
}

fn a_random_walk_is_exact_at_every_step() {
    let mut random = Random::of_seed(0x7065_616B);
    let mut blocks = Vec::with_capacity(200);
    let (_level, lifted) = lift(1_000);
    let (mut peak, mut live) = ((0, 0), 0);
    for _ in 0..50_000 {
        if blocks.len() < 200 && !random.once_in(2) {
            let size = random.size(18);
            blocks.push(Held::new(size));
            live += size as u64;
        } else if !blocks.is_empty() {
            let position = random.below(blocks.len());
            live -= blocks.swap_remove(position).size() as u64;
        }
        if live > peak.0 {
            peak = (live, blocks.len() as u64);
        }
        assert_eq!(above(&lifted), peak);
    }
}

fn scopes_do_not_change_the_peak_of_the_process() {
    let (_level, lifted) = lift(1_000);
    let ((), used) = heaplens::measure("work", || {
        let outer = Held::new(500);
        let (inner, _) = heaplens::measure("inner", || Held::new(200));
        drop(outer);
        drop(inner);
        drop(Held::new(600));
    });
    assert_eq!(used.peak_bytes, 700);
    assert_eq!(above(&lifted), (700, 2));
}

/// The true peak lies between the peak and the peak with its error, which is at most two batches for each thread.
fn assert_within_error(figures: &MemoryStats, true_peak: u64, threads: u64) {
    assert!(figures.peak_bytes <= true_peak, "{figures:?} has a peak above {true_peak}");
    assert!(figures.peak_bytes + figures.peak_error_bytes >= true_peak, "{figures:?} has a peak below {true_peak}");
    let most = 2 * BATCH_BYTES * threads;
    assert!(figures.peak_error_bytes <= most, "{figures:?} has an error above {most}");
}

/// The first thread stands at its peak when another goes higher and ends; then the first falls.
fn the_peak_of_another_thread_is_kept_when_the_first_goes_on() {
    let small = Held::new(10);
    let (level, lifted) = lift(10_000_000);
    threads::run_on::<1>(&|_| drop(Held::new(5_000_000)));
    drop(small);
    assert_within_error(&stats(), lifted.live_bytes + 5_000_000, 2);
    drop(level);
    assert_within_error(&stats(), lifted.live_bytes + 5_000_000, 2);
}

/// What the other thread allocates is less than a batch, so that it hands nothing over.
fn the_error_covers_another_thread_while_the_first_waits_at_its_peak() {
    let (_level, lifted) = lift(10_000_000);
    threads::run_on::<1>(&|_| {
        drop(Held::new(50_000));
        assert_within_error(&stats(), lifted.live_bytes + 50_000, 2);
    });
    assert_within_error(&stats(), lifted.live_bytes + 50_000, 2);
}

/// Each of eight threads holds more than the one before, so that the last one makes the peak.
fn the_peak_of_eight_threads_one_after_the_other_is_within_its_error() {
    let (_level, lifted) = lift(1_000);
    let mut peak = lifted.live_bytes;
    for size in (1..=8).map(|number| number * 100_000) {
        threads::run_on::<1>(&|_| drop([Held::new(size), Held::new(size / 2)]));
        peak = lifted.live_bytes + (size + size / 2) as u64;
        assert_within_error(&stats(), peak, 2);
    }
    assert_eq!(peak, lifted.live_bytes + 1_200_000);
}

/// Eight threads walk at random, one step at a time, so that there is one true order and one true peak.
fn the_peak_of_eight_threads_at_once_is_within_its_error() {
    struct Walk {
        live: u64,
        peak: u64,
    }
    let (_level, lifted) = lift(1_000);
    let walk = Mutex::new(Walk { live: lifted.live_bytes, peak: lifted.peak_bytes });
    let all_blocks: [Mutex<Vec<Held>>; 8] = std::array::from_fn(|_| Mutex::new(Vec::with_capacity(100)));
    // The vectors themselves were allocated after the level was lifted.
    walk.lock().expect("nobody walks yet").live = stats().live_bytes;
    threads::run_on::<8>(&|index| {
        let mut random = Random::of_seed(index as u64);
        let mut blocks = all_blocks[index].lock().expect("one thread each");
        for step in 0..10_000 {
            let mut walk = walk.lock().expect("no walker panics");
            let grows = blocks.len() < 100 && random.below(100) < if step < 4_000 { 65 } else { 45 };
            if grows {
                let size = random.size(17);
                blocks.push(Held::new(size));
                walk.live += size as u64;
            } else if !blocks.is_empty() {
                let position = random.below(blocks.len());
                walk.live -= blocks.swap_remove(position).size() as u64;
            }
            walk.peak = walk.peak.max(walk.live);
        }
    });
    let walk = walk.into_inner().expect("no walker panics");
    assert_within_error(&stats(), walk.peak, 9);
    assert_eq!(stats().live_bytes, walk.live);
}
