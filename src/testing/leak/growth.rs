//! Which call sites hold more after every repetition: three readings, and what grows from each to the next.
//!
//! A static that is made once grows in one half of the repetitions, a cache that is replaced in none, a leak in both.

use super::suppression::Suppression;
use crate::profile::{Metric, Profile};
use crate::scope::Measurement;
use crate::symbolize::Frame;
use std::collections::HashMap;

/// What a call site holds: blocks and bytes.
type Held = (u64, u64);

/// A call site that holds more at each reading.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Growth {
    /// The stack, the innermost frame first.
    pub(super) frames: Vec<Frame>,
    /// More blocks and bytes at the last reading than at the first.
    pub(super) blocks: u64,
    pub(super) bytes: u64,
}

/// The sites that grow and that no suppression lets pass, the one that grows most first. `None` without call sites.
pub(super) fn growing(readings: &[Measurement; 3], suppressions: &mut [Suppression]) -> Option<Vec<Growth>> {
    let [first, middle, last] = readings.each_ref().map(Measurement::sites);
    let (first, middle, last) = (held(&first?), held(&middle?), last?);
    let mut growing = Vec::new();
    for site in last.sites(Metric::LiveAtEndBytes) {
        let frames: Vec<Frame> = site.frames().iter().map(|frame| (*frame).clone()).collect();
        let at = |reading: &HashMap<Vec<Frame>, Held>| reading.get(&frames).copied().unwrap_or_default();
        let (before, between, now) = (at(&first), at(&middle), (site.stats().live_blocks(), site.stats().live_bytes()));
        let grows = |from: Held, to: Held| to.0 > from.0 || to.1 > from.1;
        if !grows(before, between) || !grows(between, now) {
            continue;
        }
        let (blocks, bytes) = (now.0.saturating_sub(before.0), now.1.saturating_sub(before.1));
        match suppressions.iter_mut().find(|suppression| suppression.matches(site.frames())) {
            Some(suppression) => {
                suppression.blocks += blocks;
                suppression.bytes += bytes;
            }
            None => growing.push(Growth { frames, blocks, bytes }),
        }
    }
    growing.sort_by_key(|growth| core::cmp::Reverse((growth.bytes, growth.blocks)));
    Some(growing)
}

fn held(profile: &Profile) -> HashMap<Vec<Frame>, Held> {
    let site = |site: crate::profile::Site<'_>| {
        let frames = site.frames().iter().map(|frame| (*frame).clone()).collect();
        (frames, (site.stats().live_blocks(), site.stats().live_bytes()))
    };
    profile.sites(Metric::LiveAtEndBytes).into_iter().map(site).collect()
}
