//! Threads that evidently work for a scope without being inside of it.
//!
//! Who starts a thread hands it a packet: what it is to do. The thread takes the packet apart before anything else, so
//! that its first free is of a block of the scope in which it was started. If it is not inside of that scope by then, what
//! it allocates from there on is work of the scope that the scope does not see. That is counted and said.

use super::scope_record::ScopeRecord;
use super::scope_table;
use super::slot::Slot;
use super::slots;
use super::tag::{Context, ScopeId};
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// What is known of a thread's first free. A part of its slot.
pub(crate) struct Newcomer {
    /// Whether the thread has freed nothing yet.
    is_one: AtomicU32,
    /// The context of the block that it freed first, if that was of a scope around which it was not; zero else. It has a
    /// hold on that scope.
    belongs_to: AtomicU64,
    /// The number of blocks that it had allocated by then.
    from: AtomicU64,
}

impl Newcomer {
    /// The slot is a new thread's.
    pub(super) fn begin_thread(&self) {
        self.is_one.store(1, Ordering::Relaxed);
        self.belongs_to.store(0, Ordering::Relaxed);
    }

    #[inline(always)]
    pub(super) fn is_one(&self) -> bool {
        self.is_one.load(Ordering::Relaxed) != 0
    }

    fn scope(&self) -> Option<ScopeId> {
        Context::from_own_bits(self.belongs_to.load(Ordering::Relaxed)).scope()
    }

    /// Blocks allocated since the first free.
    fn blocks(&self, slot: &Slot) -> u64 {
        slot.totals.total_blocks.load(Ordering::Relaxed).wrapping_sub(self.from.load(Ordering::Relaxed))
    }
}

/// The thread frees something, for the first time.
#[cold]
pub(super) fn first_free(slot: &Slot, of: Context) {
    let newcomer = &slot.newcomer;
    newcomer.is_one.store(0, Ordering::Relaxed);
    slot.accept_for_context();
    let Some(scope) = of.scope() else { return };
    let Some(record) = scope_table::of(scope).filter(|record| record.is_open(scope)) else { return };
    let is_inside = scope_table::chain(slot.context()).any(|(around, _)| around == scope);
    if is_inside || !record.life.try_hold(scope.generation) {
        return;
    }
    newcomer.from.store(slot.totals.total_blocks.load(Ordering::Relaxed), Ordering::Relaxed);
    newcomer.belongs_to.store(of.to_bits(), Ordering::Relaxed);
    for_open_scopes(of, |record| {
        record.unattached_threads.fetch_add(1, Ordering::Relaxed);
    });
}

/// The thread enters a scope by a handle: if it is the one that it evidently works for, or one around that, all is well.
pub(super) fn attached(slot: &Slot, to: Context) {
    let Some(scope) = slot.newcomer.scope() else { return };
    let work = Context::of_scope(scope);
    let is_related =
        scope_table::chain(to).any(|(entered, _)| scope_table::chain(work).any(|(around, _)| around == entered));
    if is_related {
        for_open_scopes(work, |record| {
            record.unattached_threads.fetch_sub(1, Ordering::Relaxed);
        });
        forget(slot, scope);
    }
}

/// The thread ends.
pub(super) fn leave(slot: &Slot) {
    let Some(scope) = slot.newcomer.scope() else { return };
    let blocks = slot.newcomer.blocks(slot);
    for_open_scopes(Context::of_scope(scope), |record| {
        record.unattached_blocks.fetch_add(blocks, Ordering::Relaxed);
    });
    forget(slot, scope);
}

/// A scope is closed: the threads that still work for it unattached have allocated this many blocks.
pub(super) fn blocks_by_living_threads(scope: ScopeId, record: &ScopeRecord) -> u64 {
    if record.unattached_threads.load(Ordering::Relaxed) == 0 {
        return 0;
    }
    let works_for_it = |slot: &&Slot| {
        let work = slot.newcomer.scope().map(Context::of_scope);
        work.is_some_and(|work| scope_table::chain(work).any(|(around, _)| around == scope))
    };
    slots::all().filter(works_for_it).map(|slot| slot.newcomer.blocks(slot)).sum()
}

fn forget(slot: &Slot, scope: ScopeId) {
    slot.newcomer.belongs_to.store(0, Ordering::Relaxed);
    if let Some(record) = scope_table::of(scope) {
        scope_table::release(scope, record);
    }
}

/// Every open scope of a context on whose innermost scope the thread has a hold.
fn for_open_scopes(context: Context, mut change: impl FnMut(&ScopeRecord)) {
    scope_table::chain(context).filter(|(scope, record)| record.is_open(*scope)).for_each(|(_, record)| change(record));
}
