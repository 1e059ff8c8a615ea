//! Caught panics: frames that end by unwinding, with destructors that allocate on the way out.

use crate::leaf;
use crate::walk::Walk;
use std::hint::black_box;
use std::panic::{self, AssertUnwindSafe};

/// Allocates when it is dropped: below the frames of the unwinder, if that is by a panic.
struct AllocatesAtTheEnd<'a>(&'a Walk);

impl Drop for AllocatesAtTheEnd<'_> {
    fn drop(&mut self) {
        leaf::allocate(self.0);
    }
}

/// Steps, then a panic through one to four frames. No message is printed: the panic hook is not run.
#[inline(never)]
pub(crate) fn caught(walk: &Walk, depth: u32) {
    let frames = walk.below(4);
    let ended = panic::catch_unwind(AssertUnwindSafe(|| panic_below(walk, frames, depth)));
    assert!(ended.is_err(), "the panic arrives");
    leaf::allocate(walk);
}

#[inline(never)]
fn panic_below(walk: &Walk, frames: usize, depth: u32) {
    let at_the_end = AllocatesAtTheEnd(walk);
    if frames == 0 {
        walk.step(depth);
        panic::resume_unwind(Box::new(depth));
    }
    panic_below(walk, frames - 1, depth);
    black_box(&at_the_end);
}
