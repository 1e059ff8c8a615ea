//! What follows from profiles: pure functions, which print and write nothing.
#![forbid(unsafe_code)]

mod diff;
mod stable_name;

pub use diff::{DiffKind, ProfileDiff, SiteDiff};
