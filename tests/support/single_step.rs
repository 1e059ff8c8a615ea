//! The trap flag of the x86 processor: a signal after every instruction of a piece of work.
//!
//! A breakpoint before the work sets the flag in the registers that the kernel saved, and another one behind it clears it,
//! so that the unwind tables are right at every instruction between. The kernel clears the flag for the handler, which
//! runs through, and sets it again when the handler returns.

use std::arch::asm;
use std::ffi::{c_int, c_void};
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

const TRAP_FLAG: i64 = 0x100;
/// What the kernel gives as the reason of a signal by a breakpoint.
const BREAKPOINT: c_int = libc::SI_KERNEL;

/// What runs after every instruction.
static HANDLER: AtomicPtr<()> = AtomicPtr::new(ptr::null_mut());

/// Lets `handler` run after every instruction of [`step_if`], on the stack that it interrupts.
///
/// The signal is not blocked while it runs, so that a handler may jump out.
pub(crate) fn handle_with(handler: fn()) {
    HANDLER.store(handler as *mut (), Ordering::Relaxed);
    // SAFETY: all bytes zero is a valid value of this structure.
    let mut action: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
    action.sa_sigaction = on_trap as *const () as usize;
    action.sa_flags = libc::SA_NODEFER | libc::SA_SIGINFO;
    // SAFETY: a valid action, whose handler calls nothing that is not async-signal-safe.
    assert_eq!(unsafe { libc::sigaction(libc::SIGTRAP, &action, ptr::null_mut()) }, 0);
}

extern "C" fn on_trap(_: c_int, information: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: the kernel passes valid records.
    if unsafe { (*information).si_code } == BREAKPOINT {
        // SAFETY: as above; nothing else refers to the saved registers.
        let context = unsafe { &mut *context.cast::<libc::ucontext_t>() };
        context.uc_mcontext.gregs[libc::REG_EFL as usize] ^= TRAP_FLAG;
        return;
    }
    // SAFETY: `handle_with` stored a function of this type before any trap.
    let handler = unsafe { std::mem::transmute::<*mut (), fn()>(HANDLER.load(Ordering::Relaxed)) };
    handler();
}

/// Does `work` one instruction at a time, or, with the same frames on the stack, as usual.
#[inline(never)]
pub(crate) fn step_if(stepped: bool, work: &mut dyn FnMut()) {
    if stepped {
        toggle();
    }
    work();
    if stepped {
        toggle();
    }
}

#[inline(always)]
fn toggle() {
    // SAFETY: a breakpoint, for which there is a handler that changes the trap flag alone.
    unsafe { asm!("int3") };
}
