//! One allocation, free or reallocation: what it changes, in which order.
//!
//! ```text
//! inner allocator succeeds ─▶ short path: only totals          (nothing but counting is on)
//!                         └─▶ long path: site, tag, totals, site's counter, scopes, peak
//! ```
//!
//! The short paths are inlined into the allocator; the long ones are calls. None of them allocates, locks, panics, or
//! calls the system, except for a thread's first event and a page of counters touched for the first time.

use super::attribution;
use super::newcomer;
use super::peak;
use super::scope_events as scopes;
use super::scope_run;
use super::slot::{Slot, mode};
use super::slots;
use super::tag::{Context, SiteId, Tag};
use super::traced;
use super::writers::{Many, One, Writers};
use crate::fault::{Fault, planted};
use crate::unwind::Caller;

/// Records a new block and writes its tag.
///
/// # Safety
///
/// `block` is a fresh block with room for a tag behind its `size` bytes.
#[cfg_attr(not(debug_assertions), inline(always))]
pub(crate) unsafe fn allocated(slot: &Slot, block: *mut u8, size: usize) {
    if let Some(busy) = slot.enter_short_path() {
        if planted(Fault::ChargeForeignBlocks) {
            scopes::charge_last_opened(slot, size);
        }
        slot.totals.allocated::<One>(size);
        slot.set_last(block);
        if slot.is_above(slot.net()) {
            slot.rose();
        }
        drop(busy);
        let tag = Tag::new(block, size, SiteId::NOT_CAPTURED, slot.context());
        // SAFETY: by the caller's promise there is room for the tag.
        return unsafe { tag.write(block, size) };
    }
    let Caller { pc, sp, bp } = Caller::around_here();
    // SAFETY: the caller's promise is passed on.
    unsafe { allocated_long(slot, block, size, pc, sp, bp) };
}

/// Records the end of a block, before it is given to the inner allocator, if nothing but counting is on. `false`: it is
/// for [`freed`].
#[inline(always)]
fn freed_on_short_path(slot: &Slot, tag: Option<Tag>, block: *mut u8, size: usize) -> bool {
    let Some(tag) = tag.filter(|tag| slot.accepts_plain(*tag)) else { return false };
    let Some(_gate) = slot.enter_short_path() else { return false };
    if slot.is_below(slot.net().wrapping_sub(size as u64)) {
        return false;
    }
    slot.totals.freed::<One>(size);
    if slot.take_last(block, tag.context()) {
        One::add(&slot.totals.temporary_blocks, 1);
    }
    true
}

/// A successful `realloc`.
pub(crate) struct Reallocation {
    /// What stood behind the old block.
    pub(crate) old_tag: Option<Tag>,
    pub(crate) old_block: *mut u8,
    pub(crate) old_size: usize,
    pub(crate) new_block: *mut u8,
    pub(crate) new_size: usize,
}

impl Reallocation {
    fn moved_bytes(&self) -> u64 {
        if self.old_block == self.new_block { 0 } else { self.old_size.min(self.new_size) as u64 }
    }
}

/// Records a successful reallocation and writes the tag of the new block.
///
/// # Safety
///
/// `new_block` has room for a tag behind its `new_size` bytes.
#[cfg_attr(not(debug_assertions), inline(always))]
pub(crate) unsafe fn reallocated(slot: &Slot, event: &Reallocation, caller: Caller) {
    if let Some(tag) = event.old_tag
        && slot.accepts_plain(tag)
        && let Some(busy) = slot.enter_short_path()
    {
        let net = slot.net().wrapping_add(event.new_size as u64).wrapping_sub(event.old_size as u64);
        if event.new_size >= event.old_size || !slot.is_below(net) {
            count_reallocation::<One>(slot, event);
            slot.set_last(event.new_block);
            if slot.is_above(net) {
                slot.rose();
            }
            drop(busy);
            let tag = Tag::new(event.new_block, event.new_size, SiteId::NOT_CAPTURED, slot.context());
            // SAFETY: by the caller's promise there is room for the tag.
            return unsafe { tag.write(event.new_block, event.new_size) };
        }
        drop(busy);
    }
    // SAFETY: the caller's promise is passed on.
    if !unsafe { traced::reallocated(slot, event, caller.pc, caller.sp, caller.bp) } {
        // SAFETY: the caller's promise is passed on.
        unsafe { reallocated_long(slot, event, caller.pc, caller.sp, caller.bp) };
    }
}

