//! A file that may not grow further is an error for the writer, and no reason to end the program.
//!
//! Beyond the file-size limit of the process (`ulimit -f`) the system sends SIGXFSZ, which ends a program that did not ask
//! for it. While the recorder writes, the signal is held back on its thread and taken away, so that the write fails.

use core::mem::MaybeUninit;
use core::ptr;

/// Runs `write` with writes beyond the file-size limit failing instead of ending the program.
pub(crate) fn with_limit_as_error<R>(write: impl FnOnce() -> R) -> R {
    let _held = HeldBack::begin();
    write()
}

/// The signals of the thread as they were before, to be restored also by a panic.
struct HeldBack {
    before: Option<libc::sigset_t>,
    signal: libc::sigset_t,
}

impl HeldBack {
    fn begin() -> Self {
        let signal = only_size_signal();
        let mut before = MaybeUninit::uninit();
        // SAFETY: both sets are valid places; on success the old mask is written to `before`.
        let failed = unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &signal, before.as_mut_ptr()) } != 0;
        // SAFETY: the call succeeded, so that the mask was written.
        let before = (!failed).then(|| unsafe { before.assume_init() });
        Self { before, signal }
    }

    fn take_pending(&self) {
        let mut pending = MaybeUninit::uninit();
        // SAFETY: a valid place for the set.
        if unsafe { libc::sigpending(pending.as_mut_ptr()) } != 0 {
            return;
        }
        // SAFETY: the call succeeded, so that the set was written.
        if unsafe { libc::sigismember(pending.as_ptr(), libc::SIGXFSZ) } == 1 {
            let mut taken = 0;
            // SAFETY: the signal is blocked and pending, so that this takes it at once.
            unsafe { libc::sigwait(&self.signal, &mut taken) };
        }
    }
}

impl Drop for HeldBack {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            self.take_pending();
            // SAFETY: the mask is the one that `begin` was given.
            unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before, ptr::null_mut()) };
        }
    }
}

fn only_size_signal() -> libc::sigset_t {
    let mut set = MaybeUninit::uninit();
    // SAFETY: a valid place for a set, which is initialised by the call.
    unsafe { libc::sigemptyset(set.as_mut_ptr()) };
    // SAFETY: the set is initialised, and the signal exists.
    unsafe { libc::sigaddset(set.as_mut_ptr(), libc::SIGXFSZ) };
    // SAFETY: initialised above.
    unsafe { set.assume_init() }
}
