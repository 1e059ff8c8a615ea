//! Under which call site an event counts: in the figures of the process, and in those of each scope with stacks.
//!
//! The only file of the write side that differs with the feature `stacks`: without it `attribution_off.rs` stands in its
//! place.

use super::counter::Counter;
use super::peak;
use super::scope_record::ScopeRecord;
use super::sites;
use super::slot::{Slot, mode};
use super::tag::SiteId;
use super::writers::{Many, One};
use core::sync::atomic::Ordering;

/// The site of an event on this thread: captured if stacks are on here.
pub(super) fn site_here(slot: &Slot) -> SiteId {
    if slot.mode() & (mode::STACKS_EVERYWHERE | mode::STACKS_IN_SCOPE) == 0 {
        return SiteId::NOT_CAPTURED;
    }
    sites::capture(slot)
}

/// Whether a tag's site can be one of ours: a tag is hostile input.
pub(super) fn is_known(site: SiteId) -> bool {
    sites::is_known(site)
}

/// Counts a block under its site. Those of [`SiteId::NOT_CAPTURED`] are what the totals have beyond all others.
pub(super) fn allocated(slot: &Slot, site: SiteId, size: usize, epoch: u32) {
    if site != SiteId::NOT_CAPTURED
        && let Some(counter) = slot.shard.sites.get_or_commit(site.index())
    {
        counter.allocated::<One>(size, epoch);
    }
}

/// Counts the end of a block under its site.
pub(super) fn freed(slot: &Slot, site: SiteId, size: usize, temporary: bool, epoch: u32) {
    if site == SiteId::NOT_CAPTURED {
        return;
    }
    match slot.shard.sites.get_or_commit(site.index()) {
        Some(counter) => counter.freed::<One>(size, temporary, epoch),
        None => slot.drop_one(|drops| &drops.overflowed_blocks),
    }
}

/// Counts the end of a block under its site, on the slot of those that have none.
pub(super) fn freed_on_shared(shared: &Slot, site: SiteId, size: usize) {
    if site == SiteId::NOT_CAPTURED {
        return;
    }
    match shared.shard.sites.get_or_commit(site.index()) {
        Some(counter) => counter.freed::<Many>(size, false, peak::epoch_of(peak::control())),
        None => shared.drop_one(|drops| &drops.overflowed_blocks),
    }
}

/// Counts a block under its site in a scope around the thread.
pub(super) fn allocated_in_scope(slot: &Slot, record: &ScopeRecord, site: SiteId, size: usize) {
    in_scope(slot, record, site, |counter, epoch| counter.allocated::<One>(size, epoch));
}

/// Counts the end of a block under its site in the scope that it belongs to.
pub(super) fn freed_in_scope(slot: &Slot, record: &ScopeRecord, site: SiteId, size: usize, temporary: bool) {
    in_scope(slot, record, site, |counter, epoch| counter.freed::<One>(size, temporary, epoch));
}

/// A scope with stacks has counters of its own, because its peak is at another instant than the process's.
fn in_scope(slot: &Slot, record: &ScopeRecord, site: SiteId, count: impl FnOnce(&Counter, u32)) {
    // The shared slot has many writers; that the event is missing here is counted with it.
    if !record.is_profiled() || slot.mode() & mode::SHARED != 0 {
        return;
    }
    let level = record.levels().saturating_sub(1);
    match slot.shard.level(level).and_then(|table| table.get_or_commit(site.index())) {
        Some(counter) => {
            let epoch = record.epoch();
            counter.enter_instance(record.instance.load(Ordering::Relaxed), epoch);
            count(counter, epoch);
        }
        None => slot.drop_one(|drops| &drops.overflowed_blocks),
    }
}
