//! Stacks beside the thread's own: segments that `stacker` adds, and coroutines of `corosensei`.
//!
//! Their memory is unmapped when they end, so that a word remembered from them must not be read again unseen.

use crate::leaf;
use crate::walk::Walk;
use corosensei::stack::DefaultStack;
use corosensei::{CoroutineResult, ScopedCoroutine, Yielder};
use std::hint::black_box;

const STACK_BYTES: usize = 512 * 1024;

/// Steps on a new segment, whose outermost frame leads back to the stack that the walk came from.
#[inline(never)]
pub(crate) fn segment(walk: &Walk, depth: u32) {
    stacker::grow(STACK_BYTES, || walk.short_step(depth));
    black_box(walk);
}

/// Two coroutines, resumed by turns until both are done. Each suspends at several depths of its own recursion.
#[inline(never)]
pub(crate) fn coroutines(walk: &Walk, depth: u32) {
    let start = |frames| {
        let stack = DefaultStack::new(STACK_BYTES).expect("there is memory for a stack");
        ScopedCoroutine::with_stack(stack, move |yielder: &Yielder<(), ()>, ()| {
            suspend_at_each_depth(walk, yielder, frames, depth);
        })
    };
    start(walk.below(4)).scope(|mut first| {
        start(walk.below(4)).scope(|mut second| {
            let (mut first_runs, mut second_runs) = (true, true);
            while first_runs || second_runs {
                first_runs = first_runs && matches!(first.as_mut().resume(()), CoroutineResult::Yield(()));
                leaf::allocate(walk);
                second_runs = second_runs && matches!(second.as_mut().resume(()), CoroutineResult::Yield(()));
            }
        });
    });
}

#[inline(never)]
fn suspend_at_each_depth(walk: &Walk, yielder: &Yielder<(), ()>, frames: usize, depth: u32) {
    walk.short_step(depth);
    yielder.suspend(());
    if let Some(further) = frames.checked_sub(1) {
        suspend_at_each_depth(walk, yielder, further, depth);
        yielder.suspend(());
    }
    leaf::allocate(walk);
}
