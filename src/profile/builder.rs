//! From stacks and figures to a [`Profile`].
//!
//! The only way to make a profile, for the profiler and for the file reader alike, so that the invariants of a profile
//! have one home: frames and stacks are distinct and sorted, and the figures of the sites add up to those of the whole.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::completeness::Completeness;
use crate::profile::{FrameId, Header, Profile, SiteStats, Stack};
use crate::spans::SpanTable;
use crate::stats::MemoryStats;
use crate::symbolize::Frame;

/// Collects the call sites of a measurement.
///
/// ```ignore
/// let mut builder = ProfileBuilder::new(header, stats, completeness);
/// for site in sites {
///     let frames = site.addresses().map(|address| builder.frame(&named(address))).collect();
///     builder.stack(frames, figures);
/// }
/// let profile = builder.note(remark).build();
/// ```
pub(crate) struct ProfileBuilder {
    profile: Profile,
    ids: HashMap<Frame, FrameId>,
    stacks: HashMap<Vec<FrameId>, SiteStats>,
}

impl ProfileBuilder {
    /// Starts with the facts that belong to no call site.
    ///
    /// Of `stats`, the sums (total, freed, live, peak, temporary) are replaced in [`build`](Self::build) by those of the
    /// sites, so that a profile agrees with itself even if other threads allocate between two readings.
    pub(crate) fn new(header: Header, stats: MemoryStats, completeness: Completeness) -> Self {
        let profile = Profile { header, stats, completeness, ..Profile::default() };
        Self { profile, ids: HashMap::new(), stacks: HashMap::new() }
    }

    /// The number of a frame, for [`stack`](Self::stack).
    pub(crate) fn frame(&mut self, frame: &Frame) -> FrameId {
        if let Some(id) = self.ids.get(frame) {
            return *id;
        }
        // The write side can hold no more than 2^22 sites, so that 32 bits number all their frames.
        let id = FrameId(u32::try_from(self.ids.len()).unwrap_or(u32::MAX));
        self.ids.insert(frame.clone(), id);
        id
    }

    /// Adds the figures of one call stack: frames leaf first and untrimmed, open scopes outermost. Equal stacks add up,
    /// and figures that cannot be are [brought in line](SiteStats::in_line), so that what is saved can be loaded.
    pub(crate) fn stack(&mut self, frames: Vec<FrameId>, stats: SiteStats) -> &mut Self {
        let stats = stats.in_line();
        match self.stacks.entry(frames) {
            Entry::Occupied(mut known) => known.get_mut().add(&stats),
            Entry::Vacant(unknown) => {
                unknown.insert(stats);
            }
        }
        self
    }

    /// Adds a remark for the person, if there is one.
    pub(crate) fn note(&mut self, note: impl Into<Option<String>>) -> &mut Self {
        self.profile.notes.extend(note.into());
        self
    }

    /// The spans that were closed meanwhile.
    pub(crate) fn spans(&mut self, spans: SpanTable) -> &mut Self {
        self.profile.spans = spans.sorted();
        self
    }

    /// The finished profile. The same sites give the same profile, in whatever order they came.
    pub(crate) fn build(self) -> Profile {
        let Self { mut profile, ids, stacks } = self;
        let mut order: Vec<(Frame, FrameId)> = ids.into_iter().collect();
        order.sort_unstable();
        let mut sorted_id = vec![FrameId(0); order.len()];
        for (position, (_, id)) in (0..).zip(&order) {
            sorted_id[id.0 as usize] = FrameId(position);
        }
        profile.frames = order.into_iter().map(|(frame, _)| frame).collect();
        profile.stacks = stacks
            .into_iter()
            .map(|(ids, stats)| Stack { frames: ids.iter().map(|id| sorted_id[id.0 as usize]).collect(), stats })
            .collect();
        profile.stacks.sort_unstable_by(|a, b| a.frames.cmp(&b.frames));
        set_sums(&mut profile.stats, &profile.stacks);
        profile
    }
}

