//! Baselines without the feature `stacks`: the same source compiles, and every check refuses.

use super::failure::BudgetFailure;
use super::figure::Figure;
use crate::scope::Measurement;
use crate::symbolize::visible;
use core::fmt;
use std::borrow::Cow;
use std::path::PathBuf;

/// A test's baseline, which cannot be read without the feature `stacks`.
#[derive(Clone, Debug)]
#[must_use = "a baseline does nothing by itself: `check` compares a measurement with it"]
pub struct Baseline(());

impl Baseline {
    /// The baseline of a test.
    pub fn of_test(_package: impl Into<PathBuf>, _test: impl Into<Cow<'static, str>>) -> Self {
        Self(())
    }

    /// How far a figure may be from its baseline.
    pub fn slack(self, _figure: Figure, _slack: impl fmt::Display) -> Self {
        self
    }

    /// Refuses.
    ///
    /// # Errors
    ///
    /// Always.
    pub fn bless(&self, measurement: &Measurement) -> Result<(), BudgetFailure> {
        self.check(measurement)
    }

    /// Refuses.
    ///
    /// # Errors
    ///
    /// Always.
    pub fn check(&self, measurement: &Measurement) -> Result<(), BudgetFailure> {
        Err(BudgetFailure::new(
            Vec::new(),
            &[format!(
                "memory baseline of \"{}\" cannot be compared: switch on the feature `stacks` of heaplens, which reads baselines",
                visible(measurement.name())
            )],
        ))
    }
}
