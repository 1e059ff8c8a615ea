//! Profiles for people to read.
//!
//! Text for a terminal, of a width that every terminal has, and without colour, so that it reads the same in a log. The
//! words are those of the guide: what is not freed is *still live*.
#![forbid(unsafe_code)]

mod columns;
mod fit;
mod full;
mod head;
mod label;
mod summary;
mod table;
