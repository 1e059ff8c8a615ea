//! Stretches of a thread's time in other scopes than its own: inside of a handle's, of a future's, or of none.
//!
//! ```text
//! own scopes ──begin──▶ the visited scope, or none ──end──▶ own scopes, as far as they are still open
//! ```
//!
//! Visits nest. Each remembers where the thread was before, and has a hold on that. One that ends before a later one that
//! began inside of it leaves its way back to that one.

use super::newcomer;
use super::scope_record::flag;
use super::scope_run;
use super::scope_table;
use super::scopes::move_to;
use super::slot::Slot;
use super::tag::Context;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// The visits of one thread. A part of its slot.
pub(crate) struct Visits {
    /// Number of visits ever begun, which numbers them.
    begun: AtomicU64,
    /// The number of the innermost one; zero outside of all.
    innermost: AtomicU64,
    /// A visit that ended before a later one inside of it: its number (zero for none) and its way back.
    ended: AtomicU64,
    ended_around: AtomicU64,
    ended_before: AtomicU64,
    /// More than one way back was left: the thread is in no scope until all visits are over.
    is_lost: AtomicU32,
}

/// One visit.
#[derive(Debug)]
pub(crate) struct Visit {
    number: u64,
    /// The number of the visit around it.
    around: u64,
    /// Where the thread was before.
    before: Context,
    /// Where it is.
    to: Context,
}

impl Visits {
    /// The slot is a new thread's.
    pub(super) fn begin_thread(&self) {
        for word in [&self.innermost, &self.ended] {
            word.store(0, Ordering::Relaxed);
        }
        self.is_lost.store(0, Ordering::Relaxed);
    }
}

/// Leaves the thread's scopes for another one, which stays at least until [`end`]. `None` if the thread has no place of
/// its own, or is in the middle of an event (a signal handler): it stays where it is.
#[inline]
pub(crate) fn begin(slot: &Slot, to: Context) -> Option<Visit> {
    let _busy = slot.enter()?;
    let before = slot.context();
    if let Some(record) = before.scope().and_then(scope_table::of) {
        record.life.hold();
    }
    scope_run::pause(slot);
    newcomer::attached(slot, to);
    move_to(slot, to);
    scope_run::resume(slot);
    let visits = &slot.visits;
    let number = visits.begun.load(Ordering::Relaxed) + 1;
    visits.begun.store(number, Ordering::Relaxed);
    let around = visits.innermost.load(Ordering::Relaxed);
    visits.innermost.store(number, Ordering::Relaxed);
    Some(Visit { number, around, before, to })
}

/// Outside of every scope.
pub(crate) fn begin_outside(slot: &Slot) -> Option<Visit> {
    begin(slot, Context::of_thread(slot.index()))
}

/// Goes back to where the thread was, or to the nearest scope around that which is still open. Returns where the thread was
/// in the end, if a scope that was opened meanwhile is still open.
#[inline]
pub(crate) fn end(slot: &Slot, visit: Visit) -> Option<Context> {
    let busy = if slot.is_shared() { None } else { slot.enter() };
    if busy.is_none() || slot.visits.innermost.load(Ordering::Relaxed) != visit.number {
        out_of_order(slot, visit, busy.is_some());
        return None;
    }
    scope_run::pause(slot);
    let last = slot.context();
    slot.visits.innermost.store(visit.around, Ordering::Relaxed);
    go_back(slot, visit.before);
    release(visit.before);
    if slot.visits.ended.load(Ordering::Relaxed) != 0 || slot.visits.is_lost.load(Ordering::Relaxed) != 0 {
        take_left_ways(slot);
    }
    scope_run::resume(slot);
    (last != visit.to).then_some(last)
}

/// Says of a scope that was opened in a visit and outlives it that it sees nothing from here on.
pub(crate) fn left_open(context: Context) {
    let left = scope_table::chain(context).find(|(scope, record)| record.is(flag::GUARDED) && record.is_open(*scope));
    if let Some((_, record)) = left {
        record.drops.evicted_scopes.fetch_add(1, Ordering::Relaxed);
    }
}

fn go_back(slot: &Slot, before: Context) {
    let open = scope_table::nearest_open(before).map(|(scope, _)| Context::of_scope(scope));
    move_to(slot, open.unwrap_or(Context::of_thread(slot.index())));
}

fn release(context: Context) {
    if let Some(scope) = context.scope()
        && let Some(record) = scope_table::of(scope)
    {
        scope_table::release(scope, record);
    }
}

/// A later visit is not over, or the thread is past its end.
#[cold]
fn out_of_order(slot: &Slot, visit: Visit, on_its_thread: bool) {
    if !on_its_thread {
        return release(visit.before);
    }
    slot.drop_one(|drops| &drops.misplaced_guards);
    let visits = &slot.visits;
    if visits.ended.load(Ordering::Relaxed) != 0 {
        visits.is_lost.store(1, Ordering::Relaxed);
        return release(visit.before);
    }
    visits.ended.store(visit.number, Ordering::Relaxed);
    visits.ended_around.store(visit.around, Ordering::Relaxed);
    visits.ended_before.store(visit.before.to_bits(), Ordering::Relaxed);
}

/// The visit around the one that ended may have ended before it.
#[cold]
fn take_left_ways(slot: &Slot) {
    let visits = &slot.visits;
    let innermost = visits.innermost.load(Ordering::Relaxed);
    if innermost != 0 && innermost == visits.ended.load(Ordering::Relaxed) {
        visits.innermost.store(visits.ended_around.load(Ordering::Relaxed), Ordering::Relaxed);
        let before = Context::from_own_bits(visits.ended_before.load(Ordering::Relaxed));
        visits.ended.store(0, Ordering::Relaxed);
        go_back(slot, before);
        release(before);
    }
    if visits.is_lost.load(Ordering::Relaxed) != 0 {
        move_to(slot, Context::of_thread(slot.index()));
        if visits.innermost.load(Ordering::Relaxed) == 0 {
            visits.is_lost.store(0, Ordering::Relaxed);
        }
    }
}
