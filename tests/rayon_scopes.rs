//! What rayon does for a scope is the scope's, on whatever thread, and nothing else is.
//!
//! The threads of a pool allocate now and then for rayon itself (its queues): tests that compare whole totals let the pool
//! work once before.

#[path = "support/held.rs"]
mod held;

use heaplens::rayon::{ParallelInScope, ScopePool, ScopePoolError};
use heaplens::{MemoryScope, ScopeHandle, exclude};
use held::Held;
use rayon::prelude::*;
use rayon::{ThreadPoolBuilder, join, scope as rayon_scope};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;

heaplens::install!();

const ITEMS: u64 = 2_000;
/// Blocks of this size and above are the tests' own.
const SIZE: usize = 10_000;

/// The sizes of the blocks for `0..ITEMS`, all of them together.
const TOGETHER: u64 = ITEMS * SIZE as u64 + ITEMS * (ITEMS - 1) / 2;

/// Ranges of this type have a length that rayon knows.
fn items() -> rayon::range::Iter<u32> {
    (0..ITEMS as u32).into_par_iter()
}

fn block(number: u32) -> Held {
    Held::new(SIZE + number as usize)
}

/// A pool that has worked.
fn pool(threads: usize) -> ScopePool {
    let pool = ScopePool::build(ThreadPoolBuilder::new().num_threads(threads)).expect("threads");
    let warm = MemoryScope::enter("warm-up");
    for _ in 0..3 {
        pool.install(&warm.handle(), || items().for_each(|number| drop(block(number))));
    }
    drop(warm);
    pool
}

// In any pool.

#[test]
fn mapped_items_count_in_the_scope_and_nothing_else() {
    let scope = MemoryScope::enter("map");
    let handle = scope.handle();
    let held: Vec<Held> = exclude(|| items().in_scope(&handle).map(block).collect());
    let used = scope.finish();
    assert_eq!((used.total_bytes, used.total_blocks, used.peak_bytes), (TOGETHER, ITEMS, TOGETHER));
    assert_eq!((used.live_bytes, used.unattached_threads(), used.completeness().is_complete()), (TOGETHER, 0, true));
    assert!(held.iter().enumerate().all(|(position, held)| held.size() == SIZE + position), "in order");
}

#[test]
fn what_the_caller_allocates_for_a_collect_is_the_callers() {
    let numbers: Vec<u64> = (0..ITEMS).collect();
    let scope = MemoryScope::enter("collect");
    let elsewhere = exclude(|| MemoryScope::enter("elsewhere"));
    drop(elsewhere);
    let held: Vec<u64> = numbers.par_iter().in_scope(&scope.handle()).map(|number| number + 1).collect();
    let used = scope.finish();
    assert_eq!((used.total_bytes, used.total_blocks), (ITEMS * 8, 1));
    drop(held);
}

#[test]
fn a_fold_with_its_identities_and_a_reduce_count_in_the_scope() {
    let (identities, combined) = (AtomicU64::new(0), AtomicU64::new(0));
    let scope = MemoryScope::enter("fold");
    let handle = scope.handle();
    let sum = exclude(|| {
        items()
            .in_scope(&handle)
            .fold(
                || {
                    identities.fetch_add(1, Ordering::Relaxed);
                    drop(Held::new(77));
                    0
                },
                |sum, number| {
                    drop(block(number));
                    sum + u64::from(number)
                },
            )
            .reduce_with(|left, right| {
                combined.fetch_add(1, Ordering::Relaxed);
                drop(Held::new(555));
                left + right
            })
    });
    assert_eq!(sum, Some(ITEMS * (ITEMS - 1) / 2));
    let (identities, combined) = (identities.into_inner(), combined.into_inner());
    let used = scope.finish();
    assert_eq!(used.total_bytes, TOGETHER + 77 * identities + 555 * combined);
    assert_eq!((used.total_blocks, used.live_bytes), (ITEMS + identities + combined, 0));
    assert_eq!(combined, identities - 1);
}

#[test]
fn filtered_and_flattened_items_count_in_the_scope() {
    let scope = MemoryScope::enter("flat_map_iter");
    let handle = scope.handle();
    let count = exclude(|| {
        items()
            .filter(|number| number % 2 == 0)
            .in_scope(&handle)
            .flat_map_iter(|number| [number, number + 1])
            .map(|number| drop(block(number)))
            .count()
    });
    let used = scope.finish();
    assert_eq!((count as u64, used.total_bytes, used.total_blocks), (ITEMS, TOGETHER, ITEMS));
}

#[test]
fn a_parallel_iterator_inside_counts_where_it_is_put_into_the_scope_too() {
    let pool = ThreadPoolBuilder::new().num_threads(4).build().expect("threads");
    let scope = MemoryScope::enter("flat_map");
    let handle = scope.handle();
    exclude(|| {
        pool.install(|| {
            (0..ITEMS as u32 / 100)
                .into_par_iter()
                .in_scope(&handle)
                .flat_map(|hundred| (hundred * 100..hundred * 100 + 100).into_par_iter().in_scope(&handle).map(block))
                .for_each(drop);
        });
    });
    let used = scope.finish();
    assert!(used.total_bytes >= TOGETHER && used.total_bytes - TOGETHER < SIZE as u64, "{used}");
}

