//! Stack capture by the platform's own unwinder, through the `backtrace` crate: exact, and slow (microseconds).
//!
//! `trace_unsynchronized` takes no lock of the `backtrace` crate. Below it lies `_Unwind_Backtrace`, which on glibc 2.35
//! and later finds its tables without the loader's lock.

use super::{Capture, MAX_DEPTH};
use core::sync::atomic::{AtomicUsize, Ordering};

/// Writes the return addresses of the callers into `frames`, the innermost first, leaving out every frame whose stack
/// pointer is not above `inside`: an address in the frame of the recorder's own entry.
pub(crate) fn capture(frames: &[AtomicUsize; MAX_DEPTH], inside: usize) -> Capture {
    let mut depth = 0;
    let mut truncated = false;
    // SAFETY: not synchronised with other users of the `backtrace` crate, which matters only where the platform's
    // unwinder is not thread-safe (Windows' debug help library). The callback neither unwinds nor calls the crate.
    unsafe {
        backtrace::trace_unsynchronized(|frame| {
            let address = frame.ip() as usize;
            if address == 0 || frame.sp() as usize <= inside {
                return true;
            }
            match frames.get(depth) {
                Some(place) => {
                    place.store(address, Ordering::Relaxed);
                    depth += 1;
                }
                None => truncated = true,
            }
            !truncated
        });
    }
    Capture { depth, truncated }
}
