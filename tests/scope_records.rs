//! The table of scope records, which the whole process shares: how many scopes can be open, what happens when there is
//! no room, and that a record used again is not touched by what is left of its last scope.

#[path = "support/claims.rs"]
mod claims;
#[path = "support/held.rs"]
mod held;
#[path = "support/other_thread.rs"]
mod other_thread;
#[path = "support/process_per_case.rs"]
mod process_per_case;

use heaplens::{MemoryScope, ScopeError, measure, try_measure};
use held::Held;
use other_thread::OtherThread;
use std::fs;

heaplens::install!();

/// Scopes that can be open at once.
const ALL: usize = 16_384;

claims::claims!(
    one_scope_more_than_there_can_be_is_refused,
    a_refused_scope_changes_no_figure,
    records_closed_in_the_order_of_opening_are_usable_again,
    closed_scopes_with_live_blocks_make_room_and_it_is_said,
    closed_scopes_whose_blocks_are_freed_make_room_without_a_loss,
    scopes_closed_out_of_order_under_an_open_one_make_room,
    blocks_of_scopes_closed_out_of_order_still_lower_the_open_one,
    a_late_free_never_debits_the_next_scope_of_the_record,
    a_late_free_of_a_drained_child_never_debits_the_next_scope,
    a_million_scopes_keep_memory_flat,
);

fn open_all(scopes: &mut Vec<MemoryScope>) {
    while scopes.len() < ALL {
        scopes.push(MemoryScope::enter("one of all"));
    }
}

fn one_scope_more_than_there_can_be_is_refused() {
    let mut scopes = Vec::with_capacity(ALL);
    for _ in 0..2 {
        open_all(&mut scopes);
        let refused = MemoryScope::try_enter("one more").expect_err("all are open");
        assert_eq!(refused, ScopeError::TooManyScopes);
        assert!(refused.to_string().contains("16,384"), "{refused}");
        scopes.pop();
        assert!(MemoryScope::try_enter("one more").is_ok(), "one was closed");
        while let Some(innermost) = scopes.pop() {
            drop(innermost);
        }
    }
    let ((), used) = measure("after", || drop(Held::new(9)));
    assert_eq!((used.total_bytes, used.peak_bytes), (9, 9));
}

fn a_refused_scope_changes_no_figure() {
    let mut scopes = Vec::with_capacity(ALL);
    open_all(&mut scopes);
    let before = heaplens::stats();
    let result = try_measure("one more", || -> () { unreachable!("the work of a refused scope is not run") });
    assert!(matches!(result, Err(ScopeError::TooManyScopes)));
    drop(MemoryScope::try_enter("one more"));
    assert_eq!(heaplens::stats(), before);
    drop(Held::new(50));
    for scope in [&scopes[0], &scopes[ALL / 2], &scopes[ALL - 1]] {
        assert_eq!((scope.stats().total_bytes, scope.stats().peak_bytes, scope.stats().live_bytes), (50, 50, 0));
    }
    while let Some(innermost) = scopes.pop() {
        drop(innermost);
    }
}

fn records_closed_in_the_order_of_opening_are_usable_again() {
    const DEEP: usize = 1_024;
    for _ in 0..=ALL / DEEP {
        let mut scopes = Vec::with_capacity(DEEP);
        scopes.extend((0..DEEP).map(|_| MemoryScope::enter("one of many")));
        drop(scopes);
    }
    let ((), used) = measure("after", || drop(Held::new(9)));
    assert_eq!((used.total_bytes, used.peak_bytes), (9, 9));
}

fn closed_scopes_with_live_blocks_make_room_and_it_is_said() {
    const CHILDREN: usize = ALL + 200;
    let mut blocks = Vec::with_capacity(CHILDREN);
    let parent = MemoryScope::enter("parent");
    for _ in 0..CHILDREN {
        let (block, child) = measure("child", || Held::new(10));
        assert_eq!((child.live_bytes, child.completeness().evicted_scopes), (10, 0));
        blocks.push(block);
    }
    let full = parent.stats();
    let all = 10 * CHILDREN as u64;
    assert_eq!((full.live_bytes, full.peak_bytes, full.total_blocks), (all, all, CHILDREN as u64));
    drop(blocks);
    let used = parent.finish();
    let evicted = used.completeness().evicted_scopes;
    // The parent and the last child have a record each, so that one less than all can be kept for closed children.
    assert_eq!(evicted, (CHILDREN - (ALL - 1)) as u64);
    assert_eq!(used.live_blocks, evicted, "only the frees of forgotten scopes are missing");
    assert_eq!((used.live_bytes, used.peak_bytes, used.total_bytes), (evicted * 10, all, all));
    assert!(used.to_string().contains("closed scopes forgotten"), "{used}");
    let ((), after) = measure("after", || drop(Held::new(10)));
    assert!(after.completeness().is_complete(), "{after}");
    assert_eq!(after.live_bytes, 0);
}

