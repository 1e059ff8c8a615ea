//! Reads the tables of the write side, for those who copy them.
//!
//! A reading beside running threads is not one instant, but no figure in it is torn, and freed figures are read before
//! totals, so that nothing comes out negative.

use super::peak;
use super::slot::Slot;
use super::slots;
use crate::completeness::Completeness;
use crate::stats::MemoryStats;
use crate::sys::arena;
use core::sync::atomic::{AtomicU64, Ordering};

/// Readings that are tried before one beside a moving peak is taken as it is; its error bound covers it.
const TRIES: u32 = 8;

/// The figures of the process. The peak is that since the last restart of [`peak`].
pub(crate) fn process() -> MemoryStats {
    let mut reading = read_process();
    for _ in 1..TRIES {
        if reading.1 == peak::control_acquired() {
            break;
        }
        reading = read_process();
    }
    reading.0
}

fn read_process() -> (MemoryStats, u64) {
    let control = peak::control_acquired();
    let epoch = peak::epoch_of(control);
    let mut sum = MemoryStats::default();
    let (mut peak_blocks, mut peak_bytes) = (0_u64, 0_u64);
    // What is freed on every slot, before any total: a block may be freed on one thread after another allocated it.
    slots::all().for_each(|slot| add_freed(&mut sum, slot));
    for slot in slots::all() {
        let totals = read_totals(slot);
        let live_blocks = totals.total_blocks.wrapping_sub(totals.freed_blocks);
        let live_bytes = totals.total_bytes.wrapping_sub(totals.freed_bytes);
        let (blocks, bytes) = slot.at_peak(epoch).unwrap_or((live_blocks, live_bytes));
        peak_blocks = peak_blocks.wrapping_add(blocks);
        peak_bytes = peak_bytes.wrapping_add(bytes);
        add(&mut sum, &totals);
    }
    sum.live_blocks = sum.total_blocks.saturating_sub(sum.freed_blocks);
    sum.live_bytes = sum.total_bytes.saturating_sub(sum.freed_bytes);
    // Beside running threads the folded sum may come out a little below what is live by now.
    let (peak_blocks, peak_bytes) = ((peak_blocks as i64).max(0) as u64, (peak_bytes as i64).max(0) as u64);
    (sum.peak_blocks, sum.peak_bytes) =
        if peak_bytes < sum.live_bytes { (sum.live_blocks, sum.live_bytes) } else { (peak_blocks, peak_bytes) };
    if !slots::alone() {
        // No peak can be above everything that was ever allocated.
        let highest = (peak::highest() + peak::held_back()).min(sum.total_bytes);
        sum.peak_error_bytes = highest.saturating_sub(sum.peak_bytes);
    }
    (sum, control)
}

/// Size of the largest block since the last restart of the search for the peak.
#[cfg(feature = "stacks")]
pub(crate) fn largest_since_restart() -> u64 {
    slots::all().map(Slot::largest_since_restart).max().unwrap_or(0)
}

/// One slot's totals; its live and peak fields are left at zero.
fn read_totals(slot: &Slot) -> MemoryStats {
    // ORDERING: Acquire, freed before total; pairs with the Release of the counters' additions.
    let read = |figure: &AtomicU64| figure.load(Ordering::Acquire);
    let totals = &slot.totals;
    let freed_blocks = read(&totals.freed_blocks);
    let freed_bytes = read(&totals.freed_bytes);
    MemoryStats {
        freed_blocks,
        freed_bytes,
        total_blocks: read(&totals.total_blocks),
        total_bytes: read(&totals.total_bytes),
        reallocations: read(&totals.reallocations),
        moved_bytes: read(&totals.moved_bytes),
        temporary_blocks: read(&totals.temporary_blocks),
        largest_block_bytes: slot.largest_ever(),
        ..MemoryStats::default()
    }
}

/// Adds what was freed on one slot.
fn add_freed(sum: &mut MemoryStats, slot: &Slot) {
    // ORDERING: Acquire, pairs with the Release of the counters' additions: the totals read after it, on any slot, have
    // the blocks whose end is seen here.
    sum.freed_blocks = sum.freed_blocks.wrapping_add(slot.totals.freed_blocks.load(Ordering::Acquire));
    sum.freed_bytes = sum.freed_bytes.wrapping_add(slot.totals.freed_bytes.load(Ordering::Acquire));
}

/// Adds one slot's totals but for what was freed.
fn add(sum: &mut MemoryStats, slot: &MemoryStats) {
    sum.total_blocks = sum.total_blocks.wrapping_add(slot.total_blocks);
    sum.total_bytes = sum.total_bytes.wrapping_add(slot.total_bytes);
    sum.reallocations += slot.reallocations;
    sum.moved_bytes += slot.moved_bytes;
    sum.temporary_blocks += slot.temporary_blocks;
    sum.largest_block_bytes = sum.largest_block_bytes.max(slot.largest_block_bytes);
}

/// What was left out so far, on every thread.
pub(crate) fn completeness() -> Completeness {
    slots::all().fold(Completeness::default(), |sum, slot| sum.plus(&slot.drops.read()))
}

/// Number of allocations counted on the calling thread, those of the recorder's own work included.
pub(crate) fn blocks_here() -> Option<u64> {
    slots::current_for_library().map(Slot::all_blocks)
}

/// Bytes that the recorder's tables take.
#[cfg(feature = "stacks")]
pub(crate) fn table_bytes() -> u64 {
    arena::used_bytes() as u64
}

/// Bytes that the recorder takes: its tables, and what its own work holds.
pub(crate) fn overhead_bytes() -> u64 {
    let own = slots::all().fold(0_u64, |sum, slot| sum.wrapping_add(slot.own_work.live_bytes.load(Ordering::Relaxed)));
    arena::used_bytes() as u64 + (own as i64).max(0) as u64
}
