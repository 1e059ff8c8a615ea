//! The scope of a future: which thread is inside, and where its last poll left off.

use super::handle::ScopeHandle;
use super::inside::Inside;
use super::measurement::Measurement;
use super::opened::Opened;
use crate::record::scope_ref::ScopeRef;
use crate::record::slot::Slot;
use crate::record::slots;
use crate::record::visits::{self, Ended, PlainVisit, Visit};

/// Where a future's polls begin: in its scope, or in one that an earlier poll opened inside and left open over an `await`.
#[derive(Debug)]
struct Polls {
    scope: ScopeRef,
    left_in: Option<ScopeRef>,
    /// The present poll, unless it is a plain one.
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
    plain: Option<PlainVisit>,
}

/// One poll in the scope of a handle.
pub(super) struct HandlePoll<'a> {
    polls: &'a mut Polls,
    inside: Option<Inside>,
}

impl OwnScope {
    pub(super) fn new(opened: Opened) -> Self {
        let polls = Polls { scope: opened.scope(), left_in: None, visit: None };
        Self { opened, polls }
    }

    /// Enters the scope for a poll.
    ///
    /// PERF: a call of its own, so that what it calls in turn is inlined here and not called from the user's crate;
    /// `benches/scopes`.
    #[inline(never)]
    pub(super) fn enter(&mut self) -> OwnPoll<'_> {
        let polls = &mut self.polls;
        let slot = slots::current_for_library();
        let plain = match slot {
            Some(slot) if polls.left_in.is_none() => visits::begin_plain(slot, polls.scope),
            _ => None,
        };
        if let (None, Some(slot)) = (plain, slot) {
            polls.begin(slot);
        }
        OwnPoll { polls, slot, plain }
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
        let polls = Polls { scope: handle.scope(), left_in: None, visit: None };
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
    fn begin(&mut self, slot: &Slot) {
        self.scope.set_thread(slot.index());
        self.visit = visits::begin(slot, Some(self.scope), Some(self.start()));
    }

    #[cold]
    fn end(&mut self, slot: &Slot, plain: Option<PlainVisit>) {
        let plain = plain.map(|plain| Visit::of_plain(plain, self.scope));
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
        if self.plain.is_none_or(|plain| !visits::end_plain(slot, plain, self.polls.scope)) {
            self.polls.end(slot, self.plain);
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
