//! Measured stretches of work: closures, guards, and what they return.
//!
//! A scope measures the thread that opened it. Its blocks stay its own wherever they are freed, and nothing that runs
//! beside it is counted in it, so that any number of tests can measure at the same time.

#![forbid(unsafe_code)]

mod error;
mod exclude;
mod guard;
mod measure;
mod measurement;
mod process;

pub use error::ScopeError;
pub use exclude::exclude;
pub use guard::{MemoryScope, ScopeBuilder};
pub use measure::{measure, profile_memory_usage, try_measure, try_profile_memory_usage};
pub use measurement::Measurement;
#[cfg(feature = "stacks")]
pub(crate) use process::remember_peak;
pub use process::{completeness, overhead_bytes, stats};