#[test]
fn indexed_adapters_may_follow() {
    let scope = MemoryScope::enter("indexed");
    let handle = scope.handle();
    let held: Vec<Held> = exclude(|| {
        items()
            .in_scope(&handle)
            .enumerate()
            .rev()
            .zip(0..ITEMS as u32)
            .map(|((position, number), _)| {
                assert_eq!(position as u32, number);
                block(number)
            })
            .collect()
    });
    let used = scope.finish();
    assert_eq!((used.total_bytes, used.total_blocks), (TOGETHER, ITEMS));
    assert_eq!((held[0].size() as u64, used.completeness().is_complete()), (SIZE as u64 + ITEMS - 1, true));
}

#[test]
fn chained_iterators_of_two_scopes_stay_apart() {
    let (first, second) = (MemoryScope::enter("first"), MemoryScope::enter("second"));
    let (in_first, in_second) = (first.handle(), second.handle());
    let make = |bytes: usize| move |_: u32| drop(Held::new(bytes));
    exclude(|| {
        let left = items().in_scope(&in_second).map(make(SIZE));
        let right = items().in_scope(&in_second).map(make(SIZE + 1));
        left.chain(right).enumerate().for_each(|_| {});
        items().in_scope(&in_first).for_each(make(3));
    });
    let used = second.finish();
    assert_eq!(used.total_bytes, ITEMS * (2 * SIZE as u64 + 1));
    assert_eq!(used.completeness().misplaced_guards, 0);
    assert_eq!(first.finish().total_bytes, ITEMS * (2 * SIZE as u64 + 1) + ITEMS * 3);
}

#[test]
fn two_scopes_on_the_global_pool_at_once_stay_apart() {
    let both = Barrier::new(2);
    let work = |bytes: usize| {
        let scope = MemoryScope::enter("one of two");
        let handle = scope.handle();
        for _ in 0..20 {
            both.wait();
            exclude(|| items().in_scope(&handle).for_each(|_| drop(Held::new(bytes))));
        }
        let used = scope.finish();
        assert_eq!((used.total_bytes, used.total_blocks), (20 * ITEMS * bytes as u64, 20 * ITEMS));
        assert_eq!(used.largest_block_bytes, bytes as u64);
    };
    thread::scope(|threads| {
        for bytes in [101, 202] {
            let work = &work;
            threads.spawn(move || work(bytes));
        }
    });
}

#[test]
fn a_panic_of_an_item_leaves_the_scope() {
    let pool = ThreadPoolBuilder::new().num_threads(2).build().expect("threads");
    let scope = MemoryScope::enter("panic");
    let handle = scope.handle();
    let ended = catch_unwind(AssertUnwindSafe(|| {
        pool.install(|| items().in_scope(&handle).for_each(|number| assert!(number != 7, "seven")));
    }));
    assert!(ended.is_err());
    assert!(pool.broadcast(|_| ScopeHandle::current().is_none()).into_iter().all(|outside| outside));
    drop(scope);
}

// In a pool of its own.

#[test]
fn everything_that_a_pool_does_in_an_install_counts() {
    let pool = pool(4);
    let (total, used) = pool.measure("install", || {
        let mapped: u64 = items().map(|number| block(number).size() as u64).sum();
        let (left, right) = join(|| Held::new(SIZE), || Held::new(SIZE));
        let nested: u64 = (0..20_u64)
            .into_par_iter()
            .flat_map(|_| (0..100_u64).into_par_iter())
            .map(|_| Held::new(SIZE).size() as u64)
            .sum();
        rayon_scope(|jobs| (0..100).for_each(|_| jobs.spawn(|_| drop(Held::new(SIZE)))));
        mapped + (left.size() + right.size()) as u64 + nested + 100 * SIZE as u64
    });
    assert_eq!(total, TOGETHER + 2_102 * SIZE as u64);
    // The jobs of a scope are blocks of rayon's, and its queues grow for a hundred of them.
    assert!(used.total_bytes >= total && used.total_bytes - total < 20_000, "{used}");
    assert!(used.live_bytes < 10_000, "{used}");
    // Nothing is said of `unattached_threads`: threads of rayon free the queues of other pools, and a thread of the global
    // pool may do that first of all.
    assert!(used.completeness().is_complete(), "{used}");
}

#[test]
fn handing_work_to_a_pool_is_in_no_figure() {
    let pool = pool(3);
    for _ in 0..100 {
        let ((), used) = pool.measure("nothing", || {});
        assert_eq!((used.total_blocks, used.freed_blocks, used.unattached_threads()), (0, 0, 0), "{used}");
    }
}

#[test]
fn making_a_pool_is_in_no_scope() {
    let (pool, used) = heaplens::measure("make", || ScopePool::new().expect("threads"));
    pool.install(&MemoryScope::enter("use").handle(), || {});
    assert_eq!((used.total_blocks, used.unattached_threads()), (0, 0), "{used}");
}

