//! A recording of the whole process around a workload, with the full stack of every allocation, and what it shows that
//! it recorded.
//!
//! A recorder that records nothing is fast: the end of each recording makes sure that blocks were counted and that the
//! tables of call sites grew, and a *proof* names every site to see that blocks have stacks.

use crate::worker::Figures;
use heaplens::{Metric, Origin, Profiler};

/// A recording, and the figures of the process at its start.
pub(crate) struct Recording {
    profiler: Profiler,
    blocks_before: u64,
    tables_before: u64,
}

/// Begins to record, before the workload warms up.
pub(crate) fn start() -> Recording {
    let tables_before = heaplens::overhead_bytes();
    let blocks_before = heaplens::stats().total_blocks;
    Recording { profiler: Profiler::start().expect("no profiler runs"), blocks_before, tables_before }
}

/// Ends a recording: discards it, or with `proof` names its sites.
pub(crate) fn finish(recording: Recording, proof: bool) -> Figures {
    let missing = heaplens::completeness();
    let blocks = heaplens::stats().total_blocks - recording.blocks_before;
    let table_bytes = heaplens::overhead_bytes();
    assert!(blocks > 0, "the workload allocates");
    assert!(table_bytes > recording.tables_before, "call sites take memory");
    let mut figures = vec![
        ("table_bytes", table_bytes),
        ("blocks", blocks),
        ("truncated", missing.truncated_stacks),
        ("empty", missing.empty_stacks),
        ("uncaptured", missing.uncaptured_events),
        ("overflowed", missing.overflowed_blocks),
    ];
    if proof {
        figures.extend(named_sites(recording.profiler));
    } else {
        drop(recording.profiler);
    }
    figures
}

/// How many call sites there are with all frames shown, and how many blocks were allocated at one with a frame of code.
fn named_sites(profiler: Profiler) -> Figures {
    let profile = profiler.stop().with_runtime_frames(true);
    let sites = profile.sites(Metric::TotalBlocks);
    let has_code = |site: &&heaplens::Site<'_>| {
        site.frames().iter().any(|frame| matches!(frame.origin, Origin::User | Origin::Dependency | Origin::Runtime))
    };
    let of_code = sites.iter().filter(has_code);
    vec![("sites", sites.len() as u64), ("blocks_with_stack", of_code.map(heaplens::Site::value).sum())]
}
