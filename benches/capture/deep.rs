//! A call stack of a given depth: 16 functions with locals of 8 to 264 bytes that call each other in turn.

use std::hint::black_box;

/// Does work that many frames below the outermost one, as the `backtrace` crate counts them.
///
/// # Panics
///
/// If the process begins deeper than that.
pub(crate) fn at(frames: usize, work: &mut dyn FnMut()) {
    let mut shallowest = 0;
    call_0(0, &mut || shallowest = frames_here());
    assert!(frames >= shallowest, "the process begins {shallowest} frames deep");
    call_0(frames - shallowest, work);
}

/// The frames of the stack.
#[inline(always)]
pub(crate) fn frames_here() -> usize {
    let mut frames = 0;
    let count = |_: &backtrace::Frame| {
        frames += 1;
        true
    };
    // SAFETY: this process has one thread, so that no other one uses the unwinder.
    unsafe { backtrace::trace_unsynchronized(count) };
    frames
}

macro_rules! functions {
    ($($name:ident calls $next:ident with $words:literal words;)+) => {$(
        #[inline(never)]
        fn $name(calls: usize, work: &mut dyn FnMut()) {
            let locals = black_box([calls; $words]);
            if calls == 0 {
                work();
            } else {
                $next(calls - 1, work);
            }
            // Used after the call, so that the frame is there while the call runs.
            black_box(&locals);
        }
    )+};
}

functions! {
    call_0 calls call_1 with 1 words;
    call_1 calls call_2 with 3 words;
    call_2 calls call_3 with 2 words;
    call_3 calls call_4 with 9 words;
    call_4 calls call_5 with 4 words;
    call_5 calls call_6 with 1 words;
    call_6 calls call_7 with 17 words;
    call_7 calls call_8 with 5 words;
    call_8 calls call_9 with 2 words;
    call_9 calls call_10 with 33 words;
    call_10 calls call_11 with 1 words;
    call_11 calls call_12 with 6 words;
    call_12 calls call_13 with 12 words;
    call_13 calls call_14 with 3 words;
    call_14 calls call_15 with 7 words;
    call_15 calls call_0 with 2 words;
}
