//! Threads that allocate nothing through the global allocator, so that what their work allocates is all there is.
//!
//! `std::thread` allocates a name, a result and more on either side; `pthread_create` does not go through Rust's
//! allocator at all.

use std::array;
use std::ffi::c_void;
use std::mem::MaybeUninit;
use std::process;
use std::ptr;

struct Start<'a> {
    index: usize,
    work: &'a (dyn Fn(usize) + Sync),
}

/// Runs `work` on `COUNT` threads at once, each with its index, and waits for the end of all of them.
///
/// A panic of `work` ends the process.
pub(crate) fn run_on<const COUNT: usize>(work: &(dyn Fn(usize) + Sync)) {
    let starts: [Start<'_>; COUNT] = array::from_fn(|index| Start { index, work });
    let threads = starts.each_ref().map(begin);
    for thread in threads {
        // SAFETY: the thread was started below, is not detached, and is joined only here.
        if unsafe { libc::pthread_join(thread, ptr::null_mut()) } != 0 {
            process::abort();
        }
    }
}

fn begin(start: &Start<'_>) -> libc::pthread_t {
    let mut thread = MaybeUninit::uninit();
    let argument = ptr::from_ref(start).cast_mut().cast();
    // SAFETY: `main` has the signature asked for, and `start` lives until `run_on` has joined the thread.
    let failed = unsafe { libc::pthread_create(thread.as_mut_ptr(), ptr::null(), main, argument) };
    if failed != 0 {
        // Threads that run already borrow from this stack: it must not be unwound.
        process::abort();
    }
    // SAFETY: written by the call that succeeded.
    unsafe { thread.assume_init() }
}

extern "C" fn main(start: *mut c_void) -> *mut c_void {
    // SAFETY: `begin` passed a `Start` that outlives the thread and is only read.
    let start = unsafe { &*start.cast::<Start<'_>>() };
    (start.work)(start.index);
    ptr::null_mut()
}
