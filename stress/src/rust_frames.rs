//! Frames of ordinary Rust: of several sizes, realigned, called through pointers, and inside of iterators and sorting.

use crate::leaf;
use crate::walk::{Shape, Walk};
use std::hint::black_box;

/// Frames of the size that most functions have. The first and the last are equal in everything but their address.
pub(crate) const PLAIN: &[Shape] = &[narrow, sized::<8>, sized::<72>, sized::<264>, sized::<1_024>, narrow_again];

#[inline(never)]
pub(crate) fn narrow(walk: &Walk, depth: u32) {
    walk.step(depth);
    black_box(walk);
}

#[inline(never)]
pub(crate) fn narrow_again(walk: &Walk, depth: u32) {
    walk.step(depth);
    black_box(depth);
}

/// A frame with that many bytes of locals.
#[inline(never)]
pub(crate) fn sized<const BYTES: usize>(walk: &Walk, depth: u32) {
    let mut space = [0_u8; BYTES];
    black_box(&mut space);
    walk.step(depth);
    black_box(&mut space);
}

#[repr(align(128))]
struct Aligned([u8; 128]);

/// A frame that begins at a multiple of 128, wherever its caller's ends.
#[inline(never)]
pub(crate) fn realigned(walk: &Walk, depth: u32) {
    let mut space = Aligned([0; 128]);
    black_box(&mut space.0);
    walk.step(depth);
    black_box(&mut space.0);
}

trait Turn {
    fn turn(&self, walk: &Walk, depth: u32);
}

struct Left([usize; 3]);
struct Right;

impl Turn for Left {
    #[inline(never)]
    fn turn(&self, walk: &Walk, depth: u32) {
        walk.step(depth);
        black_box(self.0);
    }
}

impl Turn for Right {
    #[inline(never)]
    fn turn(&self, walk: &Walk, depth: u32) {
        let taken = black_box([depth; 5]);
        walk.step(depth);
        black_box(taken);
    }
}

/// One call instruction, several functions behind it.
#[inline(never)]
pub(crate) fn trait_object(walk: &Walk, depth: u32) {
    let turns: [&dyn Turn; 2] = [&Left([1, 2, 3]), &Right];
    for _ in 0..=walk.below(2) {
        black_box(turns[walk.below(2)]).turn(walk, depth);
    }
    black_box(walk);
}

/// A closure that is consumed by its call; its box is allocated here and freed after the steps.
#[inline(never)]
pub(crate) fn boxed_closure(walk: &Walk, depth: u32) {
    let taken = black_box([depth; 7]);
    let call: Box<dyn FnOnce() -> [u32; 7] + '_> = Box::new(move || {
        walk.step(depth);
        taken
    });
    black_box(black_box(call)());
}

/// Steps inside of a chain of iterator adaptors.
#[inline(never)]
pub(crate) fn iterators(walk: &Walk, depth: u32) {
    let steps = (0..1 + walk.below(3)).filter(|_| {
        leaf::allocate(walk);
        true
    });
    let steps = steps.flat_map(|n| [n, n + 1]).map(|n| in_iterator(walk, depth, n));
    let sum = steps.fold(0, |sum: usize, n| sum ^ n);
    black_box(sum);
}

fn in_iterator(walk: &Walk, depth: u32, number: usize) -> usize {
    walk.step(depth / 2);
    number
}

/// Allocations inside of the standard library's sorting, below the recursion that it needs for so many elements.
#[inline(never)]
pub(crate) fn sorting(walk: &Walk, depth: u32) {
    let mut numbers: Vec<usize> = (0..2 + walk.below(40)).map(|_| walk.below(1_000)).collect();
    numbers.sort_by(|left, right| {
        leaf::allocate_directly();
        left.cmp(right)
    });
    numbers.retain(|number| {
        leaf::allocate_directly();
        number % 2 == 0
    });
    walk.step(depth);
    black_box(numbers);
}

/// A frame larger than a short unwind rule can say.
#[inline(never)]
pub(crate) fn huge(walk: &Walk, depth: u32) {
    sized::<150_000>(walk, depth.min(8));
    black_box(walk);
}

/// Goes so many levels further in without an allocation, by three functions in turn, and steps there.
#[inline(never)]
pub(crate) fn descend(walk: &Walk, levels: u32, depth: u32) {
    let Some(further) = levels.checked_sub(1) else { return walk.step(depth) };
    match levels % 3 {
        0 => descend(walk, further, depth),
        1 => descend_wide(walk, further, depth),
        _ => descend_realigned(walk, further, depth),
    }
    black_box(walk);
}

#[inline(never)]
fn descend_wide(walk: &Walk, levels: u32, depth: u32) {
    let space = black_box([levels; 20]);
    descend(walk, levels, depth);
    black_box(space);
}

#[inline(never)]
fn descend_realigned(walk: &Walk, levels: u32, depth: u32) {
    let mut space = Aligned([0; 128]);
    black_box(&mut space.0);
    descend(walk, levels, depth);
    black_box(&mut space.0);
}
