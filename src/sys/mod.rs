//! What the recorder needs from the operating system, and the few lock-free building blocks that stand on it.
//!
//! The leftmost layer: it knows addresses, pages and threads, and nothing of blocks, call sites or scopes.

pub(crate) mod atomic;
pub(crate) mod environment;
pub(crate) mod exit;
pub(crate) mod free_bits;
pub(crate) mod pages;
pub(crate) mod thread_exit;
