//! The peak of a scope and of the scopes around it.

use crate::held::Held;
use heaplens::{MemoryScope, measure};

/// Semantics, nested scopes, first case: 1,000 returned, freed by the parent, then 500.
#[test]
fn a_block_that_a_child_returns_and_the_parent_frees_lowers_the_parent() {
    let ((), parent) = measure("parent", || {
        let (returned, child) = measure("child", || Held::new(1_000));
        assert_eq!((child.peak_bytes, child.live_bytes), (1_000, 1_000));
        drop(returned);
        drop(Held::new(500));
    });
    assert_eq!((parent.peak_bytes, parent.peak_blocks, parent.live_bytes), (1_000, 1, 0));
}

/// Semantics, nested scopes, second case: the parent's 300 are freed inside of the child.
#[test]
fn a_parents_block_that_is_freed_inside_a_child_lowers_the_parent() {
    let ((), parent) = measure("parent", || {
        let own = Held::new(300);
        let ((), child) = measure("child", || {
            let first = Held::new(700);
            drop(own);
            let second = Held::new(200);
            drop((first, second));
        });
        assert_eq!((child.peak_bytes, child.freed_bytes), (900, 900));
    });
    assert_eq!((parent.peak_bytes, parent.peak_blocks), (1_000, 2));
}

#[test]
fn the_peak_of_a_parent_is_not_the_sum_of_its_childrens() {
    let ((), parent) = measure("parent", || {
        for size in [400, 700, 600] {
            let ((), child) = measure("child", || drop(Held::new(size)));
            assert_eq!(child.peak_bytes, size as u64);
        }
    });
    assert_eq!((parent.peak_bytes, parent.total_bytes), (700, 1_700));
}

#[test]
fn the_peak_of_a_parent_is_that_of_its_children_together_when_they_overlap() {
    let ((), parent) = measure("parent", || {
        let (first, _) = measure("first", || Held::new(400));
        let (second, _) = measure("second", || Held::new(700));
        drop((first, second));
    });
    assert_eq!((parent.peak_bytes, parent.peak_blocks), (1_100, 2));
}

#[test]
fn a_block_freed_before_the_peak_is_not_in_it() {
    let ((), used) = measure("work", || {
        drop(Held::new(900));
        let kept = [Held::new(500), Held::new(500)];
        drop(kept);
    });
    assert_eq!((used.peak_bytes, used.peak_blocks), (1_000, 2));
}

#[test]
fn of_two_equal_peaks_the_first_counts() {
    let ((), used) = measure("work", || {
        drop(Held::new(600));
        let parts = [Held::new(200), Held::new(200), Held::new(200)];
        drop(parts);
    });
    assert_eq!((used.peak_bytes, used.peak_blocks), (600, 1));
}

#[test]
fn a_realloc_that_moves_never_has_both_blocks_in_the_peak() {
    let ((), used) = measure("grow", || {
        let mut growing = Held::new(1_000);
        // Blocks in between, so that there is no room to grow in place.
        let between = [Held::new(10_000), Held::new(10_000)];
        growing.resize(20_000);
        drop((growing, between));
    });
    assert_eq!((used.peak_bytes, used.peak_blocks, used.reallocations), (40_000, 3, 1));
}

#[test]
fn a_realloc_at_the_peak_makes_the_peak_its_new_size() {
    let ((), used) = measure("grow at the peak", || {
        let mut block = Held::new(1_000);
        block.resize(1_500);
        block.resize(100);
        block.resize(1_400);
    });
    assert_eq!((used.peak_bytes, used.peak_blocks), (1_500, 1));
    assert_eq!((used.total_bytes, used.total_blocks, used.reallocations), (4_000, 4, 3));
}

#[test]
fn a_block_that_a_realloc_replaces_is_not_temporary() {
    let ((), used) = measure("grow", || {
        let mut block = Held::new(100);
        block.resize(200);
        block.resize(50);
        drop(block);
    });
    assert_eq!(used.temporary_blocks, 1, "the last of the three was freed at once");
}

#[test]
fn the_stats_of_an_open_scope_follow_every_event() {
    let scope = MemoryScope::enter("open");
    let block = Held::new(70);
    assert_eq!((scope.stats().live_bytes, scope.stats().peak_bytes), (70, 70));
    drop(block);
    assert_eq!((scope.stats().live_bytes, scope.stats().peak_bytes), (0, 70));
    assert_eq!(scope.finish().temporary_blocks, 1);
}
