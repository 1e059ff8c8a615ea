//! R11: threads of C code that allocate and are cancelled.
//!
//! `pthread_cancel` unwinds a thread from wherever it is: at a cancellation point, or, where the thread asked for that,
//! at any instruction. The recorder holds no cancellation point, and what a thread had counted stays counted.
//!
//! Not covered: a cancellation at any instruction that strikes inside of an allocation. POSIX allows no allocation where it
//! could, and Rust's runtime ends a process in which a function with destructors is unwound from between two calls.
#![cfg(all(target_os = "linux", target_env = "gnu"))]

#[path = "support/claims.rs"]
mod claims;
#[path = "support/count.rs"]
mod count;
#[path = "support/process_per_case.rs"]
mod process_per_case;
#[path = "support/watchdog.rs"]
mod watchdog;

use heaplens::{Metric, Profiler};
use std::alloc::{Layout, alloc, dealloc};
use std::ffi::{c_int, c_void};
use std::hint::black_box;
use std::mem::{MaybeUninit, transmute};
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::yield_now;
use watchdog::{progress, watched};

heaplens::install!();

claims::claims!(
    r11_a_cancellation_that_waits_is_not_acted_on_inside_the_recorder,
    r11_threads_cancelled_at_their_cancellation_points_lose_nothing,
    r11_threads_cancelled_at_any_instruction_between_events_lose_nothing,
);

unsafe extern "C-unwind" {
    fn pthread_cancel(thread: libc::pthread_t) -> c_int;
    fn pthread_testcancel();
    fn pthread_setcanceltype(kind: c_int, old: *mut c_int) -> c_int;
}

const DEFERRED: c_int = 0;
const ASYNCHRONOUS: c_int = 1;
/// What joining a cancelled thread returns: all bits set.
const CANCELLED: usize = usize::MAX;

type Main = extern "C-unwind" fn(*mut c_void) -> *mut c_void;

const LAYOUT: Layout = Layout::new::<[u64; 9]>();

/// Blocks that all threads made, and that they gave back.
static MADE: AtomicU64 = AtomicU64::new(0);
static GIVEN_BACK: AtomicU64 = AtomicU64::new(0);
/// Whether a thread runs that may be cancelled.
static RUNS: AtomicBool = AtomicBool::new(false);

/// How many threads are cancelled in each claim.
fn threads() -> u64 {
    count::count("HEAPLENS_CANCELLATIONS", 400)
}

/// One block that comes and goes.
#[inline(never)]
fn come_and_go() {
    // SAFETY: the size is not zero.
    let block = black_box(unsafe { alloc(black_box(LAYOUT)) });
    MADE.fetch_add(1, Ordering::Relaxed);
    // SAFETY: allocated above.
    unsafe { dealloc(block, black_box(LAYOUT)) };
    GIVEN_BACK.fetch_add(1, Ordering::Relaxed);
}

/// Starts a thread as C code does.
fn start(main: Main) -> libc::pthread_t {
    // SAFETY: the two types differ in what may unwind out of the function: only a cancellation does.
    let main = unsafe { transmute::<Main, extern "C" fn(*mut c_void) -> *mut c_void>(main) };
    let mut thread = MaybeUninit::uninit();
    // SAFETY: valid places, and a function of the signature asked for.
    let failed = unsafe { libc::pthread_create(thread.as_mut_ptr(), ptr::null(), main, ptr::null_mut()) };
    assert_eq!(failed, 0);
    // SAFETY: written by the call that succeeded.
    unsafe { thread.assume_init() }
}

fn cancel(thread: libc::pthread_t) {
    // SAFETY: a thread that was not joined yet.
    assert_eq!(unsafe { pthread_cancel(thread) }, 0);
}

/// Waits for the end of a thread, which must be that of a cancelled one.
fn join_cancelled(thread: libc::pthread_t) {
    let mut result = ptr::null_mut();
    // SAFETY: a thread that is joined once, and a valid place for its result.
    assert_eq!(unsafe { libc::pthread_join(thread, &mut result) }, 0);
    assert_eq!(result.addr(), CANCELLED);
}

