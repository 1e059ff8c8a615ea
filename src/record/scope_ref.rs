//! A reference to a scope by who has a hold on its record: guards, futures and handles have one.

use super::scope_record::ScopeRecord;
use super::scope_table;
use super::slot::Slot;
use core::fmt;

/// The record of a scope that is over for ever.
static OVER: ScopeRecord = ScopeRecord::over();

/// A scope on which the owner of this has a hold.
#[derive(Clone, Copy)]
pub(crate) struct ScopeRef {
    pub(super) record: &'static ScopeRecord,
    /// Whoever lost the hold, as a guard does that outlives its thread, finds another generation.
    pub(super) generation: u32,
}

impl ScopeRef {
    pub(super) fn of(record: &'static ScopeRecord) -> Self {
        Self { record, generation: record.life.generation() }
    }

    /// A scope that is over for ever, in the place of one that is not to be had.
    pub(super) fn over() -> Self {
        Self::of(&OVER)
    }

    /// The scope's record, if it is one to be inside of.
    #[inline(always)]
    pub(super) fn inside(self) -> Option<&'static ScopeRecord> {
        if core::ptr::eq(self.record, &OVER) { None } else { Some(self.record) }
    }

    #[inline(always)]
    pub(super) fn record(self) -> &'static ScopeRecord {
        self.record
    }

    pub(super) fn is_held(self) -> bool {
        self.record.life.generation() == self.generation
    }

    /// Whether the scope is open.
    pub(crate) fn is_open(self) -> bool {
        self.is_held() && self.record.is_open()
    }

    /// Whether this is that scope.
    #[cfg(any(feature = "rayon", feature = "tracing"))]
    pub(crate) fn is(self, other: Self) -> bool {
        core::ptr::eq(self.record, other.record) && self.generation == other.generation
    }

    /// Whether this is that scope or one inside of it. Called by who has a hold on this one.
    #[cfg(feature = "tracing")]
    pub(crate) fn is_within(self, around: Self) -> bool {
        scope_table::chain(Some(self.record)).any(|record| core::ptr::eq(record, around.record))
    }

    /// One more hold.
    pub(crate) fn hold(self) {
        self.record.life.hold();
    }

    /// Gives up a hold.
    pub(crate) fn release(self) {
        scope_table::release(self.record);
    }

    /// Ends what [`note_entry`] began.
    pub(crate) fn leave(self) {
        if self.record.life.leave() {
            scope_table::give_back(self.record);
        }
    }

    /// Says which thread is inside of a scope that only one can be in; zero for none. Called by that thread.
    #[inline(always)]
    pub(crate) fn set_thread(self, slot: u32) {
        if !self.record.is_shared() {
            self.record.set_owner(slot);
        }
    }
}

impl fmt::Debug for ScopeRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.record.id().index, f)
    }
}

/// A thread is about to come inside by a handle, which is one more hold.
pub(crate) fn note_entry(slot: Option<&Slot>, scope: ScopeRef) {
    scope.record.life.enter();
    if let Some(slot) = slot
        && !scope.record.is_open()
    {
        slot.drop_one(|drops| &drops.late_entries);
    }
}
