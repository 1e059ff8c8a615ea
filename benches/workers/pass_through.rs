//! The workloads over a wrapper that does nothing: what any wrapping allocator costs by its mere presence.

use std::alloc::{GlobalAlloc, Layout, System};

#[path = "../support/worker.rs"]
mod worker;

struct PassThrough;

// SAFETY: every call is handed on as it came.
unsafe impl GlobalAlloc for PassThrough {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(block, layout) }
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.realloc(block, layout, new_size) }
    }
}

#[global_allocator]
static ALLOCATOR: PassThrough = PassThrough;

fn main() {
    worker::time(|| (), |(), _| Vec::new());
}
