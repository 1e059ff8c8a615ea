//! Threads that work for a scope without being attached to it are counted and said, with the standard library in use: what
//! a new thread frees first is what it was handed, and that is the scope's.
//!
//! The rule rests on what `std::thread` does inside. If one of these tests fails with a later Rust, the rule has to change.

#[path = "support/held.rs"]
mod held;
#[path = "support/other_thread.rs"]
mod other_thread;

use heaplens::{Measurement, MemoryScope, exclude, measure};
use held::Held;
use other_thread::OtherThread;
use std::sync::{Arc, Barrier, mpsc};
use std::thread::{self, Builder};

heaplens::install!();

/// Allocates and frees so many blocks.
fn allocate(blocks: u64) {
    (1..=blocks).for_each(|size| drop(Held::new(size as usize)));
}

/// A scope in which a thread is started, not attached, that allocates so many blocks.
fn beside_a_worker(blocks: u64) -> Measurement {
    measure("work", || thread::spawn(move || allocate(blocks)).join().expect("it ends well")).1
}

#[test]
fn a_spawned_thread_is_one() {
    assert_eq!(beside_a_worker(0).unattached_threads(), 1);
}

#[test]
fn each_spawned_thread_is_one() {
    for number in 1..=5 {
        let (_, used) = measure("work", || {
            let workers: Vec<_> = (0..number).map(|_| thread::spawn(|| allocate(3))).collect();
            workers.into_iter().for_each(|worker| worker.join().expect("it ends well"));
        });
        assert_eq!(used.unattached_threads(), number);
    }
}

#[test]
fn a_thread_that_a_builder_spawns_is_one() {
    let spawn = |builder: Builder| {
        let work = || builder.spawn(|| allocate(3)).expect("a thread").join().expect("it ends well");
        measure("work", work).1.unattached_threads()
    };
    assert_eq!(spawn(Builder::new()), 1);
    assert_eq!(spawn(Builder::new().name("a name".to_owned()).stack_size(1 << 20)), 1);
}

#[test]
fn a_builder_made_inside_counts_as_one_outside() {
    let work = || Builder::new().name("a name".to_owned()).spawn(|| allocate(3)).expect("a thread").join();
    let (ended, used) = measure("work", work);
    ended.expect("it ends well");
    assert_eq!(used.unattached_threads(), 1);
}

#[test]
fn each_scoped_thread_is_one() {
    let ((), used) = measure("work", || {
        thread::scope(|threads| {
            (0..3).for_each(|_| drop(threads.spawn(|| allocate(3))));
            Builder::new().spawn_scoped(threads, || allocate(3)).expect("a thread");
        });
    });
    assert_eq!(used.unattached_threads(), 4);
}

#[test]
fn blocks_are_those_that_the_thread_allocated_after_it_was_handed_its_work() {
    let by_the_library = beside_a_worker(0).unattached_blocks();
    for blocks in [1, 2, 17, 1_000] {
        let used = beside_a_worker(blocks);
        assert!(used.unattached_blocks() >= blocks, "{used}");
        assert_eq!(used.unattached_blocks() - by_the_library, blocks, "{used}");
    }
}

#[test]
fn what_an_unattached_thread_allocates_is_not_in_the_figures() {
    let (none, many) = (beside_a_worker(0), beside_a_worker(1_000));
    assert_eq!(none.total_blocks, many.total_blocks);
}

#[test]
fn threads_that_a_handle_starts_are_attached() {
    let scope = MemoryScope::enter("work");
    let handle = scope.handle();
    handle.spawn(|| allocate(3)).join().expect("it ends well");
    let named = Builder::new().name("a name".to_owned());
    handle.spawn_with(named, || allocate(3)).expect("a thread").join().expect("it ends well");
    thread::scope(|threads| {
        handle.spawn_scoped(threads, || allocate(3));
        handle.spawn_scoped_with(Builder::new(), threads, || allocate(3)).expect("a thread");
    });
    assert_all_attached(&scope.finish());
}

#[test]
fn threads_that_enter_a_handle_are_attached() {
    let scope = MemoryScope::enter("work");
    let (first, second) = (scope.handle(), scope.handle());
    let at_once = thread::spawn(move || first.run(|| allocate(3)));
    let later = thread::spawn(move || {
        // What it frees until it comes inside does not make it one.
        allocate(3);
        let _inside = second.enter();
        allocate(3);
    });
    [at_once, later].into_iter().for_each(|worker| worker.join().expect("it ends well"));
    assert_all_attached(&scope.finish());
}

#[test]
fn threads_started_outside_are_none() {
    let ((), used) = measure("work", || {
        exclude(|| {
            thread::spawn(|| allocate(3)).join().expect("it ends well");
            thread::scope(|threads| drop(threads.spawn(|| allocate(3))));
        });
    });
    assert_all_attached(&used);
}

