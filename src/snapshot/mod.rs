//! An owned copy of the recorder's tables, as they stood once: what happened between two readings, by call site.
//!
//! The layers to the right see no atomics and no tables, only these values.

#![forbid(unsafe_code)]

mod recording;

pub(crate) use crate::record::counter::Figures;
pub(crate) use crate::record::path_key::PathKey;
pub(crate) use recording::Recording;

use crate::record::site_reader;
use crate::record::tag::SiteId;
use crate::stats::MemoryStats;

/// One call site: where, and how much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SiteCopy {
    pub(crate) place: Place,
    pub(crate) figures: Figures,
}

/// Where blocks come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A captured stack: [`Place::path`] has its frames.
    Captured(SiteId),
    /// Blocks that were live when the recording began.
    BeforeRecording,
    /// Blocks whose stack was not captured.
    NotCaptured,
    /// Blocks whose stack found no room below the memory limit.
    OverLimit,
}

impl Place {
    fn of(site: SiteId) -> Self {
        match site {
            SiteId::NOT_CAPTURED => Self::NotCaptured,
            SiteId::OVERFLOW => Self::OverLimit,
            captured => Self::Captured(captured),
        }
    }

    /// The frames of a captured stack, from the innermost outwards, the scopes around it and its thread last. Empty for
    /// other places.
    pub(crate) fn path(self) -> impl Iterator<Item = PathKey> {
        let captured = match self {
            Self::Captured(site) => Some(site),
            _ => None,
        };
        captured.into_iter().flat_map(site_reader::path)
    }
}

/// The call sites of a finished scope. What the scope counted beyond them found no room below the memory limit.
pub(crate) fn of_scope(sites: &[(SiteId, Figures)], stats: &MemoryStats) -> Vec<SiteCopy> {
    let mut copies: Vec<SiteCopy> =
        sites.iter().map(|(site, figures)| SiteCopy { place: Place::of(*site), figures: *figures }).collect();
    let mut sum = Figures::default();
    sites.iter().for_each(|(_, figures)| sum.add(figures));
    let figures = Figures {
        total_blocks: stats.total_blocks.saturating_sub(sum.total_blocks),
        total_bytes: stats.total_bytes.saturating_sub(sum.total_bytes),
        freed_blocks: stats.freed_blocks.saturating_sub(sum.freed_blocks),
        freed_bytes: stats.freed_bytes.saturating_sub(sum.freed_bytes),
        at_peak_blocks: stats.peak_blocks.saturating_sub(sum.at_peak_blocks),
        at_peak_bytes: stats.peak_bytes.saturating_sub(sum.at_peak_bytes),
        temporary_blocks: stats.temporary_blocks.saturating_sub(sum.temporary_blocks),
    };
    copies.push(SiteCopy { place: Place::OverLimit, figures });
    copies
}

/// The name of a scope's number.
pub(crate) fn scope_name(name: u32) -> String {
    site_reader::scope_name(name).unwrap_or_else(|| "(other scopes)".to_owned())
}

/// The name of a thread's number, as far as the system kept it; empty for threads without one.
pub(crate) fn thread_name(name: u32) -> String {
    site_reader::thread_name(name).unwrap_or_else(|| "(other threads)".to_owned())
}
