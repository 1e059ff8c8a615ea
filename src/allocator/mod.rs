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
#[cfg(debug_assertions)]
mod erased;
mod install;

pub use install::is_installed;

use crate::fault::{Fault, planted};
use crate::record::event::{self, Reallocation};
use crate::record::inner_type::TypeName;
use crate::record::slot::Slot;
use crate::record::slots;
use crate::record::tag::{TAG_BYTES, Tag, with_tag};
use crate::record::writers::One;
use crate::unwind::Caller;
use core::alloc::{GlobalAlloc, Layout};
use core::any;
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
#[derive(Clone, Copy, Debug)]
pub struct Heaplens<A = System> {
    inner: A,
    /// What the user calls `A`; [`erased`] keeps it where the type is not known.
    inner_type: TypeName,
}

impl Heaplens<System> {
    /// Around the system's allocator.
    #[must_use]
    pub const fn new() -> Self {
        Self::wrapping(System)
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
        Self { inner, inner_type: any::type_name::<A> }
    }
}

impl<A: Default> Default for Heaplens<A> {
    fn default() -> Self {
        Self::wrapping(A::default())
    }
}

/// Calls one of the paths, and in a debug build the one that is compiled with this library.
macro_rules! paths {
    ($this:ident, $path:ident $(::<$zeroed:literal>)?, $erased:ident, $($argument:expr),+) => {{
        #[cfg(not(debug_assertions))]
        let result = $this.$path$(::<$zeroed>)?($($argument),+);
        #[cfg(debug_assertions)]
        let result = erased::$erased(&$this.inner, $this.inner_type, $($argument),+);
        result
    }};
}

// SAFETY: every block is the inner allocator's, of a layout that is the user's with eight bytes more and the same
// alignment, so that size, alignment and lifetime are what the user asked for. The eight bytes are never given out. The
// layout does not depend on anything that can change while the process runs: `record` stands aside, in which case no
// tag is ever written, before the first block is handed out or never. Nothing here unwinds.
unsafe impl<A: GlobalAlloc> GlobalAlloc for Heaplens<A> {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is passed on.
        unsafe { paths!(self, alloc_on_any_path::<false>, alloc, layout) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is passed on.
        unsafe { paths!(self, alloc_on_any_path::<true>, alloc_zeroed, layout) }
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe { paths!(self, dealloc_on_any_path, dealloc, block, layout) };
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the caller's promise is passed on.
        unsafe { paths!(self, realloc_on_any_path, realloc, block, layout, new_size) }
    }
}

impl<A: GlobalAlloc> Heaplens<A> {
    /// PERF: two calls in tail position, so that this needs no stack frame, which would cost both paths; callgrind counts the
    /// instructions of `benches/hot_path`. On the long path the caller's registers are thus as it left them, and the frame of
    /// this function is in no stack.
    ///
    /// # Safety
    ///
    /// As [`GlobalAlloc::alloc`], or `alloc_zeroed` where that is asked for.
    #[inline(always)]
    unsafe fn alloc_on_any_path<const ZEROED: bool>(&self, layout: Layout) -> *mut u8 {
        match event::slot_on_short_path() {
            // SAFETY: the caller's promise is passed on.
            Some(slot) => unsafe { self.alloc_on_short_path::<ZEROED>(layout.size(), layout.align(), slot) },
            // SAFETY: as above; size and alignment are those of the layout.
            None => unsafe { entry::alloc::<A, ZEROED>(self, layout.size(), layout.align()) },
        }
    }

