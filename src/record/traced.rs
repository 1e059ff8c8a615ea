//! One allocation or free while every stack is recorded and nothing else is on: no scope with stacks or shared with other
//! threads, none of the recorder's own work.
//!
//! It does what `event` does for every case, in the same order, for the one case that a whole recording consists of. What
//! does not fit is handed on untouched.
//!
//! PERF: `benches/stacks`.

use super::counter::Counter;
use super::event::{self, Reallocation};
use super::gate::ShortPath;
use super::self_check;
use super::sites::{self, Counted};
use super::slot::Slot;
use super::tag::{SiteId, Tag};
use super::writers::{One, Writers};
use crate::unwind::Caller;

/// Records a new block and writes its tag. `false`: it is for [`event::allocated_from`](super::event::allocated_from).
///
/// PERF: this needs no stack frame, as everything else is a call in tail position; arguments go one by one, so that they
/// stay in registers.
///
/// # Safety
///
/// `block` is a fresh block with room for a tag behind its `size` bytes.
#[inline(always)]
pub(super) unsafe fn allocated(slot: &Slot, block: *mut u8, size: usize, pc: u64, sp: u64, bp: u64) -> bool {
    let Some(gate) = slot.enter_traced_path() else { return false };
    gate.keep_closed();
    let (caller, place) = (Caller { pc, sp, bp }, slot.shard.place.known());
    if self_check::every() != 0 {
        // SAFETY: the caller's promise is passed on.
        unsafe { allocated_and_checked(slot, block, size, pc, sp, bp) };
    } else if sites::may_be_expected(slot, caller, place) {
        // SAFETY: the caller's promise is passed on.
        unsafe { allocated_in_turn(slot, block, size, pc, sp, bp) };
    } else if sites::may_repeat(slot, caller, place) {
        // SAFETY: the caller's promise is passed on.
        unsafe { allocated_again(slot, block, size, pc, sp, bp) };
    } else {
        // SAFETY: the caller's promise is passed on.
        unsafe { allocated_elsewhere(slot, block, size, pc, sp, bp) };
    }
    true
}

/// Goes on where [`allocated`] closed the gate: the registers are those of the stack that is expected next.
///
/// # Safety
///
/// As [`allocated`].
#[inline(never)]
unsafe fn allocated_in_turn(slot: &Slot, block: *mut u8, size: usize, pc: u64, sp: u64, bp: u64) {
    let otherwise = || match sites::may_repeat(slot, Caller { pc, sp, bp }, slot.shard.place.known()) {
        // SAFETY: the caller's promise is passed on.
        true => unsafe { allocated_again(slot, block, size, pc, sp, bp) },
        // SAFETY: the caller's promise is passed on.
        false => unsafe { allocated_elsewhere(slot, block, size, pc, sp, bp) },
    };
    // SAFETY: the caller's promise is passed on.
    unsafe { count_or(slot, block, size, sites::expected(slot), otherwise) };
}

/// Goes on where [`allocated`] closed the gate: the registers are those of the thread's last stack.
///
/// # Safety
///
/// As [`allocated`].
#[inline(never)]
unsafe fn allocated_again(slot: &Slot, block: *mut u8, size: usize, pc: u64, sp: u64, bp: u64) {
    // SAFETY: the caller's promise is passed on.
    let otherwise = || unsafe { allocated_elsewhere(slot, block, size, pc, sp, bp) };
    // SAFETY: the caller's promise is passed on.
    unsafe { count_or(slot, block, size, sites::repeated(slot), otherwise) };
}

/// Goes on where [`allocated`] closed the gate: the stack is another than the last one.
///
/// # Safety
///
/// As [`allocated`].
#[inline(never)]
unsafe fn allocated_elsewhere(slot: &Slot, block: *mut u8, size: usize, pc: u64, sp: u64, bp: u64) {
    let found = sites::changed(slot, Caller { pc, sp, bp }, slot.shard.place.known());
    // SAFETY: the caller's promise is passed on.
    let otherwise = || unsafe { allocated_without_room(slot, block, size) };
    // SAFETY: the caller's promise is passed on.
    unsafe { count_or(slot, block, size, found, otherwise) };
}

/// As all of these, while captures are compared with full unwinds.
///
/// # Safety
///
/// As [`allocated`].
#[cold]
#[inline(never)]
unsafe fn allocated_and_checked(slot: &Slot, block: *mut u8, size: usize, pc: u64, sp: u64, bp: u64) {
    let found = sites::checked(slot, Caller { pc, sp, bp }, slot.shard.place.known());
    // SAFETY: the caller's promise is passed on.
    let otherwise = || unsafe { allocated_without_room(slot, block, size) };
    // SAFETY: the caller's promise is passed on.
    unsafe { count_or(slot, block, size, found, otherwise) };
}

/// Counts a block under its site, if that was found, and leaves it to `otherwise` else, with the gate closed.
///
/// # Safety
///
/// As [`allocated`].
#[inline(always)]
unsafe fn count_or(slot: &Slot, block: *mut u8, size: usize, found: Option<Counted<'_>>, otherwise: impl FnOnce()) {
    let Some(found) = found else { return otherwise() };
    // SAFETY: the caller's promise is passed on.
    unsafe { count(slot, slot.keep_traced_path(), block, size, found) };
}

