//! The figures of the whole process.

use crate::completeness::Completeness;
use crate::record::reader;
use crate::stats::MemoryStats;
use core::sync::atomic::{AtomicU64, Ordering};

/// The figures of the process since its start.
///
/// # Accuracy
///
/// Exact when the threads that allocate are joined or idle; beside running threads a reading is not one instant, but
/// conservation holds and nothing is negative. The peak is exact while one thread allocates; with several
/// [`peak_error_bytes`](MemoryStats::peak_error_bytes) bounds its error.
///
/// # Cost
///
/// Linear in the highest number of threads that were alive at once: at most a microsecond for 16. It allocates nothing.
///
/// ```
/// heaplens::install!();
///
/// fn main() {
///     let before = heaplens::stats();
///     let bytes = vec![1_u8; 1_000];
///     let after = heaplens::stats();
///     assert_eq!(after.live_bytes - before.live_bytes, 1_000);
///     drop(bytes);
/// }
/// ```
///
/// # Panics
///
/// If heaplens is not installed: no figure would be true.
#[must_use]
#[track_caller]
pub fn stats() -> MemoryStats {
    if let Err(error) = super::ScopeError::check() {
        panic!("{error}");
    }
    with_lifetime_peak(reader::process())
}

/// What the recorder could not see or had to leave out since the start of the process, on every thread.
///
/// Zero everywhere is the rule; a figure above zero says which figures to doubt. See [`Completeness`].
///
/// # Panics
///
/// If heaplens is not installed: then everything is missing.
///
/// ```
/// heaplens::install!();
///
/// fn main() {
///     assert!(heaplens::completeness().is_complete());
/// }
/// ```
#[must_use]
#[track_caller]
pub fn completeness() -> Completeness {
    if let Err(error) = super::ScopeError::check() {
        panic!("{error}");
    }
    reader::completeness()
}

/// Memory that heaplens takes for itself, in bytes: its tables, and what its own work (naming frames, writing files)
/// holds. No part of any other figure.
///
/// ```
/// heaplens::install!();
///
/// fn main() {
///     assert!(heaplens::overhead_bytes() < 64 << 20);
/// }
/// ```
#[must_use]
pub fn overhead_bytes() -> u64 {
    reader::overhead_bytes()
}

/// The peak of the process up to the last restart of the recorder's peak, when a recording began: blocks, bytes, error.
static BLOCKS: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);
static ERROR: AtomicU64 = AtomicU64::new(0);

/// Figures whose peak is that since the start of the process, across restarts. Of two peaks with an error each, the
/// higher is at least the one and at most the highest that either can be.
fn with_lifetime_peak(figures: MemoryStats) -> MemoryStats {
    let earlier = BYTES.load(Ordering::Relaxed);
    let highest = (earlier + ERROR.load(Ordering::Relaxed)).max(figures.peak_bytes + figures.peak_error_bytes);
    let (peak_bytes, peak_blocks) = if earlier > figures.peak_bytes {
        (earlier, BLOCKS.load(Ordering::Relaxed))
    } else {
        (figures.peak_bytes, figures.peak_blocks)
    };
    MemoryStats { peak_bytes, peak_blocks, peak_error_bytes: highest - peak_bytes, ..figures }
}

/// Keeps the peak so far, because the recorder is about to look for a new one.
#[cfg(feature = "stacks")]
pub(crate) fn remember_peak() {
    let figures = with_lifetime_peak(reader::process());
    BLOCKS.store(figures.peak_blocks, Ordering::Relaxed);
    ERROR.store(figures.peak_error_bytes, Ordering::Relaxed);
    BYTES.store(figures.peak_bytes, Ordering::Relaxed);
}
