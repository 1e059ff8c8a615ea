//! Stack capture by the platform's own unwinder, through the `backtrace` crate: exact, and slow (microseconds).
//!
//! `trace_unsynchronized` takes no lock of the `backtrace` crate. Below it lies `_Unwind_Backtrace`, which with glibc 2.35
//! and libgcc 13 and later finds its tables without a lock.

/// Calls `visit` with the return addresses of the callers, the innermost first, until it answers `false`. Leaves out the
/// innermost frames whose stack pointer is not above `inside`: an address in the frame of the recorder's own entry.
pub(crate) fn walk(inside: usize, mut visit: impl FnMut(u64) -> bool) {
    // The recorder's own frames come first. Those of the program may lie anywhere: on a coroutine's stack, further in.
    let mut began = false;
    // SAFETY: not synchronised with other users of the `backtrace` crate, which matters only where the platform's
    // unwinder is not thread-safe (Windows' debug help library). The callback neither unwinds nor calls the crate.
    unsafe {
        backtrace::trace_unsynchronized(|frame| {
            let address = frame.ip() as usize;
            began |= frame.sp() as usize > inside;
            address == 0 || !began || visit(address as u64)
        });
    }
}

#[cfg(not(heaplens_rules))]
pub(crate) use trace::Trace;

#[cfg(not(heaplens_rules))]
mod trace {
    use crate::sys::arena::{Place, Zeroed};
    use crate::unwind::path::Frame;
    use crate::unwind::{Caller, Capture, Label, Path};
    use core::cell::UnsafeCell;

    /// The deepest stack that is captured whole. Deeper ones are cut at their outer end, flagged, and counted.
    const MAX_DEPTH: usize = 512;

    /// The stack of one thread as it was last captured. Used by the thread that holds its slot, with the gate closed.
    pub(crate) struct Trace {
        frames: Place<Frames>,
    }

    /// What is outside, then the frames.
    struct Frames(UnsafeCell<[Frame; MAX_DEPTH + 1]>);

    // SAFETY: integers, valid when zero, without a destructor.
    unsafe impl Zeroed for Frames {}
    // SAFETY: a null pointer.
    unsafe impl Zeroed for Trace {}
    // SAFETY: used only by the thread that holds the slot while its gate is closed.
    unsafe impl Sync for Trace {}

    impl Trace {
        /// The slot is a new thread's.
        pub(crate) fn begin_thread(&self) {}

        /// Whether two addresses are known not to lie both on the thread's own stack.
        pub(crate) fn contradicts_one_stack(&self, _one: u64, _other: u64) -> bool {
            false
        }

        /// Nothing is known again: every capture walks the whole stack.
        pub(crate) fn may_repeat(&self, _caller: Caller, _under: u32) -> bool {
            false
        }

        pub(crate) fn repeated(&self) -> Option<Label> {
            None
        }

        pub(crate) fn may_be_expected(&self, _caller: Caller, _under: u32) -> bool {
            false
        }

        pub(crate) fn expected(&self) -> Option<Label> {
            None
        }

        /// Captures the stack of `caller`.
        #[inline(never)]
        pub(crate) fn capture(&self, caller: Caller, _under: u32) -> Capture<'_> {
            let Some(frames) = self.frames.get_or_take() else { return Capture::NoRoom };
            // SAFETY: the slot's thread alone uses it, and what it got of the last capture is no longer in use.
            let frames = unsafe { &mut *frames.0.get() };
            let (mut depth, mut truncated) = (0, false);
            super::walk(caller.sp as usize, |key| {
                match frames.get_mut(depth + 1) {
                    Some(place) => {
                        *place = Frame { key, ..Frame::outside() };
                        depth += 1;
                    }
                    None => truncated = true,
                }
                !truncated
            });
            frames[1..=depth].reverse();
            let hash = frames[1..=depth].iter().fold(0, |hash, frame| Frame::hash_inside(hash, frame.key));
            let hash = if truncated { !hash } else { hash };
            let outside = frames.as_ptr();
            Capture::Path(Path { trace: self, outside, innermost: outside.wrapping_add(depth), hash, truncated })
        }

        pub(in crate::unwind) fn remember(&self, _innermost: *const Frame, _label: Label, _under: u32) {}
    }
}
