//! Under which call site an event counts: in the figures of the process, and in those of each scope with stacks.
//!
//! The only file of the write side that differs with the feature `stacks`: without it `attribution_off.rs` stands in its
//! place.

use super::counter::Counter;
use super::peak;
use super::scope_events::SitesOf;
use super::sites;
use super::slot::{Slot, mode};
use super::tag::SiteId;
use super::writers::{Many, One};
use crate::unwind::Caller;

/// The site of an event that `caller` asked for on this thread: captured if stacks are on here.
#[inline(always)]
pub(super) fn site_of(slot: &Slot, caller: Caller) -> SiteId {
    if slot.mode() & (mode::STACKS_EVERYWHERE | mode::STACKS_IN_SCOPE) == 0 {
        return SiteId::NOT_CAPTURED;
    }
    sites::capture(slot, caller)
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
        // The block was counted as one over the limit when it was allocated.
        None if site == SiteId::OVERFLOW => {}
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

/// Counts a block under its site in a scope around the thread, if the scope keeps figures by site.
pub(super) fn allocated_in_scope(slot: &Slot, scope: Option<SitesOf>, site: SiteId, size: usize) {
    in_scope(slot, scope, site, |counter, epoch| counter.allocated::<One>(size, epoch));
}

/// Counts the end of a block under its site in the scope around this thread that it belongs to.
pub(super) fn freed_in_scope(slot: &Slot, scope: Option<SitesOf>, site: SiteId, size: usize, temporary: bool) {
    in_scope(slot, scope, site, |counter, epoch| counter.freed::<One>(size, temporary, epoch));
}

/// Counts the end of a block under its site in a scope that is not this thread's alone.
pub(super) fn freed_elsewhere(slot: &Slot, scope: Option<SitesOf>, site: SiteId, size: usize, temporary: bool) {
    // The line for blocks over the limit is not that of one scope: it would be emptied for the other thread's.
    if site == SiteId::OVERFLOW && scope.is_some() {
        return slot.drop_one(|drops| &drops.overflowed_blocks);
    }
    in_scope(slot, scope, site, |counter, epoch| counter.freed::<One>(size, temporary, epoch));
}

/// A scope with stacks has counters of its own, because its peak is at another instant than the process's.
fn in_scope(slot: &Slot, scope: Option<SitesOf>, site: SiteId, count: impl FnOnce(&Counter, u32)) {
    let Some(SitesOf { level, instance, epoch }) = scope else { return };
    // The shared slot has many writers, and the lines of a level have one.
    let table = if slot.is_shared() { None } else { slot.shard.level(level) };
    match table.and_then(|table| table.get_or_commit(site.index())) {
        Some(counter) => {
            counter.enter_instance(instance, epoch);
            count(counter, epoch);
        }
        None => slot.drop_one(|drops| &drops.overflowed_blocks),
    }
}
