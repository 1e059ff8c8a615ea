//! Signals that a thread raises in itself, with a handler that takes steps of the walk.
//!
//! The signal arrives inside of `raise`, never inside of an allocation, so that the handler may allocate.

use crate::walk::{Step, Walk};
use std::cell::Cell;
use std::ffi::c_int;
use std::hint::black_box;
use std::mem;
use std::ptr;

/// Runs on the stack of the thread.
const HERE: c_int = libc::SIGUSR1;
/// Runs on the alternate stack, where the thread has one.
const ELSEWHERE: c_int = libc::SIGUSR2;

const ALTERNATE_BYTES: usize = 512 * 1024;

thread_local! {
    /// The step to take in the handler, as long as a signal is handled.
    static STEP: Cell<*const Step<'static>> = const { Cell::new(ptr::null()) };
    /// Whether the alternate stack is in use. The kernel would begin at its top again when a fiber raises the signal.
    static IS_ELSEWHERE: Cell<bool> = const { Cell::new(false) };
}

/// Installs both handlers.
pub(crate) fn install_handlers() {
    install(HERE, libc::SA_NODEFER);
    install(ELSEWHERE, libc::SA_NODEFER | libc::SA_ONSTACK);
}

/// Gives this thread an alternate stack on which a walk has room, as long as the work runs. The standard library's own
/// has two pages.
pub(crate) fn with_alternate_stack(work: impl FnOnce()) {
    let mut stack = vec![0_u8; ALTERNATE_BYTES];
    let ours = libc::stack_t { ss_sp: stack.as_mut_ptr().cast(), ss_flags: 0, ss_size: ALTERNATE_BYTES };
    let mut before = libc::stack_t { ss_sp: ptr::null_mut(), ss_flags: libc::SS_DISABLE, ss_size: 0 };
    // SAFETY: nothing else uses the stack, and it lives until the one before is back.
    assert_eq!(unsafe { libc::sigaltstack(&ours, &mut before) }, 0);
    work();
    // SAFETY: the stack that the thread had before.
    assert_eq!(unsafe { libc::sigaltstack(&before, ptr::null_mut()) }, 0);
}

fn install(signal: c_int, flags: c_int) {
    // SAFETY: all bits zero are a `sigaction` with an empty mask.
    let mut action: libc::sigaction = unsafe { mem::zeroed() };
    action.sa_sigaction = handle as extern "C" fn(c_int) as usize;
    action.sa_flags = flags;
    // SAFETY: the handler has the signature that goes with these flags.
    assert_eq!(unsafe { libc::sigaction(signal, &action, ptr::null_mut()) }, 0);
}

extern "C" fn handle(_: c_int) {
    // SAFETY: `raise` set it before it raised the signal, and the step lives until the handler has returned.
    let step = unsafe { &*STEP.get() };
    step.walk.short_step(step.depth);
    black_box(step.depth);
}

fn raise(walk: &Walk, depth: u32, signal: c_int) {
    let step = Step { walk, depth };
    let outer = STEP.replace(ptr::from_ref(&step).cast());
    // SAFETY: both signals have a handler, which returns.
    assert_eq!(unsafe { libc::raise(signal) }, 0);
    STEP.set(outer);
}

/// A handler on the stack where the walk is.
#[inline(never)]
pub(crate) fn here(walk: &Walk, depth: u32) {
    raise(walk, depth, HERE);
}

/// A handler on the alternate signal stack of the thread.
#[inline(never)]
pub(crate) fn elsewhere(walk: &Walk, depth: u32) {
    if IS_ELSEWHERE.replace(true) {
        return raise(walk, depth, HERE);
    }
    raise(walk, depth, ELSEWHERE);
    IS_ELSEWHERE.set(false);
}
