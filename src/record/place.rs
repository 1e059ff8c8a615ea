//! In which scope or recording a stack is captured, as a node of the tree.
//!
//! ```text
//! root ─ recording 2 ─ scope "parse" ─ scope "item"
//! ```

use super::call_tree::{self, NodeId, ROOT};
use super::path_key::{LANES, OTHER_NAMES, PathKey};
use super::scope_names;
use super::scope_record::ScopeRecord;
use super::scope_table;
use super::scopes;
use super::settings;
use super::sites::Tree;
use super::slot::Slot;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

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

/// The place of the thread's stacks, as long as its context and the recording stay the same. A part of its shard.
pub(crate) struct CurrentPlace {
    node: AtomicU32,
    /// The recording in which it was found, plus one; zero if it was not looked for.
    found_in: AtomicU32,
    found_for: AtomicU64,
}

impl CurrentPlace {
    /// The slot is a new thread's.
    pub(super) fn forget(&self) {
        self.found_in.store(0, Ordering::Relaxed);
    }

    pub(super) fn get(&self, slot: &Slot) -> Option<NodeId> {
        let recording = settings::recording() + 1;
        let known = self.found_in.load(Ordering::Relaxed) == recording
            && self.found_for.load(Ordering::Relaxed) == slot.context().to_bits();
        if known { Some(self.known()) } else { self.find(slot, recording) }
    }

    /// The place as it was last found. On the traced path it is that of the recording, see [`find_for_recording`].
    #[inline(always)]
    pub(super) fn known(&self) -> NodeId {
        self.node.load(Ordering::Relaxed)
    }

    #[cold]
    fn find(&self, slot: &Slot, recording: u32) -> Option<NodeId> {
        let node = innermost_scope(slot)?;
        self.node.store(node, Ordering::Relaxed);
        self.found_for.store(slot.context().to_bits(), Ordering::Relaxed);
        self.found_in.store(recording, Ordering::Relaxed);
        Some(node)
    }
}

/// Finds the place of a thread that is in no scope. `false` if there is no room for it.
pub(super) fn find_for_recording(slot: &Slot) -> bool {
    slot.shard.place.get(slot).is_some()
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
