//! From an allocation to the number of its call site: the captured stack, inside the open scopes, inside the recording.
//!
//! ```text
//! root ─ recording 2 ─ scope "parse"                                 the place
//!   └─── main ─ … ─ the frame that allocates ─ (in that place)      numbered: site 17
//! ```
//!
//! The frames do not depend on the place, so that opening a scope leaves everything that a thread knows of its stack valid.
//! A site is found by a hash and accepted only if every frame is the same; what was compared stays noted in the thread's
//! trace, so that a capture compares the frames that are new.

use super::call_tree::{self, Node, NodeId, Nodes, ROOT};
use super::counter::Counter;
use super::flat::Flat;
use super::path_key::PathKey;
use super::self_check;
use super::site_index;
use super::slot::Slot;
use super::tag::{MAX_SITES, SiteId};
use crate::fault::{Fault, planted};
use crate::unwind::{Caller, Capture, Frames, Label, Path};
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

static NODES: Flat<Node> = Flat::new();
/// Number of nodes handed out, the root included.
static NODES_MADE: AtomicU32 = AtomicU32::new(1);
/// What is known of each site.
static SITES: Flat<Site> = Flat::new();
/// Number of site numbers handed out, those with a meaning of their own included.
static SITES_MADE: AtomicU32 = AtomicU32::new(SiteId::FIRST);

/// What is known of a site without its counters.
///
/// PERF: half of a cache line, with what tells a stack from others that share all but its two innermost frames, so that
/// most comparisons read no node; `benches/stacks`, syn.
#[repr(align(32))]
struct Site {
    /// The key of the innermost frame.
    innermost: AtomicU64,
    /// The key of the frame around it; zero if there is none.
    second: AtomicU64,
    /// The node of the frame around the innermost, and the marks below.
    around: AtomicU32,
    /// The node of the frame around that.
    around_second: AtomicU32,
    /// The node of the scope or recording that it was captured in.
    place: AtomicU32,
}

/// Marks of a site, above the bits of a node's number.
mod mark {
    /// The site is published.
    pub(super) const PUBLISHED: u32 = 1 << 31;
    /// The self-check compared it with the platform's unwinder.
    pub(super) const CHECKED: u32 = 1 << 30;
    /// Its stack has no frame.
    pub(super) const EMPTY: u32 = 1 << 29;
    pub(super) const ALL: u32 = PUBLISHED | CHECKED | EMPTY;
}

// SAFETY: atomic integers, valid when zero, without a destructor.
unsafe impl crate::sys::arena::Zeroed for Site {}

/// Proposals of the index that were not the site looked for: hashes that are equal while their stacks are not.
static CLASHES: AtomicU64 = AtomicU64::new(0);

/// The tree of the process.
pub(super) struct Tree;

impl Nodes for Tree {
    fn node(&self, id: NodeId) -> Option<&Node> {
        if id == ROOT { NODES.get_or_commit(0) } else { NODES.get(id as usize) }
    }

    fn fresh(&self) -> Option<NodeId> {
        next_number(&NODES_MADE, |id| NODES.get_or_commit(id as usize).is_some())
    }
}

/// A site, with its line among the counters of the calling thread.
#[derive(Clone, Copy)]
pub(super) struct Counted<'a> {
    pub(super) site: SiteId,
    pub(super) counter: &'a Counter,
}

/// The site of an allocation that `caller` asked for, on the thread of `slot`, which is busy.
pub(super) fn capture(slot: &Slot, caller: Caller) -> SiteId {
    let found = slot.shard.place.get(slot).and_then(|place| of_caller(slot, caller, place));
    found.or_else(|| no_room(slot)).map_or(SiteId::OVERFLOW, |found| found.site)
}

/// Whether the registers and the place are those of the thread's last stack.
#[inline(always)]
pub(super) fn may_repeat(slot: &Slot, caller: Caller, place: NodeId) -> bool {
    slot.shard.trace.may_repeat(caller, place)
}

/// The site of the thread's last stack, if every word that it was read from still says the same.
#[inline(always)]
pub(super) fn repeated(slot: &Slot) -> Option<Counted<'_>> {
    slot.shard.trace.repeated().map(counted)
}

