//! The paths of the allocator compiled as a part of this library, with any inner allocator: for debug builds.
//!
//! ```text
//! release     user's crate: Heaplens<A> ─ its paths, inlined
//! debug       user's crate: Heaplens<A> ─call─▶ this library: Heaplens<Erased> ─call─▶ user's crate: A
//! ```
//!
//! What is generic is compiled with the program, thus without optimisation in a debug build, and so would be what an
//! allocation costs. What is here is not, and is optimised by the two lines that the README names.

use super::Heaplens;
use crate::record::inner_type::TypeName;
use core::alloc::{GlobalAlloc, Layout};

/// An inner allocator of a type that is not known here.
struct Erased<'a>(&'a dyn GlobalAlloc);

// SAFETY: every method is the inner allocator's.
unsafe impl GlobalAlloc for Erased<'_> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is passed on.
        unsafe { self.0.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is passed on.
        unsafe { self.0.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe { self.0.dealloc(block, layout) };
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the caller's promise is passed on.
        unsafe { self.0.realloc(block, layout, new_size) }
    }
}

fn around(inner: &dyn GlobalAlloc, inner_type: TypeName) -> Heaplens<Erased<'_>> {
    Heaplens { inner: Erased(inner), inner_type }
}

/// # Safety
///
/// As [`GlobalAlloc::alloc`].
#[inline(never)]
pub(super) unsafe fn alloc(inner: &dyn GlobalAlloc, inner_type: TypeName, layout: Layout) -> *mut u8 {
    // SAFETY: the caller's promise is passed on.
    unsafe { around(inner, inner_type).alloc_on_any_path::<false>(layout) }
}

/// # Safety
///
/// As [`GlobalAlloc::alloc_zeroed`].
#[inline(never)]
pub(super) unsafe fn alloc_zeroed(inner: &dyn GlobalAlloc, inner_type: TypeName, layout: Layout) -> *mut u8 {
    // SAFETY: the caller's promise is passed on.
    unsafe { around(inner, inner_type).alloc_on_any_path::<true>(layout) }
}

/// # Safety
///
/// As [`GlobalAlloc::dealloc`].
#[inline(never)]
pub(super) unsafe fn dealloc(inner: &dyn GlobalAlloc, inner_type: TypeName, block: *mut u8, layout: Layout) {
    // SAFETY: the caller's promise is passed on.
    unsafe { around(inner, inner_type).dealloc_on_any_path(block, layout) };
}

/// # Safety
///
/// As [`GlobalAlloc::realloc`].
#[inline(never)]
pub(super) unsafe fn realloc(
    inner: &dyn GlobalAlloc,
    inner_type: TypeName,
    block: *mut u8,
    layout: Layout,
    new_size: usize,
) -> *mut u8 {
    // SAFETY: the caller's promise is passed on.
    unsafe { around(inner, inner_type).realloc_on_any_path(block, layout, new_size) }
}
