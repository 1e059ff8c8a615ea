//! The most frequent visit: a thread comes from outside of all scopes into an outermost one that no other thread is in, as
//! each poll of a measured future does. It does the same as [`visits`](super::visits) where all the rest is nothing.
//!
//! It is an outermost visit, so that nothing around it can have ended before it.
//!
//! ```text
//! outside ──begin──▶ the one scope ──end──▶ outside          anything else meanwhile: `visits::end`
//! ```

use super::gate::ShortPath;
use super::scope_record::ScopeRecord;
use super::scope_ref::ScopeRef;
use super::slot::Slot;
use super::tag::Accepted;
use super::visits::VisitNumber;
use core::ptr;
use core::sync::atomic::Ordering;

/// Enters a scope; `None` where [`visits::begin`](super::visits::begin) has to.
///
/// PERF: `benches/scopes`, a measured future.
#[inline(always)]
pub(crate) fn begin(slot: &Slot, to: ScopeRef) -> Option<VisitNumber> {
    let record = to.record();
    if slot.innermost().is_some() || slot.visits.is_inside() || !record.is_plain() || !slot.newcomer.is_settled() {
        return None;
    }
    let path = slot.enter_unchanged()?;
    if !finds_place(slot, &path, Some(record)) {
        return None;
    }
    slot.end_stretch();
    slot.set_scope(Some(record));
    record.set_owner(slot.index());
    record.float(&slot.totals);
    let high = slot.net().wrapping_add(record.headroom().load(Ordering::Relaxed));
    slot.run.begin(high);
    slot.choose_high_with(high as i64);
    slot.accept(Accepted::of(record.context()));
    Some(slot.visits.push_outermost())
}

/// Ends what [`begin`] began. `false`: something has changed meanwhile, and [`visits::end`](super::visits::end) is for it.
#[inline(always)]
pub(crate) fn end(slot: &Slot, visit: VisitNumber, to: ScopeRef) -> bool {
    let record = to.record();
    let is_inside = slot.innermost().is_some_and(|innermost| ptr::eq(innermost, record)) && slot.run.is_on();
    if !is_inside || !slot.visits.is_innermost(visit) {
        return false;
    }
    let Some(path) = slot.enter_unchanged() else { return false };
    if !finds_place(slot, &path, None) {
        return false;
    }
    record.headroom().store((slot.run.high() as u64).wrapping_sub(slot.net()), Ordering::Relaxed);
    record.raise_largest(slot.end_stretch());
    record.settle(&slot.totals);
    record.set_owner(0);
    slot.set_scope(None);
    slot.run.end();
    slot.choose_high_with(i64::MAX);
    slot.accept(Accepted::PLAIN);
    slot.visits.pop_outermost();
    true
}

/// Moves the place of the thread's stacks, if that is needed and known.
#[inline(always)]
fn finds_place(slot: &Slot, path: &ShortPath<'_>, scope: Option<&ScopeRecord>) -> bool {
    #[cfg(feature = "stacks")]
    return slot.move_to_known_place(path, scope);
    #[cfg(not(feature = "stacks"))]
    {
        let _ = (slot, path, scope);
        true
    }
}
