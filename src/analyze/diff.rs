//! The difference of two profiles, call site by call site.
//!
//! ```text
//! before ─sites─▶ stack of stable names ─┐
//!                                        ├─ the same stack: one site, with the figures of both
//! after  ─sites─▶ stack of stable names ─┘
//! ```
//!
//! A site is known again by the names of its functions, not by addresses or lines, so that it is the same in another build, in
//! another process, and after an edit further up in the file.

use super::stable_name::stable_name;
use crate::profile::{Metric, Profile, SiteStats};
use crate::record::own_work::OwnWork;
use crate::symbolize::Frame;
use core::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

/// What became of each call site from one profile to a later one: [`Profile::diff`] makes it.
///
/// Figures are exact; what differs between two runs of the same program is in them too.
#[derive(Clone, Debug)]
pub struct ProfileDiff<'p> {
    before: &'p Profile,
    after: &'p Profile,
    sites: Vec<SiteDiff<'p>>,
}

/// A call site in two profiles.
#[derive(Clone, Debug)]
pub struct SiteDiff<'p> {
    frames: Vec<&'p Frame>,
    before: SiteStats,
    after: SiteStats,
}

/// What became of a call site, by one metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DiffKind {
    /// It had nothing before.
    New,
    /// It has more.
    Grown,
    /// It has less.
    Shrunk,
    /// It has nothing any more.
    Gone,
}

impl DiffKind {
    /// The word for it, such as `new`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Grown => "grown",
            Self::Shrunk => "shrunk",
            Self::Gone => "gone",
        }
    }
}

impl Profile {
    /// Compares two profiles.
    ///
    /// Both are compared as they are viewed: [with or without](Profile::with_runtime_frames) the frames of the standard library.
    ///
    /// ```
    /// # let (before, after) = (heaplens::Profile::default(), heaplens::Profile::default());
    /// let diff = heaplens::Profile::diff(&before, &after);
    /// for site in diff.changes(heaplens::Metric::TotalBytes).iter().take(3) {
    ///     println!("{:+} bytes", site.change(heaplens::Metric::TotalBytes));
    /// }
    /// ```
    #[must_use]
    pub fn diff<'p>(before: &'p Profile, after: &'p Profile) -> ProfileDiff<'p> {
        let _own = OwnWork::begin();
        let mut names = Names::default();
        // Sorted, so that sites of equal change are in the same order every time.
        let mut sites: BTreeMap<Vec<u32>, SiteDiff<'p>> = BTreeMap::new();
        for (profile, is_after) in [(before, false), (after, true)] {
            for site in profile.sites(Metric::TotalBlocks) {
                let key = site.frames().iter().map(|frame| names.number(frame)).collect();
                let known = sites.entry(key).or_insert_with(|| SiteDiff {
                    frames: Vec::new(),
                    before: SiteStats::default(),
                    after: SiteStats::default(),
                });
                // The frames of the later profile, where it has them: their lines are those of the present source.
                known.frames = site.frames().to_vec();
                if is_after { known.after.add(site.stats()) } else { known.before.add(site.stats()) }
            }
        }
        ProfileDiff { before, after, sites: sites.into_values().collect() }
    }
}

/// A number for each stable name.
#[derive(Default)]
struct Names {
    numbers: HashMap<(String, crate::symbolize::Origin), u32>,
    /// A profile holds each distinct frame once, so that its address stands for it.
    known: HashMap<*const Frame, u32>,
}

impl Names {
    fn number(&mut self, frame: &Frame) -> u32 {
        if let Some(number) = self.known.get(&core::ptr::from_ref(frame)) {
            return *number;
        }
        let next = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
        let number = *self.numbers.entry((stable_name(&frame.function), frame.origin)).or_insert(next);
        self.known.insert(frame, number);
        number
    }
}

impl<'p> ProfileDiff<'p> {
    /// The earlier profile.
    #[must_use]
    pub fn before(&self) -> &'p Profile {
        self.before
    }

    /// The later profile.
    #[must_use]
    pub fn after(&self) -> &'p Profile {
        self.after
    }

    /// Every call site of either profile, those without a change too, in no order of importance.
    #[must_use]
    pub fn sites(&self) -> &[SiteDiff<'p>] {
        &self.sites
    }

    /// The call sites whose metric changed, the largest change first, whether more or less.
    #[must_use]
    pub fn changes(&self, metric: Metric) -> Vec<&SiteDiff<'p>> {
        let _own = OwnWork::begin();
        let mut changes: Vec<&SiteDiff<'p>> = self.sites.iter().filter(|site| site.kind(metric).is_some()).collect();
        changes.sort_by_key(|site| Reverse(site.change(metric).unsigned_abs()));
        changes
    }

    /// What a metric of the whole changed by: later less earlier.
    #[must_use]
    pub fn total_change(&self, metric: Metric) -> i128 {
        i128::from(self.after.total(metric)) - i128::from(self.before.total(metric))
    }
}

