//! Directed cases: what random walks meet too seldom to be sure of.

use crate::c_frames::{self, Callback};
use crate::leaf;
use crate::quota::Quota;
use crate::random::Random;
use std::cell::Cell;
use std::ffi::c_void;
use std::hint::black_box;
use std::ptr;

/// The buffer of both frames of the nested trace, in bytes.
const NESTED_BYTES: usize = 64;
/// The flat frame's buffer is tried in steps of this size up to so many, until the stack pointers are equal.
const GRANULE_BYTES: usize = 16;
const GRANULES: usize = 60;

thread_local! {
    /// The stack addresses of the last two frames that allocated.
    static LEAF_ADDRESSES: Cell<[usize; 2]> = const { Cell::new([0; 2]) };
}

extern "C" fn allocate(_: *const c_void) {
    let place = black_box(0_u8);
    let [_, last] = LEAF_ADDRESSES.get();
    LEAF_ADDRESSES.set([last, ptr::from_ref(&place).addr()]);
    leaf::allocate_directly();
    black_box(&place);
}

extern "C" fn nest(argument: *const c_void) {
    uninitialised(NESTED_BYTES, allocate, argument);
    black_box(argument);
}

#[inline(always)]
fn uninitialised(bytes: usize, call: Callback, argument: *const c_void) {
    // SAFETY: the frame does nothing with the argument but call back with it.
    unsafe { c_frames::stress_uninitialised(bytes, call, argument) };
}

#[inline(never)]
fn call_below(bytes: usize, call: Callback) {
    uninitialised(bytes, call, ptr::null());
    black_box(bytes);
}

/// Two traces that differ in rbp alone.
///
/// ```text
/// nested:  call_below ─ frame(64) ─ nest ─ frame(64) ─ allocate
/// flat:    call_below ─ frame(n ········ with n such that) ─ allocate has the same stack pointer
/// ```
///
/// Every word of the nested trace is still intact inside of the flat frame's buffer, which nobody writes. Both inner
/// frames have the same address, the same return address and the same stack pointer; where they end, only rbp says.
pub(crate) fn nested_alloca(quota: &Quota) {
    let bytes = bytes_for_equal_stack_pointers().expect("some size of the flat frame gives the same stack pointer");
    let before = heaplens::self_check().mismatched_stacks;
    let mut chances = 0;
    while quota.is_left() {
        if traces_end_at_one_address(bytes) {
            chances += 1;
        }
    }
    let caught = heaplens::self_check().mismatched_stacks - before;
    println!("nested alloca: {caught} mismatches at {chances} chances");
    assert!(chances > 0, "the stack pointers were never equal again");
}

fn bytes_for_equal_stack_pointers() -> Option<usize> {
    (0..GRANULES).map(|granule| NESTED_BYTES + granule * GRANULE_BYTES).find(|bytes| traces_end_at_one_address(*bytes))
}

/// The nested trace and the flat one, by one call instruction, with nothing in between that could overwrite what the first
/// one left. Returns whether their innermost frames were at one address.
#[inline(never)]
fn traces_end_at_one_address(bytes: usize) -> bool {
    let traces: [(usize, Callback); 2] = [(NESTED_BYTES, nest), (bytes, allocate)];
    let mut trace = 0;
    while trace < traces.len() {
        call_below(traces[trace].0, traces[trace].1);
        // The number of turns is not known when this is compiled, so that there is one call instruction.
        trace = black_box(trace + 1);
    }
    let [nested, flat] = LEAF_ADDRESSES.get();
    nested == flat
}

/// The shallow stacks of a search tree: the innermost frames and their stack pointers stay, and the callers around them
/// alternate, so that remembered traces are found and all but fit.
pub(crate) fn alternating_callers(quota: &Quota) {
    let mut random = Random::of_seed(quota.seed());
    while quota.is_left() {
        let pattern = random.number();
        for turn in 0..64 {
            let number = if random.once_in(8) { random.number() } else { pattern.rotate_right(turn % 16) };
            outer(number);
        }
    }
}

#[inline(never)]
fn outer(number: u64) {
    if number & 1 == 0 {
        first_caller(number >> 1)
    } else {
        second_caller(number >> 1)
    }
    black_box(number);
}

#[inline(never)]
fn first_caller(number: u64) {
    for shift in 0..3 {
        middle(number >> shift);
    }
    black_box(number);
}

#[inline(never)]
fn second_caller(number: u64) {
    middle(number);
    middle(number >> 1);
    black_box(number);
}

/// Four return addresses into one frame.
#[inline(never)]
fn middle(number: u64) {
    match number & 3 {
        0 => inner(number),
        1 => {
            inner(number >> 2);
            inner(number >> 3);
        }
        _ => inner(number + 1),
    }
    black_box(number);
}

#[inline(never)]
fn inner(number: u64) {
    if number & 4 == 0 {
        leaf::allocate_directly();
    }
    leaf::allocate_directly();
    black_box(number);
}
