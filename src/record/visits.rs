//! Stretches of a thread's time in other scopes than its own: inside of a handle's, of a future's, or of none.
//!
//! ```text
//! own scopes ──begin──▶ the visited scope, or none ──end──▶ own scopes, as far as they are still open
//! ```
//!
//! Visits nest. Each remembers where the thread was before, and has a hold on that. One that ends before a later one that
//! began inside of it leaves its way back to that one; if there is such a one already, all later ones end with it.

use super::newcomer;
use super::scope_record::{ScopeRecord, flag};
use super::scope_ref::ScopeRef;
use super::scope_run;
use super::scope_table;
use super::scopes::move_to;
use super::slot::Slot;
use core::num::NonZeroU64;
use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

/// The visits of one thread. A part of its slot.
pub(crate) struct Visits {
    /// Number of visits ever begun, which numbers them.
    begun: AtomicU64,
    /// The number of the innermost one; zero outside of all.
    innermost: AtomicU64,
    /// A visit that ended before a later one inside of it: its number (zero for none) and its way back.
    ended: AtomicU64,
    ended_around: AtomicU64,
    ended_before: AtomicPtr<ScopeRecord>,
    /// Visits above the first number, up to the second, ended with one around them.
    void_above: AtomicU64,
    void_up_to: AtomicU64,
}

/// Which visit of its thread it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct VisitNumber(NonZeroU64);

/// One visit.
#[derive(Debug)]
pub(crate) struct Visit {
    number: VisitNumber,
    /// The number of the visit around it; zero outside of all.
    around: u64,
    /// Where the thread was before, with a hold on that.
    before: Option<ScopeRef>,
    /// The scope that is visited, also where the visit begins in one inside of that.
    visited: Option<ScopeRef>,
}

impl Visit {
    /// The outermost visit of this number, that began outside of all scopes.
    pub(crate) fn from_outside(number: VisitNumber, to: ScopeRef) -> Self {
        Self { number, around: 0, before: None, visited: Some(to) }
    }
}

impl Visits {
    /// The slot is a new thread's.
    pub(super) fn begin_thread(&self) {
        for word in [&self.innermost, &self.ended, &self.void_up_to] {
            word.store(0, Ordering::Relaxed);
        }
    }

    /// Begins a visit. Returns its number and that of the one around it.
    #[inline(always)]
    fn push(&self) -> (VisitNumber, u64) {
        let around = self.innermost.load(Ordering::Relaxed);
        (self.push_outermost(), around)
    }

    /// Whether there is any.
    #[inline(always)]
    pub(super) fn is_inside(&self) -> bool {
        self.innermost.load(Ordering::Relaxed) != 0
    }

    #[inline(always)]
    pub(super) fn is_innermost(&self, visit: VisitNumber) -> bool {
        self.innermost.load(Ordering::Relaxed) == visit.0.get()
    }

    /// Begins an outermost visit.
    #[inline(always)]
    pub(super) fn push_outermost(&self) -> VisitNumber {
        let number = NonZeroU64::MIN.saturating_add(self.begun.load(Ordering::Relaxed));
        self.begun.store(number.get(), Ordering::Relaxed);
        self.innermost.store(number.get(), Ordering::Relaxed);
        VisitNumber(number)
    }

    /// Ends an outermost visit.
    #[inline(always)]
    pub(super) fn pop_outermost(&self) {
        self.innermost.store(0, Ordering::Relaxed);
    }

    #[inline(always)]
    fn is_any_left(&self) -> bool {
        self.ended.load(Ordering::Relaxed) != 0
    }

    fn is_void(&self, visit: VisitNumber) -> bool {
        let up_to = self.void_up_to.load(Ordering::Relaxed);
        let number = visit.0.get();
        number <= up_to && number > self.void_above.load(Ordering::Relaxed)
    }

    /// Takes what a visit left that ended before a later one inside of it, if one did.
    fn take_left(&self) -> Option<Visit> {
        let number = NonZeroU64::new(self.ended.load(Ordering::Relaxed))?;
        self.ended.store(0, Ordering::Relaxed);
        // SAFETY: null, or a record of the table, which lives for ever and is only shared.
        let before = unsafe { self.ended_before.load(Ordering::Relaxed).as_ref() };
        let around = self.ended_around.load(Ordering::Relaxed);
        Some(Visit { number: VisitNumber(number), around, before: before.map(ScopeRef::of), visited: None })
    }

    fn leave(&self, visit: &Visit) {
        self.ended.store(visit.number.0.get(), Ordering::Relaxed);
        self.ended_around.store(visit.around, Ordering::Relaxed);
        let before = visit.before.map_or(ptr::null_mut(), |before| ptr::from_ref(before.record()).cast_mut());
        self.ended_before.store(before, Ordering::Relaxed);
    }
}

