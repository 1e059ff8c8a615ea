//! Leaving work out of the scopes around it.

use super::inside::Inside;

/// Runs `work` outside of every scope that is open on this thread.
///
/// What it allocates counts for the process, in no scope. Scopes that `work` opens itself are outermost ones.
///
/// ```
/// heaplens::install!();
///
/// fn main() {
///     let ((), used) = heaplens::measure("work", || {
///         let log = heaplens::exclude(|| String::from("a line that is not part of the work"));
///         drop(log);
///     });
///     assert_eq!(used.total_blocks, 0);
/// }
/// ```
pub fn exclude<R>(work: impl FnOnce() -> R) -> R {
    let _outside = Inside::of_none();
    work()
}