/// Whether the registers and the place are those of the stack that is expected after the thread's last one.
#[inline(always)]
pub(super) fn may_be_expected(slot: &Slot, caller: Caller, place: NodeId) -> bool {
    slot.shard.trace.may_be_expected(caller, place)
}

/// The site of the stack that is expected after the thread's last one, if every word that it was read from still says the
/// same.
#[inline(always)]
pub(super) fn expected(slot: &Slot) -> Option<Counted<'_>> {
    slot.shard.trace.expected().map(counted)
}

/// The site of the stack of a caller in this place, whether it is the thread's last one or another. `None` when there is no
/// room for it.
#[cfg_attr(not(debug_assertions), inline(always))]
pub(super) fn of_caller(slot: &Slot, caller: Caller, place: NodeId) -> Option<Counted<'_>> {
    let Caller { pc, sp, bp } = caller;
    if self_check::every() != 0 {
        return checked(slot, caller, place);
    }
    known(slot, caller, place).or_else(|| changed_elsewhere(slot, pc, sp, bp, place))
}

/// The site of the stack that is expected, or of the thread's last one, if that is the stack of a caller.
#[cfg_attr(not(debug_assertions), inline(always))]
fn known(slot: &Slot, caller: Caller, place: NodeId) -> Option<Counted<'_>> {
    let in_turn = if may_be_expected(slot, caller, place) { expected(slot) } else { None };
    in_turn.or_else(|| if may_repeat(slot, caller, place) { repeated(slot) } else { None })
}

/// As [`changed`], in a function of its own.
#[inline(never)]
fn changed_elsewhere(slot: &Slot, pc: u64, sp: u64, bp: u64, place: NodeId) -> Option<Counted<'_>> {
    changed(slot, Caller { pc, sp, bp }, place)
}

/// The site of a stack that is neither the thread's last one nor the one that is expected. `None` when there is no room for
/// it.
#[cfg_attr(not(debug_assertions), inline(always))]
pub(super) fn changed(slot: &Slot, caller: Caller, place: NodeId) -> Option<Counted<'_>> {
    // PERF: by reference, as a copy would wait for what was just written; see `unwind::buffers::Item`.
    match &slot.shard.trace.capture(caller, place) {
        Capture::Known(label) => Some(counted(*label)),
        Capture::Path(path) => site_of(slot, *path, place),
        Capture::NoRoom => None,
    }
}

/// As [`of_caller`], while captures are compared with full unwinds.
#[cold]
#[inline(never)]
pub(super) fn checked(slot: &Slot, caller: Caller, place: NodeId) -> Option<Counted<'_>> {
    let found = known(slot, caller, place).or_else(|| changed(slot, caller, place))?;
    self_check::compare(slot, found.site, caller.pc, caller.sp, caller.bp);
    Some(found)
}

/// What a label of this file stands for.
#[cfg_attr(not(debug_assertions), inline(always))]
fn counted<'a>(label: Label) -> Counted<'a> {
    // SAFETY: the note is the address of a counter of the thread's own shard, which lives for ever; `site_of` wrote it.
    let counter = unsafe { &*core::ptr::with_exposed_provenance::<Counter>(label.note) };
    Counted { site: SiteId::from_own_number(label.site), counter }
}

/// The site of blocks whose stack finds no room. `None` if there is no memory for its counters either.
#[cold]
#[inline(never)]
pub(super) fn no_room(slot: &Slot) -> Option<Counted<'_>> {
    slot.drop_one(|drops| &drops.overflowed_blocks);
    let counter = slot.shard.sites.get_or_commit(SiteId::OVERFLOW.index())?;
    Some(Counted { site: SiteId::OVERFLOW, counter })
}

