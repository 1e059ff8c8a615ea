//! The inner allocator of the lock-step run: the system's, and on demand one that has no memory left.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ptr;

thread_local! {
    static FAILS: Cell<bool> = const { Cell::new(false) };
}

/// The system's allocator, except while this thread asks it to fail.
pub(crate) struct Failing;

/// Runs `work` while every allocation of this thread through [`Failing`] fails, if `fails` says so.
pub(crate) fn failing_if<R>(fails: bool, work: impl FnOnce() -> R) -> R {
    FAILS.set(fails);
    let result = work();
    FAILS.set(false);
    result
}

// SAFETY: the system's allocator, or null, which every caller has to expect.
unsafe impl GlobalAlloc for Failing {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if FAILS.get() {
            return ptr::null_mut();
        }
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if FAILS.get() {
            return ptr::null_mut();
        }
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(block, layout) };
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        if FAILS.get() {
            return ptr::null_mut();
        }
        // SAFETY: the caller's promise is passed on.
        unsafe { System.realloc(block, layout, new_size) }
    }
}
