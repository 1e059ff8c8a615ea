//! Profiles for people to read.
//!
//! Text for a terminal, of a width that every terminal has, and without colour, so that it reads the same in a log. The
//! words are those of the guide: what is not freed is *still live*.
#![forbid(unsafe_code)]

mod columns;
#[cfg(feature = "stacks")]
mod diff;
mod fit;
#[cfg(feature = "stacks")]
mod full;
#[cfg(feature = "stacks")]
mod head;
#[cfg(feature = "stacks")]
mod label;
#[cfg(feature = "stacks")]
mod largest;
mod spans;
#[cfg(feature = "stacks")]
mod summary;
#[cfg(feature = "stacks")]
mod table;

#[cfg(feature = "stacks")]
pub(crate) use largest::{largest_sites, site_label};
