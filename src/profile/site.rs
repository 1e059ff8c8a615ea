//! The view of a profile: its call sites, as people look at them.
//!
//! A site of the view is one *shown* stack: frames of the standard library are folded away (see
//! [`Profile::with_runtime_frames`]) and stacks that look the same thereafter are one.

use core::cmp::Reverse;
use std::collections::HashMap;

use crate::profile::{FrameId, Metric, Profile, SiteStats, Stack};
use crate::record::own_work::OwnWork;
use crate::symbolize::{Frame, Origin, Part, trim};

/// One call site in the view of a [`Profile`], ordered by a [`Metric`].
#[derive(Clone, Debug)]
pub struct Site<'p> {
    frames: Vec<&'p Frame>,
    stats: SiteStats,
    metric: Metric,
    metric_total: u64,
}

impl<'p> Site<'p> {
    /// A site that is put together elsewhere: it is the whole of its metric.
    pub(crate) fn of_frames(frames: Vec<&'p Frame>, stats: SiteStats, metric: Metric) -> Self {
        Self { frames, stats, metric, metric_total: metric.of(&stats) }
    }

    /// The call stack as views show it, leaf first; the outermost frames are the open scopes and, in a recording by
    /// thread, the thread.
    #[must_use]
    pub fn frames(&self) -> &[&'p Frame] {
        &self.frames
    }

    /// All figures of the site.
    #[must_use]
    pub fn stats(&self) -> &SiteStats {
        &self.stats
    }

    /// The metric by which the site was asked for, in its [unit](Metric::unit).
    #[must_use]
    pub fn value(&self) -> u64 {
        self.metric.of(&self.stats)
    }

    /// The part of the whole profile's total of the metric, from 0 to 1.
    #[must_use]
    pub fn share(&self) -> f64 {
        if self.metric_total == 0 { 0.0 } else { self.value() as f64 / self.metric_total as f64 }
    }

    /// The mean size in bytes of the blocks that the metric is about: of those live at the peak or at the end, else of
    /// all blocks of the site. Zero without blocks.
    #[must_use]
    pub fn mean_size(&self) -> f64 {
        let (bytes, blocks) = self.metric.bytes_and_blocks(&self.stats);
        if blocks == 0 { 0.0 } else { bytes as f64 / blocks as f64 }
    }

    /// The frame nearest to the allocation that is the user's own code; else the nearest of a dependency, else the leaf.
    ///
    /// `None` only for a stack without frames.
    #[must_use]
    pub fn first_user_frame(&self) -> Option<&'p Frame> {
        let nearest = |origin| self.frames.iter().copied().find(|frame| frame.origin == origin);
        nearest(Origin::User).or_else(|| nearest(Origin::Dependency)).or(self.frames.first().copied())
    }
}