#[cfg_attr(not(debug_assertions), inline(always))]
fn site_of<'a>(slot: &'a Slot, path: Path<'_>, place: NodeId) -> Option<Counted<'a>> {
    if path.truncated {
        slot.drop_one(|drops| &drops.truncated_stacks);
    }
    if path.is_empty() {
        slot.drop_one(|drops| &drops.empty_stacks);
    }
    let hash = (path.hash() ^ u64::from(place) << 32).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let hash = if planted(Fault::ShortenPathHash) { hash & 0xFFFF } else { hash ^ hash >> 29 };
    let number = match site_index::find(hash, |site| is_site_of(site, path, place)) {
        Some(number) => number,
        None => insert(path, place, hash)?,
    };
    let counter = slot.shard.sites.get_or_commit(number as usize)?;
    path.remember(Label { site: number, note: core::ptr::from_ref(counter).expose_provenance() }, place);
    Some(Counted { site: SiteId::from_own_number(number), counter })
}

/// Whether a proposed site is that of this path, frame by frame from the innermost out to one that is known to be it.
#[cfg_attr(not(debug_assertions), inline(always))]
fn is_site_of(number: u32, path: Path<'_>, place: NodeId) -> bool {
    let Some(site) = SITES.get(number as usize) else { return false };
    if planted(Fault::ShortenPathHash) {
        return true;
    }
    // ORDERING: Acquire, pairs with the Release in `number_site`.
    let around = site.around.load(Ordering::Acquire);
    let mut frames = path.frames();
    let same = around & mark::PUBLISHED != 0
        && site.place.load(Ordering::Relaxed) == place
        && match frames.next() {
            None => around & mark::EMPTY != 0 && (around & !mark::ALL != ROOT) == path.truncated,
            Some(innermost) => {
                around & mark::EMPTY == 0
                    && site.innermost.load(Ordering::Relaxed) == innermost.key()
                    && leads_to(site, around & !mark::ALL, frames, path.truncated)
            }
        };
    if !same {
        clash(path);
    }
    same
}

/// Whether these are the frames around the innermost one of a site, whose `around` is that node.
#[cfg_attr(not(debug_assertions), inline(always))]
fn leads_to(site: &Site, around: NodeId, mut frames: Frames<'_>, truncated: bool) -> bool {
    match frames.next() {
        Some(second) if second.node() != 0 => second.node() == around,
        Some(second) => {
            second.set_node(around);
            second.key() == site.second.load(Ordering::Relaxed)
                && are_path_to(site.around_second.load(Ordering::Relaxed), frames, truncated)
        }
        None => are_path_to(around, frames, truncated),
    }
}

/// Whether these frames lead to a node from the root, or from where the stack was cut.
#[cfg_attr(not(debug_assertions), inline(always))]
fn are_path_to(end: NodeId, frames: Frames<'_>, truncated: bool) -> bool {
    let mut id = end;
    for frame in frames {
        if frame.node() != 0 {
            return frame.node() == id;
        }
        match NODES.get(id as usize) {
            Some(node) if node.address() == frame.key() => {
                frame.set_node(id);
                id = node.parent();
            }
            _ => return false,
        }
    }
    match truncated {
        true => NODES.get(id as usize).is_some_and(|node| node.address() == PathKey::Cut.to_bits()),
        false => id == ROOT,
    }
}

/// What was noted on the way to a difference is not this path.
#[cold]
fn clash(path: Path<'_>) {
    CLASHES.fetch_add(1, Ordering::Relaxed);
    path.frames().for_each(|frame| frame.set_node(0));
}

/// Whether the self-check looks at a site for the first time.
pub(super) fn is_first_check(site: SiteId) -> bool {
    let known = SITES.get(site.index());
    known.is_some_and(|known| known.around.fetch_or(mark::CHECKED, Ordering::Relaxed) & mark::CHECKED == 0)
}

/// Number of hashes that were found equal while their stacks are not.
pub(crate) fn clashes() -> u64 {
    CLASHES.load(Ordering::Relaxed)
}

/// The site of a path by way of the tree, made if it is not there. `None` when there is no room.
#[cold]
#[inline(never)]
fn insert(path: Path<'_>, place: NodeId, hash: u64) -> Option<u32> {
    let mut node = if path.truncated { call_tree::child(&Tree, ROOT, PathKey::Cut.to_bits())? } else { ROOT };
    for frame in path.frames_inwards() {
        node = if frame.node() == 0 { call_tree::child(&Tree, node, frame.key())? } else { frame.node() };
        frame.set_node(node);
    }
    let mark = call_tree::child(&Tree, node, PathKey::Place(place).to_bits())?;
    let number = Tree.node(mark)?.site_or_make(|| number_site(node, path.is_empty(), place))?;
    site_index::insert(hash, number);
    Some(number)
}

