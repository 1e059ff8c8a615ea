//! The scopes of one thread: opening, closing, and passing its events to every scope around it.
//!
//! The innermost open scope is the context of the thread's slot and stands in the tag of every new block; the records
//! know the scope around them. A free follows the same chain from the scope that the tag names.

use super::attribution;
use super::scope_record::{ScopeFigures, ScopeRecord};
use super::scope_table;
use super::slot::{Slot, mode};
use super::tag::{Context, ScopeId, SiteId};
use crate::fault::{Fault, planted};
use core::sync::atomic::{AtomicU32, Ordering};

/// Scopes with stacks that can be open around one thread.
pub(crate) const MAX_LEVELS: u32 = 8;
/// Forwarders that a thread gathers before it looks for drained ones.
const FIRST_SWEEP: u32 = 64;

/// Number of scopes with stacks ever opened.
static INSTANCES: AtomicU32 = AtomicU32::new(0);

/// What a thread knows of its scopes. A part of its slot.
pub(crate) struct ThreadScopes {
    /// Number of open scopes.
    open: AtomicU32,
    /// The oldest and the newest forwarder, plus one; zero if there is none.
    oldest: AtomicU32,
    newest: AtomicU32,
    forwarders: AtomicU32,
    /// Number of forwarders at which to look for drained ones.
    sweep_at: AtomicU32,
}

/// Why a scope cannot be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The thread has no slot of its own: there are more threads than slots, or it is past its end.
    NoSlot,
    /// Every record is in use, or the memory limit is reached.
    NoRecord,
    /// Too many scopes with stacks are open around this thread.
    TooDeep,
}

