//! The scopes of one thread: opening and closing them, and sharing them with other threads.
//!
//! The innermost open scope is the context of the thread's slot and stands in the tag of every new block; the records
//! know the scope around them. How events count in them: [`scope_run`] and [`scope_events`](super::scope_events).

use super::newcomer;
use super::scope_events::{SitesOf, sites_of};
use super::scope_figures::ScopeFigures;
use super::scope_record::{Beginning, ScopeRecord, flag};
use super::scope_run;
use super::scope_table::{self, chain, nearest_open};
use super::slot::{Slot, mode};
use super::tag::{Context, ScopeId};
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
pub(crate) fn open(slot: &Slot, name: &str, stacks: bool) -> Result<ScopeId, Refused> {
    prepare(slot, stacks)?;
    let _busy = slot.enter().ok_or(Refused::InsideAnEvent)?;
    if slot.run.is_on() && !stacks {
        let (scope, record) = begin(slot, name, stacks, slot.index(), flag::GUARDED)?;
        scope_run::go_inside(slot, record, Context::of_scope(scope));
        return Ok(scope);
    }
    scope_run::pause(slot);
    let opened = begin(slot, name, stacks, slot.index(), flag::GUARDED);
    if let Ok((scope, record)) = opened {
        slot.set_context(Context::of_scope(scope));
        slot.set_mode(0, stacks_inside(record));
    }
    scope_run::resume(slot);
    opened.map(|(scope, _)| scope)
}

