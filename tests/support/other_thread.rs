//! Another thread, that frees what it is given and does nothing else.

use crate::held::Held;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

/// A thread that waits for blocks to free, as long as this value lives.
pub(crate) struct OtherThread {
    place: Arc<Place>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Place {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    block: Option<Held>,
    ends: bool,
}

impl OtherThread {
    pub(crate) fn start() -> Self {
        let place = Arc::new(Place::default());
        let its_place = Arc::clone(&place);
        let other = Self { place, thread: Some(thread::spawn(move || its_place.free_all())) };
        // Its own allocations are over when it has freed something.
        other.free(Held::new(1));
        other
    }

    /// Has the block freed by the other thread, and returns when that is done. Allocates nothing.
    pub(crate) fn free(&self, block: Held) {
        self.place.change(|state| state.block = Some(block));
        self.place.wait_until(|state| state.block.is_none());
    }
}

impl Place {
    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_all();
    }

    fn wait_until(&self, holds: impl Fn(&State) -> bool) {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let held = self.changed.wait_while(state, |state| !holds(state));
        drop(held.unwrap_or_else(PoisonError::into_inner));
    }

    fn free_all(&self) {
        loop {
            self.wait_until(|state| state.block.is_some() || state.ends);
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            if state.ends {
                return;
            }
            state.block = None;
            drop(state);
            self.changed.notify_all();
        }
    }
}

impl Drop for OtherThread {
    fn drop(&mut self) {
        self.place.change(|state| state.ends = true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
