//! Spans: stretches of work that somebody else names and that many threads may be inside of at once, each a scope.
//!
//! What closes is added up by name, so that a service that runs for days keeps one row for each place in its code that
//! makes spans. Whoever has spans (`adapt`) opens, enters, exits and closes them here; profiles and reports read the rows.
//!
//! ```text
//! adapt ──open──▶ span ──enter, exit──▶ stack (of the thread)
//!                   └──close──▶ closed ──▶ table ──▶ profile, report
//! ```
#![forbid(unsafe_code)]

#[cfg(feature = "tracing")]
mod closed;
mod row;
#[cfg(feature = "tracing")]
mod span;
#[cfg(feature = "tracing")]
mod stack;
mod table;

#[cfg(feature = "tracing")]
pub use closed::span_table;
#[cfg(all(feature = "tracing", feature = "stacks"))]
pub(crate) use closed::{begin_recording, end_recording};
pub use row::SpanRow;
#[cfg(feature = "tracing")]
pub(crate) use span::{OpenSpan, Place, SpanScope};
#[cfg(feature = "tracing")]
pub(crate) use stack::{SpanKey, enter, exit};
pub use table::SpanTable;

/// Without spans there is nothing to record.
#[cfg(not(feature = "tracing"))]
pub(crate) fn begin_recording() {}

/// Without spans none was recorded.
#[cfg(not(feature = "tracing"))]
pub(crate) fn end_recording() -> SpanTable {
    SpanTable::default()
}
