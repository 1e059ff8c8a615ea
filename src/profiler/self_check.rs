//! What the self-check found: see [`ProfilerBuilder::verify_every`](super::ProfilerBuilder::verify_every).

use crate::record::self_check as counts;
use crate::record::sites;
use core::sync::atomic::Ordering;

/// How many captured stacks were compared with a full unwind since the start of the process, and how many differed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SelfCheck {
    /// Stacks compared with a full unwind by heaplens's own rules.
    pub compared_stacks: u64,
    /// Those that differed. Anything but zero is a defect of heaplens.
    pub mismatched_stacks: u64,
    /// Of the compared ones, those that were also compared with the platform's unwinder: one in 64, and the first of
    /// each call site.
    pub compared_with_platform: u64,
    /// Those that differed from the platform's unwinder.
    pub differing_from_platform: u64,
    /// Hashes of stacks that were equal while the stacks were not. They cost time and change no figure: stacks are
    /// compared frame by frame.
    pub hash_clashes: u64,
}

/// What the self-check found so far, on every thread.
///
/// ```
/// # use heaplens::Profiler;
/// heaplens::install!();
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     let profiler = Profiler::builder().verify_every(1).start()?;
///     let words: Vec<String> = (0..100).map(|n| n.to_string()).collect();
///     let profile = profiler.stop();
///     assert_eq!(profile.completeness().mismatched_stacks, 0);
///     assert_eq!(heaplens::self_check().mismatched_stacks, 0);
///     drop(words);
///     Ok(())
/// }
/// ```
#[must_use]
pub fn self_check() -> SelfCheck {
    let read = |count: &core::sync::atomic::AtomicU64| count.load(Ordering::Relaxed);
    SelfCheck {
        compared_stacks: read(&counts::COMPARED),
        mismatched_stacks: read(&counts::MISMATCHED),
        compared_with_platform: read(&counts::COMPARED_WITH_PLATFORM),
        differing_from_platform: read(&counts::DIFFERING_FROM_PLATFORM),
        hash_clashes: sites::clashes(),
    }
}
