//! The true peak of a process with many threads, or two figures that it lies between.
//!
//! What grows is added to `high` before the call and to `low` after it, what shrinks the other way round: at every
//! instant `low` is at most what is live and `high` at least that, whatever order the threads' calls take effect in. When
//! the calls take turns both are the same, and their maximum is the true peak.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};

/// The live figure from below and from above, and the highest of each so far.
pub(crate) struct TruePeak {
    low: Level,
    high: Level,
    /// Held during a call when the calls take turns.
    turn: Option<Mutex<()>>,
}

struct Level {
    live: AtomicI64,
    peak: AtomicI64,
}

impl Level {
    fn new(live: u64, peak: u64) -> Self {
        Self { live: AtomicI64::new(live as i64), peak: AtomicI64::new(peak as i64) }
    }

    fn change(&self, by: i64) {
        let live = self.live.fetch_add(by, Ordering::SeqCst) + by;
        self.peak.fetch_max(live, Ordering::SeqCst);
    }
}

impl TruePeak {
    /// Begins at a level at which nothing happens.
    pub(crate) fn from(live: u64, peak: u64, in_turn: bool) -> Self {
        Self { low: Level::new(live, peak), high: Level::new(live, peak), turn: in_turn.then(|| Mutex::new(())) }
    }

    /// Makes a call that changes what is live by `change` bytes if it succeeds.
    pub(crate) fn around<R>(&self, change: i64, call: impl FnOnce() -> R) -> R {
        let _turn = self.turn.as_ref().map(|turn| turn.lock().unwrap_or_else(PoisonError::into_inner));
        let (first, second) = if change > 0 { (&self.high, &self.low) } else { (&self.low, &self.high) };
        first.change(change);
        let result = call();
        second.change(change);
        result
    }

    /// What the true peak is at least and at most.
    pub(crate) fn bounds(&self) -> (u64, u64) {
        let peak = |level: &Level| level.peak.load(Ordering::SeqCst) as u64;
        (peak(&self.low), peak(&self.high))
    }
}
