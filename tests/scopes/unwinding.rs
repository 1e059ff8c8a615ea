//! Scopes that are not closed where they were opened: by a panic, by the end of their thread, out of order.

use crate::held::Held;
use heaplens::{MemoryScope, measure};
use std::panic::{self, AssertUnwindSafe};
use std::thread;

/// More than there can be scopes, so that not one in two may stay open.
const MORE_THAN_ALL: usize = 20_000;

/// Unwinds without the panic hook, which prints.
fn unwind() -> ! {
    panic::resume_unwind(Box::new("expected"))
}

#[test]
fn a_panic_closes_the_scope() {
    let parent = MemoryScope::enter("parent");
    let outcome = panic::catch_unwind(|| measure("child", || -> Held { unwind() }));
    assert!(outcome.is_err());
    drop(outcome);
    let before = parent.stats();
    let (block, next) = measure("next", || Held::new(100));
    assert_eq!(next.total_bytes, 100);
    drop(block);
    assert_eq!(parent.finish().total_bytes - before.total_bytes, 100);
}

#[test]
fn a_panic_in_excluded_work_goes_back_to_the_scope() {
    let scope = MemoryScope::enter("work");
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| heaplens::exclude(|| -> Held { unwind() })));
    // The payload is excluded as well; it is dropped here as a block of no scope.
    drop(outcome);
    let before = scope.stats();
    assert_eq!(before.freed_blocks, before.total_blocks, "what unwinding allocates inside the scope it frees");
    drop(Held::new(64));
    assert_eq!(scope.finish().total_bytes - before.total_bytes, 64);
}

#[test]
fn panics_leave_no_scope_open() {
    for _ in 0..MORE_THAN_ALL {
        let outcome = panic::catch_unwind(|| {
            let _scope = MemoryScope::enter("child");
            unwind()
        });
        assert!(outcome.is_err());
    }
    let (_, used) = measure("after", || drop(Held::new(10)));
    assert_eq!((used.total_bytes, used.peak_bytes), (10, 10));
}

#[test]
fn a_forgotten_guard_leaves_the_scopes_around_it_exact() {
    thread::spawn(|| {
        let parent = MemoryScope::enter("parent");
        std::mem::forget(MemoryScope::enter("forgotten"));
        let block = Held::new(1_000);
        let (inner, used) = measure("inner", || Held::new(200));
        assert_eq!((used.total_bytes, used.live_bytes), (200, 200));
        drop(block);
        assert_eq!((parent.stats().live_bytes, parent.stats().peak_bytes), (200, 1_200));
        drop(inner);
        assert_eq!(parent.finish().live_bytes, 0);
        let ((), after) = measure("after", || drop(Held::new(30)));
        assert_eq!((after.total_bytes, after.peak_bytes, after.live_bytes), (30, 30, 0));
    })
    .join()
    .expect("every figure is exact");
}

#[test]
fn the_end_of_a_thread_closes_what_it_left_open() {
    for _ in 0..MORE_THAN_ALL / 200 {
        let ended = thread::spawn(|| (0..200).for_each(|_| std::mem::forget(MemoryScope::enter("forgotten")))).join();
        ended.expect("the thread ends well");
        // Its place is free for this one, in which no scope is open.
        let used = thread::spawn(|| measure("next", || Held::new(77)).1.stats()).join().expect("the thread ends well");
        assert_eq!((used.total_bytes, used.total_blocks, used.live_bytes), (77, 1, 77));
    }
}

#[test]
fn a_block_of_a_forgotten_scope_is_freed_after_its_thread() {
    let block = thread::spawn(|| {
        std::mem::forget(MemoryScope::enter("forgotten"));
        Held::new(4_000)
    });
    let block = block.join().expect("the thread ends well");
    let scope = MemoryScope::enter("next");
    drop(block);
    assert_eq!((scope.stats().freed_bytes, scope.stats().live_bytes), (0, 0));
    drop(scope);
}

#[test]
fn a_scope_that_is_closed_closes_those_inside_of_it() {
    let outermost = MemoryScope::enter("outermost");
    let outer = MemoryScope::enter("outer");
    let inner = MemoryScope::enter("inner");
    let first = Held::new(100);
    let outer = outer.finish();
    assert_eq!((outer.live_bytes, outer.completeness().misplaced_guards), (100, 1));
    let second = Held::new(20);
    drop(first);
    let inner = inner.finish();
    assert_eq!((inner.live_bytes, inner.peak_bytes, inner.freed_bytes), (100, 100, 0), "up to where it was closed");
    assert_eq!(inner.completeness().misplaced_guards, 1);
    drop(second);
    let outermost = outermost.finish();
    assert_eq!((outermost.live_bytes, outermost.peak_bytes, outermost.total_bytes), (0, 120, 120));
    assert!(outermost.completeness().is_complete(), "{outermost}");
    assert!(inner.to_string().contains("(1 scope guard that ended out of order"), "{inner}");
}
