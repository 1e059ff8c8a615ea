//! Threads that evidently work for a scope without being inside of it.
//!
//! Who starts a thread hands it a packet: what it is to do. The thread takes the packet apart before anything else, so
//! that its first free is of a block of the scope in which it was started. If it is not inside of that scope by then, what
//! it allocates from there on is work of the scope that the scope does not see. That is counted and said.

use super::scope_record::ScopeRecord;
use super::scope_table;
use super::slot::Slot;
use super::slots;
use super::tag::Context;
use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering};

/// What is known of a thread's first free. A part of its slot.
pub(crate) struct Newcomer {
    /// One of the states below.
    state: AtomicU32,
    /// The scope of the block that it freed first, if the thread was not inside of that; null else. It has a hold on it.
    belongs_to: AtomicPtr<ScopeRecord>,
    /// The number of blocks that it had allocated by then.
    from: AtomicU64,
}

/// The thread freed something, and works for no scope that it is not inside of.
const SETTLED: u32 = 0;
/// It has freed nothing yet.
const NEW: u32 = 1;
/// It works for a scope that it is not inside of.
const UNATTACHED: u32 = 2;

impl Newcomer {
    /// The slot is a new thread's.
    pub(super) fn begin_thread(&self) {
        self.state.store(NEW, Ordering::Relaxed);
        self.belongs_to.store(ptr::null_mut(), Ordering::Relaxed);
    }

    #[inline(always)]
    pub(super) fn is_one(&self) -> bool {
        self.state.load(Ordering::Relaxed) == NEW
    }

    /// Whether nothing is to be found out of it any more.
    #[inline(always)]
    pub(super) fn is_settled(&self) -> bool {
        self.state.load(Ordering::Relaxed) == SETTLED
    }

    #[inline(always)]
    fn scope(&self) -> Option<&'static ScopeRecord> {
        // ORDERING: Acquire, pairs with the Release of `first_free`, for who looks from another thread.
        // SAFETY: null, or a record of the table, which lives for ever and is only shared.
        unsafe { self.belongs_to.load(Ordering::Acquire).as_ref() }
    }

    /// Blocks allocated since the first free that nobody has claimed yet: the caller counts them.
    fn claim_blocks(&self, slot: &Slot) -> u64 {
        let total = slot.totals.total_blocks.load(Ordering::Relaxed);
        total.saturating_sub(self.from.swap(total, Ordering::Relaxed))
    }
}

/// The thread frees something, for the first time.
#[cold]
pub(super) fn first_free(slot: &Slot, of: Context) {
    let newcomer = &slot.newcomer;
    newcomer.state.store(SETTLED, Ordering::Relaxed);
    slot.accept_for_context();
    let Some(scope) = of.scope() else { return };
    let Some(record) = scope_table::of(scope).filter(|record| record.is_open()) else { return };
    if !record.life.try_hold(scope.generation) {
        return;
    }
    // Inside of that one or of one around it, the thread was attached.
    if slot.scopes().any(|entered| is_around(entered, record)) {
        return scope_table::release(record);
    }
    newcomer.from.store(slot.totals.total_blocks.load(Ordering::Relaxed), Ordering::Relaxed);
    // ORDERING: Release, pairs with the Acquire of `scope`.
    newcomer.belongs_to.store(ptr::from_ref(record).cast_mut(), Ordering::Release);
    newcomer.state.store(UNATTACHED, Ordering::Relaxed);
    for_open_scopes(record, |record| {
        record.unattached_threads.fetch_add(1, Ordering::Relaxed);
    });
}

/// The thread enters a scope by a handle: if that is the one that it evidently works for, or one around it, all is well.
#[inline(always)]
pub(super) fn attached(slot: &Slot, to: Option<&'static ScopeRecord>) {
    if to.is_some() && slot.newcomer.is_one() {
        // Whatever it frees first, its work is somebody's.
        slot.newcomer.state.store(SETTLED, Ordering::Relaxed);
    }
    if let Some(work) = slot.newcomer.scope() {
        attached_to(slot, work, to);
    }
}

#[cold]
fn attached_to(slot: &Slot, work: &'static ScopeRecord, to: Option<&'static ScopeRecord>) {
    if scope_table::chain(to).any(|entered| is_around(entered, work)) {
        for_open_scopes(work, |record| {
            record.unattached_threads.fetch_sub(1, Ordering::Relaxed);
        });
        forget(slot, work);
    }
}

/// The thread ends.
pub(super) fn leave(slot: &Slot) {
    let Some(work) = slot.newcomer.scope() else { return };
    count_blocks(work, slot);
    forget(slot, work);
}

/// A scope is about to be closed: what the threads that still work for it unattached have allocated so far counts in it, and
/// in those around it.
pub(super) fn count_blocks_of_living_threads(record: &'static ScopeRecord) {
    if record.unattached_threads.load(Ordering::Relaxed) == 0 {
        return;
    }
    for slot in slots::all() {
        if let Some(work) = slot.newcomer.scope().filter(|work| is_around(record, work)) {
            count_blocks(work, slot);
        }
    }
}

/// Each block is claimed once, by the thread at its end or by who closes a scope.
fn count_blocks(work: &'static ScopeRecord, slot: &Slot) {
    let blocks = slot.newcomer.claim_blocks(slot);
    for_open_scopes(work, |record| {
        record.unattached_blocks.fetch_add(blocks, Ordering::Relaxed);
    });
}

/// Whether a scope is another one, or around it.
fn is_around(scope: &ScopeRecord, other: &'static ScopeRecord) -> bool {
    scope_table::chain(Some(other)).any(|around| ptr::eq(around, scope))
}

fn forget(slot: &Slot, work: &'static ScopeRecord) {
    slot.newcomer.belongs_to.store(ptr::null_mut(), Ordering::Relaxed);
    slot.newcomer.state.store(SETTLED, Ordering::Relaxed);
    scope_table::release(work);
}

fn for_open_scopes(innermost: &'static ScopeRecord, change: impl FnMut(&ScopeRecord)) {
    scope_table::chain(Some(innermost)).filter(|record| record.is_open()).for_each(change);
}
