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
    use core::cell::Cell;

    /// The deepest stack that is captured whole. Deeper ones are cut at their outer end, flagged, and counted.
    const MAX_DEPTH: usize = 512;

    /// The stack of one thread as it was last captured. Used by the thread that holds its slot, with the gate closed.
    pub(crate) struct Trace {
        frames: Place<Frames>,
        depth: Cell<usize>,
    }

    /// Frames from the innermost outwards.
    struct Frames([Cell<Frame>; MAX_DEPTH]);

    // SAFETY: integers, valid when zero, without a destructor.
    unsafe impl Zeroed for Frames {}
    // SAFETY: a null pointer and an integer.
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
        pub(crate) fn repeated(&self, _caller: Caller, _under: u32) -> Option<Label> {
            None
        }

        /// Captures the stack of `caller`.
        #[inline(never)]
        pub(crate) fn capture(&self, caller: Caller, _under: u32) -> Capture<'_> {
            let Some(frames) = self.frames.get_or_take() else { return Capture::NoRoom };
            let (mut depth, mut truncated) = (0, false);
            super::walk(caller.sp as usize, |key| {
                match frames.0.get(depth) {
                    Some(place) => {
                        place.set(Frame { key, ..Frame::OUTSIDE });
                        depth += 1;
                    }
                    None => truncated = true,
                }
                !truncated
            });
            self.depth.set(depth);
            let from_outside = frames.0[..depth].iter().rev().map(Cell::get);
            let hash = from_outside.fold(0, |hash, frame| Frame::hash_inside(hash, frame.key));
            let hash = if truncated { !hash } else { hash };
            Capture::Path(Path { trace: self, depth, hash, truncated })
        }

        /// A frame by its number from one, the outermost.
        pub(in crate::unwind) fn frame(&self, number: usize) -> Frame {
            let place = self.frames.get().and_then(|frames| frames.0.get(self.depth.get().wrapping_sub(number)));
            place.map_or(Frame::OUTSIDE, Cell::get)
        }

        pub(in crate::unwind) fn set_node(&self, number: usize, node: u32) {
            let place = self.frames.get().and_then(|frames| frames.0.get(self.depth.get().wrapping_sub(number)));
            if let Some(place) = place {
                place.set(Frame { node, ..place.get() });
            }
        }

        pub(in crate::unwind) fn remember(&self, _depth: usize, _label: Label, _under: u32) {}
    }
}
