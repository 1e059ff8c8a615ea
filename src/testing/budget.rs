//! Limits on what a piece of work may use.

use super::condition::Condition;
use super::failure::BudgetFailure;
use super::refusal::refusal;
use super::verdict;
use crate::record::own_work::OwnWork;
use crate::scope::{Measurement, MemoryScope};
use core::fmt;
use std::borrow::Cow;

#[cfg(feature = "stacks")]
use super::{baseline::BaselineEntry, record, record::Check, test_name::TestName};

/// Limits on what a piece of work may use: conditions that all have to hold.
///
/// [`assert_memory!`](crate::assert_memory) and `#[heaplens::budget]` are short forms of it.
///
/// ```
/// use heaplens::testing::{Budget, Comparison, Condition, Figure, KIB};
///
/// heaplens::install!();
///
/// fn main() {
///     let budget = Budget::new()
///         .with(Condition::new(Figure::PeakBytes, Comparison::AtMost, 4 * KIB))
///         .with(Condition::new(Figure::TotalBlocks, Comparison::Exactly, 1));
///     let (_, used) = heaplens::measure("buffer", || vec![0_u8; 1_000]);
///     assert!(budget.check(&used).is_ok());
///     let (_, used) = heaplens::measure("buffer", || vec![0_u8; 5_000]);
///     let failure = budget.check(&used).expect_err("it is over the limit");
///     assert!(failure.to_string().contains("peak_bytes <= 4,096: it is 5,000 bytes (5.00 kB), 22.1 % over"));
/// }
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "a budget does nothing by itself: `check` compares a measurement with it"]
pub struct Budget {
    /// The path of the test, which names the folder of a failure's files.
    test: Option<Cow<'static, str>>,
    conditions: Vec<Condition>,
}

impl Budget {
    /// A budget without conditions, which no measurement passes.
    pub fn new() -> Self {
        Self::default()
    }

    /// With one condition more.
    pub fn with(mut self, condition: Condition) -> Self {
        let _own = OwnWork::begin();
        self.conditions.push(condition);
        self
    }

    /// What it is a budget of, which names the folder for a failure's profile: `suite::module::test`.
    pub fn of_test(mut self, path: impl Into<Cow<'static, str>>) -> Self {
        let _own = OwnWork::begin();
        self.test = Some(path.into());
        self
    }

    /// Compares a measurement with every condition.
    ///
    /// # Errors
    ///
    /// If a condition does not hold, or if that cannot be known. The error's text is for people, in at most 20 lines. Where the
    /// scope was measured with stacks it names the call sites, and a profile and a flame graph lie under
    /// `target/heaplens/`.
    pub fn check(&self, measurement: &Measurement) -> Result<(), BudgetFailure> {
        self.check_saying(measurement, None)
    }

    /// As [`check`](Self::check), with a line of the user's in the text of a failure.
    pub(super) fn check_saying(
        &self,
        measurement: &Measurement,
        message: Option<fmt::Arguments<'_>>,
    ) -> Result<(), BudgetFailure> {
        let _own = OwnWork::begin();
        let result = self.judge(measurement, message);
        #[cfg(feature = "stacks")]
        record::note(
            || TestName::of_path_or_thread(self.test.as_deref()),
            measurement,
            Check::Budget,
            result.as_ref().err().map(record::failed),
            || BaselineEntry::of(measurement, &[]),
        );
        result
    }

    fn judge(&self, measurement: &Measurement, message: Option<fmt::Arguments<'_>>) -> Result<(), BudgetFailure> {
        if let Some(reason) = refusal(measurement, &self.conditions) {
            return Err(BudgetFailure::refused(measurement, reason, message));
        }
        let violations = verdict::violations(measurement, &self.conditions);
        if violations.is_empty() {
            return Ok(());
        }
        Err(BudgetFailure::exceeded(measurement, violations, self.test.as_deref(), message))
    }

    /// Runs `work` in a scope with call stacks and compares what it used with every condition. The result of `work` is still
    /// live when the figures are taken.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check), and if the scope cannot be opened; `work` has run only in the first case.
    pub fn run<R>(&self, name: impl Into<Cow<'static, str>>, work: impl FnOnce() -> R) -> Result<R, BudgetFailure> {
        let name = name.into();
        let scope = MemoryScope::builder(name.clone());
        #[cfg(feature = "stacks")]
        let scope = scope.stacks();
        let scope = scope.try_enter().map_err(|error| BudgetFailure::not_measured(&name, &error))?;
        let result = work();
        self.check(&scope.finish())?;
        Ok(result)
    }
}
