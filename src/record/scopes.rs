//! The scopes of one thread: opening and closing them, and sharing them with other threads.
//!
//! The innermost open scope is the context of the thread's slot and stands in the tag of every new block; the records
//! know the scope around them. How events count in them: [`scope_run`] and [`scope_events`](super::scope_events).

use super::newcomer;
use super::scope_events::{self, SitesOf, sites_of};
use super::scope_figures::ScopeFigures;
use super::scope_record::{Beginning, ScopeRecord, flag};
use super::scope_ref::ScopeRef;
use super::scope_run;
use super::scope_table::{self, nearest_open};
use super::slot::{Slot, mode};
use crate::fault::{Fault, planted};
use core::sync::atomic::{AtomicU32, Ordering};

/// Scopes with stacks that can be open around one thread.
pub(crate) const MAX_LEVELS: u32 = 8;

/// Number of scopes with stacks ever opened.
static INSTANCES: AtomicU32 = AtomicU32::new(0);

/// Why a scope cannot be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The thread has no slot of its own: there are more threads than slots, or it is past its end.
    NoSlot,
    /// Every record is in use, or the memory limit is reached.
    NoRecord,
    /// Too many scopes with stacks are open around this thread.
    TooDeep,
    /// The thread is in the middle of an event: this is a signal handler.
    InsideAnEvent,
}

/// Opens a scope inside of the current one, on this thread. `name` stays where it is until the scope is closed.
pub(crate) fn open(slot: &Slot, name: &str, stacks: bool) -> Result<ScopeRef, Refused> {
    prepare(slot, stacks)?;
    let _busy = slot.enter().ok_or(Refused::InsideAnEvent)?;
    if slot.run.is_on() && !stacks {
        let record = begin(slot, name, stacks, slot.index())?;
        scope_run::go_inside(slot, record);
        return Ok(ScopeRef::of(record));
    }
    scope_run::pause(slot);
    let opened = begin(slot, name, stacks, slot.index());
    if let Ok(record) = opened {
        slot.enter_scope(Some(record));
        slot.set_mode(0, stacks_inside(record));
    }
    scope_run::resume(slot);
    opened.map(ScopeRef::of)
}

/// Makes a scope inside of the current one that one thread at a time enters later, whichever: the scopes around it are
/// shared from here on. `name` stays where it is until the scope is closed.
pub(crate) fn create(slot: &Slot, name: &str, stacks: bool) -> Result<ScopeRef, Refused> {
    prepare(slot, stacks)?;
    let _busy = slot.enter().ok_or(Refused::InsideAnEvent)?;
    scope_run::pause(slot);
    share_all(slot.innermost());
    let created = begin(slot, name, stacks, 0);
    move_to(slot, slot.innermost());
    scope_run::resume(slot);
    created.map(ScopeRef::of)
}

fn prepare(slot: &Slot, stacks: bool) -> Result<(), Refused> {
    if slot.is_shared() {
        return Err(Refused::NoSlot);
    }
    #[cfg(feature = "stacks")]
    if stacks {
        crate::unwind::prepare();
    }
    let _ = stacks;
    Ok(())
}