#[test]
fn installs_of_several_threads_take_turns() {
    let pool = pool(3);
    let start = Barrier::new(3);
    thread::scope(|threads| {
        for bytes in [1_001, 1_002, 1_003] {
            let (pool, start) = (&pool, &start);
            threads.spawn(move || {
                start.wait();
                for _ in 0..30 {
                    let scope = MemoryScope::enter("turn");
                    pool.install(&scope.handle(), || {
                        (0..200).into_par_iter().for_each(|_| drop(Held::new(bytes)));
                    });
                    let used = scope.finish();
                    assert_eq!((used.total_bytes, used.largest_block_bytes), (200 * bytes as u64, bytes as u64));
                }
            });
        }
    });
}

#[test]
fn between_installs_the_threads_are_in_no_scope() {
    let outside = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&outside);
    let settings = ThreadPoolBuilder::new().num_threads(3).exit_handler(move |_| {
        counted.fetch_add(u64::from(ScopeHandle::current().is_none()), Ordering::Relaxed);
    });
    let pool = ScopePool::build(settings).expect("threads");
    let first = MemoryScope::enter("first");
    pool.install(&first.handle(), || items().for_each(|number| drop(block(number))));
    let before = first.stats();
    assert!(before.total_bytes >= TOGETHER);
    let second = exclude(|| MemoryScope::enter("second"));
    let handle = second.handle();
    exclude(|| pool.install(&handle, || items().for_each(|number| drop(block(number)))));
    assert_eq!(first.stats(), before);
    drop(pool);
    let ended = (0..1_000).any(|_| {
        thread::sleep(std::time::Duration::from_millis(5));
        outside.load(Ordering::Relaxed) == 3
    });
    assert!(ended, "{outside:?} of 3 threads ended outside");
    assert_eq!(first.finish().completeness().attached_at_close, 0);
}

#[test]
fn an_install_for_the_same_scope_inside_runs_in_place() {
    let pool = pool(2);
    let scope = MemoryScope::enter("same");
    let handle = scope.handle();
    pool.install(&handle, || {
        (0..10).into_par_iter().for_each(|_| pool.install(&handle, || drop(Held::new(400))));
    });
    assert_eq!(scope.finish().total_bytes, 4_000);
}

#[test]
fn an_install_for_another_scope_inside_is_refused() {
    let (first, second) = (pool(2), pool(2));
    let scope = MemoryScope::enter("outer");
    let inner = MemoryScope::enter("inner");
    let (outside, inside) = (scope.handle(), inner.handle());
    first.install(&outside, || {
        assert_eq!(first.try_install(&inside, || {}), Err(ScopePoolError::Nested));
        let refused = catch_unwind(AssertUnwindSafe(|| first.install(&inside, || {})));
        assert!(refused.is_err());
        // By way of another pool, which may be in another scope.
        second.install(&inside, || {
            drop(Held::new(900));
            assert_eq!(first.try_install(&outside, || {}), Err(ScopePoolError::Nested));
        });
        drop(Held::new(30));
    });
    assert!(inner.stats().total_bytes >= 900);
}

#[test]
fn a_pool_at_work_is_busy_for_others() {
    let pool = pool(2);
    let scope = MemoryScope::enter("long");
    let both = Barrier::new(2);
    thread::scope(|threads| {
        let handle = scope.handle();
        let (pool, both) = (&pool, &both);
        threads.spawn(move || {
            pool.install(&handle, || {
                both.wait();
                both.wait();
            });
        });
        both.wait();
        let other = exclude(|| MemoryScope::enter("other"));
        assert_eq!(pool.try_install(&other.handle(), || {}), Err(ScopePoolError::Busy));
        drop(other);
        both.wait();
    });
    assert_eq!(pool.try_install(&scope.handle(), || 5), Ok(5));
}

#[test]
fn a_panic_of_the_work_goes_on_and_the_threads_leave() {
    let pool = pool(2);
    let scope = MemoryScope::enter("panics");
    let handle = scope.handle();
    let ended = catch_unwind(AssertUnwindSafe(|| pool.install(&handle, || panic!("as planned"))));
    assert!(ended.is_err());
    let before = scope.stats();
    let other = exclude(|| MemoryScope::enter("after"));
    let inside = other.handle();
    exclude(|| pool.install(&inside, || (0..100).into_par_iter().for_each(|_| drop(Held::new(SIZE)))));
    assert_eq!(other.stats().total_bytes, 100 * SIZE as u64);
    drop(other);
    assert_eq!(scope.stats(), before);
}

#[test]
fn a_thread_that_was_inside_is_not_unattached_when_it_frees_elsewhere() {
    let pool = ScopePool::build(ThreadPoolBuilder::new().num_threads(1)).expect("a thread");
    let (first, second) = (MemoryScope::enter("first"), exclude(|| MemoryScope::enter("second")));
    let held = pool.install(&first.handle(), || Held::new(100));
    pool.install(&second.handle(), || drop(held));
    drop(second);
    assert_eq!(first.finish().unattached_threads(), 0);
}
