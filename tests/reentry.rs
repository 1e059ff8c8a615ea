//! The recorder never allocates through the allocator that it is.
//!
//! ```text
//! program ──▶ Outer ──▶ Heaplens ──▶ Inner ──▶ System
//!               └── a second call on the same thread before the first is over, or a second inner call: abort
//! ```
//!
//! The one exception is the question, asked once in the life of a process, whether the standard library allocates
//! through this allocator: it allocates on purpose, at the first event.

#[path = "support/claims.rs"]
mod claims;
#[path = "support/process_per_case.rs"]
mod process_per_case;

use heaplens::{Heaplens, MemoryScope};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::hint::black_box;
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

#[global_allocator]
static HEAP: Outer = Outer(Heaplens::wrapping(Inner));

claims::claims!(
    r1_a_broad_workload_never_enters_the_allocator_twice,
    r1_a_second_entry_is_noticed,
    #[cfg(feature = "stacks")]
    r1_profiles_never_enter_the_allocator_twice,
);

struct Outer(Heaplens<Inner>);

struct Inner;

/// Whether the process's first event, which asks the standard library, is over.
static ASKED: AtomicBool = AtomicBool::new(false);

thread_local! {
    /// Whether this thread is inside of a call.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
    /// Inner calls during the call.
    static INNER_CALLS: Cell<u32> = const { Cell::new(0) };
}

/// Runs one call of the allocator, which must not lead to another.
fn once<R>(call: impl FnOnce() -> R) -> R {
    let first = !ASKED.swap(true, Ordering::Relaxed);
    if first {
        return call();
    }
    INSIDE.with(|inside| {
        if inside.replace(true) {
            process::abort();
        }
        INNER_CALLS.set(0);
        let result = call();
        inside.set(false);
        result
    })
}

fn inner_call() {
    INNER_CALLS.set(INNER_CALLS.get() + 1);
    if INSIDE.get() && INNER_CALLS.get() > 1 {
        process::abort();
    }
}

// SAFETY: every call goes to Heaplens as it came.
unsafe impl GlobalAlloc for Outer {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is passed on.
        once(|| unsafe { self.0.alloc(layout) })
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is passed on.
        once(|| unsafe { self.0.alloc_zeroed(layout) })
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        once(|| unsafe { self.0.dealloc(block, layout) });
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the caller's promise is passed on.
        once(|| unsafe { self.0.realloc(block, layout, new_size) })
    }
}

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Inner {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        inner_call();
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        inner_call();
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        inner_call();
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(block, layout) };
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        inner_call();
        // SAFETY: the caller's promise is passed on.
        unsafe { System.realloc(block, layout, new_size) }
    }
}

/// Allocations of many kinds: growing, shrinking, zeroed, aligned, on the way out of a panic.
fn work(round: u32) {
    let mut words: Vec<String> = (0..50).map(|number| format!("{round} {number}")).collect();
    words.truncate(20);
    words.shrink_to_fit();
    let map: BTreeMap<u32, Box<u32>> = (0..100).map(|number| (number, Box::new(number))).collect();
    black_box((&words, map));
    black_box(vec![0_u64; 1_000]);
    let caught = std::panic::catch_unwind(|| std::panic::resume_unwind(Box::new(vec![1_u8; 100])));
    drop(black_box(caught));
}

fn on_threads(count: u32, each: impl Fn(u32) + Sync) {
    thread::scope(|threads| {
        for number in 0..count {
            let each = &each;
            threads.spawn(move || each(number));
        }
    });
}

fn scoped_work(round: u32) {
    let outer = MemoryScope::enter("outer");
    let (kept, inner) = heaplens::measure(format!("inner {round}"), || {
        work(round);
        vec![1_u8; 300]
    });
    heaplens::exclude(|| work(round));
    drop(kept);
    let (_, before, after) = heaplens::profile_memory_usage("usage", || work(round));
    let used = outer.finish();
    assert!(used.total_blocks > inner.total_blocks && after.total_blocks > before.total_blocks);
}

fn r1_a_broad_workload_never_enters_the_allocator_twice() {
    for round in 0..20 {
        on_threads(8, |number| {
            work(round);
            scoped_work(number);
            black_box(heaplens::stats());
        });
    }
    // Closed scopes that still have live blocks under an open one, and frees from another thread.
    let scope = MemoryScope::enter("around");
    let kept: Vec<Box<u8>> = (0..1_000).map(|_| heaplens::measure("kept", || Box::new(1)).0).collect();
    thread::spawn(move || drop(kept)).join().expect("no panic");
    assert!(scope.finish().total_blocks >= 1_000);
}

/// The planted fault: an allocation inside of an allocator call is the end of the process.
fn r1_a_second_entry_is_noticed() {
    // SAFETY: the child calls nothing but the allocator and `_exit`.
    let child = unsafe { libc::fork() };
    if child == 0 {
        once(|| drop(black_box(Box::new(1_u8))));
        // SAFETY: ends the child at once.
        unsafe { libc::_exit(0) };
    }
    let mut status = 0;
    // SAFETY: a child of this process and a valid place for its status.
    unsafe { libc::waitpid(child, &mut status, 0) };
    assert!(libc::WIFSIGNALED(status) && libc::WTERMSIG(status) == libc::SIGABRT, "status {status}");
}

#[cfg(feature = "stacks")]
fn r1_profiles_never_enter_the_allocator_twice() {
    let profiler = heaplens::Profiler::start().expect("the first profiler");
    on_threads(4, |number| {
        work(number);
        let ((), profile) = heaplens::profile("profiled", || scoped_work(number));
        assert!(profile.stats().total_blocks > 0);
    });
    assert!(profiler.stop().stats().total_blocks > 0);
}
