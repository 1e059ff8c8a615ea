//! Call stacks switched on and off while other threads allocate: blocks of one time are freed in another, and no
//! figure is lost, because the layout of a block does not depend on what is switched on.

#[path = "support/claims.rs"]
mod claims;
#[path = "support/process_per_case.rs"]
mod process_per_case;

use heaplens::{MemoryScope, Profiler};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

heaplens::install!();

claims::claims!(
    c5_l8_a_profiler_started_and_stopped_beside_allocating_threads_loses_no_block,
    c5_scopes_with_and_without_stacks_take_turns_on_one_thread,
);

/// Allocates, reallocates and frees until told to stop. Every block outlives a few others, and so some switches.
fn churn(stop: &AtomicBool) {
    const KEPT: usize = 64;
    let mut kept: [Vec<u8>; KEPT] = [const { Vec::new() }; KEPT];
    let scope = MemoryScope::enter("churn");
    let (mut round, mut blocks) = (0, 0);
    while !stop.load(Ordering::Relaxed) {
        round += 1;
        let place = &mut kept[round % KEPT];
        let capacity = place.capacity();
        if round % 3 == 0 {
            place.reserve(round % 500);
            blocks += u64::from(place.capacity() != capacity);
        } else {
            *place = vec![round as u8; 1 + round % 200];
            blocks += 1;
        }
    }
    drop(kept);
    let used = scope.finish();
    assert_eq!((used.total_blocks, used.live_blocks, used.live_bytes), (blocks, 0, 0));
    assert!(used.completeness().is_complete(), "{used}");
}

fn c5_l8_a_profiler_started_and_stopped_beside_allocating_threads_loses_no_block() {
    const THREADS: usize = 4;
    const DISCARDED: u32 = 2_000;
    const STOPPED: u32 = 5;
    let before = heaplens::stats();
    let stop = AtomicBool::new(false);
    thread::scope(|threads| {
        let handles: Vec<_> = (0..THREADS).map(|_| threads.spawn(|| churn(&stop))).collect();
        for _ in 0..DISCARDED {
            drop(Profiler::start().expect("no other profiler runs"));
        }
        for _ in 0..STOPPED {
            let profiler = Profiler::start().expect("no other profiler runs");
            let ((), used) = heaplens::measure("work", || drop(vec![1_u8; 100]));
            assert_eq!((used.total_blocks, used.live_blocks), (1, 0));
            let profile = profiler.stop();
            let stats = profile.stats();
            assert_eq!(stats.total_blocks - stats.freed_blocks, stats.live_blocks);
        }
        stop.store(true, Ordering::Relaxed);
        // Leaving the scope does not wait for what a thread frees at its very end; joining does.
        for handle in handles {
            handle.join().expect("no panic");
        }
    });
    let after = heaplens::stats();
    assert_eq!((after.live_blocks, after.live_bytes), (before.live_blocks, before.live_bytes));
}

fn c5_scopes_with_and_without_stacks_take_turns_on_one_thread() {
    let before = heaplens::stats();
    let mut kept: [Vec<u8>; 10] = [const { Vec::new() }; 10];
    for round in 0..2_000_usize {
        let scope = MemoryScope::builder("turn");
        let scope = if round % 2 == 0 { scope.stacks() } else { scope }.enter();
        let size = 1 + round % 100;
        kept[round % 10] = vec![1_u8; size];
        let used = scope.finish();
        // The block that goes is of an earlier scope, which is closed.
        assert_eq!((used.total_blocks, used.live_bytes), (1, size as u64));
        assert!(used.completeness().is_complete());
    }
    drop(kept);
    let after = heaplens::stats();
    assert_eq!((after.live_blocks, after.live_bytes), (before.live_blocks, before.live_bytes));
    assert_eq!(after.total_blocks - before.total_blocks, 2_000);
}
