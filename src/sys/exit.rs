//! Running something when the process exits: by returning from `main`, by `process::exit`, and after a panic.

/// Calls `last` when the process exits. A failure to register is reported as `false`.
pub(crate) fn at_exit(last: extern "C" fn()) -> bool {
    // SAFETY: `last` has the C calling convention, lives for ever, and the caller keeps it free of panics.
    unsafe { libc::atexit(last) == 0 }
}
