//! What is said when a leak test fails.
//!
//! ```text
//! memory leak: 1 call site held more and more over 10 repetitions
//!   64 B and 1 block for each repetition, 640 B in 10 blocks
//!     src/cache.rs:12  app::cache::insert
//!     src/cache.rs:40  app::cache::lookup
//! whole call stacks: cargo heaplens report --full target/heaplens/suite.cache/leak-test.json.gz
//! flame graph: target/heaplens/suite.cache/leak-test.live-at-end-bytes.svg
//! ```

use super::growth::Growth;
use crate::export::number::{bytes, count, counted};
use crate::profile::{Metric, Profile};
use crate::symbolize::{Frame, Origin, visible};
use crate::testing::{artefact, record::Outcome, test_name::TestName};
use core::fmt;

/// Growing call sites that are printed, and frames of each.
const MOST_SITES: usize = 3;
const MOST_FRAMES: usize = 4;

/// Why a leak test failed. Its text is for people.
#[derive(Clone)]
pub struct LeakFailure {
    outcome: Outcome,
    text: String,
}

impl LeakFailure {
    pub(super) fn refused(reason: &(impl fmt::Display + ?Sized)) -> Self {
        Self { outcome: Outcome::Refused, text: format!("leak test cannot be run: {reason}") }
    }

    pub(super) fn of(growing: &[Growth], repetitions: u32, profile: &Profile, test: &TestName) -> Self {
        let sites = counted(growing.len() as u64, "call site");
        let mut lines = vec![format!("memory leak: {sites} held more and more over {repetitions} repetitions")];
        for growth in growing.iter().take(MOST_SITES) {
            lines.push(format!("  {}", rate(growth, repetitions)));
            lines.extend(
                growth
                    .frames
                    .iter()
                    .filter(|frame| frame.origin != Origin::Scope)
                    .take(MOST_FRAMES)
                    .map(|frame| format!("    {}", place(profile, frame))),
            );
        }
        if growing.len() > MOST_SITES {
            lines.push(format!("  ... and {} more", growing.len() - MOST_SITES));
        }
        lines.extend(artefact::lines(profile, Metric::LiveAtEndBytes, test));
        Self { outcome: Outcome::Failed, text: lines.join("\n") }
    }

    pub(super) fn outcome(&self) -> Outcome {
        self.outcome
    }
}

/// What a site grows by for each repetition, and in all.
fn rate(growth: &Growth, repetitions: u32) -> String {
    let of_each = |all: u64| all / u64::from(repetitions);
    let is_even = |all: u64| all.is_multiple_of(u64::from(repetitions));
    let all = match growth.blocks {
        0 => format!("{} in blocks that grow", bytes(growth.bytes)),
        blocks => format!("{} in {}", bytes(growth.bytes), counted(blocks, "block")),
    };
    if is_even(growth.bytes) && is_even(growth.blocks) {
        let (size, blocks) = (bytes(of_each(growth.bytes)), counted(of_each(growth.blocks), "block"));
        return format!("{size} and {blocks} for each repetition, {all}");
    }
    format!("{} bytes for each repetition, {all}", count_with_tenths(growth.bytes, repetitions))
}

fn count_with_tenths(all: u64, repetitions: u32) -> String {
    let tenths = (u128::from(all) * 10 / u128::from(repetitions)) as u64;
    format!("{}.{}", count(tenths / 10), tenths % 10)
}

fn place(profile: &Profile, frame: &Frame) -> String {
    let location = profile.location(frame).unwrap_or_default();
    format!("{}  {frame}", visible(&location)).trim_start().to_owned()
}

impl fmt::Display for LeakFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The same text: `unwrap` and `?` in a test print it.
impl fmt::Debug for LeakFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl core::error::Error for LeakFailure {}
