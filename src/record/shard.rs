//! The counters of one slot, by call site: for the process, and for each level of scopes with stacks around the thread.

use super::arena::{self, Zeroed};
use super::counter::Counter;
use super::paged::Paged;
use super::scopes::MAX_LEVELS;
use crate::unwind::MAX_DEPTH;
use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

/// One slot's counters and its buffer for captures. A part of the slot, so that its writer is one thread.
pub(crate) struct Shard {
    /// The figures of the process, by site.
    pub(crate) sites: Paged<Counter>,
    /// The figures of the scopes with stacks, by level and site.
    levels: [AtomicPtr<Paged<Counter>>; MAX_LEVELS as usize],
    frames: AtomicPtr<Frames>,
}

/// Room for one captured stack.
struct Frames([AtomicUsize; MAX_DEPTH]);

// SAFETY: atomic integers, valid when zero, without a destructor.
unsafe impl Zeroed for Frames {}

impl Shard {
    /// The counters of a level, if any event was counted there.
    pub(crate) fn level_in_use(&self, level: u32) -> Option<&'static Paged<Counter>> {
        load(self.levels.get(level as usize)?)
    }

    /// The counters of a level. `None` over the memory limit.
    pub(crate) fn level(&self, level: u32) -> Option<&'static Paged<Counter>> {
        load_or_take(self.levels.get(level as usize)?)
    }

    /// The buffer for captures of this slot's thread. `None` over the memory limit.
    pub(crate) fn frames(&self) -> Option<&'static [AtomicUsize; MAX_DEPTH]> {
        load_or_take(&self.frames).map(|frames| &frames.0)
    }
}

fn load<T>(place: &AtomicPtr<T>) -> Option<&'static T> {
    // ORDERING: Acquire, pairs with the Release in `load_or_take`.
    let pointer = place.load(Ordering::Acquire);
    // SAFETY: null, or a piece of the arena that lives for ever and is only shared.
    unsafe { pointer.as_ref() }
}

/// Only the slot's thread, or one that uses the shared slot, takes memory here.
fn load_or_take<T: Zeroed>(place: &AtomicPtr<T>) -> Option<&'static T> {
    load(place).or_else(|| {
        let fresh = arena::take::<T>()?;
        let pointer = ptr::from_ref(fresh).cast_mut();
        // ORDERING: Release, pairs with the Acquire in `load`. The piece of a thread that loses stays unused.
        match place.compare_exchange(ptr::null_mut(), pointer, Ordering::Release, Ordering::Acquire) {
            Ok(_) => Some(fresh),
            Err(_) => load(place),
        }
    })
}
