//! heaplens
mod completeness;
mod stats;

#[cfg(feature = "stacks")]
mod export;
#[cfg(feature = "stacks")]
mod profile;
#[cfg(feature = "stacks")]
mod report;
#[cfg(feature = "stacks")]
mod symbolize;

pub use completeness::Completeness;
pub use stats::MemoryStats;
