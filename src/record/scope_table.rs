//! All scope records: which are free, which only forward late frees, and the way from one to those around it.

use super::paged::Paged;
use super::scope_record::{ScopeRecord, flag};
use super::slot::Slot;
use super::tag::{END_OF_GENERATIONS, FIRST_GENERATION, MAX_SCOPES, ScopeId};
use crate::sys::free_bits::FreeBits;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

static RECORDS: Paged<ScopeRecord> = Paged::new();
static FREE: FreeBits<{ MAX_SCOPES / 64 }> = FreeBits::new();
/// Number of records that were ever used.
static MADE: AtomicU32 = AtomicU32::new(0);

/// Number of forwarders, and at how many of them to look for those that nobody needs any more.
static FORWARDERS: AtomicU32 = AtomicU32::new(0);
static SWEEP_AT: AtomicU32 = AtomicU32::new(FIRST_SWEEP);
/// Number of scopes that ever became forwarders.
static CLOSED: AtomicU64 = AtomicU64::new(0);

/// Forwarders that gather before it is looked for those that nobody needs.
const FIRST_SWEEP: u32 = 64;

/// The record of an index, if it was ever used.
pub(super) fn get(index: u32) -> Option<&'static ScopeRecord> {
    RECORDS.get(index as usize)
}

/// The record of a scope, if it is still used for that.
pub(super) fn of(scope: ScopeId) -> Option<&'static ScopeRecord> {
    get(scope.index).filter(|record| record.life.generation() == scope.generation)
}

/// A scope and those around it, open or not, for who has a hold on the first.
#[inline(always)]
pub(super) fn chain(first: Option<&'static ScopeRecord>) -> impl Iterator<Item = &'static ScopeRecord> {
    core::iter::successors(first, |record| record.outer())
}

/// The innermost open scope of these.
pub(super) fn nearest_open(first: Option<&'static ScopeRecord>) -> Option<&'static ScopeRecord> {
    chain(first).find(|record| record.is_open())
}

/// A free record: a used one if there is any, or a new one, or that of a forwarder. `None` when all are in use or memory
/// is out.
pub(super) fn take(slot: &Slot) -> Option<&'static ScopeRecord> {
    take_free().or_else(|| {
        sweep();
        take_free().or_else(|| {
            evict_oldest(slot);
            take_free()
        })
    })
}

fn take_free() -> Option<&'static ScopeRecord> {
    let index = match FREE.take(0) {
        Some(index) => index as u32,
        None => make()?,
    };
    get(index)
}

fn make() -> Option<u32> {
    // Memory before the number, so that one that finds no room below the memory limit is not lost.
    let made = MADE.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |made| {
        let has_room = (made as usize) < MAX_SCOPES && RECORDS.get_or_commit(made as usize).is_some();
        has_room.then_some(made + 1)
    });
    let index = made.ok()?;
    let record = get(index)?;
    record.set_index(index);
    record.renew(FIRST_GENERATION);
    Some(index)
}

/// Gives up a hold on a scope's record, and with the last one the record.
#[inline(always)]
pub(super) fn release(record: &'static ScopeRecord) {
    if record.life.release() {
        give_back(record);
    }
}

/// Gives up the record of a scope that nobody refers to, and the hold that it has on the one around it.
pub(super) fn give_back(record: &'static ScopeRecord) {
    let mut record = record;
    loop {
        let around = record.outer();
        let ScopeId { index, generation } = record.id();
        if !record.is(flag::REMEMBERED) {
            record.reuse();
            FREE.put(index as usize);
        } else if generation + 1 < END_OF_GENERATIONS {
            record.renew(generation + 1);
            FREE.put(index as usize);
        } else {
            // Its generations are used up: it is not used again, so that no old tag can name it.
            record.renew(0);
        }
        match around {
            Some(outer) if outer.life.release() => record = outer,
            _ => return,
        }
    }
}

/// A scope that is about to be closed may be needed as a forwarder: its blocks have a hold from here on.
pub(super) fn keep_for_blocks(record: &ScopeRecord) {
    record.life.hold();
    record.closed_at.store(CLOSED.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
    FORWARDERS.fetch_add(1, Ordering::Relaxed);
}

/// Nothing is live below a closed scope any more: what [`keep_for_blocks`] began ends.
pub(super) fn drained(record: &'static ScopeRecord) {
    FORWARDERS.fetch_sub(1, Ordering::Relaxed);
    release(record);
}

/// Looks for forwarders that nobody needs, if many have come since it was last done.
pub(super) fn sweep_now_and_then() {
    if FORWARDERS.load(Ordering::Relaxed) > SWEEP_AT.load(Ordering::Relaxed) {
        sweep();
    }
}

/// Gives up what is live below every closed scope without an open one around it.
fn sweep() {
    for index in 0..MADE.load(Ordering::Relaxed) {
        if let Some((scope, record)) = forwarder(index)
            && record.life.try_hold(scope.generation)
        {
            if nearest_open(record.outer()).is_none() {
                give_up(scope, record);
            }
            release(record);
        }
    }
    // Twice as many as are left, and a part of the records, so that the cost of looking is spread over the scopes closed
    // in between.
    let left = FORWARDERS.load(Ordering::Relaxed) * 2;
    SWEEP_AT.store(left.max(MADE.load(Ordering::Relaxed) / 16).max(FIRST_SWEEP), Ordering::Relaxed);
}

/// Makes room by forgetting the oldest forwarder. The open scopes around it say so from here on.
fn evict_oldest(slot: &Slot) {
    let all = (0..MADE.load(Ordering::Relaxed)).filter_map(forwarder);
    // One that somebody else refers to makes no room.
    let unused = all.filter(|(_, record)| record.life.holds() == 1);
    let Some((scope, record)) = unused.min_by_key(|(_, record)| record.closed_at.load(Ordering::Relaxed)) else {
        return;
    };
    if !record.life.try_hold(scope.generation) {
        return;
    }
    for around in chain(record.outer()).filter(|around| around.is_open()) {
        around.drop_some(|drops| &drops.evicted_scopes, 1);
    }
    slot.drops.evicted_scopes.fetch_add(1, Ordering::Relaxed);
    give_up(scope, record);
    release(record);
}

/// The scope of a record, if it is closed and blocks below it are live.
fn forwarder(index: u32) -> Option<(ScopeId, &'static ScopeRecord)> {
    let record = get(index)?;
    let word = record.foreign_blocks.read();
    (word.closed && word.amount > 0).then_some((ScopeId { index, generation: word.generation }, record))
}

fn give_up(scope: ScopeId, record: &'static ScopeRecord) {
    if record.foreign_blocks.give_up(scope.generation) {
        drained(record);
    }
}
