//! All scope records, and which are free.

use super::paged::Paged;
use super::scope_record::ScopeRecord;
use super::tag::{END_OF_GENERATIONS, FIRST_GENERATION, MAX_SCOPES, ScopeId};
use crate::sys::free_bits::FreeBits;
use core::sync::atomic::{AtomicU32, Ordering};

static RECORDS: Paged<ScopeRecord> = Paged::new();
static FREE: FreeBits<{ MAX_SCOPES / 64 }> = FreeBits::new();
/// Number of records that were ever used.
static MADE: AtomicU32 = AtomicU32::new(0);

/// The record of an index, if it was ever used.
pub(super) fn get(index: u32) -> Option<&'static ScopeRecord> {
    RECORDS.get(index as usize)
}

/// A free record: a used one if there is any, or a new one. `None` when all are in use or memory is out.
pub(super) fn take() -> Option<(ScopeId, &'static ScopeRecord)> {
    let index = match FREE.take(0) {
        Some(index) => index as u32,
        None => make()?,
    };
    let record = get(index)?;
    Some((ScopeId { index, generation: record.generation() }, record))
}

fn make() -> Option<u32> {
    // Memory before the number, so that one that finds no room below the memory limit is not lost.
    let made = MADE.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |made| {
        let has_room = (made as usize) < MAX_SCOPES && RECORDS.get_or_commit(made as usize).is_some();
        has_room.then_some(made + 1)
    });
    let index = made.ok()?;
    get(index)?.renew(FIRST_GENERATION);
    Some(index)
}

/// Gives a record up. One that has used up its generations is not used again, so that no old tag can name it.
pub(super) fn give_back(scope: ScopeId, record: &ScopeRecord) {
    let next = scope.generation + 1;
    if next < END_OF_GENERATIONS {
        record.renew(next);
        FREE.put(scope.index as usize);
    } else {
        record.renew(0);
    }
}
