//! The live figure of the process, its peak, and the epoch that moves when the peak is passed.
//!
//! Each thread keeps its own net figure (allocated minus freed, in its slot) and hands its change over to [`LIVE`] when
//! it exceeds a batch:
//!
//! ```text
//! LIVE = sum of what the slots handed over      true live = LIVE + what they have not, at most a batch each
//! ```
//!
//! *One thread*: while the only slot rises above the peak every event stays local; when it falls, the figure before the
//! fall is the peak, exactly, and the epoch moves. *Several*: the peak is the highest `LIVE` at any hand-over, the epoch
//! moves with it, and every thread notices at its next event, so that what the threads and call sites hold "at the peak"
//! are figures of one instant and add up. The true peak is at most a batch for each slot above the highest `LIVE`.
//!
//! The epoch shares a word with a count of changes of the settings, so that one comparison per event serves both.

use super::slot::Slot;
use super::slots;
use crate::fault::{Fault, planted};
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// Bytes that a thread may hold back unless exact peaks are asked for. A hand-over costs tens of nanoseconds, so that one
/// for each 16 KiB of net change is not felt, and the bound on the peak's error is small.
pub(crate) const BATCH_BYTES: u64 = 16 << 10;

/// What the slots handed over; two's complement.
static LIVE: AtomicU64 = AtomicU64::new(0);
/// The highest value of [`LIVE`] since the last [`restart`].
static PEAK: AtomicU64 = AtomicU64::new(0);
/// Bytes that a thread may hold back.
static BATCH: AtomicU64 = AtomicU64::new(BATCH_BYTES);
/// Changes of the settings (upper half) and the peak epoch (lower half).
static CONTROL: OwnLine = OwnLine(AtomicU64::new(CONTROL_MARK | SETTINGS_STEP));

/// A word with two cache lines for itself, as processors fetch them in pairs.
///
/// PERF: every event reads the control word; beside [`LIVE`], which every hand-over writes, it would be fetched from the
/// other core again and again. `benches/hot_path`, ring on two threads.
#[repr(align(128))]
struct OwnLine(AtomicU64);

const SETTINGS_STEP: u64 = 1 << 32;
/// Tells a control word from a stack pointer in a slot's gate: settings change less than 2^30 times.
const CONTROL_MARK: u64 = 1 << 62;

/// Number of times that the search for the peak was started anew.
static RESTARTS: AtomicU32 = AtomicU32::new(0);

/// Settings and epoch, to be compared with what a slot saw last.
#[inline(always)]
pub(crate) fn control() -> u64 {
    CONTROL.0.load(Ordering::Relaxed)
}

/// The epoch of a control word.
pub(crate) fn epoch_of(control: u64) -> u32 {
    control as u32
}

/// Makes every thread look at the settings again before its next event.
pub(crate) fn announce_settings() {
    // ORDERING: Release, pairs with the Acquire in `control_acquired`: the settings are seen with the step.
    CONTROL.0.fetch_add(SETTINGS_STEP, Ordering::Release);
}

/// As [`control`], with the settings that were announced before it.
pub(crate) fn control_acquired() -> u64 {
    CONTROL.0.load(Ordering::Acquire)
}

fn move_epoch() {
    if planted(Fault::KeepPeakEpoch) {
        return;
    }
    CONTROL.0.fetch_add(1, Ordering::Release);
}

/// Between which net figures the slot's thread need not look here again: `(low, high)`.
pub(crate) fn thresholds(slot: &Slot) -> (i64, i64) {
    let batch = BATCH.load(Ordering::Relaxed) as i64;
    let handed_over = slot.handed_over() as i64;
    let mut high = handed_over.saturating_add(batch);
    if slots::alone() {
        let below_peak = PEAK.load(Ordering::Relaxed).wrapping_sub(LIVE.load(Ordering::Relaxed)) as i64;
        high = high.min(handed_over.saturating_add(below_peak));
    }
    (handed_over.saturating_sub(batch), high)
}

