//! The atomics of the write side: `core`'s, or loom's when the models of `ci/loom.sh` explore every interleaving.

#[cfg(all(not(loom), feature = "stacks"))]
pub(crate) use core::sync::atomic::AtomicU32;
#[cfg(not(loom))]
pub(crate) use core::sync::atomic::{AtomicU64, Ordering};

#[cfg(loom)]
pub(crate) use loom::sync::atomic::{AtomicU32, AtomicU64, Ordering};
