//! From switching recording on to a finished [`Profile`]: for a piece of work, or for the whole process.

mod error;
mod from_environment;
mod process;
mod scope;
mod self_check;
mod sites;

pub use error::ProfilerError;
pub use process::{Profiler, ProfilerBuilder};
pub use scope::{profile, try_profile};
pub use self_check::{SelfCheck, self_check};
