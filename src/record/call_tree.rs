//! The calling-context tree: every path of return addresses that allocates, its outer part stored once.
//!
//! ```text
//! root ── main ── parse ── Vec::push        one site for each path whose end allocates
//!            │        └──── String::from
//!            └─── serialise ── …
//! ```
//!
//! The children of a node are a linked list that only grows at its head, so that insertion is one compare-and-swap and
//! a node that was seen once stays where it is. Two paths are one site only if every address is equal: there is no hash
//! that could clash. Measured on real programs most nodes have one or two children.

use crate::sys::atomic::{AtomicU32, AtomicU64, Ordering};

/// Number of a node; zero is the root, and also "none" where a child, a sibling or a site is asked for.
pub(crate) type NodeId = u32;

/// The node every path starts from.
pub(crate) const ROOT: NodeId = 0;

/// One return address, reached by one path.
pub(crate) struct Node {
    /// The return address, or the key of a scope or of a recording (see `path_key`).
    address: AtomicU64,
    parent: AtomicU32,
    /// Head of the list of children.
    first_child: AtomicU32,
    next_sibling: AtomicU32,
    /// Number of the site that ends here; zero if none does.
    site: AtomicU32,
}

#[cfg(not(loom))]
// SAFETY: atomic integers, valid when zero, without a destructor.
unsafe impl crate::sys::arena::Zeroed for Node {}

/// Where nodes come from.
pub(crate) trait Nodes {
    /// The node of a number that was handed out.
    fn node(&self, id: NodeId) -> Option<&Node>;
    /// A node nobody else has, all zero; `None` when there is no room.
    fn fresh(&self) -> Option<NodeId>;
}

impl Node {
    #[cfg(loom)]
    pub(crate) fn zero() -> Self {
        let zero = || AtomicU32::new(0);
        Self { address: AtomicU64::new(0), parent: zero(), first_child: zero(), next_sibling: zero(), site: zero() }
    }

    pub(crate) fn address(&self) -> u64 {
        self.address.load(Ordering::Relaxed)
    }

    pub(crate) fn parent(&self) -> NodeId {
        self.parent.load(Ordering::Relaxed)
    }

    /// The site that ends here, made by `number_and_publish` if there is none. `None` when there is no room.
    pub(crate) fn site_or_make(&self, number_and_publish: impl FnOnce() -> Option<u32>) -> Option<u32> {
        // ORDERING: Acquire, pairs with the Release below: who has the number finds the site's entry.
        let known = self.site.load(Ordering::Acquire);
        if known != 0 {
            return Some(known);
        }
        let made = number_and_publish()?;
        match self.site.compare_exchange(0, made, Ordering::Release, Ordering::Acquire) {
            Ok(_) => Some(made),
            // The number of the thread that lost stays unused; readers skip it because no node bears it.
            Err(winner) => Some(winner),
        }
    }

    /// The site that ends here; zero if none does.
    pub(crate) fn site(&self) -> u32 {
        self.site.load(Ordering::Acquire)
    }
}

/// The child of `parent` at `address`, if it is there.
pub(crate) fn find(nodes: &impl Nodes, parent: NodeId, address: u64) -> Option<NodeId> {
    // ORDERING: Acquire, as in `child`.
    search(nodes, nodes.node(parent)?.first_child.load(Ordering::Acquire), 0, address)
}

/// The child of `parent` at `address`, inserted if it is not there. `None` when there is no room for it.
pub(crate) fn child(nodes: &impl Nodes, parent: NodeId, address: u64) -> Option<NodeId> {
    let list = &nodes.node(parent)?.first_child;
    // ORDERING: Acquire, pairs with the Release of the insertion: the address and the links of a node that is seen are
    // those written before it was linked.
    let mut head = list.load(Ordering::Acquire);
    if let Some(found) = search(nodes, head, 0, address) {
        return Some(found);
    }
    let id = nodes.fresh()?;
    let fresh = nodes.node(id)?;
    fresh.address.store(address, Ordering::Relaxed);
    fresh.parent.store(parent, Ordering::Relaxed);
    loop {
        fresh.next_sibling.store(head, Ordering::Relaxed);
        match list.compare_exchange(head, id, Ordering::Release, Ordering::Acquire) {
            Ok(_) => return Some(id),
            Err(newer) => {
                // Another thread inserted meanwhile, perhaps the same address; then our node stays unused.
                if let Some(found) = search(nodes, newer, head, address) {
                    return Some(found);
                }
                head = newer;
            }
        }
    }
}

/// The sibling at `address` from `first` up to, and without, `end`.
fn search(nodes: &impl Nodes, first: NodeId, end: NodeId, address: u64) -> Option<NodeId> {
    let mut id = first;
    while id != end {
        let node = nodes.node(id)?;
        if node.address.load(Ordering::Relaxed) == address {
            return Some(id);
        }
        id = node.next_sibling.load(Ordering::Relaxed);
    }
    None
}
