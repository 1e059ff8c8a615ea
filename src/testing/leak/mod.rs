//! Leak tests: do, undo, repeat, and look which call sites hold more each time.
//!
//! ```text
//! warm-up ──▶ reading ──repeat / 2──▶ reading ──repeat / 2──▶ reading      grows from each to the next: a leak
//! ```

mod failure;
mod growth;
mod suppression;

pub use failure::LeakFailure;

use crate::record::own_work::OwnWork;
use crate::scope::{Measurement, MemoryScope};
use crate::testing::baseline::BaselineEntry;
use crate::testing::record::{self, Check};
use crate::testing::refusal::refusal_of_figures;
use crate::testing::test_name::TestName;
use core::fmt;
use std::path::Path;
use suppression::Suppression;

/// Repetitions before the first reading: what is made once is there by then.
const WARM_UP: u32 = 2;
/// The name of the scope.
const NAME: &str = "leak-test";

/// A test that repeats a piece of work and fails if call sites hold more in the middle of the repetitions than before, and more at
/// the end than in the middle.
///
/// What grows by doubling, such as a `Vec` that is pushed to, holds more only now and then. It is found once it has grown in both
/// halves: where a repetition pushes one element, and there were `n` before, with `4 * n` repetitions and at least 16.
///
/// ```
/// use heaplens::testing::LeakTest;
///
/// heaplens::install!();
///
/// fn main() {
///     let report = LeakTest::new().repeat(10).run(|| vec![0_u8; 100].len()).expect("nothing grows");
///     assert_eq!(report.suppressed().count(), 0);
///
///     let mut kept = Vec::with_capacity(100);
///     let failure = LeakTest::new().repeat(10).run(|| kept.push(Box::new([0_u8; 64]))).expect_err("it keeps each box");
///     assert!(failure.to_string().contains("64 B and 1 block for each repetition"));
/// }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a leak test begins with `run`"]
pub struct LeakTest {
    warm_up: u32,
    repeat: u32,
    suppressions: Vec<Suppression>,
    test: Option<String>,
}

impl Default for LeakTest {
    fn default() -> Self {
        Self { warm_up: WARM_UP, repeat: 10, suppressions: Vec::new(), test: None }
    }
}

impl LeakTest {
    /// Ten repetitions after two to warm up.
    pub fn new() -> Self {
        Self::default()
    }

    /// How often the work is repeated after the warm-up: at least twice, and once more if the number is odd.
    pub fn repeat(mut self, repeat: u32) -> Self {
        self.repeat = repeat;
        self
    }

    /// How often the work is done before the first reading.
    pub fn warm_up(mut self, warm_up: u32) -> Self {
        self.warm_up = warm_up;
        self
    }

    /// Lets growth pass whose stack has a function or file that contains this; `*` stands for anything, `^` and `$` for the
    /// ends. [`LeakReport::suppressed`] says how much that was.
    pub fn allow(mut self, pattern: &str) -> Self {
        let _own = OwnWork::begin();
        self.suppressions.push(Suppression::new(pattern));
        self
    }

    /// As [`allow`](Self::allow), for every pattern of a file in the format of LeakSanitizer (`leak:pattern` in a line).
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or a line is no suppression.
    pub fn suppressions(mut self, file: impl AsRef<Path>) -> Result<Self, LeakFailure> {
        let _own = OwnWork::begin();
        let file = file.as_ref();
        let refused = |reason: &dyn fmt::Display| LeakFailure::refused(&format!("{}: {reason}", file.display()));
        let text = std::fs::read_to_string(file).map_err(|error| refused(&error))?;
        self.suppressions.extend(suppression::parse(&text).map_err(|error| refused(&error))?);
        Ok(self)
    }

    /// What it is a test of, which names the folder for a failure's profile.
    pub fn of_test(mut self, path: &str) -> Self {
        let _own = OwnWork::begin();
        self.test = Some(path.to_owned());
        self
    }

    /// Repeats the work and drops its results.
    ///
    /// # Errors
    ///
    /// If call sites hold more in the middle than at the beginning and more at the end than in the middle, with what they grow
    /// by, their stacks, and a profile under `target/heaplens/`. If that cannot be known, with the remedy.
    pub fn run<R>(&self, mut work: impl FnMut() -> R) -> Result<LeakReport, LeakFailure> {
        if self.repeat < 2 {
            return Err(LeakFailure::refused("it needs at least 2 repetitions to see what grows"));
        }
        let scope = MemoryScope::builder(NAME).stacks().try_enter().map_err(|error| LeakFailure::refused(&error))?;
        let half = self.repeat.div_ceil(2);
        let mut repeat_and_read = |times: u32| {
            (0..times).for_each(|_| drop(work()));
            scope.checkpoint()
        };
        let readings = [repeat_and_read(self.warm_up), repeat_and_read(half), repeat_and_read(half)];
        drop(scope);
        let _own = OwnWork::begin();
        let test = TestName::of_path_or_thread(self.test.as_deref());
        let result = self.judge(&readings, half * 2, &test);
        let failure = result.as_ref().err().map(|failure| (failure.outcome(), failure as &dyn fmt::Display));
        let [.., last] = &readings;
        record::note(|| test.clone(), last, Check::Leak, failure, || BaselineEntry::of(last, &[]));
        result
    }

    fn judge(&self, readings: &[Measurement; 3], repetitions: u32, test: &TestName) -> Result<LeakReport, LeakFailure> {
        if let Some(reason) = readings.iter().find_map(refusal_of_figures) {
            return Err(LeakFailure::refused(&reason));
        }
        let mut suppressions = self.suppressions.clone();
        let growing = growth::growing(readings, &mut suppressions)
            .ok_or_else(|| LeakFailure::refused("the call sites of its scope are missing"))?;
        if growing.is_empty() {
            return Ok(LeakReport { suppressions });
        }
        let profile = readings[2].sites().unwrap_or_default();
        Err(LeakFailure::of(&growing, repetitions, &profile, test))
    }
}

/// What a leak test let pass.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeakReport {
    suppressions: Vec<Suppression>,
}

impl LeakReport {
    /// The patterns that were needed: each with the blocks and bytes that grew under it.
    pub fn suppressed(&self) -> impl Iterator<Item = (&str, u64, u64)> {
        let used = self.suppressions.iter().filter(|suppression| suppression.blocks > 0 || suppression.bytes > 0);
        used.map(|suppression| (&*suppression.pattern, suppression.blocks, suppression.bytes))
    }

    /// The patterns that nothing needed: each hides a leak that may come.
    pub fn unused(&self) -> impl Iterator<Item = &str> {
        let unused = self.suppressions.iter().filter(|suppression| suppression.blocks == 0 && suppression.bytes == 0);
        unused.map(|suppression| &*suppression.pattern)
    }
}

/// Repeats `work` and fails if call sites hold more after every repetition: the short form of [`LeakTest`].
///
/// ```
/// heaplens::install!();
///
/// fn main() {
///     heaplens::testing::assert_no_leak(10, || vec![0_u8; 100].len());
/// }
/// ```
///
/// # Panics
///
/// Where [`LeakTest::run`] gives an error, with its text.
#[track_caller]
pub fn assert_no_leak<R>(repeat: u32, work: impl FnMut() -> R) {
    if let Err(failure) = LeakTest::new().repeat(repeat).run(work) {
        panic!("{failure}");
    }
}