fn begin(slot: &Slot, name: &str, stacks: bool, opener: u32) -> Result<&'static ScopeRecord, Refused> {
    let outer = slot.innermost();
    let levels = outer.map_or(0, ScopeRecord::levels);
    if stacks && levels >= MAX_LEVELS {
        return Err(Refused::TooDeep);
    }
    let record = scope_table::take(slot).ok_or(Refused::NoRecord)?;
    let flags = if stacks { flag::PROFILED } else { 0 };
    record.begin(&Beginning { opener, outer, levels: levels + u32::from(stacks), flags, name });
    if stacks {
        record.instance.store(INSTANCES.fetch_add(1, Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
    }
    #[cfg(feature = "stacks")]
    record.place.forget();
    if let Some(outer) = outer {
        outer.life.hold();
    }
    if planted(Fault::ChargeForeignBlocks) {
        scope_events::remember_last_opened(record);
    }
    Ok(record)
}

/// From here on other threads may come inside of a scope that is this thread's. `false`: the thread is in the middle of an
/// event (a signal handler).
pub(crate) fn share(slot: Option<&Slot>, scope: ScopeRef) -> bool {
    if scope.record.is_shared() {
        return true;
    }
    // Without a place of its own the thread is in no scope.
    let Some(slot) = slot.filter(|slot| !slot.is_shared()) else {
        share_all(Some(scope.record));
        return true;
    };
    let Some(_busy) = slot.enter() else { return false };
    scope_run::pause(slot);
    share_all(Some(scope.record));
    move_to(slot, slot.innermost());
    scope_run::resume(slot);
    true
}

/// Each of these scopes is this thread's or shared already, and those around a shared one are shared.
fn share_all(innermost: Option<&'static ScopeRecord>) {
    for record in scope_table::chain(innermost).take_while(|record| !record.is_shared()) {
        #[cfg(feature = "stacks")]
        record.place.settle_name(record);
        record.share();
    }
}

/// The innermost scope of this thread, with one more hold on it, and shared from here on. `None` outside of all, and in the
/// middle of an event.
pub(crate) fn hold_current(slot: &Slot) -> Option<ScopeRef> {
    let scope = ScopeRef::of(slot.innermost()?);
    share(Some(slot), scope).then(|| {
        scope.hold();
        scope
    })
}

/// A scope with one more hold on it, by its opener, and shared from here on. If its thread has ended, or is in the middle of
/// an event, that scope is one that is over.
pub(crate) fn hold_opened(slot: Option<&Slot>, scope: ScopeRef) -> ScopeRef {
    if scope.record.life.try_hold(scope.generation) {
        if share(slot, scope) {
            return scope;
        }
        scope.release();
    }
    ScopeRef::over()
}

/// Closes a scope and returns its last figures with what `read_sites` makes of them while the scope's call sites are still
/// its own. Those that were opened inside of it, on this thread, and are still open, are closed before it.
pub(crate) fn close<S>(
    slot: &Slot,
    scope: ScopeRef,
    read_sites: impl FnOnce(SitesOf) -> S,
) -> (ScopeFigures, Option<S>) {
    let record = scope.record;
    let closed = if scope.is_held() { close_if_open(slot, record) } else { Closed::Refused };
    if matches!(closed, Closed::Refused) {
        return (ScopeFigures::lost(), None);
    }
    let sites = record.is_profiled().then(|| read_sites(sites_of(record)));
    let figures = record.read_closed();
    give_up(record, &closed);
    (figures, sites)
}

/// As [`close`], for who does not look at the figures.
pub(crate) fn close_unread(slot: &Slot, scope: ScopeRef) {
    if scope.is_held() {
        give_up(scope.record, &close_if_open(slot, scope.record));
    }
}

/// How a scope was closed.
enum Closed {
    /// As one that nobody but its opener knows.
    Alone,
    /// Somebody else may refer to it.
    Known,
    /// Not at all: the thread is in the middle of an event (a signal handler), and the scope stays open until the one around
    /// it is closed, or its thread ends.
    Refused,
}

fn close_if_open(slot: &Slot, record: &'static ScopeRecord) -> Closed {
    if !record.is_open() {
        return Closed::Known;
    }
    if slot.is_shared() {
        // Past its end a thread is in no scope.
        end(slot, record);
        return Closed::Known;
    }
    let Some(_busy) = slot.enter() else {
        record.name.clear();
        record.drop_some(|drops| &drops.misplaced_guards, 1);
        slot.drops.misplaced_guards.fetch_add(1, Ordering::Relaxed);
        return Closed::Refused;
    };
    let is_innermost = slot.innermost().is_some_and(|innermost| core::ptr::eq(innermost, record));
    let is_innermost_of_run = is_innermost && slot.run.is_on();
    if is_innermost_of_run {
        scope_run::settle_innermost(slot, record);
    } else {
        scope_run::pause(slot);
        if record.is_guard_of(slot.index()) {
            leave(slot, record);
        }
    }
    let closed = end(slot, record);
    if is_innermost_of_run {
        scope_run::go_outside(slot, record.outer());
    } else {
        move_to(slot, slot.innermost());
        scope_run::resume(slot);
    }
    closed
}

/// Moves the thread out of a scope of a guard of its own that is about to be closed, and closes its guards inside.
fn leave(slot: &Slot, record: &'static ScopeRecord) {
    let is_it = |of: &&'static ScopeRecord| core::ptr::eq(*of, record);
    if !slot.scopes().find(|of| is_it(of) || !of.is_guard_of(slot.index())).is_some_and(|found| is_it(&found)) {
        // The thread is elsewhere, or by a visit in a scope below it.
        return;
    }
    for inner in slot.scopes().take_while(|of| !is_it(of)).filter(|inner| inner.is_open()) {
        slot.drops.misplaced_guards.fetch_add(1, Ordering::Relaxed);
        inner.drop_some(|drops| &drops.misplaced_guards, 1);
        record.drop_some(|drops| &drops.misplaced_guards, 1);
        end(slot, inner);
    }
    // One that is closed may be held by this record alone.
    move_to(slot, nearest_open(record.outer()));
}

/// Ends an open scope. Its record stays until everybody has given up their hold.
fn end(slot: &Slot, record: &'static ScopeRecord) -> Closed {
    let largest = record.raise_largest(0);
    if let Some(outer) = record.outer().filter(|outer| outer.is_open()) {
        outer.raise_largest(largest);
    }
    if record.is_openers_alone() && !planted(Fault::SumChildPeaks) {
        record.close_alone();
        return Closed::Alone;
    }
    let attached = record.life.inside();
    if attached > 0 {
        slot.drops.attached_at_close.fetch_add(attached, Ordering::Relaxed);
        record.drop_some(|drops| &drops.attached_at_close, attached);
    }
    newcomer::count_blocks_of_living_threads(record);
    let around = nearest_open(record.outer());
    if planted(Fault::SumChildPeaks)
        && let Some(outer) = around
    {
        let live = outer.live();
        outer.set_peak((live.0, live.1 + record.read_open().peak_bytes));
    }
    // What one thread has left does not grow while that thread closes the scope.
    let may_be_needed = around.is_some() && (record.is_shared() || record.live().0 > 0);
    if !may_be_needed || planted(Fault::ForgetForwarders) {
        record.close(false);
        return Closed::Known;
    }
    scope_table::keep_for_blocks(record);
    if record.close(true) == 0 {
        scope_table::drained(record);
    }
    scope_table::sweep_now_and_then();
    Closed::Known
}

/// The opener of a scope has its figures and does not refer to it any more.
fn give_up(record: &'static ScopeRecord, closed: &Closed) {
    let is_alone = match closed {
        Closed::Alone => true,
        Closed::Known if record.take_opener() => false,
        _ => return,
    };
    #[cfg(feature = "stacks")]
    record.place.close_lane();
    if is_alone { scope_table::give_back(record) } else { scope_table::release(record) }
}

/// The figures of an open scope, or those of one that was closed with the one around it. Called by its opener.
pub(crate) fn read(slot: &Slot, scope: ScopeRef) -> ScopeFigures {
    if !scope.is_held() {
        return ScopeFigures::lost();
    }
    if !scope.record.is_open() {
        return scope.record.read_closed();
    }
    if slot.is_shared() {
        return scope.record.read_open();
    }
    // In the middle of an event the figures are not to be had.
    let Some(_busy) = slot.enter() else { return ScopeFigures::lost() };
    scope_run::pause(slot);
    let figures = scope.record.read_open();
    scope_run::resume(slot);
    figures
}

/// As [`read`], with what `read_sites` makes of the scope's call sites up to here.
pub(crate) fn read_with_sites<S>(
    slot: &Slot,
    scope: ScopeRef,
    read_sites: impl FnOnce(SitesOf) -> S,
) -> (ScopeFigures, Option<S>) {
    let figures = read(slot, scope);
    let has_sites = scope.is_held() && scope.record.is_profiled();
    (figures, has_sites.then(|| read_sites(sites_of(scope.record))))
}

/// The thread ends: scopes that were never closed (a guard that was forgotten) are.
pub(crate) fn leave_all(slot: &Slot) {
    newcomer::leave(slot);
    let Some(_busy) = slot.enter() else { return };
    scope_run::pause(slot);
    // Those beyond one that is no guard's of this thread were entered by a visit that does not end any more.
    let is_own = |record: &&'static ScopeRecord| record.is_guard_of(slot.index()) && record.is(flag::OPENER);
    while let Some(record) = slot.innermost().filter(is_own) {
        if record.is_open() {
            record.drop_some(|drops| &drops.misplaced_guards, 1);
            slot.drops.misplaced_guards.fetch_add(1, Ordering::Relaxed);
            end(slot, record);
        }
        move_to(slot, nearest_open(record.outer()));
        record.set(flag::REMEMBERED);
        give_up(record, &Closed::Known);
    }
    move_to(slot, None);
    scope_run::resume(slot);
}

/// Makes a scope, or none, the one of new blocks, with what it switches on.
#[inline(always)]
pub(super) fn move_to(slot: &Slot, scope: Option<&'static ScopeRecord>) {
    slot.enter_scope(scope);
    let mut on = scope.map_or(0, stacks_inside);
    if slot.scopes().any(|record| record.is_shared() || !record.is_open()) {
        on |= mode::EACH_SCOPE;
    }
    slot.set_mode(mode::EACH_SCOPE | mode::STACKS_IN_SCOPE, on);
}

/// What a scope switches on for those inside.
fn stacks_inside(record: &'static ScopeRecord) -> u32 {
    if record.levels() > 0 { mode::STACKS_IN_SCOPE } else { 0 }
}
