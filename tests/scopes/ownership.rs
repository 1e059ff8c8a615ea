//! Whose a block is: the scope's in which it was last allocated or reallocated, wherever and whenever it is freed.

use crate::held::Held;
use crate::other_thread::OtherThread;
use heaplens::{MemoryScope, exclude, measure};

#[test]
fn a_block_from_before_a_scope_freed_inside_does_not_lower_it() {
    let earlier = Held::new(5_000);
    let (kept, used) = measure("work", || {
        let kept = Held::new(100);
        drop(earlier);
        kept
    });
    assert_eq!((used.live_bytes, used.freed_bytes, used.freed_blocks), (100, 0, 0));
    drop(kept);
}

#[test]
fn a_realloc_makes_the_scope_around_it_the_owner_of_the_whole_block() {
    let mut earlier = Held::new(5_000);
    let ((), used) = measure("shrink", || {
        earlier.resize(3_000);
    });
    assert_eq!((used.live_bytes, used.total_bytes, used.freed_bytes), (3_000, 3_000, 0));
    assert_eq!((used.total_blocks, used.reallocations), (1, 1));
}

#[test]
fn a_realloc_in_a_child_takes_the_block_out_of_the_parents_own_and_into_both() {
    let ((), parent) = measure("parent", || {
        let mut block = Held::new(1_000);
        let ((), child) = measure("child", || {
            block.resize(1_200);
        });
        assert_eq!((child.live_bytes, child.peak_bytes, child.freed_bytes), (1_200, 1_200, 0));
        drop(block);
    });
    assert_eq!((parent.peak_bytes, parent.live_bytes, parent.freed_bytes), (1_200, 0, 2_200));
}

#[test]
fn a_realloc_outside_takes_the_block_out_of_the_scope() {
    let scope = MemoryScope::enter("work");
    let mut block = Held::new(1_000);
    exclude(|| block.resize(2_000));
    let used = scope.finish();
    assert_eq!((used.live_bytes, used.freed_bytes, used.peak_bytes, used.reallocations), (0, 1_000, 1_000, 0));
}

#[test]
fn a_block_freed_on_another_thread_lowers_the_scope_that_owns_it() {
    let other = OtherThread::start();
    let (block, _) = measure("elsewhere", || Held::new(10));
    let scope = MemoryScope::enter("work");
    other.free(Held::new(800));
    other.free(block);
    drop(Held::new(900));
    let used = scope.finish();
    assert_eq!((used.peak_bytes, used.live_bytes, used.freed_bytes, used.temporary_blocks), (900, 0, 1_700, 1));
}

#[test]
fn a_block_freed_after_its_scope_closed_on_another_thread_lowers_the_open_parent() {
    let other = OtherThread::start();
    let parent = MemoryScope::enter("parent");
    let (block, child) = measure("child", || Held::new(1_000));
    assert_eq!(child.live_bytes, 1_000);
    other.free(block);
    assert_eq!((parent.stats().live_bytes, parent.stats().live_blocks), (0, 0));
    drop(Held::new(500));
    assert_eq!(parent.finish().peak_bytes, 1_000);
}

#[test]
fn a_block_of_a_closed_grandchild_lowers_every_scope_that_is_still_open() {
    let other = OtherThread::start();
    let outer = MemoryScope::enter("outer");
    let ((first, second), middle) = measure("middle", || {
        let (blocks, _) = measure("inner", || (Held::new(300), Held::new(40)));
        blocks
    });
    assert_eq!(middle.live_bytes, 340);
    drop(first);
    assert_eq!(outer.stats().live_bytes, 40);
    other.free(second);
    assert_eq!(outer.finish().live_bytes, 0);
}

#[test]
fn what_is_excluded_is_in_no_scope() {
    let ((), outer) = measure("outer", || {
        let ((), inner) = measure("inner", || {
            let kept = exclude(|| {
                let (kept, nested) = measure("nested", || Held::new(100));
                assert_eq!((nested.total_bytes, nested.live_bytes), (100, 100));
                kept
            });
            drop(kept);
            drop(Held::new(7));
        });
        assert_eq!((inner.total_bytes, inner.freed_bytes, inner.total_blocks), (7, 7, 1));
    });
    assert_eq!((outer.total_bytes, outer.freed_bytes, outer.peak_bytes), (7, 7, 7));
}

#[test]
fn a_scope_counts_nothing_of_another_thread() {
    let scope = MemoryScope::enter("work");
    exclude(|| std::thread::spawn(|| drop(Held::new(12_345))).join().expect("the thread ends well"));
    let used = scope.finish();
    assert_eq!((used.total_bytes, used.freed_bytes), (0, 0));
}

#[test]
fn the_process_is_raised_by_what_a_measured_work_needs() {
    let (block, before, after) = heaplens::profile_memory_usage("work", || {
        drop(Held::new(3_000));
        Held::new(1_000)
    });
    assert_eq!(after.peak_bytes - before.peak_bytes, 3_000);
    assert_eq!(after.live_bytes - before.live_bytes, 1_000);
    assert_eq!(after.total_bytes - before.total_bytes, 4_000);
    assert_eq!(after.total_blocks - before.total_blocks, 2);
    drop(block);
}
