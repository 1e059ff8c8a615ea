//! What follows from profiles: pure functions, which print and write nothing.
#![forbid(unsafe_code)]

mod diff;
mod groups;
mod stable_name;

pub use diff::{DiffKind, ProfileDiff, SiteDiff};
pub use groups::{Group, Grouping};
