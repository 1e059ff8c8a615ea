//! Sections that allocate nothing.

use super::budget::Budget;
use super::comparison::Comparison;
use super::condition::Condition;
use super::figure::Figure;

/// Runs `work`, which may not allocate, and returns its result.
///
/// Counts this thread and the threads that `work` attaches. A reallocation allocates; freeing does not.
///
/// ```
/// heaplens::install!();
///
/// fn main() {
///     let mut buffer = Vec::with_capacity(16);
///     heaplens::testing::assert_no_alloc(|| buffer.extend_from_slice(&[1_u8, 2, 3]));
/// }
/// ```
///
/// # Panics
///
/// If `work` allocates, with the call sites. If heaplens is not installed: `work` is not run then.
#[track_caller]
pub fn assert_no_alloc<R>(work: impl FnOnce() -> R) -> R {
    let nothing = Condition::new(Figure::TotalBlocks, Comparison::Exactly, 0);
    match Budget::new().with(nothing).run("section without allocations", work) {
        Ok(result) => result,
        Err(failure) => panic!("{failure}"),
    }
}