/// Counts a block whose stack found no room under the site for those, if there is room for that.
///
/// # Safety
///
/// As [`allocated`].
#[cold]
#[inline(never)]
unsafe fn allocated_without_room(slot: &Slot, block: *mut u8, size: usize) {
    let gate = slot.keep_traced_path();
    match sites::no_room(slot) {
        // SAFETY: the caller's promise is passed on.
        Some(overflow) => unsafe { count(slot, gate, block, size, overflow) },
        None => {
            slot.totals.allocated::<One>(size);
            // SAFETY: the caller's promise is passed on.
            unsafe { finish(slot, gate, block, size, SiteId::OVERFLOW) };
        }
    }
}

/// # Safety
///
/// As [`allocated`].
#[cfg_attr(debug_assertions, inline)]
#[cfg_attr(not(debug_assertions), inline(always))]
unsafe fn count(slot: &Slot, gate: ShortPath<'_>, block: *mut u8, size: usize, found: Counted<'_>) {
    slot.totals.allocated::<One>(size);
    found.counter.allocated::<One>(size, slot.peak_epoch());
    if slot.is_above(slot.net()) {
        gate.keep_closed();
        // SAFETY: the caller's promise is passed on.
        return unsafe { rose(slot, block, size, found.site) };
    }
    // SAFETY: the caller's promise is passed on.
    unsafe { finish(slot, gate, block, size, found.site) }
}

/// The net figure left its thresholds upwards.
///
/// # Safety
///
/// As [`allocated`].
#[cold]
#[inline(never)]
unsafe fn rose(slot: &Slot, block: *mut u8, size: usize, site: SiteId) {
    let gate = slot.keep_traced_path();
    slot.rose();
    // SAFETY: the caller's promise is passed on.
    unsafe { finish(slot, gate, block, size, site) }
}

/// # Safety
///
/// As [`allocated`].
#[cfg_attr(debug_assertions, inline)]
#[cfg_attr(not(debug_assertions), inline(always))]
unsafe fn finish(slot: &Slot, gate: ShortPath<'_>, block: *mut u8, size: usize, site: SiteId) {
    slot.set_last(block);
    let context = slot.context();
    drop(gate);
    // SAFETY: by the caller's promise there is room for the tag.
    unsafe { Tag::new(block, size, site, context).write(block, size) };
}

/// Records a reallocation, and writes the tag of the new block. `false`: it is for
/// [`event::reallocated`](super::event::reallocated).
///
/// # Safety
///
/// The new block has room for a tag.
pub(super) unsafe fn reallocated(slot: &Slot, event: &Reallocation, pc: u64, sp: u64, bp: u64) -> bool {
    let Some(old) = event.old_tag.and_then(|tag| counter_of(slot, tag)) else { return false };
    let Some(gate) = slot.enter_traced_path() else { return false };
    let net = slot.net().wrapping_add(event.new_size as u64).wrapping_sub(event.old_size as u64);
    if event.new_size < event.old_size && slot.is_below(net) {
        return false;
    }
    let found = sites::of_caller(slot, Caller { pc, sp, bp }, slot.shard.place.known());
    let found = found.or_else(|| sites::no_room(slot));
    let epoch = slot.peak_epoch();
    event::count_reallocation::<One>(slot, event);
    old.freed::<One>(event.old_size, false, epoch);
    if let Some(found) = found {
        found.counter.allocated::<One>(event.new_size, epoch);
    }
    if slot.is_above(slot.net()) {
        slot.rose();
    }
    // SAFETY: by the caller's promise there is room for the tag.
    unsafe { finish(slot, gate, event.new_block, event.new_size, found.map_or(SiteId::OVERFLOW, |found| found.site)) };
    true
}

/// Records the end of a block, before it is given to the inner allocator. `false`: it is for
/// [`event::freed`](super::event::freed).
#[inline(always)]
pub(super) fn freed(slot: &Slot, tag: Tag, block: *mut u8, size: usize) -> bool {
    let Some(counter) = counter_of(slot, tag) else { return false };
    let Some(_gate) = slot.enter_traced_path() else { return false };
    if slot.is_below(slot.net().wrapping_sub(size as u64)) {
        return false;
    }
    slot.totals.freed::<One>(size);
    let temporary = slot.take_last(block, tag.context());
    counter.freed::<One>(size, temporary, slot.peak_epoch());
    if temporary {
        One::add(&slot.totals.temporary_blocks, 1);
    }
    true
}

/// The line that a block counts under on this thread. `None` where it counts otherwise: sites with a meaning of their own,
/// blocks of another scope than the thread is in, and numbers that were never given out.
#[inline(always)]
fn counter_of(slot: &Slot, tag: Tag) -> Option<&Counter> {
    let captured = tag.site().index() >= SiteId::FIRST as usize && sites::is_known(tag.site());
    if !captured || !slot.accepts(tag) {
        return None;
    }
    slot.shard.sites.get(tag.site().index())
}
