//! Random calls of the allocator in lock-step with a naive model: every figure equals the model's.
//!
//! ```text
//! random calls ──▶ Heaplens ──▶ MemoryStats ─┐
//!      └─────────▶ model ─────▶ MemoryStats ─┴─ equal, after every few calls and after the threads are joined
//! ```
//!
//! A part of the calls fails in the inner allocator. The number of calls is `HEAPLENS_LOCKSTEP_OPERATIONS`, 1,000,000
//! unless it is set; `ci/lockstep.sh` makes ten million in a release build.

#[path = "lockstep/block.rs"]
mod block;
#[path = "support/claims.rs"]
mod claims;
#[path = "lockstep/failing.rs"]
mod failing;
#[path = "support/process_per_case.rs"]
mod process_per_case;
#[path = "support/random.rs"]
mod random;
#[path = "support/tally.rs"]
mod tally;
#[path = "support/threads.rs"]
mod threads;
#[path = "lockstep/true_peak.rs"]
mod true_peak;
#[path = "lockstep/worker.rs"]
mod worker;

use heaplens::MemoryStats;
use std::sync::Mutex;
use tally::Tally;
use true_peak::TruePeak;
use worker::{Shared, Worker};

heaplens::install!();

const SEED: u64 = 0x68_6561_706C_656E;
const THREADS: usize = 8;
/// Bytes that a thread of the recorder holds back, see `MemoryStats::peak_error_bytes`.
const BATCH_BYTES: u64 = 64 << 10;

claims::claims!(
    every_figure_equals_the_models_on_one_thread,
    every_figure_equals_the_models_on_eight_threads_that_free_each_others_blocks,
    the_peak_of_eight_threads_that_take_turns_is_within_its_error,
);

/// Number of calls of all cases together.
fn operations() -> u64 {
    let set = std::env::var("HEAPLENS_LOCKSTEP_OPERATIONS").ok();
    set.map_or(1_000_000, |number| number.parse().expect("HEAPLENS_LOCKSTEP_OPERATIONS is a number"))
}

/// Four tenths of the calls, on one thread, on which the peak is exact.
fn every_figure_equals_the_models_on_one_thread() {
    let operations = operations() / 10 * 4;
    let mailboxes = [const { Mutex::new(None) }; 8];
    let mut worker = Worker::new(0, SEED, Tally::default());
    let start = heaplens::stats();
    worker.tally.figures = start;
    let shared = Shared { mailboxes: &mailboxes, peak: TruePeak::from(start.live_bytes, start.peak_bytes, false) };
    while worker.operations < operations {
        worker.step(&shared);
        if worker.operations.is_multiple_of(16) || worker.operations < 10_000 {
            let expected = worker.tally.figures;
            worker.expect(heaplens::stats() == expected, "the figures");
        }
    }
    worker.free_all(&shared);
    for mailbox in &mailboxes {
        worker.free_mail(mailbox, &shared);
    }
    let figures = heaplens::stats();
    println!("1 thread: {} operations, {} mismatches", worker.operations, worker.mismatches);
    assert_eq!(figures, worker.tally.figures);
    assert_eq!((figures.live_blocks, figures.live_bytes), (start.live_blocks, start.live_bytes));
    assert_eq!(shared.peak.bounds(), (figures.peak_bytes, figures.peak_bytes));
    assert_eq!(worker.mismatches, 0, "seed {SEED:#x}");
}

/// Five tenths of the calls, on eight threads at once.
fn every_figure_equals_the_models_on_eight_threads_that_free_each_others_blocks() {
    let (figures, (low, high)) = on_eight_threads(operations() / 10 * 5, false);
    assert!(figures.peak_bytes <= high, "{figures:?} has a peak above {high}");
    assert!(figures.peak_bytes + figures.peak_error_bytes >= low, "{figures:?} has a peak below {low}");
}

/// One tenth of the calls, on eight threads of which one calls at a time, so that the true peak is known exactly.
fn the_peak_of_eight_threads_that_take_turns_is_within_its_error() {
    let (figures, (peak, same)) = on_eight_threads(operations() / 10, true);
    assert_eq!(peak, same, "calls that take turns have one order");
    assert!(figures.peak_bytes <= peak, "{figures:?} has a peak above {peak}");
    assert!(figures.peak_bytes + figures.peak_error_bytes >= peak, "{figures:?} has a peak below {peak}");
    // The eight threads and the main thread hold back a batch each, above or below what they handed over.
    let most = 2 * (THREADS as u64 + 1) * BATCH_BYTES;
    assert!(figures.peak_error_bytes <= most, "{figures:?} has an error above {most}");
}

/// Runs on eight threads and checks everything but the peak. Returns the figures after it, and the bounds of the true
/// peak.
fn on_eight_threads(operations: u64, in_turn: bool) -> (MemoryStats, (u64, u64)) {
    let mailboxes = [const { Mutex::new(None) }; 64];
    let mut workers: [Mutex<Worker>; THREADS] =
        std::array::from_fn(|index| Mutex::new(Worker::new(index, SEED, Tally::default())));
    let start = heaplens::stats();
    let shared = Shared { mailboxes: &mailboxes, peak: TruePeak::from(start.live_bytes, start.peak_bytes, in_turn) };
    threads::run_on::<THREADS>(&|index| {
        let mut worker = workers[index].lock().expect("a worker has one thread");
        while worker.operations < operations / THREADS as u64 {
            worker.step(&shared);
        }
    });
    let joined = heaplens::stats();
    let expected_joined = expected(start, &mut workers, &joined);
    for worker in &mut workers {
        worker.get_mut().expect("no worker panics").free_all_elsewhere(&shared);
    }
    for mailbox in &mailboxes {
        workers[0].get_mut().expect("no worker panics").free_mail(mailbox, &shared);
    }
    let freed = heaplens::stats();
    let expected_freed = expected(start, &mut workers, &freed);

    let sum =
        |part: fn(&Worker) -> u64| workers.iter().map(|w| part(&w.lock().expect("no worker panics"))).sum::<u64>();
    let (operations, mismatches) = (sum(|worker| worker.operations), sum(|worker| worker.mismatches));
    println!("{THREADS} threads: {operations} operations, {mismatches} mismatches");
    assert_eq!(joined, expected_joined);
    assert_eq!(freed, expected_freed);
    assert_eq!((freed.live_blocks, freed.live_bytes), (start.live_blocks, start.live_bytes));
    assert_eq!(mismatches, 0, "seed {SEED:#x}");
    (freed, shared.peak.bounds())
}

/// The model's figures: those at the start and what every worker did since. The peak is checked by other means.
fn expected(start: MemoryStats, workers: &mut [Mutex<Worker>], recorded: &MemoryStats) -> MemoryStats {
    let mut sum = start;
    for worker in workers {
        let part = &worker.get_mut().expect("no worker panics").tally.figures;
        sum.total_blocks += part.total_blocks;
        sum.total_bytes += part.total_bytes;
        sum.freed_blocks += part.freed_blocks;
        sum.freed_bytes += part.freed_bytes;
        sum.reallocations += part.reallocations;
        sum.moved_bytes += part.moved_bytes;
        sum.temporary_blocks += part.temporary_blocks;
        sum.largest_block_bytes = sum.largest_block_bytes.max(part.largest_block_bytes);
    }
    sum.live_blocks = sum.total_blocks - sum.freed_blocks;
    sum.live_bytes = sum.total_bytes - sum.freed_bytes;
    sum.peak_blocks = recorded.peak_blocks;
    sum.peak_bytes = recorded.peak_bytes;
    sum.peak_error_bytes = recorded.peak_error_bytes;
    sum
}
