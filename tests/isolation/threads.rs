//! Threads that are attached to a scope. What the standard library allocates to start them counts where they are started:
//! it is the same each time, and the blocks of the test are told by their size.

use crate::ledger::Ledger;
use crate::own::{Blocks, Own, assert_exact, assert_whole};
use heaplens::{Measurement, MemoryScope, measure};
use std::sync::Barrier;
use std::thread::{self, Builder};

const WORKERS: usize = 3;
/// How often a test does its work.
pub(crate) const ROUNDS: usize = 4;

/// Measures `work` some times: what it allocates in all is the same from the second time on.
#[track_caller]
fn the_same_each_time(own: Own, expected: Blocks, work: impl Fn(&MemoryScope)) {
    let measured = || -> Measurement {
        let scope = MemoryScope::enter("with workers");
        work(&scope);
        scope.finish()
    };
    let _first = measured();
    let second = measured();
    let third = measured();
    own.assert_large(&second, expected);
    assert_eq!((second.total_blocks, second.total_bytes), (third.total_blocks, third.total_bytes));
    assert_eq!(third.peak_bytes as usize / own.large_bytes(), second.peak_bytes as usize / own.large_bytes());
    assert_whole(&third);
}

/// Workers of `std::thread::scope`, each of which holds a block when all do.
pub(crate) fn scoped_workers(own: Own) {
    the_same_each_time(own, Blocks { total: 2 * WORKERS + 1, live: 0, at_peak: WORKERS + 1 }, |scope| {
        let handle = scope.handle();
        let all_hold = Barrier::new(WORKERS);
        let callers = own.large_block();
        thread::scope(|threads| {
            for _ in 0..WORKERS {
                handle.spawn_scoped(threads, || {
                    let first = own.large_block();
                    all_hold.wait();
                    drop(first);
                    thread::yield_now();
                    own.large_block()
                });
            }
        });
        drop(callers);
    });
}

/// Workers that are spawned, with and without a name, and return what they allocated.
pub(crate) fn spawned_workers(own: Own) {
    the_same_each_time(own, Blocks { total: 4, live: 0, at_peak: 3 }, |scope| {
        let handle = scope.handle();
        let workers = [
            handle.spawn(move || own.large_block()),
            handle.spawn_with(Builder::new().name("worker".into()), move || own.large_block()).expect("a thread"),
        ];
        let [first, second] = workers.map(|worker| worker.join().expect("it ends well"));
        let clone = handle.clone();
        drop(first);
        let worker = handle.spawn(move || {
            let third = own.large_block();
            clone.spawn(move || own.large_block()).join().map(|fourth| [third, fourth])
        });
        drop(worker.join().expect("it ends well"));
        drop(second);
    });
}

/// Threads that were started outside of the scope come inside in turn: every figure is that of a naive model.
pub(crate) fn visits_in_turn(own: Own) {
    let mut books = Ledger::new();
    let scope = books.open("visited");
    let handle = scope.handle();
    let kept = books.allocate(2 * own.bytes());
    let mut brought = None;
    for times in 1..=3 {
        // Another thread's last block is another.
        books.forget_last();
        heaplens::exclude(|| {
            thread::scope(|threads| {
                threads.spawn(|| {
                    let _inside = handle.enter();
                    let temporary = books.allocate(times * own.bytes());
                    books.free(temporary);
                    let inner = books.open("opened by a visitor");
                    let block = books.allocate(7 * own.bytes());
                    if let Some(before) = brought.replace(block) {
                        books.free(before);
                    }
                    books.close(inner);
                });
            });
        });
    }
    books.forget_last();
    books.free(kept);
    books.close(scope);
    brought.into_iter().for_each(|block| books.free(block));
}

/// Each worker measures a part of its work: that is its own alone, and counts for the scope around as well.
pub(crate) fn parts_of_workers(own: Own) {
    the_same_each_time(own, Blocks { total: 2 * WORKERS, live: 0, at_peak: 2 * WORKERS }, |scope| {
        let handle = scope.handle();
        let all_hold = Barrier::new(WORKERS);
        thread::scope(|threads| {
            for _ in 0..WORKERS {
                handle.spawn_scoped(threads, || {
                    let (blocks, used) = measure("part", || [own.large_block(), own.large_block()]);
                    // Before the first that can fail: the others wait.
                    all_hold.wait();
                    assert_eq!((used.total_blocks, used.freed_blocks, used.peak_blocks), (2, 0, 2));
                    assert_eq!(used.peak_bytes, 2 * own.large_bytes() as u64);
                    assert_whole(&used);
                    drop(blocks);
                    // Workers that count for nothing but themselves.
                    let mut books = Ledger::new();
                    let place = books.enter();
                    let ((), used) = measure("alone", || {
                        let block = books.allocate(own.bytes());
                        books.free(block);
                    });
                    books.abandon(place);
                    assert_exact(&used, books.figures(place));
                });
            }
        });
    });
}
