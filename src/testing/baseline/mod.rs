//! Baselines: what a test used when somebody last agreed to it, kept in a file that is reviewed like code.
//!
//! ```text
//! Measurement ──▶ entry ──compare──▶ as it was, or better: it passes      more: a failure with what changed
//!                   └──bless──▶ memory-baselines/<suite>.json             (HEAPLENS_BLESS=1)
//! ```

mod compare;
mod entry;
mod environment;
mod error;
mod failure;
mod file;
mod pairing;
mod slack;
mod store;
mod unique;

pub use compare::{BaselineChange, SiteChange};
pub use entry::{BaselineEntry, BaselineSite};
pub use error::BaselineError;
pub use file::BaselineFile;
pub use slack::Slack;
pub(super) use store::file_in;

use super::failure::BudgetFailure;
use super::figure::Figure;
use super::record::{self, Check};
use super::refusal::refusal_of_figures;
use super::test_name::TestName;
use crate::record::own_work::OwnWork;
use crate::scope::Measurement;
use core::fmt;
use std::borrow::Cow;
use std::path::PathBuf;

/// A test's baseline: the figures it had when somebody last blessed them. A test can have several, told apart by the names of the
/// measured scopes.
///
/// [`assert_baseline!`](crate::assert_baseline) is the short form.
#[derive(Clone, Debug)]
#[must_use = "a baseline does nothing by itself: `check` compares a measurement with it"]
pub struct Baseline {
    package: PathBuf,
    test: TestName,
    slack: Vec<(Figure, Slack)>,
    wrong_slack: Option<String>,
}

impl Baseline {
    /// The baseline of a test, `suite::module::test`, in a package's folder.
    pub fn of_test(package: impl Into<PathBuf>, test: impl Into<Cow<'static, str>>) -> Self {
        let _own = OwnWork::begin();
        Self { package: package.into(), test: TestName::of_path(&test.into()), slack: Vec::new(), wrong_slack: None }
    }

    /// How far a figure may be from its baseline: `"5 %"`, `"64 KiB"`, `2`. Written into the file when it is blessed.
    pub fn slack(mut self, figure: Figure, slack: impl fmt::Display) -> Self {
        let _own = OwnWork::begin();
        match slack.to_string().parse() {
            Ok(_) if !entry::FIGURES.contains(&figure) => {
                self.wrong_slack = Some(format!("there is no baseline of `{figure}`, so that it has no slack"));
            }
            Ok(_) if !figure.is_bytes() && slack.to_string().ends_with(char::is_alphabetic) => {
                self.wrong_slack =
                    Some(format!("`{figure}` counts: its slack is a share such as \"5 %\", or a number"));
            }
            Ok(slack) => self.slack.push((figure, slack)),
            Err(error) => self.wrong_slack = Some(error),
        }
        self
    }

    /// Compares a measurement with the baseline, or makes it the baseline if `HEAPLENS_BLESS=1` is in the environment. What is
    /// less than it was passes.
    ///
    /// # Errors
    ///
    /// If a figure is more than it was, beyond its slack; if there is no baseline yet; if the figures cannot be compared.
    pub fn check(&self, measurement: &Measurement) -> Result<(), BudgetFailure> {
        let _own = OwnWork::begin();
        let result = self.judge(measurement);
        record::note(
            || self.test.clone(),
            measurement,
            Check::Baseline,
            result.as_ref().err().map(record::failed),
            || BaselineEntry::of(measurement, &self.slack),
        );
        result
    }

    fn judge(&self, measurement: &Measurement) -> Result<(), BudgetFailure> {
        let refused = |reason: String| failure::refused(measurement, &reason);
        if store::is_blessing().map_err(refused)? {
            return self.bless(measurement);
        }
        let path = file_in(&self.package, &self.test);
        let name = self.test.entry(measurement.name());
        let entry = self.entry(measurement)?;
        let file = BaselineFile::read(&path).map_err(|error| refused(error.to_string()))?;
        let Some(baseline) = file.tests().get(&name) else {
            return Err(refused(format!(
                "{} has no entry \"{}\" yet: HEAPLENS_BLESS=1 cargo test writes it, for you to commit",
                path.display(),
                name.escape_debug()
            )));
        };
        if !baseline.is_comparable_with(&entry) {
            return Err(refused(format!(
                "it was recorded with \"{}\", and this is \"{}\": run it as it was recorded, or bless it anew",
                baseline.with.escape_debug(),
                entry.with
            )));
        }
        if let Some((figure, slack)) = self.slack.iter().find(|(figure, slack)| baseline.slack_of(*figure) != *slack) {
            let of_file = baseline.slack_of(*figure);
            return Err(refused(format!(
                "{figure} may be off by {slack} here and by {of_file} in the file: bless it anew"
            )));
        }
        let regressions: Vec<_> = baseline.changes(&entry).into_iter().filter(BaselineChange::is_regression).collect();
        if regressions.is_empty() {
            return Ok(());
        }
        Err(failure::regressed(measurement, &self.test, (baseline, &entry), &regressions))
    }

    /// Makes a measurement the baseline. Processes that do so at the same time wait for each other.
    ///
    /// # Errors
    ///
    /// If the measurement is not complete, if the file cannot be read and written, or if this process has blessed
    /// other figures under the same name.
    pub fn bless(&self, measurement: &Measurement) -> Result<(), BudgetFailure> {
        let _own = OwnWork::begin();
        let path = file_in(&self.package, &self.test);
        store::bless(&path, &self.test.entry(measurement.name()), self.entry(measurement)?)
            .map_err(|error| failure::refused(measurement, &error.to_string()))
    }

    /// What would be written down of a measurement.
    fn entry(&self, measurement: &Measurement) -> Result<BaselineEntry, BudgetFailure> {
        match self.wrong_slack.clone().or_else(|| refusal_of_figures(measurement)) {
            Some(reason) => Err(failure::refused(measurement, &reason)),
            None => Ok(BaselineEntry::of(measurement, &self.slack)),
        }
    }
}
