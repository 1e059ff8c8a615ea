//! From "here" to the return addresses of the callers.
//!
//! One small interface, [`capture`], so that a faster way of walking the stack replaces [`portable`] without anything
//! else noticing. It runs inside every recorded allocation: it allocates nothing, takes no lock, and keeps nothing.

#![cfg_attr(not(test), deny(clippy::disallowed_macros, clippy::disallowed_methods, clippy::disallowed_types))]

#[cfg(feature = "stacks")]
mod portable;

#[cfg(feature = "stacks")]
pub(crate) use portable::capture;

/// The deepest stack that is captured whole. Deeper ones are cut at their outer end, flagged, and counted.
#[cfg(feature = "stacks")]
pub(crate) const MAX_DEPTH: usize = 512;

/// What a capture found.
#[cfg(feature = "stacks")]
pub(crate) struct Capture {
    /// Number of return addresses written, the innermost first.
    pub(crate) depth: usize,
    /// Whether the stack went on beyond the last one written.
    pub(crate) truncated: bool,
}
