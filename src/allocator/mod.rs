//! The `GlobalAlloc` that goes into the user's program. It decides nothing: it makes room for the tag, calls the inner
//! allocator, and hands the event to [`record`](crate::record).
//!
//! ```text
//! user ──layout──▶ Heaplens ──layout + 8──▶ inner allocator
//!                     └──────event────────▶ record
//! ```
//!
//! The one invariant: what the inner allocator answers is handed on untouched. A failure changes no figure.

#![cfg_attr(not(test), deny(clippy::disallowed_macros, clippy::disallowed_methods, clippy::disallowed_types))]

mod entry;
mod install;

pub use install::is_installed;

use crate::fault::{Fault, planted};
use crate::record::event::{self, Reallocation};
use crate::record::slots;
use crate::record::tag::{TAG_BYTES, Tag, with_tag};
use crate::unwind::Caller;
use core::alloc::{GlobalAlloc, Layout};
use core::ptr;
use std::alloc::System;

/// The counting allocator, around another one.
///
/// The library never defines the global allocator of a program: do so with [`install!`](crate::install), or by hand to
/// wrap an allocator of your choice.
///
/// ```
/// use heaplens::Heaplens;
///
/// #[global_allocator]
/// static ALLOCATOR: Heaplens = Heaplens::new();
///
/// fn main() {
///     assert!(heaplens::is_installed());
/// }
/// ```
///
/// # Cost
///
/// Eight bytes behind each block, so that a block can fall into the inner allocator's next size class. Counting alone
/// costs a few nanoseconds for an allocation and its free; `benches/README.md` has the figures.
///
/// # Limits
///
/// Only what goes through Rust's global allocator is seen: not `malloc` called by C code, and not the allocations of
/// another `cdylib` with an allocator of its own. Blocks that such code hands over are counted as foreign when they are
/// freed here, and change no figure.
#[derive(Clone, Copy, Debug, Default)]
pub struct Heaplens<A = System> {
    inner: A,
}

impl Heaplens<System> {
    /// Around the system's allocator.
    #[must_use]
    pub const fn new() -> Self {
        Self { inner: System }
    }
}

impl<A> Heaplens<A> {
    /// Around any allocator.
    ///
    /// ```
    /// use heaplens::Heaplens;
    /// use std::alloc::System;
    ///
    /// #[global_allocator]
    /// static ALLOCATOR: Heaplens<System> = Heaplens::wrapping(System);
    /// # fn main() {}
    /// ```
    #[must_use]
    pub const fn wrapping(inner: A) -> Self {
        Self { inner }
    }
}

// SAFETY: every block is the inner allocator's, of a layout that is the user's with eight bytes more and the same
// alignment, so that size, alignment and lifetime are what the user asked for. The eight bytes are never given out. The
// layout does not depend on anything that can change while the process runs: `record` stands aside, in which case no
// tag is ever written, before the first block is handed out or never. Nothing here unwinds.
unsafe impl<A: GlobalAlloc> GlobalAlloc for Heaplens<A> {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // PERF: the call of the long path comes first and in tail position, so that the caller's registers are as it left
        // them, and the frame of this function is in no stack.
        let Some(slot) = event::slot_on_short_path() else {
            // SAFETY: the caller's promise is passed on.
            return unsafe { entry::alloc::<A, false>(self, layout.size(), layout.align()) };
        };
        let Some(tagged) = with_tag(layout) else { return ptr::null_mut() };
        // SAFETY: the layout is valid and its size is not zero.
        let block = unsafe { self.inner.alloc(tagged) };
        if !block.is_null() || planted(Fault::CountBeforeSuccess) {
            // SAFETY: the block is fresh and has room for the tag.
            unsafe { record_new(slot, block, layout.size()) };
        }
        block
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        let Some(slot) = event::slot_on_short_path() else {
            // SAFETY: the caller's promise is passed on.
            return unsafe { entry::alloc::<A, true>(self, layout.size(), layout.align()) };
        };
        let Some(tagged) = with_tag(layout) else { return ptr::null_mut() };
        // SAFETY: the layout is valid and its size is not zero.
        let block = unsafe { self.inner.alloc_zeroed(tagged) };
        if !block.is_null() || planted(Fault::CountBeforeSuccess) {
            // SAFETY: the block is fresh and has room for the tag.
            unsafe { record_new(slot, block, layout.size()) };
        }
        block
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // PERF: everything but the short path is a tail call, so that this function needs no stack frame; callgrind
        // counts the instructions of `benches/hot_path`.
        // SAFETY: a block of ours has a tag. One of another allocator is not to be freed here by the rules of
        // `GlobalAlloc`; where that happens all the same, the inner allocator decides what comes of it.
        if !unsafe { event::freed_at_once(block, layout.size()) } {
            // SAFETY: the caller's promise is passed on.
            return unsafe { self.dealloc_on_long_path(block, layout) };
        }
        // SAFETY: the block is the inner allocator's, of that layout, and the user gives it up.
        unsafe { self.inner.dealloc(block, tagged_again(layout)) };
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the caller's promise is passed on.
        unsafe { entry::realloc(self, block, layout.size(), layout.align(), new_size) }
    }
}

