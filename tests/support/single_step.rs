//! The trap flag of the x86 processor: a signal after every instruction of a piece of work.
//!
//! The kernel clears the flag for the handler, so that the handler itself runs through, and sets it again when the
//! handler returns.

use std::arch::asm;
use std::ffi::c_int;
use std::mem::MaybeUninit;
use std::ptr;

/// Lets `handler` run after every instruction of [`step`], on the stack that it interrupts.
///
/// The signal is not blocked while it runs, so that a handler may jump out.
pub(crate) fn handle_with(handler: extern "C" fn(c_int)) {
    // SAFETY: all bytes zero is a valid value of this structure.
    let mut action: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
    action.sa_sigaction = handler as *const () as usize;
    action.sa_flags = libc::SA_NODEFER;
    // SAFETY: a valid action, whose handler calls nothing that is not async-signal-safe.
    assert_eq!(unsafe { libc::sigaction(libc::SIGTRAP, &action, ptr::null_mut()) }, 0);
}

/// Does `work` one instruction at a time.
#[inline(never)]
pub(crate) fn step<R>(work: impl FnOnce() -> R) -> R {
    // SAFETY: changes the trap flag alone; there is a handler for the signal.
    unsafe { asm!("pushfq", "or qword ptr [rsp], 0x100", "popfq") };
    let result = work();
    // SAFETY: changes the trap flag alone.
    unsafe { asm!("pushfq", "and qword ptr [rsp], ~0x100", "popfq") };
    result
}
