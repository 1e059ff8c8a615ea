//! Profiles in the formats of other tools: one format per file, a profile, and a metric where a file shows one, to a
//! writer.
//!
//! An export writes what the view of the profile shows ([`Profile::sites`](crate::Profile::sites)) and computes nothing.
#![forbid(unsafe_code)]

#[cfg(feature = "stacks")]
mod about;
#[cfg(feature = "flamegraph")]
mod color;
#[cfg(feature = "stacks")]
mod csv;
#[cfg(feature = "stacks")]
mod dhat;
#[cfg(feature = "stacks")]
mod diff;
#[cfg(feature = "flamegraph")]
mod flamegraph;
#[cfg(feature = "stacks")]
mod folded;
#[cfg(feature = "stacks")]
mod format;
#[cfg(feature = "stacks")]
mod frame_table;
#[cfg(feature = "flamegraph")]
mod heading;
pub(crate) mod number;
#[cfg(feature = "stacks")]
mod pprof;
#[cfg(feature = "stacks")]
mod speedscope;

#[cfg(feature = "stacks")]
pub use format::ExportFormat;
