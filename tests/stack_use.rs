//! R10: what a recorded allocation takes of its caller's stack.
//!
//! Programs have threads with 16 KiB of stack, and programs run out of stack: the recorder must fit into the first and
//! must not be in the way of the message about the second.
#![cfg(all(target_arch = "x86_64", target_os = "linux"))]

#[path = "support/claims.rs"]
mod claims;
#[path = "support/painted_stack.rs"]
mod painted_stack;
#[path = "support/process_per_case.rs"]
mod process_per_case;
#[path = "support/threads.rs"]
mod threads;
#[path = "support/watchdog.rs"]
mod watchdog;

use heaplens::{Metric, Profiler};
use painted_stack::stack_used_by;
use std::alloc::{GlobalAlloc, Layout, System};
use std::ffi::c_void;
use std::hint::black_box;
use std::mem::MaybeUninit;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitCode};
use std::ptr;
use std::thread;
use watchdog::{progress, watched};

heaplens::install!();

/// Names in the environment where a process is to run out of stack.
const OVERFLOW: &str = "HEAPLENS_TEST_OVERFLOW";

/// The binary is started to run out of stack, for one claim, or for all of them.
fn main() -> ExitCode {
    match std::env::var(OVERFLOW) {
        Ok(place) => run_out_of_stack(&place),
        Err(_) => claims(),
    }
}

claims::claims!(
    fn claims;
    r10_an_event_with_stacks_on_takes_little_stack,
    r10_a_thread_of_the_smallest_stack_is_recorded_like_any_other,
    r10_a_program_that_runs_out_of_stack_gets_the_usual_message,
);

/// What an event may take of the stack beyond what the inner allocator takes, in bytes.
///
/// The promise is 4 KiB, of an optimised heaplens. The compiler gives every temporary a place of its own unless it
/// optimises: 24 KiB are measured then, where a new call site needs rules that are not known yet.
const STACK_AT_MOST: usize = if cfg!(debug_assertions) { 28 << 10 } else { 4 << 10 };

const LAYOUT: Layout = Layout::new::<[u64; 6]>();
const GROWN_BYTES: usize = 300;

