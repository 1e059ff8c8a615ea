//! What is switched on for the whole process. Threads notice a change at their next event, through the control word of
//! [`peak`](super::peak).

use core::sync::atomic::{AtomicBool, Ordering};

#[cfg(feature = "stacks")]
use core::sync::atomic::AtomicU64;

/// Whether every allocation's stack is captured.
static STACKS_EVERYWHERE: AtomicBool = AtomicBool::new(false);
/// The bits of the present [`Recording`].
#[cfg(feature = "stacks")]
static RECORDING: AtomicU64 = AtomicU64::new(Recording::NONE_YET.0);

pub(crate) fn stacks_everywhere() -> bool {
    STACKS_EVERYWHERE.load(Ordering::Relaxed)
}

/// Whether the whole process is recorded, and how. One word, so that whoever reads it reads all of it at one instant.
///
/// ```text
/// 63 … 33  changes: recordings begun and ended | 32  by thread | 31 … 0  number; zero while there is none
/// ```
#[cfg(feature = "stacks")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Recording(u64);

#[cfg(feature = "stacks")]
impl Recording {
    const CHANGE: u64 = 1 << 33;
    const BY_THREAD: u64 = 1 << 32;
    const NONE_YET: Self = Self(Self::CHANGE);

    /// The recording at this instant.
    pub(crate) fn now() -> Self {
        Self(RECORDING.load(Ordering::Relaxed))
    }

    /// The number under which its stacks are kept; zero if there is no recording.
    pub(crate) fn number(self) -> u32 {
        self.0 as u32
    }

    /// Whether stacks are kept apart by the names of their threads.
    pub(crate) fn is_by_thread(self) -> bool {
        self.0 & Self::BY_THREAD != 0
    }

    /// Tells it from all recordings before it, also from one of the same number. Never zero.
    pub(crate) fn key(self) -> u32 {
        (self.0 >> 32) as u32
    }

    /// What is the case from here on.
    fn change(number: u32, by_thread: bool) {
        let changes = (Self::now().0 & !(Self::CHANGE - 1)).wrapping_add(Self::CHANGE).max(Self::CHANGE);
        let by_thread = if by_thread { Self::BY_THREAD } else { 0 };
        RECORDING.store(changes | by_thread | u64::from(number), Ordering::Relaxed);
    }
}

/// Captures every allocation's stack from here on, under the number of a recording, and, if `by_thread`, under the name
/// of its thread. There is one recording at a time.
#[cfg(feature = "stacks")]
pub(crate) fn begin_recording(number: u32, by_thread: bool) {
    Recording::change(number, by_thread);
    STACKS_EVERYWHERE.store(true, Ordering::Relaxed);
    super::peak::announce_settings();
}

/// Ends what [`begin_recording`] began.
#[cfg(feature = "stacks")]
pub(crate) fn end_recording() {
    STACKS_EVERYWHERE.store(false, Ordering::Relaxed);
    Recording::change(0, false);
    super::peak::announce_settings();
}
