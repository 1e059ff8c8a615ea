//! Work that could stall, in a child process that is killed when it makes no progress.
//!
//! ```text
//! claim's process ──fork──▶ child: the work, which reports progress now and then
//!       ▲                      │
//!       └──── a pipe ◀─────────┘   a byte for each report; its end is the end of the child
//! ```
//!
//! Nothing is timed but silence: however slow the machine is, work that goes on is left alone.

use std::io::Read;
use std::os::fd::{AsRawFd, IntoRawFd, OwnedFd};
use std::panic::{self, AssertUnwindSafe};
use std::process;
use std::sync::atomic::{AtomicI32, Ordering};

/// A child that is silent for so long has stalled.
const SILENCE_AT_MOST_MILLISECONDS: i32 = 60_000;

/// Where progress is reported; -1 outside of watched work.
static REPORTS: AtomicI32 = AtomicI32::new(-1);

/// Runs `work` in a child process. Fails if it fails, is killed, or makes no progress.
///
/// To be called while this process has one thread.
#[track_caller]
pub(crate) fn watched(work: impl FnOnce()) {
    let (reports, reporter) = std::io::pipe().expect("a pipe");
    // SAFETY: this process has one thread, so that the child is a whole one.
    let child = unsafe { libc::fork() };
    if child == 0 {
        drop(reports);
        perform(work, reporter.into());
    }
    drop(reporter);
    let stalled = falls_silent(reports);
    if stalled {
        // SAFETY: a signal to a child of this process that was not waited for yet.
        unsafe { libc::kill(child, libc::SIGKILL) };
    }
    let mut status = -1;
    // SAFETY: a child of this process and a valid place for its status.
    unsafe { libc::waitpid(child, &mut status, 0) };
    assert!(!stalled, "a stall: no progress for {} s", SILENCE_AT_MOST_MILLISECONDS / 1_000);
    assert_eq!(status, 0, "the wait status of the watched process");
}

/// Says that the work goes on. Async-signal-safe, and allocates nothing.
pub(crate) fn progress() {
    // SAFETY: one byte from a valid place. Where nobody listens the call fails, which changes nothing.
    unsafe { libc::write(REPORTS.load(Ordering::Relaxed), b".".as_ptr().cast(), 1) };
}

fn perform(work: impl FnOnce(), reporter: OwnedFd) -> ! {
    REPORTS.store(reporter.into_raw_fd(), Ordering::Relaxed);
    let succeeded = panic::catch_unwind(AssertUnwindSafe(work)).is_ok();
    process::exit(if succeeded { 0 } else { 101 })
}

/// Waits for the end of the reports; `true`: they stopped coming before that.
fn falls_silent(mut reports: std::io::PipeReader) -> bool {
    loop {
        let mut wait = libc::pollfd { fd: reports.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        // SAFETY: one valid description of what is waited for.
        if unsafe { libc::poll(&mut wait, 1, SILENCE_AT_MOST_MILLISECONDS) } == 0 {
            return true;
        }
        let mut bytes = [0; 4096];
        if matches!(reports.read(&mut bytes), Ok(0) | Err(_)) {
            return false;
        }
    }
}
