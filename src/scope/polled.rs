//! The scope of a future: which thread is inside, and where its last poll left off.

use super::handle::ScopeHandle;
use super::inside::Inside;
use super::measurement::Measurement;
use super::opened::Opened;
use crate::record::plain_visits;
use crate::record::scope_ref::ScopeRef;
use crate::record::slot::Slot;
use crate::record::slots;
use crate::record::visits::{self, Ended, Visit, VisitNumber};

/// Where a future's polls begin: in its scope, or in one that an earlier poll opened inside and left open over an `await`.
#[derive(Debug)]
struct Polls {
    scope: ScopeRef,
    left_in: Option<ScopeRef>,
    /// The present poll, by one of these.
    plain: Option<VisitNumber>,
    visit: Option<Visit>,
}

/// The scope that a future measures itself with. One thread at a time is inside.
#[derive(Debug)]
pub(super) struct OwnScope {
    opened: Opened,
    polls: Polls,
}

/// The scope of a handle in which a future runs.
#[derive(Debug)]
pub(super) struct HandleScope {
    handle: ScopeHandle,
    polls: Polls,
}

/// One poll of a future that measures itself.
pub(super) struct OwnPoll<'a> {
    polls: &'a mut Polls,
    slot: Option<&'static Slot>,
}

/// One poll in the scope of a handle.
pub(super) struct HandlePoll<'a> {
    polls: &'a mut Polls,
    inside: Option<Inside>,
}

impl OwnScope {
    pub(super) fn new(opened: Opened) -> Self {
        let polls = Polls::of(opened.scope());
        Self { opened, polls }
    }

    /// Enters the scope for a poll.
    ///
    /// PERF: a call of its own, so that what it calls in turn is inlined here and not called from the user's crate;
    /// `benches/scopes`.
    #[inline(never)]
    pub(super) fn enter(&mut self) -> OwnPoll<'_> {
        let polls = &mut self.polls;
        polls.plain = None;
        if let (Some(slot), None) = (slots::current(), polls.left_in) {
            polls.plain = plain_visits::begin(slot, polls.scope);
            if polls.plain.is_some() {
                return OwnPoll { polls, slot: Some(slot) };
            }
        }
        polls.begin()
    }

    pub(super) fn handle(&self) -> ScopeHandle {
        self.opened.handle()
    }

    pub(super) fn finish(self) -> Measurement {
        self.opened.finish()
    }
}

impl HandleScope {
    pub(super) fn new(handle: ScopeHandle) -> Self {
        let polls = Polls::of(handle.scope());
        Self { handle, polls }
    }

    /// Enters the scope for a poll.
    pub(super) fn enter(&mut self) -> HandlePoll<'_> {
        self.handle.note_entry();
        let inside = Inside::from(self.polls.scope, self.polls.start());
        HandlePoll { polls: &mut self.polls, inside: Some(inside) }
    }
}

impl Polls {
    fn of(scope: ScopeRef) -> Self {
        Self { scope, left_in: None, plain: None, visit: None }
    }

    /// Where the next poll begins.
    fn start(&mut self) -> ScopeRef {
        self.left_in = self.left_in.filter(|left| left.is_open());
        self.left_in.unwrap_or(self.scope)
    }

    /// The poll is over.
    fn left(&mut self, ended: Ended) {
        self.left_in = match ended {
            Ended::LeftOpen(last) => Some(last),
            Ended::Back | Ended::Refused => None,
        };
    }

    #[cold]
    #[inline(never)]
    fn begin(&mut self) -> OwnPoll<'_> {
        let slot = slots::current_for_library();
        if let Some(slot) = slot {
            self.scope.set_thread(slot.index());
            self.visit = visits::begin(slot, Some(self.scope), Some(self.start()));
        }
        OwnPoll { polls: self, slot }
    }

    #[cold]
    #[inline(never)]
    fn end(&mut self, slot: &Slot) {
        let plain = self.plain.take().map(|plain| Visit::from_outside(plain, self.scope));
        if let Some(visit) = plain.or_else(|| self.visit.take()) {
            self.left(visits::end(slot, visit));
        }
        self.scope.set_thread(0);
    }
}

impl Drop for OwnPoll<'_> {
    // PERF: as `OwnScope::enter`.
    #[inline(never)]
    fn drop(&mut self) {
        let Some(slot) = self.slot else { return };
        if self.polls.plain.is_none_or(|plain| !plain_visits::end(slot, plain, self.polls.scope)) {
            self.polls.end(slot);
        }
    }
}

impl Drop for HandlePoll<'_> {
    fn drop(&mut self) {
        let ended = self.inside.take().map_or(Ended::Back, Inside::end);
        self.polls.left(ended);
        if !matches!(ended, Ended::Refused) {
            self.polls.scope.leave();
        }
    }
}
