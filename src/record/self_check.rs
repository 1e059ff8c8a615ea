//! How many captured stacks were compared with a full unwind, and how often to do so.
//!
//! A comparison costs as much as a full unwind and the walk up the tree, so that it is done for every n-th capture of a
//! thread only; see `unwind` for what a capture relies on.

use super::path_key::PathKey;
use super::sites;
use super::slot::Slot;
use super::tag::SiteId;
use crate::unwind::{self, Caller};
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// Every how many captures of a thread one is compared; zero for never.
static EVERY: AtomicU32 = AtomicU32::new(0);

pub(crate) static COMPARED: AtomicU64 = AtomicU64::new(0);
pub(crate) static MISMATCHED: AtomicU64 = AtomicU64::new(0);
pub(crate) static COMPARED_WITH_PLATFORM: AtomicU64 = AtomicU64::new(0);
pub(crate) static DIFFERING_FROM_PLATFORM: AtomicU64 = AtomicU64::new(0);

/// Every how many captures of a thread one is compared with a full unwind; zero for never.
pub(crate) fn every() -> u32 {
    EVERY.load(Ordering::Relaxed)
}

/// Compares every n-th capture of each thread from here on; zero for none.
pub(crate) fn compare_every(n: u32) {
    EVERY.store(n, Ordering::Relaxed);
}

/// One in so many compared stacks is compared with the platform's unwinder too, beside the first of each site.
const PLATFORM_EVERY: u64 = 64;

/// Compares the stack that was captured as `site` with a full walk, if it is this one's turn.
#[cold]
#[inline(never)]
pub(super) fn compare(slot: &Slot, site: SiteId, pc: u64, sp: u64, bp: u64) {
    let caller = Caller { pc, sp, bp };
    let turn = slot.shard.captures_checked.load(Ordering::Relaxed).wrapping_add(1);
    slot.shard.captures_checked.store(turn, Ordering::Relaxed);
    if !turn.is_multiple_of(every().max(1)) {
        return;
    }
    let compared = COMPARED.fetch_add(1, Ordering::Relaxed);
    if !rules_agree(slot, caller, site) {
        MISMATCHED.fetch_add(1, Ordering::Relaxed);
        slot.drop_one(|drops| &drops.mismatched_stacks);
    }
    if compared.is_multiple_of(PLATFORM_EVERY) || sites::is_first_check(site) {
        COMPARED_WITH_PLATFORM.fetch_add(1, Ordering::Relaxed);
        if !platform_agrees(caller, site) {
            DIFFERING_FROM_PLATFORM.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Whether a full walk by the rules finds the frames of the site, all of them and no more.
#[cfg(heaplens_rules)]
fn rules_agree(slot: &Slot, caller: Caller, site: SiteId) -> bool {
    if caller.pc == 0 {
        return true;
    }
    let mut path = sites::path(site).peekable();
    let mut same = true;
    let end = unwind::full(&slot.shard.trace, caller, |key| {
        // What is cut is flagged, and compared as far as it goes.
        let goes_on = path.peek() != Some(&PathKey::Cut);
        same &= !goes_on || path.next().is_some_and(|known| known.to_bits() == key);
        goes_on
    });
    match end {
        unwind::End::Reached => same && !path.peek().copied().is_some_and(is_of_stack),
        unwind::End::Cut => same && path.peek() == Some(&PathKey::Cut),
        // The platform's unwinder made the stack; it is compared with itself.
        unwind::End::NoRule => platform_agrees(caller, site),
    }
}

#[cfg(not(heaplens_rules))]
fn rules_agree(_: &Slot, _: Caller, _: SiteId) -> bool {
    true
}

/// Whether the platform's unwinder finds the frames of the site, as far as they were captured.
fn platform_agrees(caller: Caller, site: SiteId) -> bool {
    let inside = if caller.pc == 0 { caller.sp } else { caller.sp.wrapping_sub(8) };
    let mut path = sites::path(site).peekable();
    let mut same = true;
    unwind::platform_walk(inside as usize, |address| {
        if path.peek() == Some(&PathKey::Cut) {
            return false;
        }
        same &= path.next().is_some_and(|known| is_at(known, address));
        same
    });
    same && !path.peek().copied().is_some_and(is_of_stack)
}

/// Whether a key is that of a frame with this return address. Where a signal interrupted a frame the platform gives the
/// address itself, and the key is one more.
fn is_at(key: PathKey, address: u64) -> bool {
    let (PathKey::Address(known) | PathKey::LateAddress { address: known, .. }) = key else { return false };
    known as u64 == address || known as u64 == address.wrapping_add(1)
}

fn is_of_stack(key: PathKey) -> bool {
    matches!(key, PathKey::Address(_) | PathKey::LateAddress { .. })
}
