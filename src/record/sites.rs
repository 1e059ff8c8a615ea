//! From an allocation to the number of its call site: the captured stack, inside the open scopes, inside the recording.
//!
//! ```text
//! root ─ recording 2 ─ scope "parse" ─ main ─ … ─ the frame that allocates      numbered: site 17
//! ```

use super::call_tree::{self, Node, NodeId, Nodes, ROOT};
use super::paged::Paged;
use super::path_key::{LANES, OTHER_NAMES, PathKey};
use super::scope_names;
use super::scope_record::ScopeRecord;
use super::scope_table;
use super::scopes;
use super::settings;
use super::slot::Slot;
use super::tag::{MAX_SITES, SiteId};
use crate::unwind;
use core::sync::atomic::{AtomicU32, Ordering};

static NODES: Paged<Node> = Paged::new();
/// Number of nodes handed out, the root included.
static NODES_MADE: AtomicU32 = AtomicU32::new(1);
/// The node that a site ends at, by site.
static ENDS: Paged<Site> = Paged::new();
/// Number of site numbers handed out, those with a meaning of their own included.
static SITES_MADE: AtomicU32 = AtomicU32::new(SiteId::FIRST);

/// What is known of a site without its counters.
struct Site {
    /// The node its stack ends at; zero until it is published.
    end: AtomicU32,
}

// SAFETY: an atomic integer, valid when zero, without a destructor.
unsafe impl super::arena::Zeroed for Site {}

/// The tree of the process.
struct Tree;

impl Nodes for Tree {
    fn node(&self, id: NodeId) -> Option<&Node> {
        if id == ROOT { NODES.get_or_commit(0) } else { NODES.get(id as usize) }
    }

    fn fresh(&self) -> Option<NodeId> {
        next_number(&NODES_MADE, |id| NODES.get_or_commit(id as usize).is_some())
    }
}

/// The place of an open scope in the tree. A part of its record.
pub(crate) struct ScopePlace {
    /// The scope's node.
    node: AtomicU32,
    /// The recording in which that node was found, plus one; zero when it was not looked for yet.
    found_in: AtomicU32,
    /// Number of the scope's name, plus one; zero until it is needed.
    name: AtomicU32,
    lane: AtomicU32,
    /// The scope next inside, plus one, while a chain is walked from its outer end.
    inside: AtomicU32,
}

impl ScopePlace {
    /// The record is that of a new scope.
    pub(super) fn forget(&self) {
        self.found_in.store(0, Ordering::Relaxed);
        self.name.store(0, Ordering::Relaxed);
    }

    /// The scope is closed: another of its name may have its lane.
    pub(super) fn close_lane(&self) {
        if let Some(name) = self.name.load(Ordering::Relaxed).checked_sub(1) {
            scope_names::close_lane(name, self.lane.load(Ordering::Relaxed));
        }
    }

    fn key(&self, slot: &Slot, index: u32, record: &ScopeRecord) -> PathKey {
        let name = self.name.load(Ordering::Relaxed).checked_sub(1).unwrap_or_else(|| {
            // SAFETY: the scope is open, and this is its owner's thread.
            let name = scope_names::intern(unsafe { record.name.get() });
            if name == OTHER_NAMES {
                slot.drop_one(|drops| &drops.unnamed_scopes);
            }
            // Records are numbered apart from each other, so that a scope beyond the last lane has one of its own.
            let lane = scope_names::open_lane(name).unwrap_or(LANES + index);
            self.lane.store(lane, Ordering::Relaxed);
            self.name.store(name + 1, Ordering::Relaxed);
            name
        });
        PathKey::Scope { name, lane: self.lane.load(Ordering::Relaxed) }
    }
}

/// The site of an allocation that happens here, on the thread of `slot`.
#[inline(never)]
pub(crate) fn capture(slot: &Slot) -> SiteId {
    let site = capture_path(slot).filter(|site| slot.shard.sites.get_or_commit(site.index()).is_some());
    site.unwrap_or_else(|| {
        slot.drop_one(|drops| &drops.overflowed_blocks);
        SiteId::OVERFLOW
    })
}

#[inline(always)]
fn capture_path(slot: &Slot) -> Option<SiteId> {
    let mark = 0_u8;
    let frames = slot.shard.frames()?;
    let captured = unwind::capture(frames, core::hint::black_box(&raw const mark).addr());
    let mut node = innermost_scope(slot)?;
    if captured.truncated {
        slot.drop_one(|drops| &drops.truncated_stacks);
        node = call_tree::child(&Tree, node, PathKey::Cut.to_bits())?;
    }
    if captured.depth == 0 {
        slot.drop_one(|drops| &drops.empty_stacks);
    }
    for address in frames[..captured.depth].iter().rev() {
        let key = PathKey::Address(address.load(Ordering::Relaxed));
        node = call_tree::child(&Tree, node, key.to_bits())?;
    }
    let number = Tree.node(node)?.site_or_make(|| number_site(node))?;
    SiteId::new(number)
}

fn number_site(node: NodeId) -> Option<u32> {
    let number = next_number(&SITES_MADE, |number| ENDS.get_or_commit(number as usize).is_some())?;
    // ORDERING: Release, pairs with the Acquire in `path`.
    ENDS.get(number as usize)?.end.store(node, Ordering::Release);
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

/// The node of the innermost open scope around the thread, or of the recording when there is none.
fn innermost_scope(slot: &Slot) -> Option<NodeId> {
    let recording = settings::recording();
    let mut inside = 0;
    let mut known = None;
    for (scope, record) in scopes::chain(slot.context()) {
        if !record.is_open(scope) {
            continue;
        }
        if record.place.found_in.load(Ordering::Relaxed) == recording + 1 {
            known = Some(record.place.node.load(Ordering::Relaxed));
            break;
        }
        record.place.inside.store(inside, Ordering::Relaxed);
        inside = scope.index + 1;
    }
    let mut node = match known {
        Some(node) => node,
        None if recording == 0 => ROOT,
        None => call_tree::child(&Tree, ROOT, PathKey::Recording(recording).to_bits())?,
    };
    while let Some(record) = scope_table::get(inside.wrapping_sub(1)) {
        let key = record.place.key(slot, inside - 1, record);
        node = call_tree::child(&Tree, node, key.to_bits())?;
        record.place.node.store(node, Ordering::Relaxed);
        record.place.found_in.store(recording + 1, Ordering::Relaxed);
        inside = record.place.inside.load(Ordering::Relaxed);
    }
    Some(node)
}

/// Whether a site's number was handed out. A tag is hostile input.
pub(crate) fn is_known(site: SiteId) -> bool {
    site.index() < SITES_MADE.load(Ordering::Relaxed) as usize
}

/// The numbers of all sites that stand for a stack.
pub(crate) fn all() -> impl Iterator<Item = SiteId> {
    (SiteId::FIRST..SITES_MADE.load(Ordering::Acquire)).filter_map(SiteId::new)
}

/// The path of a site, from its innermost frame outwards. Empty for a number that no stack bears.
pub(crate) fn path(site: SiteId) -> impl Iterator<Item = PathKey> {
    let end = ENDS.get(site.index()).map_or(ROOT, |site| site.end.load(Ordering::Acquire));
    // A thread that lost the race to number this path made a number that the path does not bear.
    let bears = Tree.node(end).is_some_and(|node| node.site() as usize == site.index());
    let mut next = if bears { end } else { ROOT };
    core::iter::from_fn(move || {
        if next == ROOT {
            return None;
        }
        let node = Tree.node(next)?;
        next = node.parent();
        Some(PathKey::from_bits(node.address()))
    })
}
