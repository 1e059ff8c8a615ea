//! The scope of a future: which thread is inside, and where its last poll left off.

use super::handle::ScopeHandle;
use super::inside::Inside;
use super::measurement::Measurement;
use super::opened::Opened;
use crate::record::tag::{Context, ScopeId};
use crate::record::{scopes, slots};

/// Where a future's polls begin: in its scope, or in one that an earlier poll opened inside and left open over an `await`.
#[derive(Debug)]
struct Polls {
    scope: ScopeId,
    left_in: Option<Context>,
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

/// One poll.
pub(super) struct Poll<'a> {
    polls: &'a mut Polls,
    inside: Option<Inside>,
    by_handle: bool,
}

impl OwnScope {
    pub(super) fn new(opened: Opened) -> Self {
        let polls = Polls { scope: opened.scope(), left_in: None };
        Self { opened, polls }
    }

    /// Enters the scope for a poll.
    pub(super) fn enter(&mut self) -> Poll<'_> {
        let slot = slots::current_for_library();
        scopes::set_poller(self.polls.scope, slot.map_or(0, |slot| slot.index()));
        self.polls.begin(false)
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
        let polls = Polls { scope: handle.scope(), left_in: None };
        Self { handle, polls }
    }

    /// Enters the scope for a poll.
    pub(super) fn enter(&mut self) -> Poll<'_> {
        self.handle.note_entry();
        self.polls.begin(true)
    }
}

impl Polls {
    fn begin(&mut self, by_handle: bool) -> Poll<'_> {
        let left_in = self.left_in.take().filter(|left| left.scope().is_some_and(scopes::is_open));
        let inside = Inside::at(left_in.unwrap_or(Context::of_scope(self.scope)));
        Poll { polls: self, inside: Some(inside), by_handle }
    }
}

impl Drop for Poll<'_> {
    fn drop(&mut self) {
        self.polls.left_in = self.inside.take().and_then(Inside::end);
        match self.by_handle {
            true => scopes::leave_by_handle(self.polls.scope),
            false => scopes::set_poller(self.polls.scope, 0),
        }
    }
}
