//! The difference of two profiles for a terminal: at most 25 lines of 100 columns.
//!
//! ```text
//! orders                  before         after        change
//!   allocated            31.5 MB       29.1 MB      -2.40 MB   -7.6%
//!   ...
//!
//! bytes allocated                      call site
//!   gone    -7.80 MB                   src/index.rs:27  Index::build
//! ```

use super::label::{Label, labels};
use super::summary::{WIDTH, amount};
use crate::analyze::{ProfileDiff, SiteDiff};
use crate::export::number::{count, percent};
use crate::profile::{Metric, Profile, Site};
use crate::record::own_work::OwnWork;
use crate::symbolize::visible;

/// The figures of the whole, in the order in which they are shown.
const FIGURES: [(Metric, &str); 5] = [
    (Metric::TotalBytes, "allocated"),
    (Metric::TotalBlocks, "in blocks"),
    (Metric::LiveAtPeakBytes, "peak"),
    (Metric::LiveAtEndBytes, "still live"),
    (Metric::TemporaryBlocks, "temporary blocks"),
];

impl ProfileDiff<'_> {
    /// The difference as text: the figures of the whole, then the call sites whose metric changed most, at most so many, and what
    /// the others changed by together. Without colour, in lines of at most 100 columns.
    ///
    /// ```
    /// # let (before, after) = (heaplens::Profile::default(), heaplens::Profile::default());
    /// let diff = heaplens::Profile::diff(&before, &after);
    /// assert!(diff.report(heaplens::Metric::TotalBytes, 15).contains("no call site changed"));
    /// ```
    #[must_use]
    pub fn report(&self, metric: Metric, most: usize) -> String {
        let _own = OwnWork::begin();
        let mut lines = vec![title(self.before(), self.after())];
        lines.extend(FIGURES.iter().map(|(metric, label)| self.figure(*metric, label)));
        lines.push(String::new());
        let changes = self.changes(metric);
        if changes.is_empty() {
            lines.push(format!("no call site changed by {}", metric.title()));
            return lines.join("\n") + "\n";
        }
        let (shown, rest) = changes.split_at(changes.len().min(most));
        lines.push(format!("{:<35}call site", metric.title()));
        lines.extend(self.rows(metric, shown));
        if !rest.is_empty() {
            let sum: i128 = rest.iter().map(|site| site.change(metric)).sum();
            lines.push(format!("  ... and {} more, {} together", count(rest.len() as u64), signed(metric, sum)));
        }
        lines.join("\n") + "\n"
    }

    fn figure(&self, metric: Metric, label: &str) -> String {
        let (before, after) = (self.before().total(metric), self.after().total(metric));
        let figures = [before, after].map(|value| amount(metric, value));
        let line = format!("  {label:<16}  {:>12}  {:>12}", figures[0], figures[1]);
        match (self.total_change(metric), before) {
            (0, _) => format!("{line}  {:>12}", "same"),
            (change, 0) => format!("{line}  {:>12}", signed(metric, change)),
            (change, _) => format!("{line}  {:>12}  {}", signed(metric, change), signed_share(change, before)),
        }
    }

    fn rows(&self, metric: Metric, changes: &[&SiteDiff<'_>]) -> Vec<String> {
        let sites: Vec<Site<'_>> =
            changes.iter().map(|change| Site::of_frames(change.frames().to_vec(), *change.after(), metric)).collect();
        let labels = labels(self.after(), &sites);
        let place_width = labels.iter().map(Label::place_width).max().unwrap_or(0);
        let row = |(change, label): (&&SiteDiff<'_>, &Label)| {
            let kind = change.kind(metric).map_or("same", |kind| kind.name());
            let before = metric.of(change.before());
            let share = match before {
                0 => String::new(),
                _ => signed_share(change.change(metric), before),
            };
            let figures = format!("  {kind:<6}  {:>12}  {share:>9}  ", signed(metric, change.change(metric)));
            let room = WIDTH.saturating_sub(figures.len());
            figures + &label.line(place_width, room)
        };
        changes.iter().zip(&labels).map(row).collect()
    }
}

fn title(before: &Profile, after: &Profile) -> String {
    let [before, after] = [before, after].map(|profile| visible(profile.name()).into_owned());
    let name = if before == after { after } else { format!("{before}, then {after}") };
    let name: String = name.chars().take(WIDTH / 2).collect();
    format!("{name:<18}  {:>12}  {:>12}  {:>12}", "before", "after", "change")
}

/// An amount with its sign.
fn signed(metric: Metric, change: i128) -> String {
    let sign = if change < 0 { "-" } else { "+" };
    format!("{sign}{}", amount(metric, u64::try_from(change.unsigned_abs()).unwrap_or(u64::MAX)))
}

/// A change in percent of what there was; from eleven times as much on, as a multiple.
fn signed_share(change: i128, before: u64) -> String {
    const TIMES: i128 = 10;
    if change / i128::from(before) >= TIMES {
        let times = u64::try_from(change / i128::from(before)).unwrap_or(u64::MAX).saturating_add(1);
        return format!("x {}", count(times));
    }
    let share = percent(change.unsigned_abs() as f64 / before as f64);
    format!("{}{share}", if change < 0 { "-" } else { "+" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_have_signs_and_large_ones_are_multiples() {
        assert_eq!(signed(Metric::TotalBytes, -1_500), "-1.50 kB");
        assert_eq!(signed(Metric::TotalBlocks, 1_500), "+1,500");
        assert_eq!(signed_share(-50, 100), "-50.0%");
        assert_eq!(signed_share(900, 100), "+900.0%");
        assert_eq!(signed_share(1_000, 100), "x 11");
    }
}
