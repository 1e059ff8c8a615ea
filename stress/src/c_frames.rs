//! Frames of C, and the way back from C into the walk. `c/` says what each is for.

use crate::walk::{Shape, Step, Walk};
use std::ffi::{c_int, c_void};
use std::hint::black_box;
use std::ptr;

/// What C calls when the walk goes on.
pub(crate) type Callback = extern "C" fn(*const c_void);

type Frame = unsafe extern "C" fn(usize, Callback, *const c_void);

unsafe extern "C" {
    fn stress_variable_length(bytes: usize, call: Callback, argument: *const c_void);
    pub(crate) fn stress_uninitialised(bytes: usize, call: Callback, argument: *const c_void);
    fn stress_alloca(bytes: usize, call: Callback, argument: *const c_void);
    fn stress_realigned(bytes: usize, call: Callback, argument: *const c_void);
    fn stress_realigned_variable_length(bytes: usize, call: Callback, argument: *const c_void);
    fn stress_registers(bytes: usize, call: Callback, argument: *const c_void);
    fn stress_longjmp(bytes: usize, call: Callback, argument: *const c_void);
    fn stress_fiber(call: Callback, argument: *const c_void) -> c_int;
}

/// Frames whose caller is found by rbp.
pub(crate) const BY_FRAME_POINTER: &[Shape] =
    &[variable_length, uninitialised, alloca, realigned, realigned_variable_length];

/// The way back: the argument is the `Step` that [`through`] or [`fiber`] handed to C.
extern "C" fn back(argument: *const c_void) {
    // SAFETY: `through` and `fiber` hand over a `Step` that lives until the C function has returned.
    let step = unsafe { &*argument.cast::<Step<'_>>() };
    step.walk.short_step(step.depth);
    black_box(step.depth);
}

/// Steps below a C function.
fn through(frame: Frame, walk: &Walk, depth: u32) {
    let step = Step { walk, depth };
    let bytes = 16 + walk.size();
    // SAFETY: each function of `c/` does nothing with the argument but call back with it, before it returns.
    unsafe { frame(bytes, back, ptr::from_ref(&step).cast()) };
}

#[inline(never)]
fn variable_length(walk: &Walk, depth: u32) {
    through(stress_variable_length, walk, depth);
}

#[inline(never)]
fn uninitialised(walk: &Walk, depth: u32) {
    through(stress_uninitialised, walk, depth);
}

#[inline(never)]
fn alloca(walk: &Walk, depth: u32) {
    through(stress_alloca, walk, depth);
}

#[inline(never)]
fn realigned(walk: &Walk, depth: u32) {
    through(stress_realigned, walk, depth);
}

#[inline(never)]
fn realigned_variable_length(walk: &Walk, depth: u32) {
    through(stress_realigned_variable_length, walk, depth);
}

/// A frame that uses rbp as a register like any other.
#[inline(never)]
pub(crate) fn registers(walk: &Walk, depth: u32) {
    through(stress_registers, walk, depth);
}

/// Frames that end by `longjmp`.
#[inline(never)]
pub(crate) fn longjmp(walk: &Walk, depth: u32) {
    through(stress_longjmp, walk, depth);
}

/// Steps on a stack of their own, from `makecontext`. Such a stack has no frames outside of the fiber's first.
#[inline(never)]
pub(crate) fn fiber(walk: &Walk, depth: u32) {
    let step = Step { walk, depth };
    // SAFETY: as in `through`; the fiber has ended when the call returns.
    let done = unsafe { stress_fiber(back, ptr::from_ref(&step).cast()) };
    assert_ne!(done, 0, "there is memory for a fiber");
}
