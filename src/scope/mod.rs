//! Measured stretches of work: closures, guards, and what they return.
//!
//! A scope measures the thread that opened it, and the threads and futures that were attached to it by a handle. Its blocks
//! stay its own wherever they are freed, and nothing that runs beside it is counted in it, so that any number of tests can
//! measure at the same time.
//!
//! ```text
//! measure, profile_memory_usage ─▶ guard ─▶ opened ─▶ measurement
//!                         future, handle ─▶ inside
//! ```

#![forbid(unsafe_code)]

mod error;
mod exclude;
mod future;
mod guard;
mod handle;
mod inside;
mod measure;
mod measurement;
mod opened;
mod polled;
mod process;

pub use error::ScopeError;
pub use exclude::exclude;
pub use future::{InScope, MeasureFuture, Measured};
pub use guard::{MemoryScope, ScopeBuilder};
pub use handle::{Entered, ScopeHandle};
#[cfg(feature = "tracing")]
pub(crate) use inside::Inside;
pub use measure::{measure, profile_memory_usage, try_measure, try_profile_memory_usage};
pub use measurement::Measurement;
#[cfg(feature = "tracing")]
pub(crate) use opened::Opened;
#[cfg(feature = "stacks")]
pub(crate) use process::remember_peak;
pub use process::{completeness, overhead_bytes, stats};