impl<A: GlobalAlloc> Heaplens<A> {
    /// # Safety
    ///
    /// As [`GlobalAlloc::dealloc`].
    #[cold]
    #[inline(never)]
    unsafe fn dealloc_on_long_path(&self, block: *mut u8, layout: Layout) {
        let Some(slot) = slots::current_or_attach() else {
            // SAFETY: the recorder stands aside, so that the block has the user's layout.
            return unsafe { self.inner.dealloc(block, layout) };
        };
        // SAFETY: as in `dealloc`.
        let tag = unsafe { Tag::read(block, layout.size()) };
        event::freed(slot, tag, block, layout.size());
        // SAFETY: the block is the inner allocator's, of that layout, and the user gives it up.
        unsafe { self.inner.dealloc(block, tagged_again(layout)) };
    }

    /// # Safety
    ///
    /// As [`GlobalAlloc::alloc`], or `alloc_zeroed` where that is asked for.
    #[inline(always)]
    unsafe fn alloc_on_long_path(&self, layout: Layout, zeroed: bool, caller: Caller) -> *mut u8 {
        let slot = slots::current_or_attach();
        let Some(tagged) = (if slot.is_some() { with_tag(layout) } else { Some(layout) }) else {
            return ptr::null_mut();
        };
        let block = match zeroed {
            // SAFETY: the layout is valid and its size is not zero.
            false => unsafe { self.inner.alloc(tagged) },
            // SAFETY: as above.
            true => unsafe { self.inner.alloc_zeroed(tagged) },
        };
        let Some(slot) = slot else { return block };
        if !block.is_null() {
            // SAFETY: the block is fresh and has room for the tag.
            unsafe { event::allocated_from(slot, block, layout.size(), caller.pc, caller.sp, caller.bp) };
        } else if planted(Fault::CountBeforeSuccess) {
            slot.totals.allocated::<crate::record::writers::One>(layout.size());
        }
        block
    }

    /// # Safety
    ///
    /// As [`GlobalAlloc::realloc`].
    #[inline(always)]
    unsafe fn realloc_from(&self, block: *mut u8, layout: Layout, new_size: usize, caller: Caller) -> *mut u8 {
        let Some(slot) = slots::current_or_attach() else {
            // SAFETY: the caller's promise is passed on.
            return unsafe { self.inner.realloc(block, layout, new_size) };
        };
        // SAFETY: as in `dealloc`.
        let old_tag = unsafe { Tag::read(block, layout.size()) };
        // SAFETY: the caller promises that the new size makes a valid layout.
        let Some(new) = with_tag(unsafe { Layout::from_size_align_unchecked(new_size, layout.align()) }) else {
            return ptr::null_mut();
        };
        // A block without a tag of ours is as long as its layout says and not longer: no byte behind it is to be copied.
        let extra = if old_tag.is_some() { TAG_BYTES } else { 0 };
        // SAFETY: the layout that the block was allocated with, which was valid then.
        let old = unsafe { Layout::from_size_align_unchecked(layout.size() + extra, layout.align()) };
        if planted(Fault::TagBeforeRealloc) {
            // SAFETY: the tag lies behind the block; that it is lost if the reallocation fails is the planted fault.
            let place = unsafe { block.add(layout.size()) };
            // SAFETY: as above.
            unsafe { place.write_bytes(0xA5, TAG_BYTES) };
        }
        // SAFETY: the block is the inner allocator's, of that layout; the new size is not zero and makes a valid layout.
        let new_block = unsafe { self.inner.realloc(block, old, new.size()) };
        if !new_block.is_null() {
            let event = Reallocation { old_tag, old_block: block, old_size: layout.size(), new_block, new_size };
            // SAFETY: the new block has room for the tag.
            unsafe { event::reallocated(slot, &event, caller) };
        }
        new_block
    }
}

/// The layout that a block of this user's layout was allocated with.
#[inline(always)]
fn tagged_again(layout: Layout) -> Layout {
    // SAFETY: `alloc` made it the same way, and it was valid then.
    unsafe { Layout::from_size_align_unchecked(layout.size() + TAG_BYTES, layout.align()) }
}

/// # Safety
///
/// `block` is fresh and has room for a tag behind `size` bytes.
#[inline(always)]
unsafe fn record_new(slot: &crate::record::slot::Slot, block: *mut u8, size: usize) {
    if planted(Fault::CountBeforeSuccess) && block.is_null() {
        return slot.totals.allocated::<crate::record::writers::One>(size);
    }
    // SAFETY: the caller's promise is passed on.
    unsafe { event::allocated(slot, block, size) };
}
