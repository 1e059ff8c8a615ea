//! What a temporary block is: one that the thread that allocated it frees before it allocates anything else.
//!
//! The threads here begin with no event of their own, so that the first one of each is the one that a case is about.

#[path = "support/claims.rs"]
mod claims;
#[path = "support/held.rs"]
mod held;
#[path = "support/process_per_case.rs"]
mod process_per_case;
#[path = "support/resized.rs"]
mod resized;
#[path = "support/threads.rs"]
mod threads;

use heaplens::{exclude, measure, stats};
use held::Held;
use std::sync::Mutex;

heaplens::install!();

claims::claims!(
    freed_at_once_is_temporary,
    freed_after_another_allocation_is_not,
    freed_after_other_frees_is_temporary,
    the_old_block_of_a_realloc_is_not_and_the_new_one_can_be,
    freed_on_another_thread_is_not,
    freed_by_the_thread_that_takes_the_place_of_an_ended_one_is_not,
    a_block_of_another_thread_at_the_address_of_the_last_one_is_not,
    freed_after_its_scope_closed_is_temporary,
);

/// How many blocks `work` makes temporary in the process.
fn temporary_in(work: impl FnOnce()) -> u64 {
    let before = stats().temporary_blocks;
    work();
    stats().temporary_blocks - before
}

fn freed_at_once_is_temporary() {
    assert_eq!(temporary_in(|| drop(Held::new(10))), 1);
}

fn freed_after_another_allocation_is_not() {
    let both = || drop([Held::new(10), Held::new(20)]);
    assert_eq!(temporary_in(both), 1, "the first is not, the second is");
}

fn freed_after_other_frees_is_temporary() {
    let earlier = [Held::new(1), Held::new(2)];
    let last = Held::new(3);
    assert_eq!(temporary_in(|| drop((earlier, last))), 1);
}

fn the_old_block_of_a_realloc_is_not_and_the_new_one_can_be() {
    let grow = || {
        let mut block = Held::new(10);
        block.resize(100_000);
        block.resize(10);
        drop(block);
    };
    assert_eq!(temporary_in(grow), 1);
}

fn freed_on_another_thread_is_not() {
    let given = Mutex::new(Some(Held::new(10)));
    assert_eq!(temporary_in(|| threads::run_on::<1>(&|_| drop(given.lock().expect("no panic").take()))), 0);
}

fn freed_by_the_thread_that_takes_the_place_of_an_ended_one_is_not() {
    let left = Mutex::new(None);
    threads::run_on::<1>(&|_| *left.lock().expect("no panic") = Some(Held::new(10)));
    // The second thread takes over the place of the first, whose last block this was.
    assert_eq!(temporary_in(|| threads::run_on::<1>(&|_| drop(left.lock().expect("no panic").take()))), 0);
}

fn a_block_of_another_thread_at_the_address_of_the_last_one_is_not() {
    let place = Mutex::new(Some(Held::new(48)));
    let address = |held: &Option<Held>| held.as_ref().map(|held| held.0.as_ptr().addr());
    let before = address(&place.lock().expect("no panic"));
    let used_again = || {
        threads::run_on::<1>(&|_| {
            let mut block = place.lock().expect("no panic");
            drop(block.take());
            *block = Some(Held::new(48));
        });
    };
    assert_eq!(temporary_in(used_again), 0);
    let block = place.lock().expect("no panic").take();
    println!("at the same address: {}", address(&block) == before);
    assert_eq!(temporary_in(|| drop(block)), 0);
}

fn freed_after_its_scope_closed_is_temporary() {
    let (block, _) = measure("work", || Held::new(10));
    assert_eq!(temporary_in(|| exclude(|| drop(block))), 1);
}
