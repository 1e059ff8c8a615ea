//! heaplens

// Under loom only the models of `tests/loom.rs` are compiled; they take in the sources they need.
#![cfg(not(loom))]

mod adapt;
mod allocator;
mod completeness;
mod fault;
mod record;
mod scope;
mod stats;
mod sys;
mod unwind;

#[cfg(feature = "stacks")]
mod export;
#[cfg(feature = "stacks")]
mod profile;
#[cfg(feature = "stacks")]
mod profiler;
#[cfg(feature = "stacks")]
mod report;
#[cfg(feature = "stacks")]
mod snapshot;
#[cfg(feature = "stacks")]
mod symbolize;

#[cfg(feature = "jemalloc")]
pub use adapt::jemalloc::{Jemalloc, JemallocError, JemallocStats, jemalloc_stats};
pub use allocator::{Heaplens, is_installed};
pub use completeness::Completeness;
#[cfg(feature = "stacks")]
pub use profile::{Metric, Profile, ProfileError, Site, SiteStats};
#[cfg(feature = "stacks")]
pub use profiler::{Profiler, ProfilerBuilder, ProfilerError, profile, try_profile};
pub use scope::{
    Measurement, MemoryScope, ScopeBuilder, ScopeError, exclude, measure, profile_memory_usage, stats, try_measure,
    try_profile_memory_usage,
};
pub use stats::MemoryStats;
#[cfg(feature = "stacks")]
pub use symbolize::{Frame, Origin};
