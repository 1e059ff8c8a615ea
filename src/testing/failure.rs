//! What is said when a budget is exceeded, or cannot be checked. `baseline/failure.rs` has the words for baselines.
//!
//! ```text
//! memory budget of "parse" exceeded:
//!   peak_bytes <= 8,388,608: it is 12,582,912 bytes (12.6 MB), 50.0 % over
//!   total_blocks == 3: it is 7, 133.3 % over
//! largest call sites by bytes live at peak:
//!            8.00 MB   63.6%  src/parse.rs:42  lines
//! whole call stacks: cargo heaplens report --full target/heaplens/suite.parse/parse.json.gz
//! flame graph: target/heaplens/suite.parse/parse.live-at-peak-bytes.svg
//! ```

use super::condition::Violation;
use crate::scope::{Measurement, ScopeError};
use crate::symbolize::visible;
use core::fmt;

#[cfg(feature = "stacks")]
use {
    super::artefact, super::figure::Figure, super::test_name::TestName, crate::profile::Metric,
    crate::report::largest_sites,
};

/// Violated conditions that are printed; the others are counted.
pub(super) const MOST_VIOLATIONS: usize = 6;
/// Call sites that are printed.
#[cfg(feature = "stacks")]
pub(super) const MOST_SITES: usize = 5;

/// Said where there are no call sites.
#[cfg(feature = "stacks")]
pub(super) const NO_SITES: &str =
    "call sites: not recorded; open the scope with `MemoryScope::builder(name).stacks().enter()` to have them here";

/// Why a measurement does not pass a [`Budget`](super::Budget). Its text, of at most 20 lines, is for people.
#[derive(Clone)]
pub struct BudgetFailure {
    violations: Vec<Violation>,
    text: String,
}

impl BudgetFailure {
    /// The conditions that do not hold; empty if it could not be known whether they do.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// What does not hold, in these lines.
    pub(super) fn new(violations: Vec<Violation>, lines: &[String]) -> Self {
        Self { violations, text: lines.join("\n") }
    }

    /// Nothing was measured.
    pub(super) fn not_measured(name: &str, error: &ScopeError) -> Self {
        Self::new(Vec::new(), &[format!("memory budget of \"{}\" cannot be checked: {error}", visible(name))])
    }

    /// The measurement does not say whether the conditions hold.
    pub(super) fn refused(measurement: &Measurement, reason: String, message: Option<fmt::Arguments<'_>>) -> Self {
        let mut lines =
            vec![format!("memory budget of \"{}\" cannot be checked: {reason}", visible(measurement.name()))];
        lines.extend(message.map(own_words));
        Self::new(Vec::new(), &lines)
    }

    /// Conditions do not hold.
    pub(super) fn exceeded(
        measurement: &Measurement,
        violations: Vec<Violation>,
        test: Option<&str>,
        message: Option<fmt::Arguments<'_>>,
    ) -> Self {
        let mut lines = vec![format!("memory budget of \"{}\" exceeded:", visible(measurement.name()))];
        lines.extend(message.map(own_words));
        lines.extend(violations.iter().take(MOST_VIOLATIONS).map(|violation| format!("  {violation}")));
        lines.extend(more(violations.len(), MOST_VIOLATIONS));
        lines.extend(about_sites(measurement, &violations, test));
        Self::new(violations, &lines)
    }
}

/// How many there are beyond those that are printed.
pub(super) fn more(all: usize, printed: usize) -> Option<String> {
    all.checked_sub(printed).filter(|more| *more > 0).map(|more| format!("  ... and {more} more"))
}

fn own_words(message: fmt::Arguments<'_>) -> String {
    format!("  {}", visible(&message.to_string()))
}

/// The call sites, and where to see more of them.
#[cfg(feature = "stacks")]
fn about_sites(measurement: &Measurement, violations: &[Violation], test: Option<&str>) -> Vec<String> {
    let Some(profile) = measurement.sites() else {
        return vec![NO_SITES.to_owned()];
    };
    let metric = violations.first().map_or(Metric::TotalBytes, |violation| metric_for(violation.condition.figure));
    let mut lines = Vec::new();
    let sites = largest_sites(&profile, metric, MOST_SITES);
    if !sites.is_empty() {
        lines.push(format!("largest call sites by {}:", metric.title()));
        lines.extend(sites);
    }
    lines.extend(artefact::lines(&profile, metric, &TestName::of_path_or_thread(test)));
    lines
}

#[cfg(not(feature = "stacks"))]
fn about_sites(_: &Measurement, _: &[Violation], _: Option<&str>) -> Vec<String> {
    vec!["call sites: not recorded; switch on the feature `stacks` of heaplens to have them here".to_owned()]
}

/// The metric of call sites that says most about a figure of the whole.
#[cfg(feature = "stacks")]
pub(super) fn metric_for(figure: Figure) -> Metric {
    match figure {
        Figure::PeakBytes | Figure::PeakBlocks => Metric::LiveAtPeakBytes,
        Figure::LiveBytes | Figure::LiveBlocks => Metric::LiveAtEndBytes,
        Figure::TemporaryBlocks => Metric::TemporaryBlocks,
        Figure::TotalBlocks | Figure::FreedBlocks | Figure::Reallocations => Metric::TotalBlocks,
        _ => Metric::TotalBytes,
    }
}

impl fmt::Display for BudgetFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The same text: `unwrap` and `?` in a test print it.
impl fmt::Debug for BudgetFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl core::error::Error for BudgetFailure {}
