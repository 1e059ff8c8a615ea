//! Allocation before `main`, after it, and in 64 exit handlers: exact, and the program ends as it would have.
//!
//! The last function of the program to run checks the account and leaves with the exit code that says how it went.

#[path = "support/claims.rs"]
mod claims;
mod counting_inner;
#[path = "support/process_per_case.rs"]
mod process_per_case;

use counting_inner::{Accounts, CountingInner};
use heaplens::Heaplens;
use std::hint::black_box;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

#[global_allocator]
static HEAP: Heaplens<CountingInner> = counting_inner::heaplens_around_the_witness();

claims::claims!(r5_blocks_before_and_after_main_are_counted);

const BLOCKS: u64 = 1_000;
const HANDLERS: u32 = 64;

/// Blocks that were allocated and counted before `main`.
static BEFORE_MAIN: AtomicU64 = AtomicU64::new(0);
/// Exit handlers that ran.
static HANDLED: AtomicU32 = AtomicU32::new(0);

#[used]
#[cfg_attr(target_os = "linux", unsafe(link_section = ".init_array"))]
static FIRST: extern "C" fn() = first;

#[used]
#[cfg_attr(target_os = "linux", unsafe(link_section = ".fini_array"))]
static LAST: extern "C" fn() = last;

fn allocate_and_free() {
    let blocks: Vec<Box<u64>> = (0..BLOCKS).map(Box::new).collect();
    assert_eq!(black_box(blocks).len() as u64, BLOCKS);
}

/// Runs before `main`. The very first event of the process may be in here.
extern "C" fn first() {
    let before = Accounts::now();
    allocate_and_free();
    let blocks = Accounts::now().agreed_blocks_since(&before);
    BEFORE_MAIN.store(blocks, Ordering::Relaxed);
}

extern "C" fn handle() {
    allocate_and_free();
    HANDLED.fetch_add(1, Ordering::Relaxed);
}

fn r5_blocks_before_and_after_main_are_counted() {
    assert!(BEFORE_MAIN.load(Ordering::Relaxed) > BLOCKS, "the loader called `first`");
    for _ in 0..HANDLERS {
        // SAFETY: the handler lives for ever, and a panic in it ends the process with a failure.
        assert_eq!(unsafe { libc::atexit(handle) }, 0);
    }
}

/// Runs after the exit handlers, when the claim was made in this process.
extern "C" fn last() {
    let handled = HANDLED.load(Ordering::Relaxed);
    if handled == 0 {
        return;
    }
    let before = Accounts::now();
    allocate_and_free();
    let blocks = Accounts::now().agreed_blocks_since(&before);
    if handled != HANDLERS || blocks <= BLOCKS {
        // SAFETY: ends the process at once.
        unsafe { libc::_exit(1) };
    }
}