fn number_site(end: NodeId, empty: bool, place: NodeId) -> Option<u32> {
    let number = next_number(&SITES_MADE, |number| SITES.get_or_commit(number as usize).is_some())?;
    let site = SITES.get(number as usize)?;
    let (innermost, around) = match empty {
        true => (0, end | mark::EMPTY),
        false => (Tree.node(end)?.address(), Tree.node(end)?.parent()),
    };
    let second = Tree.node(around & !mark::ALL)?;
    site.innermost.store(innermost, Ordering::Relaxed);
    site.second.store(second.address(), Ordering::Relaxed);
    site.around_second.store(second.parent(), Ordering::Relaxed);
    site.place.store(place, Ordering::Relaxed);
    // ORDERING: Release, pairs with the Acquire in `path` and `is_site_of`.
    site.around.store(around | mark::PUBLISHED, Ordering::Release);
    Some(number)
}

/// The next number of a table. Its entry has memory before the number is given out, so that a number which finds no room
/// below the memory limit is not lost for the time when the limit is higher.
fn next_number(made: &AtomicU32, has_room: impl Fn(u32) -> bool) -> Option<u32> {
    made.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |number| {
        ((number as usize) < MAX_SITES && has_room(number)).then_some(number + 1)
    })
    .ok()
}

/// Whether a site's number was handed out. A tag is hostile input.
#[inline(always)]
pub(crate) fn is_known(site: SiteId) -> bool {
    site.index() < SITES_MADE.load(Ordering::Relaxed) as usize
}

/// The numbers of all sites that stand for a stack.
pub(crate) fn all() -> impl Iterator<Item = SiteId> {
    (SiteId::FIRST..SITES_MADE.load(Ordering::Acquire)).filter_map(SiteId::new)
}

/// The path of a site, from its innermost frame outwards, then the scopes around it. Empty for a number that no stack
/// bears.
pub(crate) fn path(site: SiteId) -> impl Iterator<Item = PathKey> {
    let known = SITES.get(site.index()).and_then(|known| {
        // ORDERING: Acquire, pairs with the Release in `number_site`.
        let around = known.around.load(Ordering::Acquire);
        (around & mark::PUBLISHED != 0).then_some((known, around))
    });
    let known = known.filter(|(known, around)| bears(site, known, *around));
    let place = known.map_or(ROOT, |(known, _)| known.place.load(Ordering::Relaxed));
    let innermost = known.filter(|(_, around)| around & mark::EMPTY == 0);
    let innermost = innermost.map(|(known, _)| PathKey::from_bits(known.innermost.load(Ordering::Relaxed)));
    let around = known.map_or(ROOT, |(_, around)| around & !mark::ALL);
    innermost.into_iter().chain(outwards(around)).chain(outwards(place))
}

/// Whether a site's path leads back to its number: a thread that lost the race to number a path made one more.
fn bears(site: SiteId, known: &Site, around: u32) -> bool {
    let end = match around & mark::EMPTY {
        0 => call_tree::find(&Tree, around & !mark::ALL, known.innermost.load(Ordering::Relaxed)),
        _ => Some(around & !mark::ALL),
    };
    let place = PathKey::Place(known.place.load(Ordering::Relaxed));
    let mark = end.and_then(|end| call_tree::find(&Tree, end, place.to_bits())).and_then(|mark| Tree.node(mark));
    mark.is_some_and(|mark| mark.site() as usize == site.index())
}

/// The keys of a node and those around it.
fn outwards(from: NodeId) -> impl Iterator<Item = PathKey> {
    let mut next = from;
    core::iter::from_fn(move || {
        if next == ROOT {
            return None;
        }
        let node = Tree.node(next)?;
        next = node.parent();
        Some(PathKey::from_bits(node.address()))
    })
}