/// One event of each kind on `heap`, and the stack that each took.
#[inline(never)]
fn stack_of_events(heap: &impl GlobalAlloc) -> [(&'static str, usize); 4] {
    let (mut block, mut zeroed) = (ptr::null_mut(), ptr::null_mut());
    // SAFETY: the size is not zero.
    let made = stack_used_by(|| block = unsafe { heap.alloc(black_box(LAYOUT)) });
    // SAFETY: the size is not zero.
    let made_zeroed = stack_used_by(|| zeroed = unsafe { heap.alloc_zeroed(black_box(LAYOUT)) });
    // SAFETY: allocated above; only the result is used from here on.
    let resized = stack_used_by(|| block = unsafe { heap.realloc(block, black_box(LAYOUT), GROWN_BYTES) });
    let grown = Layout::array::<u8>(GROWN_BYTES).expect("a small size").align_to(LAYOUT.align()).expect("as before");
    // SAFETY: of this size since it was grown, and used no more.
    let unmade = stack_used_by(|| unsafe { heap.dealloc(block, black_box(grown)) });
    // SAFETY: allocated above, and used no more.
    unsafe { heap.dealloc(zeroed, LAYOUT) };
    [("alloc", made), ("alloc_zeroed", made_zeroed), ("realloc", resized), ("dealloc", unmade)]
}

/// The same from another depth, which makes other call sites.
#[inline(never)]
fn stack_of_events_below(depth: usize) -> [(&'static str, usize); 4] {
    if depth == 0 {
        return stack_of_events(&HEAPLENS);
    }
    black_box(stack_of_events_below(black_box(depth - 1)))
}

/// Records as programs do: without the self-check, whose full unwinds are the platform's and take more stack.
fn start() -> Profiler {
    Profiler::builder().verify_every(0).start().expect("the first profiler")
}

fn r10_an_event_with_stacks_on_takes_little_stack() {
    let _profiler = start();
    // On a thread that the recorder has not seen: its first event is the first that is captured on it, and no rule for
    // its frames is known yet.
    threads::run_on::<1>(&|_| {
        let inner = stack_of_events(&System);
        let mut rounds = [inner; 1_000];
        // From one place, so that all but the first find everything known.
        rounds.iter_mut().for_each(|round| *round = stack_of_events(&HEAPLENS));
        let (first, steady) = (rounds[0], rounds[rounds.len() - 1]);
        let new_sites = stack_of_events_below(60);
        let by_kind = first.iter().zip(steady).zip(new_sites).zip(inner);
        let mut most = 0;
        for (((first, steady), new_site), inner) in by_kind {
            let beyond = [first.1, steady.1, new_site.1].map(|used| used.saturating_sub(inner.1));
            println!("{}: {beyond:?} bytes beyond the inner {}: first, steady, new call site", first.0, inner.1);
            most = most.max(beyond.into_iter().fold(0, usize::max));
        }
        assert!(most <= STACK_AT_MOST, "{most} bytes, and at most {STACK_AT_MOST} are allowed");
    });
}

const SMALL_THREADS: u64 = 100;
const BLOCKS_EACH: u64 = 50;

/// All that a thread of the smallest stack does.
extern "C" fn small_thread(_: *mut c_void) -> *mut c_void {
    for number in 0..BLOCKS_EACH {
        drop(black_box(Box::new(number)));
    }
    ptr::null_mut()
}

/// Runs one thread that has the least stack that the system allows.
fn run_small_thread() {
    let mut attributes = MaybeUninit::uninit();
    // SAFETY: a valid place for attributes.
    assert_eq!(unsafe { libc::pthread_attr_init(attributes.as_mut_ptr()) }, 0);
    // SAFETY: initialised by the call above.
    let mut attributes = unsafe { attributes.assume_init() };
    // SAFETY: valid attributes.
    assert_eq!(unsafe { libc::pthread_attr_setstacksize(&mut attributes, libc::PTHREAD_STACK_MIN) }, 0);
    let mut thread = MaybeUninit::uninit();
    // SAFETY: valid attributes, and a function of the signature asked for.
    let failed = unsafe { libc::pthread_create(thread.as_mut_ptr(), &attributes, small_thread, ptr::null_mut()) };
    assert_eq!(failed, 0);
    // SAFETY: written by the call that succeeded.
    let thread = unsafe { thread.assume_init() };
    // SAFETY: a thread that is joined once.
    assert_eq!(unsafe { libc::pthread_join(thread, ptr::null_mut()) }, 0);
}

fn r10_a_thread_of_the_smallest_stack_is_recorded_like_any_other() {
    watched(|| {
        let profiler = start();
        for _ in 0..SMALL_THREADS {
            run_small_thread();
            progress();
        }
        let profile = profiler.stop();
        if cfg!(debug_assertions) {
            // Reading unwind tables without optimisation takes more than such a stack: what is cut short is flagged.
            let mut missing = *profile.completeness();
            missing.truncated_stacks = 0;
            return assert!(missing.is_complete(), "{missing}");
        }
        assert!(profile.completeness().is_complete(), "{}", profile.completeness());
        let sites = profile.sites(Metric::TotalBlocks);
        let is_small =
            |site: &&heaplens::Site<'_>| site.frames().iter().any(|frame| frame.function.contains("small_thread"));
        let blocks: u64 = sites.iter().filter(is_small).map(|site| site.value()).sum();
        assert_eq!(blocks, SMALL_THREADS * BLOCKS_EACH);
    });
}

/// Never returns, and allocates at every `every`-th level.
#[inline(never)]
#[expect(unconditional_recursion, reason = "what it is for")]
fn descend(level: usize, every: usize) -> usize {
    let block = if level.is_multiple_of(every) { black_box(vec![1_u8; 40]) } else { Vec::new() };
    descend(black_box(level + 1), every) + block.len()
}

fn run_out_of_stack(place: &str) -> ExitCode {
    let _profiler = start();
    match place {
        "main thread" => drop(black_box(descend(1, 64))),
        // At every level, so that the recorder's own frames are where it ends.
        _ => drop(thread::Builder::new().stack_size(200 << 10).spawn(|| descend(1, 1)).map(thread::JoinHandle::join)),
    }
    ExitCode::SUCCESS
}

fn r10_a_program_that_runs_out_of_stack_gets_the_usual_message() {
    for place in ["main thread", "another thread"] {
        let mut command = Command::new(std::env::current_exe().expect("the path of this binary"));
        let output = command.env(OVERFLOW, place).output().expect("this binary starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("has overflowed its stack"), "{place}: {} {said}", output.status);
        assert_eq!(output.status.signal(), Some(libc::SIGABRT), "{place}");
    }
}
