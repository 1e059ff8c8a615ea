//! The calling-context tree: insertion and the numbering of sites by several threads at once.

use crate::call_tree::{self, Node, NodeId, Nodes, ROOT};
use loom::sync::Arc;
use loom::sync::atomic::{AtomicU32, Ordering};
use loom::thread;

const NODES: usize = 6;

/// A tree of a few nodes, handed out in order.
struct Tree {
    nodes: [Node; NODES],
    made: AtomicU32,
}

impl Tree {
    fn new() -> Arc<Self> {
        Arc::new(Self { nodes: core::array::from_fn(|_| Node::zero()), made: AtomicU32::new(1) })
    }

    fn child(&self, parent: NodeId, address: u64) -> NodeId {
        call_tree::child(self, parent, address).expect("there is room")
    }
}

impl Nodes for Tree {
    fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id as usize)
    }

    fn fresh(&self) -> Option<NodeId> {
        let id = self.made.fetch_add(1, Ordering::Relaxed);
        ((id as usize) < NODES).then_some(id)
    }
}

#[test]
fn two_threads_that_insert_one_child_get_one_node() {
    loom::model(|| {
        let tree = Tree::new();
        let other = tree.clone();
        let theirs = thread::spawn(move || other.child(ROOT, 7));
        let mine = tree.child(ROOT, 7);
        assert_eq!(theirs.join().unwrap(), mine);
        assert_eq!(tree.child(ROOT, 7), mine);
    });
}

#[test]
fn two_children_that_both_threads_insert_are_two_nodes() {
    loom::model(|| {
        let tree = Tree::new();
        let other = tree.clone();
        let theirs = thread::spawn(move || {
            let eight = other.child(ROOT, 8);
            (other.child(ROOT, 7), eight)
        });
        let seven = tree.child(ROOT, 7);
        let mine = (seven, tree.child(ROOT, 8));
        assert_eq!(theirs.join().unwrap(), mine);
        assert_ne!(mine.0, mine.1);
    });
}

#[test]
fn neither_of_two_children_is_lost() {
    loom::model(|| {
        let tree = Tree::new();
        let other = tree.clone();
        let theirs = thread::spawn(move || other.child(ROOT, 8));
        let mine = tree.child(ROOT, 7);
        let theirs = theirs.join().unwrap();
        assert_eq!((tree.child(ROOT, 7), tree.child(ROOT, 8)), (mine, theirs));
    });
}

#[test]
fn a_child_that_is_there_is_found_beside_an_insertion() {
    loom::model(|| {
        let tree = Tree::new();
        let there = tree.child(ROOT, 7);
        let other = tree.clone();
        // The thread that only looks is the second one: loom tries the looks before a change from those after it.
        let looks = thread::spawn(move || other.child(ROOT, 7));
        tree.child(ROOT, 8);
        assert_eq!(looks.join().unwrap(), there);
    });
}

#[test]
fn a_path_has_one_site_whose_entry_is_seen_with_its_number() {
    loom::model(|| {
        let tree = Tree::new();
        let node = tree.child(ROOT, 7);
        // The entry of each site that can be numbered here: the node it ends at.
        let ends = Arc::new([AtomicU32::new(0), AtomicU32::new(0), AtomicU32::new(0)]);
        let numbers = Arc::new(AtomicU32::new(1));
        let site = move |tree: &Tree, ends: &[AtomicU32; 3], numbers: &AtomicU32| {
            let number_and_publish = || {
                let number = numbers.fetch_add(1, Ordering::Relaxed);
                ends[number as usize].store(node, Ordering::Relaxed);
                Some(number)
            };
            let site = tree.nodes[node as usize].site_or_make(number_and_publish).expect("there is room");
            assert_eq!(ends[site as usize].load(Ordering::Relaxed), node, "the entry is there");
            site
        };
        let theirs = {
            let (tree, ends, numbers) = (tree.clone(), ends.clone(), numbers.clone());
            thread::spawn(move || site(&tree, &ends, &numbers))
        };
        let mine = site(&tree, &ends, &numbers);
        assert_eq!(theirs.join().unwrap(), mine);
    });
}
