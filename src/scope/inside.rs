//! Being in another scope for a while: what handles, futures and `exclude` have in common.

use crate::record::scope_ref::ScopeRef;
use crate::record::slots;
use crate::record::visits::{self, Ended, Visit};
use core::marker::PhantomData;

/// The thread is in another scope than its own, or in none, until this is dropped.
#[derive(Debug)]
pub(crate) struct Inside {
    visit: Option<Visit>,
    /// Ends on the thread it began on.
    not_send: PhantomData<*const ()>,
}

impl Inside {
    /// In no scope.
    pub(crate) fn of_none() -> Self {
        Self { visit: slots::current().and_then(|slot| visits::begin(slot, None, None)), not_send: PhantomData }
    }

    /// In a scope that stays at least as long as this.
    pub(crate) fn of(scope: ScopeRef) -> Self {
        Self::from(scope, scope)
    }

    /// In a scope that stays at least as long as this, from one inside of it on.
    pub(crate) fn from(scope: ScopeRef, start: ScopeRef) -> Self {
        let visit = slots::current_for_library().and_then(|slot| visits::begin(slot, Some(scope), Some(start)));
        Self { visit, not_send: PhantomData }
    }

    /// Leaves the scope.
    pub(crate) fn end(mut self) -> Ended {
        self.leave()
    }

    /// Leaves the scope, and tells a scope that was left open inside that it sees nothing from here on.
    pub(crate) fn leave_for_good(mut self) -> Ended {
        self.leave_and_tell()
    }

    fn leave_and_tell(&mut self) -> Ended {
        let ended = self.leave();
        if let Ended::LeftOpen(last) = ended
            && let Some(slot) = slots::current()
        {
            visits::left_open(slot.index(), last);
        }
        ended
    }

    fn leave(&mut self) -> Ended {
        match (slots::current(), self.visit.take()) {
            (Some(slot), Some(visit)) => visits::end(slot, visit),
            _ => Ended::Back,
        }
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        self.leave_and_tell();
    }
}