/// Makes a scope inside of the current one that one thread at a time enters later, whichever: the scopes around it are
/// shared from here on. `name` stays where it is until the scope is closed.
pub(crate) fn create(slot: &Slot, name: &str, stacks: bool) -> Result<ScopeId, Refused> {
    prepare(slot, stacks)?;
    let _busy = slot.enter().ok_or(Refused::InsideAnEvent)?;
    scope_run::pause(slot);
    share_all(slot.context());
    let created = begin(slot, name, stacks, 0, 0);
    move_to(slot, slot.context());
    scope_run::resume(slot);
    created.map(|(scope, _)| scope)
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

fn begin(
    slot: &Slot,
    name: &str,
    stacks: bool,
    owner: u32,
    flags: u32,
) -> Result<(ScopeId, &'static ScopeRecord), Refused> {
    let parent = slot.context();
    let outer = parent.scope().and_then(scope_table::of);
    let levels = outer.map_or(0, ScopeRecord::levels);
    if stacks && levels >= MAX_LEVELS {
        return Err(Refused::TooDeep);
    }
    let (scope, record) = scope_table::take(slot).ok_or(Refused::NoRecord)?;
    let flags = if stacks { flags | flag::PROFILED } else { flags };
    record.begin(scope.generation, &Beginning { owner, parent, levels: levels + u32::from(stacks), flags, name });
    if stacks {
        record.instance.store(INSTANCES.fetch_add(1, Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
    }
    #[cfg(feature = "stacks")]
    record.place.forget();
    if let Some(outer) = outer {
        outer.life.hold();
    }
    Ok((scope, record))
}

/// From here on other threads may come inside of a scope that is this thread's.
pub(crate) fn share(slot: &Slot, scope: ScopeId) {
    let Some(_busy) = slot.enter() else { return };
    scope_run::pause(slot);
    share_all(Context::of_scope(scope));
    move_to(slot, slot.context());
    scope_run::resume(slot);
}

/// Each scope of a context is this thread's or shared already, and those around a shared one are shared.
fn share_all(context: Context) {
    for (scope, record) in chain(context) {
        if record.is_shared() {
            return;
        }
        #[cfg(feature = "stacks")]
        record.place.settle_name(scope.index, record);
        let _ = scope;
        record.share();
    }
}

/// Closes a scope and returns its last figures with what `read_sites` makes of them while the scope's call sites are still
/// its own. Those that were opened inside of it, on this thread, and are still open, are closed before it.
pub(crate) fn close<S>(
    slot: &Slot,
    scope: ScopeId,
    read_sites: impl FnOnce(SitesOf) -> S,
) -> (ScopeFigures, Option<S>) {
    let Some(record) = scope_table::of(scope) else { return (ScopeFigures::default(), None) };
    if record.is_open(scope) {
        let busy = if slot.is_shared() { None } else { slot.enter() };
        if busy.is_none() {
            end(slot, scope, record);
        } else if slot.run.is_on() && slot.context() == Context::of_scope(scope) {
            scope_run::settle_innermost(slot, record);
            end(slot, scope, record);
            scope_run::go_outside(slot, record.parent());
        } else {
            scope_run::pause(slot);
            leave(slot, scope, record);
            end(slot, scope, record);
            scope_run::resume(slot);
        }
    }
    let sites = record.is(flag::PROFILED).then(|| read_sites(sites_of(record)));
    let figures = record.read_closed();
    give_up(scope, record);
    (figures, sites)
}

/// Moves the thread out of a scope of its own that is about to be closed.
fn leave(slot: &Slot, scope: ScopeId, record: &ScopeRecord) {
    let is_inside = |inner: ScopeId, of: &ScopeRecord| inner != scope && of.is(flag::GUARDED);
    let innermost_other = chain(slot.context()).find(|(inner, of)| !is_inside(*inner, of));
    if innermost_other.is_none_or(|(found, _)| found != scope) {
        // The thread is elsewhere, or by a visit in a scope below it.
        return;
    }
    for (inner, of) in chain(slot.context()).take_while(|(inner, _)| *inner != scope) {
        if of.is_open(inner) {
            for drops in [&slot.drops, &of.drops, &record.drops] {
                drops.misplaced_guards.fetch_add(1, Ordering::Relaxed);
            }
            end(slot, inner, of);
        }
    }
    move_to(slot, record.parent());
}

/// Ends an open scope. Its record stays until everybody has given up their hold.
fn end(slot: &Slot, scope: ScopeId, record: &'static ScopeRecord) {
    let around = nearest_open(record.parent());
    let largest = record.raise_largest(0);
    if let Some(outer) = record.parent().scope().and_then(scope_table::of) {
        outer.raise_largest(largest);
    }
    let attached = record.life.inside();
    if attached > 0 {
        for drops in [&slot.drops, &record.drops] {
            drops.attached_at_close.fetch_add(attached, Ordering::Relaxed);
        }
    }
    let unattached = newcomer::blocks_by_living_threads(scope, record);
    record.unattached_blocks.fetch_add(unattached, Ordering::Relaxed);
    if planted(Fault::SumChildPeaks)
        && let Some((_, outer)) = around
    {
        let live = outer.live();
        outer.set_peak((live.0, live.1 + record.read_open().peak_bytes));
    }
    // What one thread has left does not grow while that thread closes the scope.
    let may_be_needed = around.is_some() && (record.is_shared() || record.live().0 > 0);
    if !may_be_needed || planted(Fault::ForgetForwarders) {
        record.close(false);
        return;
    }
    scope_table::keep_for_blocks(record);
    if record.close(true) == 0 {
        scope_table::drained(scope, record);
    }
    scope_table::sweep_now_and_then();
}

/// The opener of a scope has its figures and does not refer to it any more.
fn give_up(scope: ScopeId, record: &'static ScopeRecord) {
    if record.take_opener() {
        #[cfg(feature = "stacks")]
        record.place.close_lane();
        scope_table::release(scope, record);
    }
}

/// The figures of an open scope, or those of one that was closed with the one around it. Called by its opener.
pub(crate) fn read(slot: &Slot, scope: ScopeId) -> ScopeFigures {
    let Some(record) = scope_table::of(scope) else { return ScopeFigures::default() };
    if !record.is_open(scope) {
        return record.read_closed();
    }
    let busy = slot.enter();
    if busy.is_some() {
        scope_run::pause(slot);
    }
    let figures = record.read_open();
    if busy.is_some() {
        scope_run::resume(slot);
    }
    figures
}

/// The thread ends: scopes that were never closed (a guard that was forgotten) are.
pub(crate) fn leave_all(slot: &Slot) {
    newcomer::leave(slot);
    let Some(_busy) = slot.enter() else { return };
    scope_run::pause(slot);
    while let Some((scope, record)) = slot.context().scope().and_then(|scope| Some((scope, scope_table::of(scope)?))) {
        let parent = record.parent();
        if record.is(flag::GUARDED | flag::OPENER) {
            if record.is_open(scope) {
                slot.drops.misplaced_guards.fetch_add(1, Ordering::Relaxed);
                end(slot, scope, record);
            }
            move_to(slot, parent);
            give_up(scope, record);
        } else {
            // By a visit that does not end any more.
            move_to(slot, Context::of_thread(slot.index()));
        }
    }
    move_to(slot, Context::of_thread(slot.index()));
    scope_run::resume(slot);
}

/// The innermost scope of this thread, with one more hold on it, and shared from here on.
pub(crate) fn hold_current(slot: &Slot) -> Option<ScopeId> {
    let scope = slot.context().scope()?;
    scope_table::of(scope)?.life.hold();
    share(slot, scope);
    Some(scope)
}

/// One more hold on a scope. Called by who has one.
pub(crate) fn hold(scope: ScopeId) {
    if let Some(record) = scope_table::of(scope) {
        record.life.hold();
    }
}

/// Gives up a hold on a scope.
pub(crate) fn release(scope: ScopeId) {
    if let Some(record) = scope_table::of(scope) {
        scope_table::release(scope, record);
    }
}

/// A thread is about to enter a scope by a handle, which is one more hold.
pub(crate) fn enter_by_handle(slot: Option<&Slot>, scope: ScopeId) {
    let Some(record) = scope_table::of(scope) else { return };
    record.life.enter();
    if let Some(slot) = slot
        && !record.is_open(scope)
    {
        slot.drop_one(|drops| &drops.late_entries);
    }
}

/// Ends what [`enter_by_handle`] began.
pub(crate) fn leave_by_handle(scope: ScopeId) {
    if let Some(record) = scope_table::of(scope)
        && record.life.leave()
    {
        scope_table::give_back(scope, record);
    }
}

/// Whether a scope is open.
pub(crate) fn is_open(scope: ScopeId) -> bool {
    scope_table::of(scope).is_some_and(|record| record.is_open(scope))
}

/// The thread polls the future of a scope, or is done with that.
pub(crate) fn set_poller(scope: ScopeId, slot: u32) {
    if let Some(record) = scope_table::of(scope).filter(|record| !record.is_shared()) {
        record.set_owner(slot);
    }
}

/// Makes `context` the one of new blocks, with what it switches on.
pub(super) fn move_to(slot: &Slot, context: Context) {
    slot.set_context(context);
    let mut on = 0;
    for (number, (scope, record)) in chain(context).enumerate() {
        if number == 0 {
            on |= stacks_inside(record);
        }
        if record.is_shared() || !record.is_open(scope) {
            on |= mode::EACH_SCOPE;
            break;
        }
    }
    slot.set_mode(mode::EACH_SCOPE | mode::STACKS_IN_SCOPE, on);
}

/// What a scope switches on for those inside.
fn stacks_inside(record: &ScopeRecord) -> u32 {
    if record.levels() > 0 { mode::STACKS_IN_SCOPE } else { 0 }
}