/// The net figure left the thresholds upwards or downwards by an event that is counted already.
#[cold]
pub(crate) fn crossed(slot: &Slot) {
    if slots::alone() {
        let live = live_with(slot);
        if slot.is_rising() || live > PEAK.load(Ordering::Relaxed) as i64 {
            hand_over(slot);
            return slot.rise(BATCH.load(Ordering::Relaxed) as i64);
        }
    }
    let live = hand_over(slot);
    raise(live);
    slot.settle();
}

/// The only thread falls from a new maximum by an event that is not counted yet, or is no longer the only one. Then
/// another may have gone higher and fallen meanwhile, so that the figure is compared like any other.
#[cold]
pub(crate) fn fall(slot: &Slot) {
    raise(hand_over(slot));
}

/// Hands the slot's whole change over, as when its thread ends.
pub(crate) fn leave(slot: &Slot) {
    raise(hand_over(slot));
    slot.settle();
}

/// An event of a thread without a slot of its own.
pub(crate) fn change_at_once(bytes: i64) {
    raise(LIVE.fetch_add(bytes as u64, Ordering::Relaxed).wrapping_add(bytes as u64) as i64);
}

fn hand_over(slot: &Slot) -> i64 {
    let change = slot.hand_over();
    LIVE.fetch_add(change, Ordering::Relaxed).wrapping_add(change) as i64
}

fn live_with(slot: &Slot) -> i64 {
    LIVE.load(Ordering::Relaxed).wrapping_add(slot.net()).wrapping_sub(slot.handed_over()) as i64
}

/// A hand-over led to this figure; if it is a new peak the epoch moves.
fn raise(live: i64) {
    let live = live.max(0) as u64;
    if live > PEAK.load(Ordering::Relaxed) && PEAK.fetch_max(live, Ordering::Relaxed) < live {
        move_epoch();
    }
}

/// The highest hand-over so far, in bytes. A thread that was the only one, and waits since it rose above the peak, has
/// handed over without raising it.
pub(crate) fn highest() -> u64 {
    PEAK.load(Ordering::Relaxed).max((LIVE.load(Ordering::Relaxed) as i64).max(0) as u64)
}

/// How much all slots together may hold back.
pub(crate) fn held_back() -> u64 {
    if slots::alone() { 0 } else { BATCH.load(Ordering::Relaxed).saturating_mul(u64::from(slots::count())) }
}

/// Number of times that the search for the peak was started anew.
pub(crate) fn restarts() -> u32 {
    RESTARTS.load(Ordering::Relaxed)
}

/// The thread's first event since a restart: what it had held back by then was live at the restart as well, so that both
/// the level and the peak found since are corrected by it.
pub(crate) fn join(slot: &Slot) {
    let change = slot.hand_over();
    PEAK.fetch_add(change, Ordering::Relaxed);
    LIVE.fetch_add(change, Ordering::Relaxed);
}

/// Starts to look for a new peak from the present level. With `exact`, threads hold nothing back from here on.
#[cfg(feature = "stacks")]
pub(crate) fn restart(slot: &Slot, exact: bool) {
    BATCH.store(if exact { 0 } else { BATCH_BYTES }, Ordering::Relaxed);
    hand_over(slot);
    PEAK.store((LIVE.load(Ordering::Relaxed) as i64).max(0) as u64, Ordering::Relaxed);
    RESTARTS.fetch_add(1, Ordering::Relaxed);
    // ORDERING: Release, pairs with the Acquire in `control_acquired`: who sees the step sees the restart.
    CONTROL.0.fetch_add(SETTINGS_STEP + 1, Ordering::Release);
}

/// Threads hold back again as much as they do unless exact peaks are asked for.
#[cfg(feature = "stacks")]
pub(crate) fn end_exact() {
    BATCH.store(BATCH_BYTES, Ordering::Relaxed);
    announce_settings();
}
