//! In which scope or recording a stack is captured, as a node of the tree.
//!
//! ```text
//! root ─ recording 2 ─ scope "parse" ─ scope "item"
//! ```

use super::call_tree::{self, NodeId, ROOT};
use super::path_key::{LANES, OTHER_NAMES, PathKey};
use super::scope_names;
use super::scope_record::ScopeRecord;
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
    pub(super) fn settle_name(&self, record: &ScopeRecord) {
        self.key(record);
    }

    fn found_in(&self, recording: u32) -> Option<NodeId> {
        node_in(recording, self.found.load(Ordering::Relaxed))
    }

    fn set_found(&self, recording: u32, node: NodeId) {
        self.found.store(with_recording(recording, node), Ordering::Relaxed);
    }

    fn key(&self, record: &ScopeRecord) -> PathKey {
        let name = self.name.load(Ordering::Relaxed).checked_sub(1).unwrap_or_else(|| {
            // SAFETY: the scope is open, and no other thread is inside: its name is settled before one can be.
            let name = scope_names::intern(unsafe { record.name.get() });
            // Records are numbered apart from each other, so that a scope beyond the last lane has one of its own.
            let lane = scope_names::open_lane(name).unwrap_or(LANES + record.id().index);
            self.lane.store(lane, Ordering::Relaxed);
            self.name.store(name + 1, Ordering::Relaxed);
            name
        });
        PathKey::Scope { name, lane: self.lane.load(Ordering::Relaxed) }
    }
}

/// The place of the thread's stacks, as long as it stays in the same scope and the recording is the same. A part of its
/// shard.
pub(crate) struct CurrentPlace {
    /// As in [`ScopePlace`]: the recording and the node.
    found: AtomicU64,
    /// The same for the thread outside of all scopes.
    outside: AtomicU64,
}

impl CurrentPlace {
    /// The slot is a new thread's.
    pub(super) fn begin_thread(&self) {
        self.forget();
        self.outside.store(0, Ordering::Relaxed);
    }

    /// The thread is in another scope than before.
    #[inline(always)]
    pub(super) fn forget(&self) {
        self.found.store(0, Ordering::Relaxed);
    }

    #[inline(always)]
    pub(super) fn get(&self, slot: &Slot) -> Option<NodeId> {
        let recording = settings::recording();
        let is_known = node_in(recording, self.found.load(Ordering::Relaxed)).is_some();
        if is_known || self.take_known(recording, slot.innermost()) {
            Some(self.known())
        } else {
            self.find(slot, recording)
        }
    }

    /// The place as it was last found. On the traced path it is the present one, see [`find_for_recording`].
    #[inline(always)]
    pub(super) fn known(&self) -> NodeId {
        self.found.load(Ordering::Relaxed) as NodeId
    }

    /// Takes what is known of a scope, or of being outside of all. `false` if nothing is.
    #[inline(always)]
    fn take_known(&self, recording: u32, scope: Option<&ScopeRecord>) -> bool {
        let known = match scope {
            Some(record) => record.place.found.load(Ordering::Relaxed),
            None => self.outside.load(Ordering::Relaxed),
        };
        self.found.store(known, Ordering::Relaxed);
        node_in(recording, known).is_some()
    }

    #[cold]
    fn find(&self, slot: &Slot, recording: u32) -> Option<NodeId> {
        let found = with_recording(recording, innermost_scope(slot)?);
        self.found.store(found, Ordering::Relaxed);
        if slot.innermost().is_none() {
            self.outside.store(found, Ordering::Relaxed);
        }
        Some(self.known())
    }
}

/// Finds the place of a thread. `false` if there is no room for it.
#[inline(always)]
pub(super) fn find_for_recording(slot: &Slot) -> bool {
    slot.shard.place.get(slot).is_some()
}

/// A node with the recording in which it was found.
fn with_recording(recording: u32, node: NodeId) -> u64 {
    (u64::from(recording) + 1) << 32 | u64::from(node)
}

/// The node, if it was found in this recording.
#[inline(always)]
fn node_in(recording: u32, found: u64) -> Option<NodeId> {
    (found >> 32 == u64::from(recording) + 1).then_some(found as NodeId)
}

/// The node of the innermost open scope around the thread, or of the recording when there is none.
fn innermost_scope(slot: &Slot) -> Option<NodeId> {
    let recording = settings::recording();
    loop {
        let open = || slot.scopes().filter(|record| record.is_open());
        let Some(innermost) = open().next() else { return of_recording(recording) };
        if let Some(node) = innermost.place.found_in(recording) {
            return Some(node);
        }
        // The outermost scope that has no node: each round finds one, and a scope is mostly the only one.
        let without_node = || open().take_while(|record| record.place.found_in(recording).is_none());
        let record = without_node().last()?;
        let around = match open().nth(without_node().count()) {
            Some(outer) => outer.place.found_in(recording)?,
            None => of_recording(recording)?,
        };
        let key = record.place.key(record);
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
