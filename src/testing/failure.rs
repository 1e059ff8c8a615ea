//! What is said when a budget is exceeded, or cannot be checked.
//!
//! ```text
//! memory budget of "parse" exceeded: 2 of 3 conditions
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
    super::artefact,
    super::baseline::{BaselineChange, SiteChange},
    super::comparison::Comparison,
    super::condition::Condition,
    super::figure::Figure,
    super::test_name::TestName,
    crate::profile::{Metric, Profile},
    crate::report::largest_sites,
};

/// Violated conditions that are printed; the others are counted.
const MOST_VIOLATIONS: usize = 6;
/// Call sites that are printed.
#[cfg(feature = "stacks")]
const MOST_SITES: usize = 5;

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

    /// Nothing was measured.
    pub(super) fn not_measured(name: &str, error: &ScopeError) -> Self {
        Self {
            violations: Vec::new(),
            text: format!("memory budget of \"{}\" cannot be checked: {error}", visible(name)),
        }
    }

    /// The measurement does not say whether the conditions hold.
    pub(super) fn refused(measurement: &Measurement, reason: String, message: Option<fmt::Arguments<'_>>) -> Self {
        let mut lines =
            vec![format!("memory budget of \"{}\" cannot be checked: {reason}", visible(measurement.name()))];
        lines.extend(message.map(own_words));
        Self { violations: Vec::new(), text: lines.join("\n") }
    }

    /// The measurement cannot be compared with a baseline.
    pub(super) fn baseline_refused(measurement: &Measurement, reason: &str) -> Self {
        let name = visible(measurement.name());
        Self { violations: Vec::new(), text: format!("memory baseline of \"{name}\" cannot be compared: {reason}") }
    }

    /// Figures are more than their baseline.
    #[cfg(feature = "stacks")]
    pub(super) fn regressed(
        measurement: &Measurement,
        test: &str,
        regressions: &[BaselineChange],
        with: Option<String>,
        sites: &[SiteChange],
    ) -> Self {
        let limit = |change: &BaselineChange| change.baseline + change.slack.of(change.baseline);
        let condition = |change: &BaselineChange| Condition::new(change.figure, Comparison::AtMost, limit(change));
        let violations: Vec<Violation> =
            regressions.iter().map(|change| Violation::of(&condition(change), change.actual)).collect();
        let mut lines = vec![format!("memory baseline of \"{}\" exceeded:", visible(measurement.name()))];
        lines.extend(regressions.iter().take(MOST_VIOLATIONS).map(|change| format!("  {change}")));
        lines.extend(more(regressions.len(), MOST_VIOLATIONS));
        lines.extend(with);
        if !sites.is_empty() {
            lines.push("call sites that changed:".to_owned());
            lines.extend(sites.iter().take(MOST_SITES).map(|change| format!("  {change}")));
            lines.extend(more(sites.len(), MOST_SITES));
        }
        let metric = regressions.first().map_or(Metric::TotalBytes, |change| metric_for(change.figure));
        if let Some(profile) = measurement.sites() {
            lines.extend(files(&profile, metric, Some(test)));
        }
        lines.push("if this is meant: HEAPLENS_BLESS=1 cargo test, and commit the baseline".to_owned());
        Self { violations, text: lines.join("\n") }
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
        Self { violations, text: lines.join("\n") }
    }
}

/// How many there are beyond those that are printed.
fn more(all: usize, printed: usize) -> Option<String> {
    all.checked_sub(printed).filter(|more| *more > 0).map(|more| format!("  ... and {more} more"))
}

fn own_words(message: fmt::Arguments<'_>) -> String {
    format!("  {}", visible(&message.to_string()))
}

/// The call sites, and where to see more of them.
#[cfg(feature = "stacks")]
fn about_sites(measurement: &Measurement, violations: &[Violation], test: Option<&str>) -> Vec<String> {
    let Some(profile) = measurement.sites() else {
        return vec![
            "call sites: not recorded; open the scope with `MemoryScope::builder(name).stacks().enter()` to have them here"
                .to_owned(),
        ];
    };
    let metric = violations.first().map_or(Metric::TotalBytes, |violation| metric_for(violation.condition.figure));
    let mut lines = Vec::new();
    let sites = largest_sites(&profile, metric, MOST_SITES);
    if !sites.is_empty() {
        lines.push(format!("largest call sites by {}:", metric.title()));
        lines.extend(sites);
    }
    lines.extend(files(&profile, metric, test));
    lines
}

#[cfg(not(feature = "stacks"))]
fn about_sites(_: &Measurement, _: &[Violation], _: Option<&str>) -> Vec<String> {
    vec!["call sites: not recorded; switch on the feature `stacks` of heaplens to have them here".to_owned()]
}

#[cfg(feature = "stacks")]
fn files(profile: &Profile, metric: Metric, test: Option<&str>) -> Vec<String> {
    match artefact::write(profile, metric, test.map(TestName::of_path).as_ref()) {
        Ok(files) => {
            let report = format!("whole call stacks: cargo heaplens report --full {}", files.profile.display());
            let image = files.flamegraph.map(|image| format!("flame graph: {}", image.display()));
            core::iter::once(report).chain(image).collect()
        }
        Err(error) => vec![format!("no profile was written: {error} (HEAPLENS_OUT names another folder)")],
    }
}

/// The metric of call sites that says most about a figure of the whole.
#[cfg(feature = "stacks")]
fn metric_for(figure: Figure) -> Metric {
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
