//! The counters of one slot, by call site: for the process, and for each level of scopes with stacks around the thread.

use super::counter::Counter;
use super::paged::Paged;
use super::place::CurrentPlace;
use super::scopes::MAX_LEVELS;
use crate::sys::arena::Place;
use crate::unwind::Trace;
use core::sync::atomic::AtomicU32;

/// One slot's counters and what it knows of its stack. A part of the slot, so that its writer is one thread.
pub(crate) struct Shard {
    /// The figures of the process, by site.
    pub(crate) sites: Paged<Counter>,
    /// The figures of the scopes with stacks, by level and site.
    levels: [Place<Paged<Counter>>; MAX_LEVELS as usize],
    pub(super) trace: Trace,
    pub(super) place: CurrentPlace,
    /// Captures while the self-check is on.
    pub(super) captures_checked: AtomicU32,
}

impl Shard {
    /// The counters of a level, if any event was counted there.
    pub(crate) fn level_in_use(&self, level: u32) -> Option<&'static Paged<Counter>> {
        self.levels.get(level as usize)?.get()
    }

    /// The counters of a level. `None` over the memory limit.
    pub(crate) fn level(&self, level: u32) -> Option<&'static Paged<Counter>> {
        self.levels.get(level as usize)?.get_or_take()
    }

    /// The slot is a new thread's.
    pub(super) fn begin_thread(&self) {
        self.trace.begin_thread();
        self.place.begin_thread();
    }
}