#[test]
fn a_thread_that_was_there_before_is_none() {
    let other = OtherThread::start();
    let ((), used) = measure("work", || (1..=10).for_each(|size| other.free(Held::new(size))));
    assert_all_attached(&used);
    assert_eq!((used.total_blocks, used.freed_blocks), (10, 10));
}

#[test]
fn a_thread_started_before_that_takes_work_is_none() {
    let (hands_over, takes) = mpsc::channel::<Held>();
    let worker = thread::spawn(move || takes.into_iter().for_each(drop));
    let ((), used) = measure("work", || (1..=10).for_each(|size| hands_over.send(Held::new(size)).expect("it runs")));
    drop(hands_over);
    worker.join().expect("it ends well");
    assert_eq!(used.unattached_threads(), 0, "{used}");
}

#[test]
fn each_scope_around_counts_the_thread() {
    let outer = MemoryScope::enter("outer");
    let (first, second) = (beside_a_worker(4), beside_a_worker(4));
    let (_, without) = measure("without", || allocate(4));
    let outer = outer.finish();
    assert_eq!((first.unattached_threads(), second.unattached_threads()), (1, 1));
    assert_all_attached(&without);
    assert_eq!(outer.unattached_threads(), 2);
    assert_eq!(outer.unattached_blocks(), first.unattached_blocks() + second.unattached_blocks());
}

#[test]
fn a_thread_that_enters_the_scope_around_is_attached() {
    let outer = MemoryScope::enter("outer");
    let handle = outer.handle();
    let (ended, inner) = measure("inner", || thread::spawn(move || handle.run(|| allocate(3))).join());
    ended.expect("it ends well");
    assert_all_attached(&inner);
    assert_all_attached(&outer.finish());
}

#[test]
fn a_thread_that_still_runs_when_the_scope_is_closed_is_one() {
    let closed_beside = |blocks| {
        let ours = [(); 2].map(|()| Arc::new(Barrier::new(2)));
        let theirs = ours.clone();
        let scope = MemoryScope::enter("work");
        let worker = thread::spawn(move || {
            allocate(blocks);
            theirs[0].wait();
            theirs[1].wait();
            allocate(100);
        });
        ours[0].wait();
        let used = scope.finish();
        ours[1].wait();
        worker.join().expect("it ends well");
        used
    };
    let (none, some) = (closed_beside(0), closed_beside(9));
    assert_eq!((none.unattached_threads(), some.unattached_threads()), (1, 1));
    assert_eq!(some.unattached_blocks() - none.unattached_blocks(), 9);
}

#[test]
fn blocks_of_a_thread_that_ends_while_the_scope_is_closed_count_once() {
    let by_the_library = beside_a_worker(0).unattached_blocks();
    for _ in 0..20_000 {
        let ((), used) = measure("work", || thread::scope(|threads| drop(threads.spawn(|| allocate(3)))));
        assert_eq!(used.unattached_threads(), 1);
        // Less where the thread is in the middle of saying it.
        assert!(used.unattached_blocks() <= by_the_library + 3, "{used}");
    }
}

#[test]
fn the_measurement_says_it() {
    let one = beside_a_worker(5);
    let blocks = one.unattached_blocks();
    let line = format!("1 thread worked for this scope from outside and allocated {blocks} blocks that it did not see");
    assert!(one.to_string().contains(&line), "{one}");
    let (_, two) = measure("work", || [(); 2].map(|()| thread::spawn(|| ()).join()));
    assert!(two.to_string().contains("2 threads worked for this scope from outside"), "{two}");
    let (_, none) = measure("work", || allocate(3));
    assert!(!none.to_string().contains("from outside"), "{none}");
}

#[cfg(feature = "stacks")]
#[test]
fn the_summary_of_the_call_sites_says_it() {
    let scope = MemoryScope::builder("work").stacks().enter();
    thread::spawn(|| allocate(5)).join().expect("it ends well");
    let used = scope.finish();
    let sites = used.sites().expect("stacks were on");
    let line = format!("allocated {} blocks that it did not see: attach with `handle()`", used.unattached_blocks());
    assert!(sites.summary().contains("1 thread worked for this scope from outside"), "{}", sites.summary());
    assert!(sites.notes().iter().any(|note| note.contains(&line)), "{:?}", sites.notes());
    let (ended, profile) = heaplens::profile("profile", || thread::spawn(|| allocate(5)).join());
    ended.expect("it ends well");
    assert!(profile.summary().contains("1 thread worked for this scope from outside"), "{}", profile.summary());
}

#[track_caller]
fn assert_all_attached(used: &Measurement) {
    assert_eq!((used.unattached_threads(), used.unattached_blocks()), (0, 0), "{used}");
    assert!(!used.to_string().contains("from outside"), "{used}");
}
