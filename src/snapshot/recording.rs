//! A recording of the whole process: what happened between its beginning and its end.
//!
//! Stacks are kept under the number of the recording, the smallest under which no block is live, so that every block of
//! those sites belongs to this recording. All other blocks that were live at the beginning make one site of their own:
//!
//! ```text
//! beginning: live figures ─────▶ "(before recording)"
//! end:       sites of the number, minus what they had counted at the beginning
//!            the process, minus its totals at the beginning, minus those sites ─▶ "(not captured)"
//! ```

use super::{Figures, PathKey, Place, SiteCopy};
use crate::completeness::Completeness;
use crate::record::tag::SiteId;
use crate::record::{peak, reader, settings, site_reader, slots};
use crate::scope;
use crate::stats::MemoryStats;
use std::collections::{HashMap, HashSet};

/// A recording that runs. It records until [`end`](Self::end) or [`discard`](Self::discard) is called.
#[derive(Debug)]
pub(crate) struct Recording {
    number: u32,
    process: MemoryStats,
    completeness: Completeness,
    /// What the sites of the number, and those over the limit, had counted before.
    sites: HashMap<u32, Figures>,
}

/// A finished recording.
pub(crate) struct RecordedProcess {
    /// The figures of the process since the beginning; what was live then counts as allocated.
    pub(crate) stats: MemoryStats,
    pub(crate) completeness: Completeness,
    pub(crate) sites: Vec<SiteCopy>,
}

impl Recording {
    /// Begins to capture every allocation's stack, and under which thread if asked to. `None` if the allocator is not that
    /// of the program.
    pub(crate) fn begin(exact_peak: bool, by_thread: bool) -> Option<Self> {
        let slot = slots::current_for_library().filter(|slot| !slot.is_shared())?;
        let all: Vec<(SiteId, Figures)> = site_reader::sites_of_process().collect();
        let number = first_number_without_live_blocks(&all);
        let sites = all
            .into_iter()
            .filter(|(site, _)| *site == SiteId::OVERFLOW || is_of(*site, number))
            .map(|(site, figures)| (site.index() as u32, figures))
            .collect();
        let completeness = reader::completeness();
        crate::unwind::prepare();
        scope::remember_peak();
        peak::restart(slot, exact_peak);
        // Before the first stack is captured, so that no block is both captured and there from the beginning.
        let process = reader::process();
        settings::begin_recording(number, by_thread);
        Some(Self { number, process, completeness, sites })
    }

    /// Stops capturing, and gives up what was recorded.
    pub(crate) fn discard(&self) {
        settings::end_recording();
        peak::end_exact();
    }

    /// Stops capturing, and returns what was recorded.
    pub(crate) fn end(&self) -> RecordedProcess {
        settings::end_recording();
        // Sites before the process: what the sites have counted, the process has counted as well.
        let mut sites = Vec::new();
        let mut captured = Figures::default();
        for (site, figures) in site_reader::sites_of_process() {
            if site != SiteId::OVERFLOW && !is_of(site, self.number) {
                continue;
            }
            let before = self.sites.get(&(site.index() as u32)).copied().unwrap_or_default();
            let mut figures = figures.since(&before);
            figures.freed_blocks = figures.freed_blocks.min(figures.total_blocks);
            figures.freed_bytes = figures.freed_bytes.min(figures.total_bytes);
            // What was over the limit before this recording is part of what was live at its beginning.
            figures.at_peak_blocks = figures.at_peak_blocks.min(figures.total_blocks);
            figures.at_peak_bytes = figures.at_peak_bytes.min(figures.total_bytes);
            if figures != Figures::default() {
                captured.add(&figures);
                sites.push(SiteCopy { place: Place::of(site), figures });
            }
        }
        let process = reader::process();
        peak::end_exact();
        let completeness = reader::completeness().since(&self.completeness);
        let unknown = if completeness.overflowed_blocks > 0 { Place::OverLimit } else { Place::NotCaptured };
        sites.extend(self.others(&process, &captured, unknown));
        RecordedProcess {
            stats: MemoryStats {
                reallocations: process.reallocations - self.process.reallocations,
                moved_bytes: process.moved_bytes - self.process.moved_bytes,
                largest_block_bytes: reader::largest_since_restart(),
                ..process
            },
            completeness,
            sites,
        }
    }

    /// The sites that stand for no stack: they hold what the process counted beyond the captured sites.
    fn others(&self, process: &MemoryStats, captured: &Figures, unknown: Place) -> [SiteCopy; 2] {
        let beyond = |now: u64, begin: u64, captured: u64| now.wrapping_sub(begin).saturating_sub(captured);
        let total_blocks = beyond(process.total_blocks, self.process.total_blocks, captured.total_blocks);
        let total_bytes = beyond(process.total_bytes, self.process.total_bytes, captured.total_bytes);
        let freed_blocks = beyond(process.freed_blocks, self.process.freed_blocks, captured.freed_blocks);
        let freed_bytes = beyond(process.freed_bytes, self.process.freed_bytes, captured.freed_bytes);
        let at_peak_blocks = process.peak_blocks.saturating_sub(captured.at_peak_blocks);
        let at_peak_bytes = process.peak_bytes.saturating_sub(captured.at_peak_bytes);
        let temporary = beyond(process.temporary_blocks, self.process.temporary_blocks, captured.temporary_blocks);
        let before = Figures {
            total_blocks: self.process.live_blocks,
            total_bytes: self.process.live_bytes,
            freed_blocks: freed_blocks.min(self.process.live_blocks),
            freed_bytes: freed_bytes.min(self.process.live_bytes),
            at_peak_blocks: at_peak_blocks.min(self.process.live_blocks),
            at_peak_bytes: at_peak_bytes.min(self.process.live_bytes),
            temporary_blocks: if total_blocks == 0 { temporary } else { 0 },
        };
        let not_captured = Figures {
            total_blocks,
            total_bytes,
            freed_blocks: (freed_blocks - before.freed_blocks).min(total_blocks),
            freed_bytes: (freed_bytes - before.freed_bytes).min(total_bytes),
            at_peak_blocks: (at_peak_blocks - before.at_peak_blocks).min(total_blocks),
            at_peak_bytes: (at_peak_bytes - before.at_peak_bytes).min(total_bytes),
            temporary_blocks: temporary - before.temporary_blocks,
        };
        [(Place::BeforeRecording, before), (unknown, not_captured)].map(|(place, figures)| SiteCopy { place, figures })
    }
}

/// Recordings are numbered from one; a number is free again when nothing recorded under it is live.
fn first_number_without_live_blocks(sites: &[(SiteId, Figures)]) -> u32 {
    let taken: HashSet<u32> = sites
        .iter()
        .filter(|(_, figures)| figures.live() != (0, 0))
        .filter_map(|(site, _)| recording_of(*site))
        .collect();
    (1..).find(|number| !taken.contains(number)).unwrap_or(u32::MAX)
}

fn is_of(site: SiteId, number: u32) -> bool {
    recording_of(site) == Some(number)
}

/// The recording under which a site was captured; `None` for one captured by a scope outside of any.
fn recording_of(site: SiteId) -> Option<u32> {
    match site_reader::path(site).last() {
        Some(PathKey::Recording(number)) => Some(number),
        _ => None,
    }
}
