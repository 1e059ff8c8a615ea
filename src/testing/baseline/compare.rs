//! A measurement beside its baseline.

use super::entry::{BaselineEntry, BaselineSite, FIGURES};
use super::environment;
use super::pairing::{self, Pair};
use super::slack::Slack;
use crate::export::number::{bytes, count, counted};
use crate::symbolize::visible;
use crate::testing::condition::{TIMES, amount};
use crate::testing::figure::Figure;
use core::cmp::Reverse;
use core::fmt;

/// A figure that is further from its baseline than its slack.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct BaselineChange {
    /// The figure.
    pub figure: Figure,
    /// What was written down.
    pub baseline: u64,
    /// What was measured.
    pub actual: u64,
    /// What would have been let pass.
    pub slack: Slack,
}

impl BaselineChange {
    /// Whether it is more than it was. Of every figure of a baseline less is better.
    #[must_use]
    pub fn is_regression(&self) -> bool {
        self.actual > self.baseline
    }
}

impl fmt::Display for BaselineChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { figure, baseline, actual, slack } = *self;
        write!(f, "{figure}: {}, was {}", amount(figure, actual), count(baseline))?;
        if baseline > 0 && actual / baseline >= TIMES {
            write!(f, ", {} times as much", count(actual / baseline))?;
        } else if baseline > 0 {
            let share = actual.abs_diff(baseline) as f64 / baseline as f64 * 100.0;
            write!(f, ", {share:.1} % {}", if actual > baseline { "more" } else { "less" })?;
        }
        if slack == Slack::NONE { Ok(()) } else { write!(f, " (slack {slack})") }
    }
}

impl BaselineEntry {
    /// Whether a later entry was measured in the same way, so that their figures say something about each other: the target,
    /// the allocator and the build profile are the same. The compiler may be another.
    #[must_use]
    pub fn is_comparable_with(&self, later: &Self) -> bool {
        environment::are_comparable(&later.with, &self.with)
    }

    /// The figures of a later entry that are further from this one than their slack, in the order of importance.
    #[must_use]
    pub fn changes(&self, later: &Self) -> Vec<BaselineChange> {
        let change = |figure: Figure| {
            let (baseline, actual) = (*self.figures.get(figure.name())?, *later.figures.get(figure.name())?);
            let slack = self.slack_of(figure);
            let is_within = actual.abs_diff(baseline) <= slack.of(baseline);
            (!is_within).then_some(BaselineChange { figure, baseline, actual, slack })
        };
        FIGURES.into_iter().filter_map(change).collect()
    }

    /// What became of the call sites in a later entry, a line for each that changed, the largest change first.
    #[must_use]
    pub fn site_changes(&self, later: &Self) -> Vec<SiteChange> {
        let pairs = pairing::pairs(&self.sites, &later.sites).into_iter();
        let mut changes: Vec<SiteChange> =
            pairs.map(SiteChange::of).filter(|change| change.blocks != 0 || change.bytes != 0).collect();
        changes.sort_by_key(|change| Reverse((change.bytes.unsigned_abs(), change.blocks.unsigned_abs())));
        changes
    }
}

/// A call site that allocates more or less than at the baseline.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SiteChange {
    /// Where it is, or was.
    pub at: String,
    /// The function.
    pub function: String,
    /// `new`, `grown`, `less` or `gone`.
    pub kind: &'static str,
    /// Blocks more, or less.
    pub blocks: i64,
    /// Bytes more, or less.
    pub bytes: i64,
}

impl SiteChange {
    fn of((before, after): Pair<'_>) -> Self {
        let figures = |site: Option<&BaselineSite>| site.map_or((0, 0), |site| (site.total_blocks, site.total_bytes));
        let ((old_blocks, old_bytes), (blocks, bytes)) = (figures(before), figures(after));
        let kind = match (before, after) {
            (None, _) => "new",
            (_, None) => "gone",
            _ if (bytes, blocks) > (old_bytes, old_blocks) => "grown",
            _ => "less",
        };
        let site = after.or(before);
        Self {
            at: site.map(|site| site.at.clone()).unwrap_or_default(),
            function: site.map(|site| site.function.clone()).unwrap_or_default(),
            kind,
            blocks: difference(old_blocks, blocks),
            bytes: difference(old_bytes, bytes),
        }
    }
}

/// What a later figure is more, as far as the type goes.
fn difference(before: u64, after: u64) -> i64 {
    let amount = i64::try_from(after.abs_diff(before)).unwrap_or(i64::MAX);
    if after < before { -amount } else { amount }
}

impl fmt::Display for SiteChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = |change: i64| if change < 0 { "-" } else { "+" };
        let (blocks, size) = (counted(self.blocks.unsigned_abs(), "block"), bytes(self.bytes.unsigned_abs()));
        let figures = format!("{}{blocks}, {}{size}", sign(self.blocks), sign(self.bytes));
        write!(f, "{:<5}  {figures:<24}  {}  {}", self.kind, visible(&self.at), visible(&self.function))
    }
}