fn cancellation_point() {
    // SAFETY: no frame of this thread has anything to drop.
    unsafe { pthread_testcancel() };
}

/// Cancels threads, one after the other, each when it runs. Checks that every event counted.
fn cancel_each(main: Main) {
    let profiler = Profiler::builder().verify_every(16).start().expect("the first profiler");
    // Asks the environment, which allocates.
    let threads = threads();
    let before = heaplens::stats();
    for _ in 0..threads {
        RUNS.store(false, Ordering::Relaxed);
        let thread = start(main);
        while !RUNS.load(Ordering::Relaxed) {
            yield_now();
        }
        cancel(thread);
        join_cancelled(thread);
        progress();
    }
    let after = heaplens::stats();
    let profile = profiler.stop();
    let (made, given_back) = (MADE.load(Ordering::Relaxed), GIVEN_BACK.load(Ordering::Relaxed));
    println!("{threads} threads cancelled, {made} blocks");
    assert_eq!(
        (after.total_blocks - before.total_blocks, after.freed_blocks - before.freed_blocks),
        (made, given_back)
    );
    assert_eq!((made, after.live_blocks), (given_back, before.live_blocks));
    let sites = profile.sites(Metric::TotalBlocks);
    let is_ours =
        |site: &&heaplens::Site<'_>| site.frames().iter().any(|frame| frame.function.ends_with("come_and_go"));
    assert_eq!(sites.iter().filter(is_ours).map(heaplens::Site::value).sum::<u64>(), made);
    assert!(profile.completeness().is_complete(), "{}", profile.completeness());
}

/// Recursion, so that each depth is a new call site.
#[inline(never)]
fn come_and_go_at_depths(depth: u64) {
    come_and_go();
    if depth > 0 {
        come_and_go_at_depths(black_box(depth - 1));
    }
    black_box(depth);
}

/// Cancels itself, and allocates for the first time with that pending.
extern "C-unwind" fn cancelled_before_it_allocates(_: *mut c_void) -> *mut c_void {
    // SAFETY: asks for this thread's own name.
    cancel(unsafe { libc::pthread_self() });
    come_and_go_at_depths(50);
    RUNS.store(true, Ordering::Relaxed);
    cancellation_point();
    ptr::null_mut()
}

fn r11_a_cancellation_that_waits_is_not_acted_on_inside_the_recorder() {
    watched(|| {
        const THREADS: u64 = 50;
        let _profiler = Profiler::builder().verify_every(4).start().expect("the first profiler");
        for number in 1..=THREADS {
            RUNS.store(false, Ordering::Relaxed);
            join_cancelled(start(cancelled_before_it_allocates));
            assert!(RUNS.load(Ordering::Relaxed), "it came to its cancellation point");
            assert_eq!(GIVEN_BACK.load(Ordering::Relaxed), number * 51);
            progress();
        }
    });
}

/// Allocates until it is cancelled, between two events.
extern "C-unwind" fn with_cancellation_points(_: *mut c_void) -> *mut c_void {
    loop {
        come_and_go();
        RUNS.store(true, Ordering::Relaxed);
        cancellation_point();
    }
}

fn r11_threads_cancelled_at_their_cancellation_points_lose_nothing() {
    watched(|| cancel_each(with_cancellation_points));
}

/// Can be cancelled at any instruction, but not while it allocates: the system's allocator does not survive that.
extern "C-unwind" fn cancelled_at_any_instruction(_: *mut c_void) -> *mut c_void {
    loop {
        come_and_go();
        set_kind(ASYNCHRONOUS);
        RUNS.store(true, Ordering::Relaxed);
        (0..1_000).for_each(|number| _ = black_box(number));
        set_kind(DEFERRED);
    }
}

fn set_kind(kind: c_int) {
    // SAFETY: one of the two kinds, and no wish to know the last one.
    unsafe { pthread_setcanceltype(kind, ptr::null_mut()) };
}

fn r11_threads_cancelled_at_any_instruction_between_events_lose_nothing() {
    watched(|| cancel_each(cancelled_at_any_instruction));
}
