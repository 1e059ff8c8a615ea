//! The assertion that a measurement is what it was.

use super::baseline::Baseline;
use crate::scope::Measurement;

/// Asserts that a [`Measurement`](crate::Measurement) needs no more than when it was last blessed.
///
/// The baselines of a suite lie in `memory-baselines/<suite>.json` beside its `Cargo.toml`, to be committed and reviewed.
/// `HEAPLENS_BLESS=1 cargo test` writes them. Numbers of blocks have to be the same, bytes within 1 %; a slack for each figure
/// can be given as a share or an amount. Less than the baseline passes.
///
/// ```no_run
/// use heaplens::{MemoryScope, assert_baseline};
///
/// heaplens::install!();
///
/// fn main() {
///     let scope = MemoryScope::builder("squares").stacks().enter();
///     let squares: Vec<u64> = (0..1_000).map(|n| n * n).collect();
///     assert_baseline!(scope.finish(), peak_bytes = "5 %", total_blocks = 2);
///     drop(squares);
/// }
/// ```
///
/// # Panics
///
/// If it needs more, with the call sites that are new, grown or gone; if there is no baseline yet; if the two cannot be compared.
#[macro_export]
macro_rules! assert_baseline {
    ($measurement:expr $(, $figure:ident = $slack:expr)* $(,)?) => {
        $crate::testing::assert_unchanged(
            &$measurement,
            &$crate::__baseline!($crate::__test_path!())
                $(.slack($crate::testing::figures::$figure, $slack))*,
        )
    };
}

/// The baseline of the test with this path, of the target and package that the macro stands in.
#[doc(hidden)]
#[macro_export]
macro_rules! __baseline {
    ($path:expr) => {
        $crate::testing::Baseline::of_test(
            $crate::testing::package_folder(::core::env!("CARGO_MANIFEST_DIR")),
            $crate::testing::test_of_target(
                $path,
                ::core::env!("CARGO_PKG_NAME"),
                ::core::option_env!("CARGO_BIN_NAME"),
                ::core::option_env!("CARGO_TARGET_TMPDIR"),
            ),
        )
    };
}

/// What [`assert_baseline!`](crate::assert_baseline) calls.
///
/// # Panics
///
/// If the measurement is not what it was.
#[doc(hidden)]
#[track_caller]
pub fn assert_unchanged(measurement: &Measurement, baseline: &Baseline) {
    if let Err(failure) = baseline.check(measurement) {
        panic!("{failure}");
    }
}
