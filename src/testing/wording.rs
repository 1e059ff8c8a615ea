//! How heaplens writes names and numbers, for `cargo heaplens`: a table of tests reads like every other text of the library.
//!
//! Hidden: the words are the library's own, and change with it.

use std::borrow::Cow;
use std::time::Duration;

/// A text with whatever would act on a terminal instead of being read written as its escape.
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    crate::symbolize::visible(text)
}

/// `1,234,567`.
#[must_use]
pub fn count(number: u64) -> String {
    crate::export::number::count(number)
}

/// `12.3 MB`.
#[must_use]
pub fn bytes(number: u64) -> String {
    crate::export::number::bytes(number)
}

/// `12.3 ms`.
#[must_use]
pub fn duration(time: Duration) -> String {
    crate::export::number::duration(time)
}
