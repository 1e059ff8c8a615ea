//! What is said when a test needs more than its baseline, or cannot be compared with it.
//!
//! ```text
//! memory baseline of "parse" exceeded:
//!   total_blocks: 706, was 406, 73.9 % more
//! call sites that changed:
//!   new    +300 blocks, +1.50 kB     src/lib.rs:7  parse
//! whole call stacks: cargo heaplens report --full target/heaplens/suite.parse/parse.json.gz
//! flame graph: target/heaplens/suite.parse/parse.total-blocks.svg
//! if this is meant: HEAPLENS_BLESS=1 cargo test, and commit the baseline
//! ```

use super::compare::BaselineChange;
use super::entry::BaselineEntry;
use crate::profile::Metric;
use crate::scope::Measurement;
use crate::symbolize::visible;
use crate::testing::comparison::Comparison;
use crate::testing::condition::{Condition, Violation};
use crate::testing::failure::{BudgetFailure, MOST_SITES, MOST_VIOLATIONS, NO_SITES, metric_for, more};
use crate::testing::{artefact, test_name::TestName};

/// The measurement cannot be compared with a baseline.
pub(super) fn refused(measurement: &Measurement, reason: &str) -> BudgetFailure {
    let name = visible(measurement.name());
    BudgetFailure::new(Vec::new(), &[format!("memory baseline of \"{name}\" cannot be compared: {reason}")])
}

/// Figures are more than their baseline.
pub(super) fn regressed(
    measurement: &Measurement,
    test: &TestName,
    (baseline, entry): (&BaselineEntry, &BaselineEntry),
    regressions: &[BaselineChange],
) -> BudgetFailure {
    let mut lines = vec![format!("memory baseline of \"{}\" exceeded:", visible(measurement.name()))];
    lines.extend(regressions.iter().take(MOST_VIOLATIONS).map(|change| format!("  {change}")));
    lines.extend(more(regressions.len(), MOST_VIOLATIONS));
    if baseline.with != entry.with {
        lines.push(format!("  recorded with \"{}\", this is \"{}\"", visible(&baseline.with), entry.with));
    }
    lines.extend(about_sites(measurement, baseline, entry));
    if let Some(profile) = measurement.sites() {
        let metric = regressions.first().map_or(Metric::TotalBytes, |change| metric_for(change.figure));
        lines.extend(artefact::lines(&profile, metric, test));
    }
    lines.push("if this is meant: HEAPLENS_BLESS=1 cargo test, and commit the baseline".to_owned());
    BudgetFailure::new(regressions.iter().map(violation).collect(), &lines)
}

/// What became of the call sites, where both have them.
fn about_sites(measurement: &Measurement, baseline: &BaselineEntry, entry: &BaselineEntry) -> Vec<String> {
    if !measurement.has_sites() {
        return vec![NO_SITES.to_owned()];
    }
    if !baseline.has_sites() {
        return vec!["call sites: the baseline was blessed without; bless it again to have them compared".to_owned()];
    }
    let sites = baseline.site_changes(entry);
    if sites.is_empty() {
        return Vec::new();
    }
    let title = core::iter::once("call sites that changed:".to_owned());
    let changes = sites.iter().take(MOST_SITES).map(|change| format!("  {change}"));
    title.chain(changes).chain(more(sites.len(), MOST_SITES)).collect()
}

fn violation(change: &BaselineChange) -> Violation {
    let limit = change.baseline.saturating_add(change.slack.of(change.baseline));
    Violation::of(&Condition::new(change.figure, Comparison::AtMost, limit), change.actual)
}