fn closed_scopes_whose_blocks_are_freed_make_room_without_a_loss() {
    const KEPT: usize = 100;
    let mut blocks = Vec::with_capacity(KEPT);
    let parent = MemoryScope::enter("parent");
    for _ in 0..3 * ALL / KEPT {
        for _ in 0..KEPT {
            blocks.push(measure("child", || Held::new(10)).0);
        }
        blocks.clear();
    }
    let used = parent.finish();
    assert!(used.completeness().is_complete(), "{used}");
    assert_eq!((used.live_bytes, used.peak_bytes), (0, 10 * KEPT as u64));
}

fn scopes_closed_out_of_order_under_an_open_one_make_room() {
    let parent = MemoryScope::enter("parent");
    for _ in 0..ALL {
        let outer = MemoryScope::enter("outer");
        let inner = MemoryScope::enter("inner");
        drop(outer);
        drop(Held::new(10));
        drop(inner);
    }
    let used = parent.finish();
    assert!(used.completeness().is_complete(), "{used}");
    assert_eq!(heaplens::completeness().misplaced_guards, ALL as u64);
    assert_eq!((used.total_bytes, used.live_bytes, used.peak_bytes), (10 * ALL as u64, 0, 10));
}

/// The record of a scope that was closed stays as long as anything below it is live: what was allocated in one inside of it
/// counts for that, and so do the frees.
fn blocks_of_scopes_closed_out_of_order_still_lower_the_open_one() {
    const ROUNDS: usize = 1_000;
    let mut blocks = Vec::with_capacity(3 * ROUNDS);
    let mut more = Vec::with_capacity(4 * ROUNDS);
    let parent = MemoryScope::enter("parent");
    for _ in 0..ROUNDS {
        let outer = MemoryScope::enter("outer");
        blocks.push(Held::new(1));
        let inner = MemoryScope::enter("inner");
        blocks.push(Held::new(10));
        drop(outer);
        drop(Held::new(1_000));
        blocks.push(Held::new(100));
        drop(inner);
    }
    assert_eq!(parent.stats().live_bytes, 111 * ROUNDS as u64);
    blocks.retain(|block| block.size() != 1);
    // Enough closed scopes that drained ones are looked for.
    more.extend((0..4 * ROUNDS).map(|_| measure("more", || Held::new(1_000)).0));
    drop(more);
    assert_eq!(parent.stats().live_bytes, 110 * ROUNDS as u64);
    drop(blocks);
    let used = parent.finish();
    assert_eq!((used.live_bytes, used.live_blocks), (0, 0), "{used}");
}

fn a_late_free_never_debits_the_next_scope_of_the_record() {
    let other = OtherThread::start();
    let (here, _) = measure("first", || Held::new(1_000));
    let (elsewhere, _) = measure("second", || Held::new(1_000));
    let next = MemoryScope::enter("next");
    let own = Held::new(3_000);
    other.free(elsewhere);
    drop(here);
    let used = next.stats();
    assert_eq!((used.live_bytes, used.freed_bytes, used.freed_blocks), (3_000, 0, 0));
    drop(own);
    assert_eq!(next.finish().peak_bytes, 3_000);
}

fn a_late_free_of_a_drained_child_never_debits_the_next_scope() {
    let other = OtherThread::start();
    let (block, _) = measure("outer", || measure("child", || Held::new(1_000)).0);
    let outer = MemoryScope::enter("next outer");
    let inner = MemoryScope::enter("next inner");
    let own = Held::new(3_000);
    other.free(block);
    for scope in [&inner, &outer] {
        assert_eq!((scope.stats().live_bytes, scope.stats().freed_blocks), (3_000, 0));
    }
    drop(own);
    assert_eq!((inner.finish().live_bytes, outer.finish().live_bytes), (0, 0));
}

/// More scopes than a record has generations (2^20 less 2^13), each of which leaves a block behind that names it, so that
/// records are also put out of use.
fn a_million_scopes_keep_memory_flat() {
    let cycle = || {
        let (block, used) = measure("cycle", || Held::new(32));
        assert_eq!((used.total_bytes, used.live_bytes), (32, 32));
        drop(block);
    };
    (0..1_000).for_each(|_| cycle());
    let (figures, resident) = (heaplens::stats(), resident_pages());
    (0..1_100_000).for_each(|_| cycle());
    assert_eq!(heaplens::stats().live_bytes, figures.live_bytes);
    let grown = resident_pages().saturating_sub(resident);
    assert!(grown < 64, "{grown} pages more are resident after a million scopes");
}

/// Pages of this process that are in memory.
fn resident_pages() -> u64 {
    let pages = fs::read_to_string("/proc/self/statm").ok();
    let resident = pages.as_deref().and_then(|pages| pages.split(' ').nth(1)?.parse().ok());
    // Where there is no such file nothing is known, and nothing is shown to grow.
    resident.unwrap_or(0)
}
