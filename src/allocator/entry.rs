//! Where an allocation that may be recorded with its stack enters, so that the caller's registers are known exactly.
//!
//! ```text
//! user ─call─▶ __rust_alloc ─jump─▶ Heaplens::alloc ─jump─▶ entry::alloc ─jump─▶ alloc_from
//!                                                           reads rsp, rbp
//! ```
//!
//! Each entry is a function without a frame, and says so in the unwind tables: it hands its stack pointer and rbp on as
//! further arguments. What lies at the stack pointer is the return address into the user's code.

use super::Heaplens;
use crate::unwind::Caller;
use core::alloc::{GlobalAlloc, Layout};

/// # Safety
///
/// As [`GlobalAlloc::alloc`], or `alloc_zeroed` where that is asked for; size and alignment are those of a layout.
#[cfg(heaplens_rules)]
#[unsafe(naked)]
pub(super) unsafe extern "sysv64" fn alloc<A: GlobalAlloc, const ZEROED: bool>(
    this: &Heaplens<A>,
    size: usize,
    align: usize,
) -> *mut u8 {
    core::arch::naked_asm!(
        ".cfi_startproc",
        "mov rcx, rsp",
        "mov r8, rbp",
        "jmp {}",
        ".cfi_endproc",
        sym alloc_from::<A, ZEROED>
    )
}

/// # Safety
///
/// As [`GlobalAlloc::realloc`]; size and alignment are those of a layout.
#[cfg(heaplens_rules)]
#[unsafe(naked)]
pub(super) unsafe extern "sysv64" fn realloc<A: GlobalAlloc>(
    this: &Heaplens<A>,
    block: *mut u8,
    size: usize,
    align: usize,
    new_size: usize,
) -> *mut u8 {
    // Six integers fill the registers for integers, so that rbp travels in the first one for floating-point numbers.
    core::arch::naked_asm!(".cfi_startproc", "mov r9, rsp", "movq xmm0, rbp", "jmp {}", ".cfi_endproc", sym realloc_from::<A>)
}

/// # Safety
///
/// Jumped to by [`alloc`]; `sp` points to the return address into the caller.
#[cfg(heaplens_rules)]
unsafe extern "sysv64" fn alloc_from<A: GlobalAlloc, const ZEROED: bool>(
    this: &Heaplens<A>,
    size: usize,
    align: usize,
    sp: *const u64,
    bp: u64,
) -> *mut u8 {
    // SAFETY: size and alignment were those of a layout.
    let layout = unsafe { Layout::from_size_align_unchecked(size, align) };
    // SAFETY: the promise of the entry is passed on.
    let caller = || unsafe { caller_at(sp, bp) };
    // SAFETY: the promise of the entry's caller is passed on.
    unsafe { this.alloc_on_long_path::<ZEROED>(layout, caller) }
}

/// # Safety
///
/// Jumped to by [`realloc`]; `sp` points to the return address into the caller, and `bp` has the bits of rbp.
#[cfg(heaplens_rules)]
unsafe extern "sysv64" fn realloc_from<A: GlobalAlloc>(
    this: &Heaplens<A>,
    block: *mut u8,
    size: usize,
    align: usize,
    new_size: usize,
    sp: *const u64,
    bp: f64,
) -> *mut u8 {
    // SAFETY: size and alignment were those of a layout.
    let layout = unsafe { Layout::from_size_align_unchecked(size, align) };
    // SAFETY: the promise of the entry is passed on.
    let caller = unsafe { caller_at(sp, bp.to_bits()) };
    // SAFETY: the promise of the entry's caller is passed on.
    unsafe { this.realloc_from(block, layout, new_size, caller) }
}

/// # Safety
///
/// `sp` points to the return address into the caller.
#[cfg(heaplens_rules)]
#[inline(always)]
unsafe fn caller_at(sp: *const u64, bp: u64) -> Caller {
    // SAFETY: the return address is there for as long as the call lasts.
    let pc = unsafe { sp.read() };
    Caller { pc, sp: sp.addr() as u64 + 8, bp }
}

/// # Safety
///
/// As [`GlobalAlloc::alloc`], or `alloc_zeroed` where that is asked for; size and alignment are those of a layout.
#[cfg(not(heaplens_rules))]
#[inline(never)]
pub(super) unsafe fn alloc<A: GlobalAlloc, const ZEROED: bool>(
    this: &Heaplens<A>,
    size: usize,
    align: usize,
) -> *mut u8 {
    // SAFETY: size and alignment are those of a layout.
    let layout = unsafe { Layout::from_size_align_unchecked(size, align) };
    // SAFETY: the caller's promise is passed on.
    unsafe { this.alloc_on_long_path::<ZEROED>(layout, Caller::around_here) }
}

/// # Safety
///
/// As [`GlobalAlloc::realloc`]; size and alignment are those of a layout.
#[cfg(not(heaplens_rules))]
#[inline(never)]
pub(super) unsafe fn realloc<A: GlobalAlloc>(
    this: &Heaplens<A>,
    block: *mut u8,
    size: usize,
    align: usize,
    new_size: usize,
) -> *mut u8 {
    // SAFETY: size and alignment are those of a layout.
    let layout = unsafe { Layout::from_size_align_unchecked(size, align) };
    // SAFETY: the caller's promise is passed on.
    unsafe { this.realloc_from(block, layout, new_size, Caller::around_here()) }
}