/// Makes the figures of the whole the sums of those of the sites.
fn set_sums(stats: &mut MemoryStats, stacks: &[Stack]) {
    let mut sum = SiteStats::default();
    for stack in stacks {
        sum.add(&stack.stats);
    }
    stats.total_blocks = sum.total_blocks;
    stats.total_bytes = sum.total_bytes;
    stats.freed_blocks = sum.freed_blocks;
    stats.freed_bytes = sum.freed_bytes;
    stats.live_blocks = sum.live_blocks();
    stats.live_bytes = sum.live_bytes();
    stats.peak_blocks = sum.live_at_peak_blocks;
    stats.peak_bytes = sum.live_at_peak_bytes;
    stats.temporary_blocks = sum.temporary_blocks;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(name: &str) -> Frame {
        Frame::code(name.to_owned(), None, None)
    }

    impl ProfileBuilder {
        fn site(&mut self, frames: &[Frame], stats: SiteStats) -> &mut Self {
            let ids = frames.iter().map(|frame| self.frame(frame)).collect();
            self.stack(ids, stats)
        }
    }

    fn bytes(total_bytes: u64) -> SiteStats {
        SiteStats { total_bytes, total_blocks: 1, live_at_peak_bytes: total_bytes, ..SiteStats::default() }
    }

    fn builder() -> ProfileBuilder {
        ProfileBuilder::new(Header::default(), MemoryStats::default(), Completeness::default())
    }

    #[test]
    fn equal_stacks_add_up_and_the_whole_is_their_sum() {
        let mut builder = builder();
        builder.site(&[frame("a::f"), frame("a::main")], bytes(3));
        builder.site(&[frame("a::f"), frame("a::main")], bytes(4)).site(&[frame("a::main")], bytes(5));
        let profile = builder.build();
        assert_eq!(profile.stacks.len(), 2);
        assert_eq!((profile.stats.total_bytes, profile.stats.total_blocks, profile.stats.live_bytes), (12, 3, 12));
        assert_eq!(profile.stats.peak_bytes, 12);
    }

    #[test]
    fn figures_that_overtook_each_other_are_loaded_again() {
        let ahead = SiteStats {
            freed_blocks: 3,
            freed_bytes: 9,
            live_at_peak_blocks: 3,
            live_at_peak_bytes: 9,
            temporary_blocks: 3,
            ..bytes(8)
        };
        let mut builder = builder();
        builder.site(&[frame("a::f")], ahead);
        let profile = builder.build();
        assert_eq!((profile.stats.freed_bytes, profile.stats.live_bytes, profile.stats.temporary_blocks), (8, 0, 1));
        let mut text = Vec::new();
        profile.write_json(&mut text).expect("memory can be written");
        assert_eq!(Profile::read_json(text.as_slice()).expect("sound"), profile);
    }

    #[test]
    fn the_order_of_the_sites_does_not_matter() {
        let sites = [(vec![frame("b::f"), frame("a::main")], 1), (vec![frame("a::main")], 2), (vec![], 3)];
        let (mut forwards, mut backwards) = (builder(), builder());
        for (frames, figure) in &sites {
            forwards.site(frames, bytes(*figure));
        }
        for (frames, figure) in sites.iter().rev() {
            backwards.site(frames, bytes(*figure));
        }
        assert_eq!(forwards.build(), backwards.build());
    }

    #[test]
    fn figures_that_no_site_knows_are_kept() {
        let stats = MemoryStats { reallocations: 7, peak_error_bytes: 9, ..MemoryStats::default() };
        let mut builder = ProfileBuilder::new(Header::default(), stats, Completeness::default());
        builder.note("look here".to_owned()).note(None);
        let profile = builder.build();
        assert_eq!((profile.stats.reallocations, profile.stats.peak_error_bytes), (7, 9));
        assert_eq!(profile.notes(), ["look here"]);
    }
}
