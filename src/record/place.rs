//! In which scope, thread or recording a stack is captured, as a node of the tree.
//!
//! ```text
//! root ─ recording 2 ─ scope "parse" ─ scope "item"
//! root ─ recording 3 ─ thread "io" ─ scope "parse" ─ scope "item"        a recording by thread
//! ```
//!
//! What was found is kept with a key that says for which recording, and in one by thread for which thread: several threads
//! can be in one scope.

use super::call_tree::{self, NodeId, ROOT};
use super::gate::ShortPath;
use super::path_key::{LANES, OTHER_NAMES, PathKey};
use super::scope_names;
use super::scope_record::ScopeRecord;
use super::settings::Recording;
use super::sites::Tree;
use super::slot::Slot;
use crate::sys::thread_name::ThreadName;
use core::ptr;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// The key for which nothing is found.
const NO_KEY: u32 = u32::MAX;

/// The place of an open scope in the tree. A part of its record.
pub(crate) struct ScopePlace {
    /// The key for which the scope's node was found (upper half; zero when it was not looked for yet), and that node.
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
    /// As in [`ScopePlace`]: the key and the node.
    found: AtomicU64,
    /// The node of the thread outside of all scopes, under the key of the recording alone.
    outside: AtomicU64,
    /// Number of the thread's name, and the key of the recording in which the thread was asked for it.
    name: AtomicU32,
    named_in: AtomicU32,
}

impl CurrentPlace {
    /// The slot is a new thread's.
    pub(super) fn begin_thread(&self) {
        self.forget();
        self.outside.store(0, Ordering::Relaxed);
        self.named_in.store(0, Ordering::Relaxed);
    }

    /// The thread is in another scope than before.
    #[inline(always)]
    pub(super) fn forget(&self) {
        self.found.store(0, Ordering::Relaxed);
    }

    #[inline(always)]
    pub(super) fn get(&self, slot: &Slot) -> Option<NodeId> {
        let recording = Recording::now();
        let key = self.key(recording);
        let is_known = node_for(key, self.found.load(Ordering::Relaxed)).is_some();
        if is_known || self.take_known(key, slot.innermost()) { Some(self.known()) } else { self.find(slot, recording) }
    }

    /// The place as it was last found. On the traced path it is the present one, see [`find_for_recording`].
    #[inline(always)]
    pub(super) fn known(&self) -> NodeId {
        self.found.load(Ordering::Relaxed) as NodeId
    }

    /// The key of what is found in a recording; in one by thread that of the thread in it, which is odd as no other is.
    #[inline(always)]
    fn key(&self, recording: Recording) -> u32 {
        if !recording.is_by_thread() {
            return recording.key();
        }
        match node_for(recording.key(), self.outside.load(Ordering::Relaxed)) {
            Some(thread) => thread << 1 | 1,
            None => NO_KEY,
        }
    }

    /// Takes what is known of a scope, or of being outside of all. `false` if nothing is.
    #[inline(always)]
    fn take_known(&self, key: u32, scope: Option<&ScopeRecord>) -> bool {
        let known = match scope {
            Some(record) => record.place.found.load(Ordering::Relaxed),
            None => self.outside.load(Ordering::Relaxed),
        };
        let is_known = node_for(key, known).is_some();
        if is_known {
            self.found.store(known, Ordering::Relaxed);
        }
        is_known
    }

    #[cold]
    fn find(&self, slot: &Slot, recording: Recording) -> Option<NodeId> {
        let outside = self.find_outside(slot, recording)?;
        let key = self.key(recording);
        let node = innermost_scope(slot, key, outside)?;
        self.found.store(with_key(key, node), Ordering::Relaxed);
        Some(node)
    }

    /// The node of the recording, or of the thread in it.
    fn find_outside(&self, slot: &Slot, recording: Recording) -> Option<NodeId> {
        if let Some(known) = node_for(recording.key(), self.outside.load(Ordering::Relaxed)) {
            return Some(known);
        }
        let mut node = ROOT;
        if recording.number() != 0 {
            node = call_tree::child(&Tree, node, PathKey::Recording(recording.number()).to_bits())?;
            if recording.is_by_thread() {
                node = call_tree::child(&Tree, node, self.thread(slot, recording).to_bits())?;
            }
        }
        self.outside.store(with_key(recording.key(), node), Ordering::Relaxed);
        Some(node)
    }

    /// The calling thread, under the name that it had when it was first asked in the recording.
    fn thread(&self, slot: &Slot, recording: Recording) -> PathKey {
        if self.named_in.load(Ordering::Relaxed) != recording.key() {
            let name = scope_names::intern_thread(ThreadName::of_this_thread().as_bytes());
            if name == OTHER_NAMES {
                slot.drop_one(|drops| &drops.unnamed_scopes);
            }
            self.name.store(name, Ordering::Relaxed);
            self.named_in.store(recording.key(), Ordering::Relaxed);
        }
        PathKey::Thread(self.name.load(Ordering::Relaxed))
    }
}

impl Slot {
    /// Moves the place of the thread's stacks to that in a scope, or outside of all. `false`: it is needed, and has to be
    /// found first.
    #[inline(always)]
    pub(super) fn move_to_known_place(&self, path: &ShortPath<'_>, scope: Option<&ScopeRecord>) -> bool {
        if !Self::is_traced(path) {
            self.shard.place.forget();
            return true;
        }
        let recording = Recording::now();
        !recording.is_by_thread() && self.shard.place.take_known(recording.key(), scope)
    }
}

/// Finds the place of a thread. `false` if there is no room for it.
#[inline(always)]
pub(super) fn find_for_recording(slot: &Slot) -> bool {
    slot.shard.place.get(slot).is_some()
}

/// A node with the key for which it was found.
fn with_key(key: u32, node: NodeId) -> u64 {
    u64::from(key) << 32 | u64::from(node)
}

/// The node, if it was found for this key.
#[inline(always)]
fn node_for(key: u32, found: u64) -> Option<NodeId> {
    (found >> 32 == u64::from(key)).then_some(found as NodeId)
}

/// The node of the innermost open scope around the thread, or the one outside of all scopes when there is none.
fn innermost_scope(slot: &Slot, key: u32, outside: NodeId) -> Option<NodeId> {
    let found = |record: &ScopeRecord| node_for(key, record.place.found.load(Ordering::Relaxed));
    let known = slot.scopes().filter(|record| record.is_open()).find_map(|record| Some((record, found(record)?)));
    // From here on nothing is read back: another thread in a scope may put there what it found for itself.
    let (mut known, mut node) = known.map_or((None, outside), |(record, node)| (Some(record), node));
    loop {
        // The outermost scope that has no node: each round finds one, and a scope is mostly the only one.
        let inside = slot.scopes().take_while(|record| !known.is_some_and(|known| ptr::eq(*record, known)));
        let Some(record) = inside.filter(|record| record.is_open()).last() else { return Some(node) };
        let scope = record.place.key(record);
        if let PathKey::Scope { name: OTHER_NAMES, .. } = scope {
            slot.drop_one(|drops| &drops.unnamed_scopes);
        }
        node = call_tree::child(&Tree, node, scope.to_bits())?;
        record.place.found.store(with_key(key, node), Ordering::Relaxed);
        known = Some(record);
    }
}
