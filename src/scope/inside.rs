//! Being in another scope for a while: what handles, futures and `exclude` have in common.

use crate::record::scopes::ScopeRef;
use crate::record::slots;
use crate::record::visits::{self, Visit};
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
        Self { visit: slots::current().and_then(|slot| visits::begin(slot, None)), not_send: PhantomData }
    }

    /// In a scope that stays at least as long as this.
    #[inline]
    pub(crate) fn of(scope: ScopeRef) -> Self {
        let visit = slots::current_for_library().and_then(|slot| visits::begin(slot, Some(scope)));
        Self { visit, not_send: PhantomData }
    }

    /// Leaves the scope. Returns where the thread was, if a scope that was opened inside is still open.
    #[inline]
    pub(crate) fn end(mut self) -> Option<ScopeRef> {
        visits::end(slots::current()?, self.visit.take()?)
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        if let Some(visit) = self.visit.take()
            && let Some(slot) = slots::current()
            && let Some(left) = visits::end(slot, visit)
        {
            visits::left_open(left);
        }
    }
}
