//! What the recorder needs from the operating system, and the few lock-free building blocks that stand on it.
//!
//! The leftmost layer: it knows addresses, pages and threads, and nothing of blocks, call sites or scopes.

#![cfg_attr(not(test), deny(clippy::disallowed_macros, clippy::disallowed_methods, clippy::disallowed_types))]

pub(crate) mod arena;
pub(crate) mod atomic;
#[cfg(any(feature = "stacks", feature = "planted-faults"))]
pub(crate) mod environment;
#[cfg(feature = "stacks")]
pub(crate) mod exit;
#[cfg(feature = "stacks")]
pub(crate) mod file_size;
pub(crate) mod free_bits;
#[cfg(heaplens_rules)]
pub(crate) mod modules;
pub(crate) mod pages;
#[cfg(heaplens_rules)]
pub(crate) mod readable;
pub(crate) mod running;
#[cfg(heaplens_rules)]
pub(crate) mod stack_bounds;
pub(crate) mod thread_exit;
#[cfg(feature = "stacks")]
pub(crate) mod thread_name;