impl Profile {
    /// The call sites by a metric, the largest first. Sites for which the metric is zero are left out, and equal ones
    /// are ordered by their frames.
    ///
    /// Cost: one pass over all stacks, and a sort.
    ///
    /// ```
    /// # let profile = heaplens::Profile::default();
    /// for site in profile.sites(heaplens::Metric::LiveAtPeakBytes).iter().take(3) {
    ///     println!("{} bytes, {:.1} %", site.value(), site.share() * 100.0);
    /// }
    /// ```
    #[must_use]
    pub fn sites(&self, metric: Metric) -> Vec<Site<'_>> {
        let _own = OwnWork::begin();
        let mut merged: HashMap<Vec<FrameId>, SiteStats> = HashMap::new();
        let parts: Vec<Part> = self.frames.iter().map(Part::of).collect();
        for stack in &self.stacks {
            merged.entry(self.shown(stack, &parts)).or_default().add(&stack.stats);
        }
        let mut order: Vec<(Vec<FrameId>, SiteStats)> =
            merged.into_iter().filter(|(_, stats)| metric.of(stats) > 0).collect();
        // Ids are numbered in the order of the frames' names, so that their order is one that people can follow.
        order.sort_unstable_by(|(a, stats_of_a), (b, stats_of_b)| {
            (Reverse(metric.of(stats_of_a)), a).cmp(&(Reverse(metric.of(stats_of_b)), b))
        });
        let metric_total = self.total(metric);
        let site = |(ids, stats): (Vec<FrameId>, SiteStats)| {
            let frames = ids.into_iter().map(|id| self.frame(id)).collect();
            Site { frames, stats, metric, metric_total }
        };
        order.into_iter().map(site).collect()
    }

    /// The frames of a stack that views show. `parts` says for each frame of the profile what it means for a stack.
    fn shown(&self, stack: &Stack, parts: &[Part]) -> Vec<FrameId> {
        if self.runtime_frames {
            return stack.frames.clone();
        }
        let stack_parts: Vec<Part> = stack.frames.iter().map(|id| parts[id.0 as usize]).collect();
        trim(&stack_parts).map(|place| stack.frames[place]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::completeness::Completeness;
    use crate::profile::{Header, ProfileBuilder};
    use crate::stats::MemoryStats;

    fn profile(sites: &[(&[&str], SiteStats)]) -> Profile {
        let mut builder = ProfileBuilder::new(Header::default(), MemoryStats::default(), Completeness::default());
        for (names, stats) in sites {
            let frames: Vec<Frame> = names.iter().map(|name| Frame::code((*name).to_owned(), None, None)).collect();
            let ids = frames.iter().map(|frame| builder.frame(frame)).collect();
            builder.stack(ids, *stats);
        }
        builder.build()
    }

    fn blocks(total_blocks: u64, total_bytes: u64) -> SiteStats {
        SiteStats { total_blocks, total_bytes, ..SiteStats::default() }
    }

    #[test]
    fn stacks_that_look_the_same_once_trimmed_are_one_site() {
        let profile = profile(&[
            (&["alloc::alloc", "app::f", "app::main", "_start"], blocks(1, 10)),
            (&["alloc::vec::grow", "app::f", "app::main"], blocks(1, 20)),
        ]);
        let sites = profile.sites(Metric::TotalBytes);
        assert_eq!(sites.len(), 1);
        assert_eq!((sites[0].value(), sites[0].frames().len()), (30, 2));
        assert_eq!(profile.with_runtime_frames(true).sites(Metric::TotalBytes).len(), 2);
    }

    #[test]
    fn the_largest_site_is_first_and_equal_ones_keep_the_order_of_their_frames() {
        let profile = profile(&[
            (&["app::c"], blocks(2, 5)),
            (&["app::a"], blocks(1, 5)),
            (&["app::b"], blocks(1, 9)),
            (&["app::zero"], blocks(0, 0)),
        ]);
        let names =
            |metric| -> Vec<String> { profile.sites(metric).iter().map(|site| site.frames()[0].to_string()).collect() };
        assert_eq!(names(Metric::TotalBytes), ["app::b", "app::a", "app::c"]);
        assert_eq!(names(Metric::TotalBlocks), ["app::c", "app::a", "app::b"]);
        assert!(names(Metric::TemporaryBlocks).is_empty());
    }

    #[test]
    fn shares_are_parts_of_the_whole_and_means_are_of_the_blocks_in_question() {
        let at_peak = SiteStats { live_at_peak_blocks: 2, live_at_peak_bytes: 100, ..blocks(10, 110) };
        let profile = profile(&[(&["app::a"], at_peak), (&["app::b"], blocks(1, 110))]);
        let by_total = &profile.sites(Metric::TotalBytes)[0];
        assert_eq!((by_total.share(), by_total.mean_size()), (0.5, 11.0));
        let by_peak = &profile.sites(Metric::LiveAtPeakBytes)[0];
        assert_eq!((by_peak.share(), by_peak.mean_size()), (1.0, 50.0));
    }

    #[test]
    fn the_users_code_is_found_before_a_dependency() {
        let profile = profile(&[(&["C_code", "app::f", "app::main"], blocks(1, 1)), (&["C_code"], blocks(1, 2))]);
        let nearest: Vec<String> = profile
            .sites(Metric::TotalBytes)
            .iter()
            .filter_map(|site| site.first_user_frame().map(ToString::to_string))
            .collect();
        assert_eq!(nearest, ["C_code", "app::f"]);
    }
}
