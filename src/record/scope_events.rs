//! One event in the scopes that it concerns: those around the thread for a new block, those of the tag for a free.

use super::attribution;
use super::scope_record::{ScopeRecord, flag};
use super::scope_run;
use super::scope_table;
use super::slot::Slot;
use super::tag::{Context, ScopeId, SiteId};
use super::writers::Many;
use crate::fault::{Fault, planted};
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};

/// Under what the counters of a scope with stacks are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SitesOf {
    /// Number of scopes with stacks around it.
    pub(crate) level: u32,
    /// Its number among all scopes with stacks.
    pub(crate) instance: u32,
    /// Its peak epoch.
    pub(crate) epoch: u32,
}

pub(super) fn sites_of(record: &ScopeRecord) -> SitesOf {
    let instance = record.instance.load(Ordering::Relaxed);
    SitesOf { level: record.levels().saturating_sub(1), instance, epoch: record.epoch() }
}

/// A block was allocated on this thread, whose totals count it.
pub(crate) fn allocated(slot: &Slot, site: SiteId, size: usize) {
    if slot.run.is_on() {
        return;
    }
    for record in slot.scopes() {
        if record.is_open() {
            let sites = record.is_profiled().then(|| sites_of(record));
            attribution::allocated_in_scope(slot, sites, site, size);
            if record.allocated(size) {
                continue;
            }
        }
        hold_block(record);
    }
}

/// The scope is closed while the thread is inside of it or of one in it: a free of the block passes here, and the record
/// stays until then.
#[cold]
fn hold_block(record: &'static ScopeRecord) {
    record.set(flag::REMEMBERED);
    scope_table::keep_for_blocks(record);
    let before = record.foreign_blocks.hold(record.id().generation, 1);
    if before.is_none_or(|word| word.amount > 0) {
        // Other blocks have the hold.
        scope_table::drained(record);
    }
}

/// A block was reallocated on this thread, which is what [`allocated`] does not count of it.
pub(crate) fn reallocated(slot: &Slot, moved: u64) {
    if slot.run.is_on() {
        return;
    }
    slot.scopes().filter(|record| record.is_open()).for_each(|record| record.reallocated(moved));
}

/// A block that was allocated in `context` was freed by this thread, whose totals count that, whoever allocated it.
pub(crate) fn freed(slot: &Slot, context: Context, site: SiteId, size: usize, temporary: bool) {
    if slot.run.is_on() {
        if context == slot.context() {
            return;
        }
        scope_run::freed_another(slot, size, temporary);
    }
    // The thread has a hold on every scope that it is in.
    let is_inside = context == slot.context();
    let mut next = context.scope();
    while let Some(scope) = next {
        let Some(record) = scope_table::get(scope.index) else { return };
        let word = record.foreign_blocks.read();
        if word.generation != scope.generation && !planted(Fault::DropGenerationCheck) {
            return;
        }
        // Read before the record can be given up, which the change of a foreign word tells.
        let around = record.parent();
        let sites = record.is_profiled().then(|| sites_of(record));
        if !word.closed && record.owner() == slot.index() && !slot.is_shared() {
            attribution::freed_in_scope(slot, sites, site, size, temporary);
            record.freed(size, temporary);
        } else {
            if temporary && !word.closed {
                freed_temporary(scope, record, is_inside);
            }
            if !freed_elsewhere(slot, scope, record, word.closed, (site, sites), size, temporary) {
                return;
            }
        }
        if planted(Fault::StopAtChild) {
            return;
        }
        next = around.scope();
    }
}

/// A block that was freed was a temporary one, of a scope that is not this thread's alone.
fn freed_temporary(scope: ScopeId, record: &'static ScopeRecord, is_inside: bool) {
    if is_inside {
        record.freed_temporary();
    } else if record.life.try_hold(scope.generation) {
        record.freed_temporary();
        scope_table::release(record);
    }
}

/// The end of a block of a scope that is not this thread's alone. `false`: the record is another scope's by now.
fn freed_elsewhere(
    slot: &Slot,
    scope: ScopeId,
    record: &'static ScopeRecord,
    closed: bool,
    (site, sites): (SiteId, Option<SitesOf>),
    size: usize,
    temporary: bool,
) -> bool {
    if !closed {
        if record.foreign_bytes.free(scope.generation, size as u64).is_none() {
            return false;
        }
        attribution::freed_elsewhere(slot, sites, site, size, temporary);
    }
    let Some(before) = record.foreign_blocks.free(scope.generation, 1) else { return false };
    if before.closed && before.amount == 1 {
        scope_table::drained(record);
    }
    true
}

/// The scope that was opened last, for the fault [`Fault::ChargeForeignBlocks`].
static LAST_OPENED: AtomicPtr<ScopeRecord> = AtomicPtr::new(ptr::null_mut());

pub(super) fn remember_last_opened(record: &'static ScopeRecord) {
    LAST_OPENED.store(ptr::from_ref(record).cast_mut(), Ordering::Relaxed);
}

/// The fault: counts a block of this thread in the scope that was opened last, if the thread is not inside of it.
#[cold]
pub(super) fn charge_last_opened(slot: &Slot, size: usize) {
    // SAFETY: null, or a record of the table, which lives for ever and is only shared.
    let last = unsafe { LAST_OPENED.load(Ordering::Relaxed).as_ref() };
    if let Some(record) = last.filter(|last| last.is_open() && !slot.scopes().any(|around| ptr::eq(around, *last))) {
        record.own.allocated::<Many>(size);
    }
}
