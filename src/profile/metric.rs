//! Which figure of a call site a view is about.

use core::fmt;
use core::str::FromStr;

use crate::profile::{ProfileError, SiteStats};
#[cfg(feature = "flamegraph")]
use crate::stats::MemoryStats;

/// A figure by which call sites are ordered, drawn and exported.
///
/// Written and parsed by its [name](Metric::name), which is also what file names and the command line use.
///
/// ```
/// use heaplens::Metric;
///
/// let metric: Metric = "live-at-peak-bytes".parse()?;
/// assert_eq!(metric, Metric::LiveAtPeakBytes);
/// assert_eq!(metric.unit(), "bytes");
/// # Ok::<(), heaplens::ProfileError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Metric {
    /// Bytes allocated, whether freed or not: the work given to the allocator.
    TotalBytes,
    /// Blocks allocated: how often the allocator was called.
    TotalBlocks,
    /// Bytes held at the instant at which the program held most.
    LiveAtPeakBytes,
    /// Bytes allocated and not freed when the measurement ended.
    LiveAtEndBytes,
    /// Blocks freed by the thread that allocated them before that thread allocated anything else.
    TemporaryBlocks,
}

impl Metric {
    /// Every metric, in the order of their names in help texts.
    pub const ALL: [Self; 5] =
        [Self::TotalBytes, Self::TotalBlocks, Self::LiveAtPeakBytes, Self::LiveAtEndBytes, Self::TemporaryBlocks];

    /// The name in file names and on the command line, such as `total-bytes`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TotalBytes => "total-bytes",
            Self::TotalBlocks => "total-blocks",
            Self::LiveAtPeakBytes => "live-at-peak-bytes",
            Self::LiveAtEndBytes => "live-at-end-bytes",
            Self::TemporaryBlocks => "temporary-blocks",
        }
    }

    /// The name for people, such as `bytes allocated`.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::TotalBytes => "bytes allocated",
            Self::TotalBlocks => "blocks allocated",
            Self::LiveAtPeakBytes => "bytes live at peak",
            Self::LiveAtEndBytes => "bytes still live at the end",
            Self::TemporaryBlocks => "temporary blocks",
        }
    }

    /// What the metric counts: `bytes` or `blocks`.
    #[must_use]
    pub const fn unit(self) -> &'static str {
        match self {
            Self::TotalBytes | Self::LiveAtPeakBytes | Self::LiveAtEndBytes => "bytes",
            Self::TotalBlocks | Self::TemporaryBlocks => "blocks",
        }
    }

    /// This figure of a call site.
    #[must_use]
    pub fn of(self, stats: &SiteStats) -> u64 {
        match self {
            Self::TotalBytes => stats.total_bytes,
            Self::TotalBlocks => stats.total_blocks,
            Self::LiveAtPeakBytes => stats.live_at_peak_bytes,
            Self::LiveAtEndBytes => stats.live_bytes(),
            Self::TemporaryBlocks => stats.temporary_blocks,
        }
    }

    /// This figure of a whole recording.
    #[cfg(feature = "flamegraph")]
    pub(crate) fn of_whole(self, stats: &MemoryStats) -> u64 {
        match self {
            Self::TotalBytes => stats.total_bytes,
            Self::TotalBlocks => stats.total_blocks,
            Self::LiveAtPeakBytes => stats.peak_bytes,
            Self::LiveAtEndBytes => stats.live_bytes,
            Self::TemporaryBlocks => stats.temporary_blocks,
        }
    }

    /// Bytes and blocks of a site that the metric is about. The bytes of temporary blocks are not recorded by
    /// themselves, so those of all blocks stand for them.
    pub(super) fn bytes_and_blocks(self, stats: &SiteStats) -> (u64, u64) {
        match self {
            Self::TotalBytes | Self::TotalBlocks | Self::TemporaryBlocks => (stats.total_bytes, stats.total_blocks),
            Self::LiveAtPeakBytes => (stats.live_at_peak_bytes, stats.live_at_peak_blocks),
            Self::LiveAtEndBytes => (stats.live_bytes(), stats.live_blocks()),
        }
    }
}

/// The [name](Metric::name).
impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The reverse of [`Metric::name`].
impl FromStr for Metric {
    type Err = ProfileError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|metric| metric.name() == name);
        found.ok_or_else(|| ProfileError::UnknownMetric { name: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_is_parsed_from_its_name() {
        for metric in Metric::ALL {
            assert_eq!(metric.to_string().parse::<Metric>().expect("its own name"), metric);
        }
        let error = "bytes".parse::<Metric>().expect_err("no such metric").to_string();
        assert!(error.contains("\"bytes\"") && error.contains("live-at-peak-bytes"), "{error}");
    }
}