/// Opens a scope inside of the current one. `name` stays where it is until the scope is closed.
pub(crate) fn open(slot: &Slot, name: &str, stacks: bool) -> Result<ScopeId, Refused> {
    if slot.is_shared() {
        return Err(Refused::NoSlot);
    }
    let around = slot.context();
    let levels = innermost(slot).map_or(0, |(_, record)| record.levels());
    #[cfg(feature = "stacks")]
    if stacks {
        crate::unwind::prepare();
    }
    if stacks && levels >= MAX_LEVELS {
        return Err(Refused::TooDeep);
    }
    let (scope, record) = take_record(slot).ok_or(Refused::NoRecord)?;
    record.begin(slot.index(), around, levels + u32::from(stacks), stacks, name);
    if stacks {
        record.instance.store(INSTANCES.fetch_add(1, Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
    }
    #[cfg(feature = "stacks")]
    record.place.forget();
    add(&slot.scopes.open, 1);
    enter(slot, Context::of_scope(scope));
    Ok(scope)
}

/// Closes a scope of this thread, wherever in its chain it is, and returns its last figures with what `read_sites` makes
/// of them while the scope's call sites are still its own.
pub(crate) fn close<S>(
    slot: &Slot,
    scope: ScopeId,
    read_sites: impl FnOnce(SitesOf) -> S,
) -> (ScopeFigures, Option<S>) {
    let Some(record) = scope_table::get(scope.index) else { return (ScopeFigures::default(), None) };
    let figures = record.close();
    let sites = record.is_profiled().then(|| read_sites(sites_of(record)));
    #[cfg(feature = "stacks")]
    record.place.close_lane();
    let innermost = slot.context().scope() == Some(scope);
    let around = nearest_open(record.parent());
    if planted(Fault::SumChildPeaks)
        && let Some((_, outer)) = around
    {
        let live = outer.live();
        outer.set_peak((live.0, live.1 + figures.peak_bytes));
    }
    add(&slot.scopes.open, -1);
    if innermost {
        go_back(slot, record.parent());
    }
    let pass_on = around.is_some() && !record.is_drained() && !planted(Fault::ForgetForwarders);
    if innermost && !pass_on {
        scope_table::give_back(scope, record);
    } else {
        record.pinned.store(u32::from(!innermost), Ordering::Relaxed);
        keep_as_forwarder(slot, scope, record);
    }
    if slot.scopes.open.load(Ordering::Relaxed) == 0 {
        release_forwarders(slot);
    }
    (figures, sites)
}

/// Under what the counters of a scope with stacks are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SitesOf {
    /// Number of scopes with stacks around it.
    pub(crate) level: u32,
    /// Its number among all scopes with stacks.
    pub(crate) instance: u32,
    /// Its peak epoch.
    pub(crate) epoch: u32,
}

fn sites_of(record: &ScopeRecord) -> SitesOf {
    let instance = record.instance.load(Ordering::Relaxed);
    SitesOf { level: record.levels().saturating_sub(1), instance, epoch: record.epoch() }
}

/// The figures of an open scope of this thread.
pub(crate) fn read(scope: ScopeId) -> ScopeFigures {
    scope_table::get(scope.index).map_or_else(ScopeFigures::default, ScopeRecord::read_open)
}

/// Leaves every scope for a while; [`restore`] takes the result.
pub(crate) fn set_aside(slot: &Slot) -> Context {
    let context = slot.context();
    enter(slot, Context::of_thread(slot.index()));
    context
}

/// Goes back to the scope that [`set_aside`] left, or to the nearest one around it that is still open.
pub(crate) fn restore(slot: &Slot, context: Context) {
    // A scope that was opened meanwhile and is still open sees nothing from here on: its figures say so.
    if let Some((_, escaped)) = nearest_open(slot.context()) {
        add(&escaped.evicted, 1);
    }
    go_back(slot, context);
}

/// The thread ends: scopes that were never closed (a guard that was forgotten) are.
pub(crate) fn leave_all(slot: &Slot) {
    while let Some((scope, _)) = innermost(slot) {
        close(slot, scope, |_| ());
    }
    slot.scopes.open.store(0, Ordering::Relaxed);
    release_forwarders(slot);
}

/// A block was allocated on this thread.
pub(crate) fn allocated(slot: &Slot, site: SiteId, size: usize) {
    for (scope, record) in chain(slot.context()) {
        if record.is_open(scope) {
            let sites = record.is_profiled().then(|| sites_of(record));
            attribution::allocated_in_scope(slot, sites, site, size);
            record.allocated(size);
        } else {
            // Closed before a scope inside it: a free of the block passes here, and nothing may be left when it has.
            record.foreign_blocks.hold(scope.generation, 1);
        }
    }
}

/// A block was reallocated on this thread, which is what [`allocated`] does not count of it.
pub(crate) fn reallocated(slot: &Slot, moved: u64) {
    for (scope, record) in chain(slot.context()) {
        if record.is_open(scope) {
            record.reallocated(moved);
        }
    }
}

/// A block that was allocated in `context` was freed by this thread, whoever allocated it.
pub(crate) fn freed(slot: &Slot, context: Context, site: SiteId, size: usize, temporary: bool) {
    let mut next = context.scope();
    while let Some(scope) = next {
        let Some(record) = scope_table::get(scope.index) else { return };
        let word = record.foreign_blocks.read();
        if word.generation != scope.generation && !planted(Fault::DropGenerationCheck) {
            return;
        }
        // Read before the record can be given up, which the change of a foreign word tells.
        let around = record.parent();
        let sites = record.is_profiled().then(|| sites_of(record));
        if !word.closed && record.owner() == slot.index() && !slot.is_shared() {
            attribution::freed_in_scope(slot, sites, site, size, temporary);
            record.freed(size, temporary);
        } else {
            if !word.closed {
                if record.foreign_bytes.free(scope.generation, size as u64).is_none() {
                    return;
                }
                attribution::freed_elsewhere(slot, sites, site, size);
            }
            if record.foreign_blocks.free(scope.generation, 1).is_none() {
                return;
            }
        }
        if planted(Fault::StopAtChild) {
            return;
        }
        next = around.scope();
    }
}

/// The scope that new blocks of a thread belong to.
pub(crate) fn innermost(slot: &Slot) -> Option<(ScopeId, &'static ScopeRecord)> {
    chain(slot.context()).next()
}

/// A scope and those around it, open or not, as far as they are still what `context` means.
pub(super) fn chain(context: Context) -> impl Iterator<Item = (ScopeId, &'static ScopeRecord)> {
    let mut next = context.scope();
    core::iter::from_fn(move || {
        let scope = next?;
        let record = scope_table::get(scope.index).filter(|record| record.generation() == scope.generation)?;
        next = record.parent().scope();
        Some((scope, record))
    })
}

fn nearest_open(context: Context) -> Option<(ScopeId, &'static ScopeRecord)> {
    chain(context).find(|(scope, record)| record.is_open(*scope))
}

/// Makes the nearest open scope of a context that of new blocks. No open scope is left inside of those passed over.
fn go_back(slot: &Slot, context: Context) {
    for (scope, record) in chain(context) {
        if record.is_open(scope) {
            return enter(slot, Context::of_scope(scope));
        }
        record.pinned.store(0, Ordering::Relaxed);
    }
    enter(slot, Context::of_thread(slot.index()));
}

/// Makes `context` the one of new blocks, with what it switches on.
fn enter(slot: &Slot, context: Context) {
    slot.set_context(context);
    let scope = innermost(slot);
    let set = match scope {
        None => 0,
        Some((_, record)) if record.levels() > 0 => mode::SCOPED | mode::STACKS_IN_SCOPE,
        Some(_) => mode::SCOPED,
    };
    slot.change_mode(mode::SCOPED | mode::STACKS_IN_SCOPE, set);
}

fn take_record(slot: &Slot) -> Option<(ScopeId, &'static ScopeRecord)> {
    scope_table::take().or_else(|| {
        sweep(slot);
        scope_table::take().or_else(|| {
            evict_oldest(slot);
            scope_table::take()
        })
    })
}

fn keep_as_forwarder(slot: &Slot, scope: ScopeId, record: &ScopeRecord) {
    let scopes = &slot.scopes;
    append(scopes, scope, record);
    if scopes.forwarders.load(Ordering::Relaxed) > scopes.sweep_at.load(Ordering::Relaxed).max(FIRST_SWEEP) {
        sweep(slot);
        // Twice as many as are left, so that the cost of looking is spread over the scopes closed in between.
        scopes.sweep_at.store(scopes.forwarders.load(Ordering::Relaxed) * 2, Ordering::Relaxed);
    }
}

/// Gives back every forwarder that has no live block any more.
fn sweep(slot: &Slot) {
    give_back_where(slot, |record| record.is_drained() && record.pinned.load(Ordering::Relaxed) == 0);
}

fn release_forwarders(slot: &Slot) {
    if slot.scopes.forwarders.load(Ordering::Relaxed) > 0 {
        give_back_where(slot, |_| true);
    }
}

/// Makes room by forgetting the oldest forwarder. The open scopes around it say so from here on.
fn evict_oldest(slot: &Slot) {
    let mut found = false;
    give_back_where(slot, |record| {
        if found || record.pinned.load(Ordering::Relaxed) != 0 {
            return false;
        }
        found = true;
        for (scope, around) in chain(record.parent()) {
            if around.is_open(scope) {
                add(&around.evicted, 1);
            }
        }
        slot.drop_one(|drops| &drops.evicted_scopes);
        true
    });
}

/// Takes every forwarder that `done` accepts off the thread's list, which stays in order of age.
fn give_back_where(slot: &Slot, mut done: impl FnMut(&ScopeRecord) -> bool) {
    let scopes = &slot.scopes;
    let mut next = scopes.oldest.load(Ordering::Relaxed);
    for end in [&scopes.oldest, &scopes.newest, &scopes.forwarders] {
        end.store(0, Ordering::Relaxed);
    }
    while let Some(record) = scope_table::get(next.wrapping_sub(1)) {
        let scope = ScopeId { index: next - 1, generation: record.generation() };
        next = record.next.load(Ordering::Relaxed);
        if done(record) {
            scope_table::give_back(scope, record);
        } else {
            append(scopes, scope, record);
        }
    }
}

fn append(scopes: &ThreadScopes, scope: ScopeId, record: &ScopeRecord) {
    record.next.store(0, Ordering::Relaxed);
    match scope_table::get(scopes.newest.load(Ordering::Relaxed).wrapping_sub(1)) {
        Some(newest) => newest.next.store(scope.index + 1, Ordering::Relaxed),
        None => scopes.oldest.store(scope.index + 1, Ordering::Relaxed),
    }
    scopes.newest.store(scope.index + 1, Ordering::Relaxed);
    add(&scopes.forwarders, 1);
}

/// Adds to a word that only this thread writes.
fn add(word: &AtomicU32, amount: i32) {
    word.store(word.load(Ordering::Relaxed).saturating_add_signed(amount), Ordering::Relaxed);
}
