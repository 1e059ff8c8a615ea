//! Sections that allocate nothing.

use super::budget::Budget;
use super::comparison::Comparison;
use super::condition::Condition;
use super::figure::Figure;

/// Runs a closure that may not allocate, and returns its result, in code that ships: in tests and in builds with debug assertions it
/// is [`testing::assert_no_alloc`](crate::testing::assert_no_alloc), in other builds the call of the closure and nothing else, so
/// that these need no heaplens in the program. The crate that the macro stands in is what counts: an integration test that is run
/// with `--release` calls a library which is no test and has no debug assertions, and checks nothing there.
///
/// ```
/// heaplens::install!();
///
/// fn mix(samples: &mut [f32], gain: f32) {
///     heaplens::assert_no_alloc!(|| samples.iter_mut().for_each(|sample| *sample *= gain))
/// }
///
/// fn main() {
///     mix(&mut [0.5; 64], 2.0);
/// }
/// ```
///
/// # Panics
///
/// Where the function does.
#[macro_export]
macro_rules! assert_no_alloc {
    ($work:expr $(,)?) => {
        if ::core::cfg!(any(test, debug_assertions)) { $crate::testing::assert_no_alloc($work) } else { ($work)() }
    };
}

/// Runs `work`, which may not allocate, and returns its result.
///
/// For code that ships there is [`assert_no_alloc!`](crate::assert_no_alloc!), which costs nothing in a release build. Counts this
/// thread and the threads that `work` attaches. A reallocation allocates; freeing does not.
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
