//! A measurement beside its baseline, in one word or two.

use core::fmt;

use heaplens::testing::wording::{bytes, count};
use heaplens::testing::{BaselineChange, BaselineEntry, Figure};

/// What became of a measurement since its baseline.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Change {
    /// There is nothing to compare it with.
    NoBaseline,
    /// The baseline was measured in another way.
    NotComparable,
    /// Every figure is within its slack.
    Same,
    /// Some figures are less, none is more.
    Less(Vec<BaselineChange>),
    /// Some figures are more.
    More(Vec<BaselineChange>),
}

impl Change {
    /// From a baseline to a measurement.
    pub(crate) fn between(baseline: Option<&BaselineEntry>, measured: &BaselineEntry) -> Self {
        let Some(baseline) = baseline else { return Self::NoBaseline };
        if !baseline.is_comparable_with(measured) {
            return Self::NotComparable;
        }
        match baseline.changes(measured) {
            changes if changes.is_empty() => Self::Same,
            changes if changes.iter().any(BaselineChange::is_regression) => Self::More(changes),
            changes => Self::Less(changes),
        }
    }

    /// The figures that changed: those that are more if any is, else those that are less.
    pub(crate) fn figures(&self) -> impl Iterator<Item = &BaselineChange> {
        let (changes, is_more) = match self {
            Self::Less(changes) => (changes.as_slice(), false),
            Self::More(changes) => (changes.as_slice(), true),
            _ => (&[][..], false),
        };
        changes.iter().filter(move |change| change.is_regression() == is_more)
    }

    /// The word for machines.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::NoBaseline => "no baseline",
            Self::NotComparable => "not comparable",
            Self::Same => "same",
            Self::Less(_) => "less",
            Self::More(_) => "more",
        }
    }
}

/// The figure that changed most, by its share of the baseline.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let share = |change: &BaselineChange| share(change).unwrap_or_default();
        let most = self.figures().reduce(|most, other| if share(other) > share(most) { other } else { most });
        match (self, most) {
            (Self::More(_), Some(change)) if change.baseline == 0 => {
                let amount = if change.figure.is_bytes() { bytes(change.actual) } else { count(change.actual) };
                write!(f, "+{amount} {}", short_name(change.figure))
            }
            (Self::More(_), Some(change)) if share(change) >= 1_000.0 => {
                write!(f, "x {} {}", count(change.actual / change.baseline), short_name(change.figure))
            }
            (Self::More(_), Some(change)) => write!(f, "+{:.1} % {}", share(change), short_name(change.figure)),
            (Self::Less(_), Some(change)) => write!(f, "-{:.1} % {}", share(change), short_name(change.figure)),
            _ => f.write_str(self.name()),
        }
    }
}

/// How much of the baseline a change is, in percent; nothing has no share.
fn share(change: &BaselineChange) -> Option<f64> {
    let difference = change.actual.abs_diff(change.baseline) as f64;
    (change.baseline > 0).then(|| difference / change.baseline as f64 * 100.0)
}

/// The word for a figure in a narrow column.
fn short_name(figure: Figure) -> &'static str {
    match figure {
        Figure::TotalBlocks => "blocks",
        Figure::TotalBytes => "bytes",
        Figure::PeakBytes => "peak",
        Figure::PeakBlocks => "peak blocks",
        Figure::LiveBytes => "live",
        Figure::LiveBlocks => "live blocks",
        Figure::TemporaryBlocks => "temporary",
        Figure::LargestBlockBytes => "largest",
        other => other.name(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(with: &str, figures: &[(&str, u64)]) -> BaselineEntry {
        let figures: serde_json::Map<_, _> =
            figures.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
        serde_json::from_value(serde_json::json!({ "with": with, "figures": figures })).expect("an entry")
    }

    #[test]
    fn the_largest_share_is_named() {
        let change = |from: &[(&str, u64)], to: &[(&str, u64)]| {
            Change::between(Some(&entry("rustc; x", from)), &entry("rustc 2; x", to)).to_string()
        };
        assert_eq!(
            change(&[("total_blocks", 10), ("peak_bytes", 1_000)], &[("total_blocks", 11), ("peak_bytes", 1_123)]),
            "+12.3 % peak"
        );
        assert_eq!(
            change(&[("total_blocks", 10), ("peak_bytes", 1_000)], &[("total_blocks", 11), ("peak_bytes", 1)]),
            "+10.0 % blocks"
        );
        assert_eq!(change(&[("total_blocks", 100)], &[("total_blocks", 96)]), "-4.0 % blocks");
        assert_eq!(change(&[("live_bytes", 0)], &[("live_bytes", 1_024)]), "+1.02 kB live");
        let beside_nothing = [("total_blocks", 12), ("temporary_blocks", 1)];
        assert_eq!(change(&[("total_blocks", 10), ("temporary_blocks", 0)], &beside_nothing), "+20.0 % blocks");
        assert_eq!(change(&[("live_bytes", 5)], &[("live_bytes", 5)]), "same");
    }

    #[test]
    fn what_cannot_be_compared_is_said() {
        let measured = entry("rustc; x", &[]);
        assert_eq!(Change::between(None, &measured), Change::NoBaseline);
        assert_eq!(Change::between(Some(&entry("rustc; y", &[])), &measured), Change::NotComparable);
    }
}
