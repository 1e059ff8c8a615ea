//! Keeps the recorder's own work out of the user's figures.

use super::slot::Slot;
use super::slots;
use core::marker::PhantomData;

/// While this lives, what the calling thread allocates is overhead. It nests.
pub(crate) struct OwnWork {
    slot: Option<&'static Slot>,
    /// Ends on the thread it began on.
    not_send: PhantomData<*const ()>,
}

impl OwnWork {
    pub(crate) fn begin() -> Self {
        let slot = slots::current_for_library();
        match slot {
            Some(slot) if !slot.is_shared() => slot.begin_own_work(),
            Some(_) => slots::change_own_work_depth(1),
            None => {}
        }
        Self { slot, not_send: PhantomData }
    }
}

impl Drop for OwnWork {
    fn drop(&mut self) {
        match self.slot {
            Some(slot) if !slot.is_shared() => slot.end_own_work(),
            Some(_) => slots::change_own_work_depth(-1),
            None => {}
        }
    }
}
