//! What is switched on for the whole process. Threads notice a change at their next event, through the control word of
//! [`peak`](super::peak).

use core::sync::atomic::{AtomicBool, Ordering};

#[cfg(feature = "stacks")]
use core::sync::atomic::AtomicU32;

/// Whether every allocation's stack is captured.
static STACKS_EVERYWHERE: AtomicBool = AtomicBool::new(false);
/// Under which number the stacks are kept; zero outside of a recording of the whole process.
#[cfg(feature = "stacks")]
static RECORDING: AtomicU32 = AtomicU32::new(0);

pub(crate) fn stacks_everywhere() -> bool {
    STACKS_EVERYWHERE.load(Ordering::Relaxed)
}

/// The number of the present recording of the whole process; zero if there is none.
#[cfg(feature = "stacks")]
pub(crate) fn recording() -> u32 {
    RECORDING.load(Ordering::Relaxed)
}

/// Captures every allocation's stack from here on, under the number of a recording.
#[cfg(feature = "stacks")]
pub(crate) fn begin_recording(number: u32) {
    RECORDING.store(number, Ordering::Relaxed);
    STACKS_EVERYWHERE.store(true, Ordering::Relaxed);
    super::peak::announce_settings();
}

/// Ends what [`begin_recording`] began.
#[cfg(feature = "stacks")]
pub(crate) fn end_recording() {
    STACKS_EVERYWHERE.store(false, Ordering::Relaxed);
    RECORDING.store(0, Ordering::Relaxed);
    super::peak::announce_settings();
}
