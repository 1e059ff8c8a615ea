//! The closures: measure a piece of work and give back its result with the figures.

use super::error::ScopeError;
use super::guard::MemoryScope;
use super::measurement::Measurement;
use super::process;
use crate::stats::MemoryStats;
use std::borrow::Cow;

/// Runs `work` in a scope and returns its result with the figures of the scope.
///
/// Counts what this thread allocates while `work` runs, and of other threads what was attached by a
/// [`ScopeHandle`](crate::ScopeHandle) and nothing else: any number of tests can measure
/// at the same time. The result of `work` is still live when the figures are taken.
///
/// ```
/// heaplens::install!();
///
/// fn main() {
///     let (text, used) = heaplens::measure("join", || ["a", "b"].join(", "));
///     assert_eq!(text, "a, b");
///     assert!(used.peak_bytes <= 16, "{used}");
/// }
/// ```
///
/// # Panics
///
/// If heaplens is not installed ([`try_measure`] returns that as an error). A panic of `work` closes the scope and goes
/// on.
#[track_caller]
pub fn measure<R>(name: impl Into<Cow<'static, str>>, work: impl FnOnce() -> R) -> (R, Measurement) {
    let scope = MemoryScope::enter(name);
    let result = work();
    (result, scope.finish())
}

/// As [`measure`], with what stands in the way as an error; `work` is not run then.
///
/// # Errors
///
/// [`ScopeError`] says why it cannot be measured, and what to do.
pub fn try_measure<R>(
    name: impl Into<Cow<'static, str>>,
    work: impl FnOnce() -> R,
) -> Result<(R, Measurement), ScopeError> {
    let scope = MemoryScope::try_enter(name)?;
    let result = work();
    Ok((result, scope.finish()))
}

/// Runs `work` and returns its result with the memory of the process before and after, as this work alone changed it.
///
/// `before.peak_bytes` is the process's live level when `work` starts; `after.peak_bytes` is that level plus the peak of
/// the work itself, so that `after.peak_mb() - before.peak_mb()` is what the work needed, whatever runs beside it.
/// All other figures of `after` are those of `before` plus the work's own.
///
/// ```
/// heaplens::install!();
///
/// fn main() {
///     let (sum, before, after) = heaplens::profile_memory_usage("sum", || {
///         vec![1_u64; 250_000].iter().sum::<u64>()
///     });
///     assert_eq!(sum, 250_000);
///     let needed = after.peak_mb() - before.peak_mb();
///     assert!((needed - 2.0).abs() < 1e-6, "{needed} MB");
/// }
/// ```
///
/// # Panics
///
/// If heaplens is not installed ([`try_profile_memory_usage`] returns that as an error).
#[track_caller]
pub fn profile_memory_usage<R>(
    name: impl Into<Cow<'static, str>>,
    work: impl FnOnce() -> R,
) -> (R, MemoryStats, MemoryStats) {
    match try_profile_memory_usage(name, work) {
        Ok(measured) => measured,
        Err(error) => panic!("{error}"),
    }
}

/// As [`profile_memory_usage`], with what stands in the way as an error; `work` is not run then.
///
/// # Errors
///
/// [`ScopeError`] says why it cannot be measured, and what to do.
pub fn try_profile_memory_usage<R>(
    name: impl Into<Cow<'static, str>>,
    work: impl FnOnce() -> R,
) -> Result<(R, MemoryStats, MemoryStats), ScopeError> {
    let scope = MemoryScope::try_enter(name)?;
    let before = at_rest(process::stats());
    let result = work();
    let used = scope.finish().stats();
    Ok((result, before, after(&before, &used)))
}

/// The process as the work finds it: what is live is the highest level there has been.
fn at_rest(process: MemoryStats) -> MemoryStats {
    MemoryStats { peak_bytes: process.live_bytes, peak_blocks: process.live_blocks, peak_error_bytes: 0, ..process }
}

fn after(before: &MemoryStats, used: &MemoryStats) -> MemoryStats {
    MemoryStats {
        total_blocks: before.total_blocks + used.total_blocks,
        total_bytes: before.total_bytes + used.total_bytes,
        freed_blocks: before.freed_blocks + used.freed_blocks,
        freed_bytes: before.freed_bytes + used.freed_bytes,
        live_blocks: before.live_blocks + used.live_blocks,
        live_bytes: before.live_bytes + used.live_bytes,
        peak_blocks: before.live_blocks + used.peak_blocks,
        peak_bytes: before.live_bytes + used.peak_bytes,
        peak_error_bytes: 0,
        reallocations: before.reallocations + used.reallocations,
        moved_bytes: before.moved_bytes + used.moved_bytes,
        temporary_blocks: before.temporary_blocks + used.temporary_blocks,
        largest_block_bytes: before.largest_block_bytes.max(used.largest_block_bytes),
    }
}
