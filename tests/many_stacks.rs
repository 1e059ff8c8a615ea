//! S6: more call stacks than the memory limit has room for, each of them different.
//!
//! ```text
//! left ─┬─ left ─┬─ left     a path through a tree of calls for each number: its bits say left or right
//!       │        └─ right
//!       └─ right ─ …
//! ```
//!
//! What does not fit is counted together and shown, the totals stay exact, and the recorder's memory stays bounded.

#[path = "support/claims.rs"]
mod claims;
#[path = "support/count.rs"]
mod count;
#[path = "support/process_per_case.rs"]
mod process_per_case;
#[path = "support/watchdog.rs"]
mod watchdog;

use heaplens::{Metric, Profiler, Site};
use std::hint::black_box;
use watchdog::{progress, watched};

heaplens::install!();

claims::claims!(s6_more_stacks_than_fit_are_counted_together_and_the_memory_is_bounded);

const BLOCK_BYTES: u64 = 48;
/// Less than a call site takes, so that not all of them fit into the limit.
const LIMIT_BYTES_PER_STACK: usize = 28;
/// What the process may grow by beyond the limit: its own stack, and the counts of this test.
const GROWTH_BEYOND_LIMIT: u64 = 512 << 10;
/// More than reading the memory in use allocates.
const BLOCKS_OF_A_READING: u64 = 20;

#[inline(never)]
fn left(path: u64, levels: u32) {
    walk(path, levels);
    black_box(1);
}

#[inline(never)]
fn right(path: u64, levels: u32) {
    walk(path, levels);
    black_box(2);
}

/// The way that the bits of `path` say, and a block at its end.
#[inline(always)]
fn walk(path: u64, levels: u32) {
    match (levels, path & 1) {
        (0, _) => drop(black_box(Vec::<u8>::with_capacity(black_box(BLOCK_BYTES as usize)))),
        (_, 0) => left(path >> 1, levels - 1),
        _ => right(path >> 1, levels - 1),
    }
}

/// The process's own memory in RAM, without pages of files.
fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells it here");
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).expect("a kernel that says so");
    let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
    kibibytes << 10
}

/// Allocates from `stacks` different stacks. Returns how much more memory the process has in RAM thereafter.
fn allocate_from(stacks: u64) -> u64 {
    let levels = stacks.ilog2() + 1;
    let (resident, before) = (resident_bytes(), heaplens::stats());
    for path in 0..stacks {
        left(path, levels);
        if path.is_multiple_of(1_000) {
            progress();
        }
    }
    let after = heaplens::stats();
    assert_eq!(after.total_blocks - before.total_blocks, stacks, "the totals are exact");
    assert_eq!(after.total_bytes - before.total_bytes, stacks * BLOCK_BYTES, "the totals are exact");
    resident_bytes().saturating_sub(resident)
}

/// Call sites of this test, and the blocks under them.
fn captured(sites: &[Site<'_>]) -> (u64, u64) {
    let is_ours = |site: &&Site<'_>| site.frames().iter().any(|frame| frame.function.ends_with("::left"));
    let ours = sites.iter().filter(is_ours);
    ours.fold((0, 0), |(sites, blocks), site| {
        assert_eq!(site.stats().total_bytes, site.value() * BLOCK_BYTES);
        (sites + 1, blocks + site.value())
    })
}

fn s6_more_stacks_than_fit_are_counted_together_and_the_memory_is_bounded() {
    watched(|| {
        let stacks = count::count("HEAPLENS_UNIQUE_STACKS", 60_000);
        let limit = (stacks as usize * LIMIT_BYTES_PER_STACK).clamp(1 << 20, 64 << 20);
        let profiler = Profiler::builder().memory_limit(limit).verify_every(100).start().expect("the first profiler");
        let growth = allocate_from(stacks);
        let profile = profiler.stop();
        let missing = profile.completeness();
        let sites = profile.sites(Metric::TotalBlocks);
        let (distinct, captured) = captured(&sites);
        let is_over = |site: &&Site<'_>| site.frames()[0].function == "(over the memory limit)";
        let over: u64 = sites.iter().filter(is_over).map(Site::value).sum();
        println!(
            "{distinct} of {stacks} call sites under {limit} bytes, {over} blocks over it, {growth} bytes more in RAM"
        );
        assert!(distinct > 0 && missing.overflowed_blocks > 0, "some fit, some do not");
        assert_eq!(distinct, captured, "each stack is a call site of its own");
        assert_eq!(over, missing.overflowed_blocks, "what does not fit is shown and counted");
        assert!((stacks - captured..stacks - captured + BLOCKS_OF_A_READING).contains(&over), "nothing is lost");
        assert!(growth <= limit as u64 + GROWTH_BEYOND_LIMIT);
        assert_eq!(missing.mismatched_stacks, 0);
    });
}
