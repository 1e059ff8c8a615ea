//! The counters of one slot, by call site: for the process, and for each level of scopes with stacks around the thread.

use super::arena::{Place, Zeroed};
use super::counter::Counter;
use super::paged::Paged;
use super::scopes::MAX_LEVELS;
use crate::unwind::MAX_DEPTH;
use core::sync::atomic::AtomicUsize;

/// One slot's counters and its buffer for captures. A part of the slot, so that its writer is one thread.
pub(crate) struct Shard {
    /// The figures of the process, by site.
    pub(crate) sites: Paged<Counter>,
    /// The figures of the scopes with stacks, by level and site.
    levels: [Place<Paged<Counter>>; MAX_LEVELS as usize],
    frames: Place<Frames>,
}

/// Room for one captured stack.
struct Frames([AtomicUsize; MAX_DEPTH]);

// SAFETY: atomic integers, valid when zero, without a destructor.
unsafe impl Zeroed for Frames {}

impl Shard {
    /// The counters of a level, if any event was counted there.
    pub(crate) fn level_in_use(&self, level: u32) -> Option<&'static Paged<Counter>> {
        self.levels.get(level as usize)?.get()
    }

    /// The counters of a level. `None` over the memory limit.
    pub(crate) fn level(&self, level: u32) -> Option<&'static Paged<Counter>> {
        self.levels.get(level as usize)?.get_or_take()
    }

    /// The buffer for captures of this slot's thread. `None` over the memory limit.
    pub(crate) fn frames(&self) -> Option<&'static [AtomicUsize; MAX_DEPTH]> {
        self.frames.get_or_take().map(|frames| &frames.0)
    }
}
