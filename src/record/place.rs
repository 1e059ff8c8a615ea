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
use super::settings;
use super::sites::Tree;
use super::slot::Slot;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// The place of an open scope in the tree. A part of its record.
pub(crate) struct ScopePlace {
    /// The recording in which the scope's node was found, plus one (upper half; zero when it was not looked for yet), and
    /// that node.
    found: AtomicU64,
    /// Number of the scope's name, plus one; zero until it is needed.
    name: AtomicU32,
    lane: AtomicU32,
}

impl ScopePlace {
    /// The record is that of a new scope.
    pub(super) fn forget(&self) {
        self.found.store(0, Ordering::Relaxed);
        self.name.store(0, Ordering::Relaxed);
    }

    /// The scope is closed and read: another of its name may have its lane.
    pub(super) fn close_lane(&self) {
        if let Some(name) = self.name.load(Ordering::Relaxed).checked_sub(1) {
            scope_names::close_lane(name, self.lane.load(Ordering::Relaxed));
        }
    }

    /// Chooses the scope's name and lane before other threads may need them.
    pub(super) fn settle_name(&self, index: u32, record: &ScopeRecord) {
        self.key(index, record);
    }

    fn found_in(&self, recording: u32) -> Option<NodeId> {
        let found = self.found.load(Ordering::Relaxed);
        (found >> 32 == u64::from(recording) + 1).then_some(found as NodeId)
    }

    fn set_found(&self, recording: u32, node: NodeId) {
        self.found.store((u64::from(recording) + 1) << 32 | u64::from(node), Ordering::Relaxed);
    }

    fn key(&self, index: u32, record: &ScopeRecord) -> PathKey {
        let name = self.name.load(Ordering::Relaxed).checked_sub(1).unwrap_or_else(|| {
            // SAFETY: the scope is open, and no other thread is inside: its name is settled before one can be.
            let name = scope_names::intern(unsafe { record.name.get() });
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
    loop {
        let open = || scope_table::chain(slot.context()).filter(|(scope, record)| record.is_open(*scope));
        let Some((_, innermost)) = open().next() else { return of_recording(recording) };
        if let Some(node) = innermost.place.found_in(recording) {
            return Some(node);
        }
        // The outermost scope that has no node: each round finds one, and a scope is mostly the only one.
        let (outer, without) =
            open().fold((None, None), |(outer, without), (scope, record)| match record.place.found_in(recording) {
                Some(node) if outer.is_none() => (Some(node), without),
                None if outer.is_none() => (outer, Some((scope, record))),
                _ => (outer, without),
            });
        let around = match outer {
            Some(node) => node,
            None => of_recording(recording)?,
        };
        let Some((scope, record)) = without else { return Some(around) };
        let key = record.place.key(scope.index, record);
        if let PathKey::Scope { name: OTHER_NAMES, .. } = key {
            slot.drop_one(|drops| &drops.unnamed_scopes);
        }
        record.place.set_found(recording, call_tree::child(&Tree, around, key.to_bits())?);
    }
}

/// The node that stands for being in no scope.
fn of_recording(recording: u32) -> Option<NodeId> {
    match recording {
        0 => Some(ROOT),
        number => call_tree::child(&Tree, ROOT, PathKey::Recording(number).to_bits()),
    }
}
