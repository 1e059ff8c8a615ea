//! One allocation or free while every stack is recorded and nothing else is on: no scope, none of the recorder's own work.
//!
//! It does what `event` does for every case, in the same order, for the one case that a whole recording consists of. What
//! does not fit is handed on untouched.
//!
//! PERF: `benches/stacks`.

use super::counter::Counter;
use super::peak;
use super::self_check;
use super::sites::{self, Counted};
use super::slot::{ShortPath, Slot};
use super::tag::{SiteId, Tag};
use super::writers::{One, Writers};
use crate::unwind::Caller;

/// Records a new block and writes its tag. `false`: it is for [`event::allocated_from`](super::event::allocated_from).
///
/// PERF: for a stack that is the thread's last one this needs no stack frame, as everything else is a call in tail
/// position; arguments go one by one, so that they stay in registers.
///
/// # Safety
///
/// `block` is a fresh block with room for a tag behind its `size` bytes.
#[inline(always)]
pub(super) unsafe fn allocated(slot: &Slot, block: *mut u8, size: usize, pc: u64, sp: u64, bp: u64) -> bool {
    let Some(gate) = slot.enter_traced_path() else { return false };
    let found = match self_check::every() {
        0 => sites::repeated(slot, Caller { pc, sp, bp }, slot.shard.place.known()),
        _ => None,
    };
    // SAFETY: the caller's promise is passed on.
    match found {
        Some(Counted { site, counter: Some(counter) }) => unsafe { count(slot, gate, block, size, site, counter) },
        _ => {
            gate.keep_closed();
            // SAFETY: the caller's promise is passed on.
            unsafe { allocated_elsewhere(slot, block, size, pc, sp, bp) };
        }
    }
    true
}

/// Goes on where [`allocated`] closed the gate: the stack is another than the last one, or it is to be compared.
///
/// # Safety
///
/// As [`allocated`].
#[inline(never)]
unsafe fn allocated_elsewhere(slot: &Slot, block: *mut u8, size: usize, pc: u64, sp: u64, bp: u64) {
    let gate = slot.keep_traced_path();
    let Counted { site, counter } = sites::of_caller(slot, Caller { pc, sp, bp }, slot.shard.place.known());
    match counter {
        // SAFETY: the caller's promise is passed on.
        Some(counter) => unsafe { count(slot, gate, block, size, site, counter) },
        None => {
            slot.totals.allocated::<One>(size);
            // SAFETY: the caller's promise is passed on.
            unsafe { finish(slot, gate, block, size, site) };
        }
    }
}

/// # Safety
///
/// As [`allocated`].
#[inline(always)]
unsafe fn count(slot: &Slot, gate: ShortPath<'_>, block: *mut u8, size: usize, site: SiteId, counter: &Counter) {
    slot.totals.allocated::<One>(size);
    counter.allocated::<One>(size, slot.peak_epoch());
    if slot.is_above(slot.net()) {
        gate.keep_closed();
        // SAFETY: the caller's promise is passed on.
        return unsafe { rose(slot, block, size, site) };
    }
    // SAFETY: the caller's promise is passed on.
    unsafe { finish(slot, gate, block, size, site) };
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
    peak::crossed(slot);
    // SAFETY: the caller's promise is passed on.
    unsafe { finish(slot, gate, block, size, site) };
}

/// # Safety
///
/// As [`allocated`].
#[inline(always)]
unsafe fn finish(slot: &Slot, gate: ShortPath<'_>, block: *mut u8, size: usize, site: SiteId) {
    slot.set_last(block);
    let context = slot.context();
    drop(gate);
    // SAFETY: by the caller's promise there is room for the tag.
    unsafe { Tag::new(block, size, site, context).write(block, size) };
}

/// Records the end of a block, before it is given to the inner allocator. `false`: it is for
/// [`event::freed`](super::event::freed).
#[inline(always)]
pub(super) fn freed(slot: &Slot, tag: Tag, block: *mut u8, size: usize) -> bool {
    // Sites with a meaning of their own count otherwise, and so does a block of a scope. A number that was never given out
    // has no counter.
    if tag.site().index() < SiteId::FIRST as usize || tag.context().scope().is_some() {
        return false;
    }
    let Some(counter) = slot.shard.sites.get(tag.site().index()) else { return false };
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