    /// # Safety
    ///
    /// As [`GlobalAlloc::alloc`], or `alloc_zeroed` where that is asked for.
    #[inline(never)]
    unsafe fn alloc_on_short_path<const ZEROED: bool>(&self, size: usize, align: usize, slot: &Slot) -> *mut u8 {
        // SAFETY: size and alignment are those of a layout.
        let layout = unsafe { Layout::from_size_align_unchecked(size, align) };
        let Some(tagged) = with_tag(layout) else { return ptr::null_mut() };
        // SAFETY: the layout is valid and its size is not zero.
        let block = unsafe { self.inner_alloc::<ZEROED>(tagged) };
        if !block.is_null() {
            // SAFETY: the block is fresh and has room for the tag.
            unsafe { event::allocated(slot, block, layout.size()) };
        } else if planted(Fault::CountBeforeSuccess) {
            slot.totals.allocated::<One>(layout.size());
        }
        block
    }

    /// PERF: everything but the short path is a tail call, so that this function needs no stack frame; callgrind counts the
    /// instructions of `benches/hot_path`.
    ///
    /// # Safety
    ///
    /// As [`GlobalAlloc::dealloc`].
    #[inline(always)]
    unsafe fn dealloc_on_any_path(&self, block: *mut u8, layout: Layout) {
        // SAFETY: a block of ours has a tag. One of another allocator is not to be freed here by the rules of
        // `GlobalAlloc`; where that happens all the same, the inner allocator decides what comes of it.
        if !unsafe { event::freed_at_once(block, layout.size()) } {
            // SAFETY: the caller's promise is passed on.
            return unsafe { self.dealloc_on_long_path(block, layout) };
        }
        // SAFETY: the block is the inner allocator's, of that layout, and the user gives it up.
        unsafe { self.inner.dealloc(block, tagged_again(layout)) };
    }

    /// # Safety
    ///
    /// As [`GlobalAlloc::realloc`].
    #[inline(always)]
    unsafe fn realloc_on_any_path(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the caller's promise is passed on.
        unsafe { entry::realloc(self, block, layout.size(), layout.align(), new_size) }
    }

    /// # Safety
    ///
    /// As [`GlobalAlloc::dealloc`].
    #[cold]
    #[inline(never)]
    unsafe fn dealloc_on_long_path(&self, block: *mut u8, layout: Layout) {
        let Some(slot) = slots::current_or_attach(self.inner_type) else {
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
    unsafe fn alloc_on_long_path<const ZEROED: bool>(
        &self,
        layout: Layout,
        caller: impl FnOnce() -> Caller,
    ) -> *mut u8 {
        let Some(slot) = slots::current_or_attach(self.inner_type) else {
            // The recorder stands aside: the block has the user's layout.
            // SAFETY: the caller's promise is passed on.
            return unsafe { self.inner_alloc::<ZEROED>(layout) };
        };
        let Some(tagged) = with_tag(layout) else { return ptr::null_mut() };
        // SAFETY: the layout is valid and its size is not zero.
        let block = unsafe { self.inner_alloc::<ZEROED>(tagged) };
        if !block.is_null() {
            let Caller { pc, sp, bp } = caller();
            // SAFETY: the block is fresh and has room for the tag.
            unsafe { event::allocated_from(slot, block, layout.size(), pc, sp, bp) };
        } else if planted(Fault::CountBeforeSuccess) {
            slot.totals.allocated::<One>(layout.size());
        }
        block
    }

    /// # Safety
    ///
    /// As [`GlobalAlloc::alloc`], or `alloc_zeroed` where that is asked for.
    #[inline(always)]
    unsafe fn inner_alloc<const ZEROED: bool>(&self, layout: Layout) -> *mut u8 {
        match ZEROED {
            // SAFETY: the caller's promise is passed on.
            false => unsafe { self.inner.alloc(layout) },
            // SAFETY: as above.
            true => unsafe { self.inner.alloc_zeroed(layout) },
        }
    }

    /// # Safety
    ///
    /// As [`GlobalAlloc::realloc`].
    #[inline(always)]
    unsafe fn realloc_from(&self, block: *mut u8, layout: Layout, new_size: usize, caller: Caller) -> *mut u8 {
        let Some(slot) = slots::current_or_attach(self.inner_type) else {
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