/// The new block before the old one: who sees the free sees the allocation.
#[inline(always)]
pub(super) fn count_reallocation<W: Writers>(slot: &Slot, event: &Reallocation) {
    let size = if planted(Fault::ReallocCountsOldSize) { event.old_size } else { event.new_size };
    slot.totals.allocated::<W>(size);
    if planted(Fault::EnterBeforeLeave) {
        scope_run::rise(slot);
    }
    if planted(Fault::DoubleCountRealloc) {
        slot.totals.allocated::<W>(event.new_size);
    }
    slot.totals.freed::<W>(event.old_size);
    slot.totals.reallocated::<W>(event.moved_bytes());
}

/// Records a new block that `caller` asked for, and writes its tag.
///
/// # Safety
///
/// As [`allocated`].
#[inline(never)]
pub(crate) unsafe fn allocated_from(slot: &Slot, block: *mut u8, size: usize, pc: u64, sp: u64, bp: u64) {
    // SAFETY: the caller's promise is passed on.
    if !unsafe { traced::allocated(slot, block, size, pc, sp, bp) } {
        // SAFETY: the caller's promise is passed on.
        unsafe { allocated_long(slot, block, size, pc, sp, bp) };
    }
}

/// # Safety
///
/// As [`allocated`].
#[cold]
#[inline(never)]
unsafe fn allocated_long(slot: &Slot, block: *mut u8, size: usize, pc: u64, sp: u64, bp: u64) {
    let caller = Caller { pc, sp, bp };
    let (site, context) = match slot.enter() {
        None if slot.is_shared() && slots::works_without_slot() => {
            (own_work_without_slot(size as u64), Context::of_thread(0))
        }
        None => {
            let count = |shared: &Slot| shared.totals.allocated::<Many>(size);
            (count_without_slot(slot, count, size as i64), Context::of_thread(0))
        }
        Some(_busy) if slot.mode() & mode::OWN_WORK != 0 => {
            count_own_work(slot, size as u64);
            (SiteId::OWN_WORK, Context::of_thread(slot.index()))
        }
        Some(_busy) => {
            let epoch = slot.refresh();
            let site = attribution::site_of(slot, caller);
            slot.totals.allocated::<One>(size);
            attribution::allocated(slot, site, size, epoch);
            scopes::allocated(slot, site, size);
            slot.set_last(block);
            if slot.is_above(slot.net()) {
                slot.rose();
            }
            (site, slot.context())
        }
    };
    // SAFETY: by the caller's promise there is room for the tag.
    unsafe { Tag::new(block, size, site, context).write(block, size) };
}

/// The calling thread's slot, if nothing but counting is on and no news waits.
#[cfg_attr(not(debug_assertions), inline(always))]
pub(crate) fn slot_on_short_path() -> Option<&'static Slot> {
    slots::current().filter(|slot| slot.is_on_short_path())
}

/// Records the end of a block, before it is given to the inner allocator, in the two cases that have a path of their own:
/// nothing but counting is on, or every stack is recorded and nothing else is on. `false`: it is for [`freed`].
///
/// # Safety
///
/// The eight bytes behind the `size` bytes at `block` can be read.
#[cfg_attr(not(debug_assertions), inline(always))]
pub(crate) unsafe fn freed_at_once(block: *mut u8, size: usize) -> bool {
    let Some(slot) = slots::current() else { return false };
    // SAFETY: the caller's promise is passed on.
    let tag = unsafe { Tag::read(block, size) };
    freed_on_short_path(slot, tag, block, size) || tag.is_some_and(|tag| traced::freed(slot, tag, block, size))
}

