//! The innermost frames: allocations of every kind, each below a frame of its own.

use crate::walk::Walk;
use std::hint::black_box;
use std::rc::Rc;

const KINDS: [fn(&Walk); 8] = [boxed, sized, zeroed, grown, shrunk, text, shared, kept];

/// Allocates at least one block, in one of eight ways.
#[inline(never)]
pub(crate) fn allocate(walk: &Walk) {
    KINDS[walk.below(KINDS.len())](walk);
    black_box(walk);
}

/// The allocation with no frame between it and [`allocate_directly`]'s caller but this one.
#[inline(never)]
pub(crate) fn allocate_directly() {
    drop(black_box(Box::new(7_u64)));
}

#[inline(never)]
fn boxed(walk: &Walk) {
    drop(black_box(Box::new(walk.below(100))));
}

#[inline(never)]
fn sized(walk: &Walk) {
    drop(black_box(Vec::<u8>::with_capacity(walk.size())));
}

/// By `alloc_zeroed`.
#[inline(never)]
fn zeroed(walk: &Walk) {
    drop(black_box(vec![0_u32; walk.size()]));
}

/// By `realloc`, to a larger block.
#[inline(never)]
fn grown(walk: &Walk) {
    let mut bytes = black_box(Vec::<u8>::with_capacity(walk.size()));
    bytes.reserve_exact(black_box(bytes.capacity() * 2));
    drop(black_box(bytes));
}

/// By `realloc`, to a smaller block.
#[inline(never)]
fn shrunk(walk: &Walk) {
    let mut bytes = black_box(Vec::<u8>::with_capacity(walk.size() + 8));
    bytes.shrink_to(black_box(4));
    drop(black_box(bytes));
}

/// Through the formatting machinery, which calls back through trait objects.
#[inline(never)]
fn text(walk: &Walk) {
    drop(black_box(format!("{:>5} of {}", walk.below(1_000), "text")));
}

#[inline(never)]
fn shared(walk: &Walk) {
    let bytes: Rc<[u8]> = vec![1; walk.size()].into();
    drop(black_box(bytes));
}

#[inline(never)]
fn kept(walk: &Walk) {
    walk.keep(black_box(Vec::with_capacity(walk.size())));
}