/// Leaves the thread's scopes for another one, or for none: `to`, which is the visited one or inside of it. It stays at least
/// until [`end`]. `None` if the thread has no place of its own, or is in the middle of an event (a signal handler): it stays
/// where it is.
#[inline(always)]
pub(crate) fn begin(slot: &Slot, visited: Option<ScopeRef>, to: Option<ScopeRef>) -> Option<Visit> {
    let _busy = slot.enter()?;
    let before = slot.innermost();
    if let Some(record) = before {
        record.life.hold();
        scope_run::pause(slot);
    }
    let record = to.and_then(ScopeRef::inside);
    newcomer::attached(slot, record);
    move_to(slot, record);
    scope_run::resume(slot);
    let (number, around) = slot.visits.push();
    Some(Visit { number, around, before: before.map(ScopeRef::of), visited })
}

/// How a visit ended.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ended {
    /// The thread is where it was before.
    Back,
    /// The same; a scope that was opened meanwhile, in which the thread was in the end, is still open.
    LeftOpen(ScopeRef),
    /// It is not over: the thread is in the middle of an event (a signal handler), and stays where it is.
    Refused,
}

/// Goes back to where the thread was, or to the nearest scope around that which is still open.
#[inline(always)]
pub(crate) fn end(slot: &Slot, visit: Visit) -> Ended {
    if slot.is_shared() {
        release(visit.before);
        return Ended::Back;
    }
    let Some(_busy) = slot.enter() else {
        slot.drops.misplaced_guards.fetch_add(1, Ordering::Relaxed);
        return Ended::Refused;
    };
    if !slot.visits.is_innermost(visit.number) {
        out_of_order(slot, visit);
        return Ended::Back;
    }
    scope_run::pause(slot);
    let last = slot.innermost();
    slot.visits.innermost.store(visit.around, Ordering::Relaxed);
    go_back(slot, visit.before);
    if slot.visits.is_any_left() {
        take_left_way(slot);
    }
    scope_run::resume(slot);
    last.filter(|last| is_below(last, visit.visited)).map_or(Ended::Back, left_open_inside)
}

/// Who visits again begins in this scope, if it is the same one by then.
#[cold]
fn left_open_inside(last: &'static ScopeRecord) -> Ended {
    last.set(flag::REMEMBERED);
    Ended::LeftOpen(ScopeRef::of(last))
}

/// Whether a scope was opened inside of a visited one.
fn is_below(last: &'static ScopeRecord, to: Option<ScopeRef>) -> bool {
    let Some(to) = to else { return true };
    let is_it = |record: &'static ScopeRecord| ptr::eq(record, to.record());
    !is_it(last) && scope_table::chain(Some(last)).any(is_it)
}

/// Says of a guard's scope, which the thread with this slot opened in a visit that it outlives, that it sees nothing from
/// here on.
pub(crate) fn left_open(slot: u32, last: ScopeRef) {
    let is_left = |record: &&'static ScopeRecord| record.is_guard_of(slot) && record.is_open();
    if let Some(record) = scope_table::chain(Some(last.record())).find(is_left) {
        record.drop_some(|drops| &drops.evicted_scopes, 1);
    }
}

#[inline(always)]
fn go_back(slot: &Slot, before: Option<ScopeRef>) {
    let Some(before) = before else { return move_to(slot, None) };
    move_to(slot, scope_table::nearest_open(Some(before.record())));
    scope_table::release(before.record());
}

/// A later visit is not over.
#[cold]
fn out_of_order(slot: &Slot, visit: Visit) {
    let visits = &slot.visits;
    if visits.is_void(visit.number) {
        return release(visit.before);
    }
    slot.drop_one(|drops| &drops.misplaced_guards);
    let Some(left) = visits.take_left() else { return visits.leave(&visit) };
    let (outer, inner) = if left.number < visit.number { (left, visit) } else { (visit, left) };
    release(inner.before);
    scope_run::pause(slot);
    visits.innermost.store(outer.around, Ordering::Relaxed);
    visits.void_above.store(outer.around, Ordering::Relaxed);
    visits.void_up_to.store(visits.begun.load(Ordering::Relaxed), Ordering::Relaxed);
    go_back(slot, outer.before);
    scope_run::resume(slot);
}

fn release(before: Option<ScopeRef>) {
    if let Some(before) = before {
        scope_table::release(before.record());
    }
}

/// The visit around the one that ended may have ended before it.
#[cold]
fn take_left_way(slot: &Slot) {
    let visits = &slot.visits;
    if visits.innermost.load(Ordering::Relaxed) == visits.ended.load(Ordering::Relaxed)
        && let Some(left) = visits.take_left()
    {
        visits.innermost.store(left.around, Ordering::Relaxed);
        go_back(slot, left.before);
    }
}