/// Records the end of a block, before it is given to the inner allocator.
#[inline(never)]
pub(crate) fn freed(slot: &Slot, tag: Option<Tag>, block: *mut u8, size: usize) {
    let Some(tag) = tag.filter(|tag| attribution::is_known(tag.site())) else {
        return slot.drop_one(|drops| &drops.foreign_frees);
    };
    let Some(_busy) = slot.enter() else { return freed_without_slot(slot, tag, size) };
    if tag.site() == SiteId::OWN_WORK {
        return add_own_bytes(slot, (size as u64).wrapping_neg());
    }
    if slot.newcomer.is_one() {
        newcomer::first_free(slot, tag.context());
    }
    let mut epoch = slot.refresh();
    if slot.is_rising() {
        epoch = slot.pass_peak();
    }
    let temporary = slot.take_last(block, tag.context());
    count_freed(slot, tag, size, temporary, epoch);
    if temporary {
        One::add(&slot.totals.temporary_blocks, 1);
    }
    if slot.is_below(slot.net()) {
        peak::crossed(slot);
    }
}

/// # Safety
///
/// As [`reallocated`].
#[cold]
#[inline(never)]
unsafe fn reallocated_long(slot: &Slot, event: &Reallocation, pc: u64, sp: u64, bp: u64) {
    let caller = Caller { pc, sp, bp };
    let old = event.old_tag.filter(|tag| attribution::is_known(tag.site()));
    if old.is_none() {
        slot.drop_one(|drops| &drops.foreign_frees);
    }
    let (site, context) = match slot.enter() {
        None => (reallocated_without_slot(slot, old, event), Context::of_thread(0)),
        Some(_busy) if slot.mode() & mode::OWN_WORK != 0 => {
            own_work_reallocates(slot, old, event);
            (SiteId::OWN_WORK, Context::of_thread(slot.index()))
        }
        Some(_busy) => (user_reallocates(slot, old, event, caller), slot.context()),
    };
    // SAFETY: by the caller's promise there is room for the tag.
    unsafe { Tag::new(event.new_block, event.new_size, site, context).write(event.new_block, event.new_size) };
}

fn user_reallocates(slot: &Slot, old: Option<Tag>, event: &Reallocation, caller: Caller) -> SiteId {
    let mut epoch = slot.refresh();
    let users = old.filter(|tag| tag.site() != SiteId::OWN_WORK);
    if users.is_some() && event.new_size < event.old_size && slot.is_rising() {
        epoch = slot.pass_peak();
    }
    let site = attribution::site_of(slot, caller);
    let moved = event.moved_bytes();
    let temporary =
        planted(Fault::TemporaryRealloc) && users.is_some_and(|tag| slot.take_last(event.old_block, tag.context()));
    if planted(Fault::EnterBeforeLeave) {
        scopes::allocated(slot, site, event.new_size);
    }
    match users {
        Some(tag) => {
            count_reallocation::<One>(slot, event);
            attribution::freed(slot, tag.site(), event.old_size, temporary, epoch);
            scopes::freed(slot, tag.context(), tag.site(), event.old_size, temporary);
        }
        None => {
            if old.is_some() {
                add_own_bytes(slot, (event.old_size as u64).wrapping_neg());
            }
            slot.totals.allocated::<One>(event.new_size);
            slot.totals.reallocated::<One>(moved);
        }
    }
    if temporary {
        One::add(&slot.totals.temporary_blocks, 1);
    }
    attribution::allocated(slot, site, event.new_size, epoch);
    if !planted(Fault::EnterBeforeLeave) {
        scopes::allocated(slot, site, event.new_size);
    }
    scopes::reallocated(slot, moved);
    slot.set_last(event.new_block);
    let net = slot.net();
    if slot.is_above(net) {
        slot.rose();
    } else if slot.is_below(net) && !slot.is_rising() {
        peak::crossed(slot);
    }
    site
}

