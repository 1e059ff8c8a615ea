//! The figures that a condition can be about.

use crate::scope::Measurement;
use crate::stats::MemoryStats;
use core::fmt;

#[cfg(feature = "stacks")]
use crate::profile::SiteStats;

/// Every figure: what it is, its variant, and the name of the field that holds it.
macro_rules! figures {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:ident,)+) => {
        /// A figure of a measurement that a condition can be about.
        ///
        /// In [`figures`] each has the name that the field of [`MemoryStats`] has, which is how macros write it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Figure {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Figure {
            /// Every figure.
            pub const ALL: [Self; [$(stringify!($name)),+].len()] = [$(Self::$variant),+];

            /// The name, such as `peak_bytes`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => stringify!($name),)+
                }
            }
        }

        /// The figures by the names of the fields that hold them, for macros: a misspelt one is an error of the compiler's.
        #[allow(non_upper_case_globals)]
        pub mod figures {
            use super::Figure;

            $($(#[doc = $doc])+ pub const $name: Figure = Figure::$variant;)+
        }
    };
}

figures! {
    /// Blocks allocated.
    TotalBlocks = total_blocks,
    /// Bytes allocated.
    TotalBytes = total_bytes,
    /// Blocks freed.
    FreedBlocks = freed_blocks,
    /// Bytes freed.
    FreedBytes = freed_bytes,
    /// Blocks still live at the end.
    LiveBlocks = live_blocks,
    /// Bytes still live at the end.
    LiveBytes = live_bytes,
    /// Live blocks at the instant of the peak.
    PeakBlocks = peak_blocks,
    /// The highest number of live bytes.
    PeakBytes = peak_bytes,
    /// Reallocations.
    Reallocations = reallocations,
    /// Bytes that reallocations carried to another address. Depends on the allocator inside.
    MovedBytes = moved_bytes,
    /// Blocks freed by their thread before it allocated anything else.
    TemporaryBlocks = temporary_blocks,
    /// The size of the largest block.
    LargestBlockBytes = largest_block_bytes,
    /// Threads that worked for the scope without being attached. A condition on it says that they are expected: without one, a
    /// check refuses where there are any.
    UnattachedThreads = unattached_threads,
    /// What these allocated.
    UnattachedBlocks = unattached_blocks,
}

impl Figure {
    /// Whether it is a number of bytes; else it counts.
    #[must_use]
    pub const fn is_bytes(self) -> bool {
        matches!(
            self,
            Self::TotalBytes
                | Self::FreedBytes
                | Self::LiveBytes
                | Self::PeakBytes
                | Self::MovedBytes
                | Self::LargestBlockBytes
        )
    }

    /// This figure of a measurement.
    #[must_use]
    pub fn of(self, measurement: &Measurement) -> u64 {
        match self {
            Self::UnattachedThreads => measurement.unattached_threads(),
            Self::UnattachedBlocks => measurement.unattached_blocks(),
            _ => self.of_stats(&measurement.stats()).unwrap_or_default(),
        }
    }

    /// This figure, if it is one of these.
    fn of_stats(self, stats: &MemoryStats) -> Option<u64> {
        Some(match self {
            Self::TotalBlocks => stats.total_blocks,
            Self::TotalBytes => stats.total_bytes,
            Self::FreedBlocks => stats.freed_blocks,
            Self::FreedBytes => stats.freed_bytes,
            Self::LiveBlocks => stats.live_blocks,
            Self::LiveBytes => stats.live_bytes,
            Self::PeakBlocks => stats.peak_blocks,
            Self::PeakBytes => stats.peak_bytes,
            Self::Reallocations => stats.reallocations,
            Self::MovedBytes => stats.moved_bytes,
            Self::TemporaryBlocks => stats.temporary_blocks,
            Self::LargestBlockBytes => stats.largest_block_bytes,
            Self::UnattachedThreads | Self::UnattachedBlocks => return None,
        })
    }

    /// Whether it is recorded by call site, so that it can be limited for each and for a crate.
    #[cfg(feature = "stacks")]
    #[must_use]
    pub fn is_by_site(self) -> bool {
        self.of_site(&SiteStats::default()).is_some()
    }

    /// This figure of a call site; `None` for one that is not recorded by call site.
    #[cfg(feature = "stacks")]
    pub(super) fn of_site(self, stats: &SiteStats) -> Option<u64> {
        Some(match self {
            Self::TotalBlocks => stats.total_blocks,
            Self::TotalBytes => stats.total_bytes,
            Self::FreedBlocks => stats.freed_blocks,
            Self::FreedBytes => stats.freed_bytes,
            Self::LiveBlocks => stats.live_blocks(),
            Self::LiveBytes => stats.live_bytes(),
            Self::TemporaryBlocks => stats.temporary_blocks,
            // What a site holds at the peak of the whole is not the most that it ever holds.
            _ => return None,
        })
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_those_of_the_fields() {
        let stats = MemoryStats { peak_bytes: 7, reallocations: 3, ..MemoryStats::default() };
        let text = format!("{stats:?}");
        for figure in Figure::ALL {
            if let Some(value) = figure.of_stats(&stats) {
                assert!(text.contains(&format!("{figure}: {value}")), "{figure} in {text}");
            }
        }
        assert_eq!(figures::peak_bytes.of_stats(&stats), Some(7));
    }
}
