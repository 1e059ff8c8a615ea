//! What the recorder needs from the operating system, and the few lock-free building blocks that stand on it.
//!
//! The leftmost layer: it knows addresses, pages and threads, and nothing of blocks, call sites or scopes.

pub(crate) mod atomic;
pub(crate) mod free_bits;
#[cfg(not(loom))]
pub(crate) mod environment;
#[cfg(not(loom))]
pub(crate) mod exit;
#[cfg(not(loom))]
pub(crate) mod pages;
#[cfg(not(loom))]
pub(crate) mod thread_exit;