/// The new block is the recorder's; the old one was whosever it was.
fn own_work_reallocates(slot: &Slot, old: Option<Tag>, event: &Reallocation) {
    count_own_work(slot, event.new_size as u64);
    match old {
        Some(tag) if tag.site() == SiteId::OWN_WORK => add_own_bytes(slot, (event.old_size as u64).wrapping_neg()),
        Some(tag) => {
            let mut epoch = slot.refresh();
            if slot.is_rising() {
                epoch = slot.pass_peak();
            }
            count_freed(slot, tag, event.old_size, false, epoch);
            if slot.is_below(slot.net()) {
                peak::crossed(slot);
            }
        }
        None => {}
    }
}

/// Counts the end of a user's block in the totals, under its site, and in its scopes.
fn count_freed(slot: &Slot, tag: Tag, size: usize, temporary: bool, epoch: u32) {
    slot.totals.freed::<One>(size);
    attribution::freed(slot, tag.site(), size, temporary, epoch);
    scopes::freed(slot, tag.context(), tag.site(), size, temporary);
}

fn count_own_work(slot: &Slot, bytes: u64) {
    One::add(&slot.own_work.events, 1);
    add_own_bytes(slot, bytes);
}

fn add_own_bytes(slot: &Slot, bytes: u64) {
    One::add(&slot.own_work.live_bytes, bytes);
}

/// An event of a signal handler inside the recorder, or of a thread without a slot: the totals are exact, and that is
/// all.
fn count_without_slot(slot: &Slot, count: impl FnOnce(&Slot), change: i64) -> SiteId {
    let shared = slots::shared();
    shared.fold::<Many>(peak::epoch_of(peak::control()));
    count(shared);
    peak::change_at_once(change);
    slot.drop_one(|drops| &drops.uncaptured_events);
    SiteId::NOT_CAPTURED
}

/// The recorder's own work on a thread without a slot.
fn own_work_without_slot(bytes: u64) -> SiteId {
    let own_work = &slots::shared().own_work;
    Many::add(&own_work.events, 1);
    Many::add(&own_work.live_bytes, bytes);
    SiteId::OWN_WORK
}

fn freed_without_slot(slot: &Slot, tag: Tag, size: usize) {
    if tag.site() == SiteId::OWN_WORK {
        return Many::add(&slots::shared().own_work.live_bytes, (size as u64).wrapping_neg());
    }
    count_without_slot(slot, |shared| free_on_shared(shared, tag, size), -(size as i64));
}

fn reallocated_without_slot(slot: &Slot, old: Option<Tag>, event: &Reallocation) -> SiteId {
    let users = old.filter(|tag| tag.site() != SiteId::OWN_WORK);
    if users.is_none() && slot.is_shared() && slots::works_without_slot() {
        let gone = if old.is_some() { event.old_size as u64 } else { 0 };
        return own_work_without_slot((event.new_size as u64).wrapping_sub(gone));
    }
    let gone = if users.is_some() { event.old_size as i64 } else { 0 };
    let count = |shared: &Slot| {
        shared.totals.allocated::<Many>(event.new_size);
        shared.totals.reallocated::<Many>(event.moved_bytes());
        match users {
            Some(tag) => free_on_shared(shared, tag, event.old_size),
            None if old.is_some() => {
                Many::add(&shared.own_work.live_bytes, (event.old_size as u64).wrapping_neg());
            }
            None => {}
        }
    };
    count_without_slot(slot, count, event.new_size as i64 - gone)
}

fn free_on_shared(shared: &Slot, tag: Tag, size: usize) {
    shared.totals.freed::<Many>(size);
    attribution::freed_on_shared(shared, tag.site(), size);
    scopes::freed(shared, tag.context(), tag.site(), size, false);
}