impl<'p> SiteDiff<'p> {
    /// The call stack as views show it, leaf first: that of the later profile, or of the earlier one for a site that is gone.
    #[must_use]
    pub fn frames(&self) -> &[&'p Frame] {
        &self.frames
    }

    /// The figures in the earlier profile; all zero for a site that it does not have.
    #[must_use]
    pub fn before(&self) -> &SiteStats {
        &self.before
    }

    /// The figures in the later profile; all zero for a site that it does not have.
    #[must_use]
    pub fn after(&self) -> &SiteStats {
        &self.after
    }

    /// What a metric changed by: later less earlier.
    #[must_use]
    pub fn change(&self, metric: Metric) -> i128 {
        i128::from(metric.of(&self.after)) - i128::from(metric.of(&self.before))
    }

    /// What became of the site by a metric; `None` if that is the same.
    #[must_use]
    pub fn kind(&self, metric: Metric) -> Option<DiffKind> {
        match (metric.of(&self.before), metric.of(&self.after)) {
            (before, after) if before == after => None,
            (0, _) => Some(DiffKind::New),
            (_, 0) => Some(DiffKind::Gone),
            (before, after) if after > before => Some(DiffKind::Grown),
            _ => Some(DiffKind::Shrunk),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::completeness::Completeness;
    use crate::profile::{Header, ProfileBuilder};
    use crate::stats::MemoryStats;

    const METRIC: Metric = Metric::TotalBytes;

    fn profile(sites: &[(&[(&str, u32)], u64)]) -> Profile {
        let mut builder = ProfileBuilder::new(Header::default(), MemoryStats::default(), Completeness::default());
        for (frames, total_bytes) in sites {
            let frame = |(name, line): &(&str, u32)| {
                Frame::code((*name).to_owned(), Some("/src/app.rs".to_owned()), Some(*line))
            };
            let ids = frames.iter().map(|named| builder.frame(&frame(named))).collect();
            builder.stack(ids, SiteStats { total_blocks: 1, total_bytes: *total_bytes, ..SiteStats::default() });
        }
        builder.build()
    }

    fn changes(before: &Profile, after: &Profile) -> Vec<(&'static str, i128, String)> {
        let diff = Profile::diff(before, after);
        let told = |site: &&SiteDiff<'_>| {
            let kind = site.kind(METRIC).map_or("same", DiffKind::name);
            (kind, site.change(METRIC), site.frames().first().map(ToString::to_string).unwrap_or_default())
        };
        diff.changes(METRIC).iter().map(told).collect()
    }

    #[test]
    fn what_is_new_grown_shrunk_and_gone_is_told_in_the_order_of_its_size() {
        let before = profile(&[(&[("f", 1)], 100), (&[("g", 2)], 100), (&[("h", 3)], 1_000), (&[("same", 4)], 7)]);
        let after = profile(&[(&[("f", 1)], 150), (&[("g", 2)], 90), (&[("i", 3)], 300), (&[("same", 4)], 7)]);
        let expected = [("gone", -1_000, "h"), ("new", 300, "i"), ("grown", 50, "f"), ("shrunk", -10, "g")];
        assert_eq!(changes(&before, &after), expected.map(|(kind, change, name)| (kind, change, name.to_owned())));
        assert_eq!(Profile::diff(&before, &after).total_change(METRIC), 547 - 1_207);
        assert!(changes(&before, &before).is_empty());
    }

    #[test]
    fn a_site_is_the_same_after_an_edit_and_in_another_build() {
        let before = profile(&[(&[("app[0123456789abcdef]::f::{closure#1}", 10), ("app::main", 5)], 100)]);
        let after = profile(&[(&[("app[fedcba9876543210]::f::{closure#0}", 17), ("app::main", 6)], 100)]);
        assert!(changes(&before, &after).is_empty());
        let elsewhere = profile(&[(&[("app::f::{closure#1}", 10), ("app::other", 5)], 100)]);
        assert_eq!(changes(&before, &elsewhere).len(), 2, "another caller is another site");
    }

    /// Two sites of one function that differ in their lines are one: which of them grew cannot be known after an edit.
    #[test]
    fn lines_of_one_function_are_one_site_and_nothing_is_lost() {
        let before = profile(&[(&[("f", 1)], 100), (&[("f", 2)], 10)]);
        let after = profile(&[(&[("f", 2)], 100), (&[("f", 3)], 30)]);
        assert_eq!(changes(&before, &after), [("grown", 20, "f".to_owned())]);
        let diff = Profile::diff(&before, &after);
        let sum: i128 = diff.sites().iter().map(|site| site.change(METRIC)).sum();
        assert_eq!(sum, diff.total_change(METRIC));
    }
}
