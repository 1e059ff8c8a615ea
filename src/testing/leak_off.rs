//! Leak tests without the feature `stacks`: the same source compiles, and every test refuses.

use core::fmt;
use std::path::Path;

/// A test of what grows, which cannot be run without the feature `stacks`.
#[derive(Clone, Debug, Default)]
#[must_use = "a leak test begins with `run`"]
pub struct LeakTest(());

impl LeakTest {
    /// A test that refuses.
    pub fn new() -> Self {
        Self::default()
    }

    /// How often the work is repeated.
    pub fn repeat(self, _repeat: u32) -> Self {
        self
    }

    /// How often the work is done before the first reading.
    pub fn warm_up(self, _warm_up: u32) -> Self {
        self
    }

    /// Lets growth pass.
    pub fn allow(self, _pattern: &str) -> Self {
        self
    }

    /// Lets growth pass by the patterns of a file.
    ///
    /// # Errors
    ///
    /// None: the file is not read.
    pub fn suppressions(self, _file: impl AsRef<Path>) -> Result<Self, LeakFailure> {
        Ok(self)
    }

    /// What it is a test of.
    pub fn of_test(self, _path: &str) -> Self {
        self
    }

    /// Refuses.
    ///
    /// # Errors
    ///
    /// Always.
    pub fn run<R>(&self, _work: impl FnMut() -> R) -> Result<LeakReport, LeakFailure> {
        Err(LeakFailure(()))
    }
}

/// What a leak test let pass.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeakReport(());

impl LeakReport {
    /// None.
    pub fn suppressed(&self) -> impl Iterator<Item = (&str, u64, u64)> {
        core::iter::empty()
    }

    /// None.
    pub fn unused(&self) -> impl Iterator<Item = &str> {
        core::iter::empty()
    }
}

/// Why the leak test failed: it cannot be run.
#[derive(Clone)]
pub struct LeakFailure(());

impl fmt::Display for LeakFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("leak test cannot be run: switch on the feature `stacks` of heaplens, which tells call sites apart")
    }
}

impl fmt::Debug for LeakFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl core::error::Error for LeakFailure {}

/// Refuses.
///
/// # Panics
///
/// Always.
#[track_caller]
pub fn assert_no_leak<R>(repeat: u32, work: impl FnMut() -> R) {
    if let Err(failure) = LeakTest::new().repeat(repeat).run(work) {
        panic!("{failure}");
    }
}
