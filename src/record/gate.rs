//! What an event looks at first: one word of the slot that says which path it takes, and whether it may.
//!
//! ```text
//! the control word of `peak` that the slot saw last          nothing but counting is on: the short path
//! the same with bit 63                                       every stack is captured, nothing else is on: the traced path
//! 1                                                          something is on, or news waits: the long path
//! a stack pointer                                            the thread is inside of an event that was entered there
//! 0                                                          the slot is not one thread's
//! ```
//!
//! Control words have bit 62 set and stack pointers have not, so that no two of these are ever equal. While the gate is
//! closed, a signal handler on the thread keeps off the slot. A handler that never returns (it jumps out) would leave it
//! closed for ever: an event that finds it closed further in on the same stack than it runs itself opens it again.

use super::peak;
use super::slot::Slot;
#[cfg(feature = "stacks")]
use super::slot::mode;
use crate::sys::running::{self, on_alternate_stack};
use core::sync::atomic::{Ordering, compiler_fence};

/// Not one thread's.
const SHUT: u64 = 0;
/// Something is on: an event takes the long path.
const LONG_PATH: u64 = 1;
/// Added to a control word: every stack is captured.
#[cfg(feature = "stacks")]
const TRACED: u64 = 1 << 63;

/// A signal handler runs more bytes than this further in than what it interrupts: the red zone (128), the floating-point
/// state (at least 576) and the kernel's record of the registers (440) lie between them.
const HANDLER_DISTANCE: u64 = 1_100;

/// The slot's gate is closed until this is dropped: on the long path, where what is on may change meanwhile.
pub(crate) struct Busy<'a>(&'a Slot);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.open(self.0.gate_for_mode());
    }
}

/// The slot's gate is closed until this is dropped: on the short and the traced path, where what is on does not change.
pub(crate) struct ShortPath<'a> {
    slot: &'a Slot,
    /// What was in the gate.
    control: u64,
}

impl Drop for ShortPath<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        self.slot.open(self.control);
    }
}

#[cfg(feature = "stacks")]
impl ShortPath<'_> {
    /// Leaves the gate closed for [`Slot::keep_traced_path`].
    #[inline(always)]
    pub(crate) fn keep_closed(self) {
        core::mem::forget(self);
    }
}

impl Slot {
    pub(crate) fn mode(&self) -> u32 {
        self.mode.load(Ordering::Relaxed)
    }

    /// Changes what is on for the thread. Called while the slot is busy.
    pub(crate) fn set_mode(&self, clear: u32, set: u32) {
        self.mode.store(self.mode() & !clear | set, Ordering::Relaxed);
    }

    /// Changes what is on for the thread. Not called while the slot is busy.
    pub(crate) fn change_mode(&self, clear: u32, set: u32) {
        self.set_mode(clear, set);
        compiler_fence(Ordering::SeqCst);
        self.gate.store(self.gate_for_mode(), Ordering::Relaxed);
    }

    fn gate_for_mode(&self) -> u64 {
        match self.mode() {
            0 => self.seen.load(Ordering::Relaxed).max(LONG_PATH),
            #[cfg(feature = "stacks")]
            mode::STACKS_EVERYWHERE if super::place::find_for_recording(self) => {
                self.seen.load(Ordering::Relaxed) | TRACED
            }
            _ => LONG_PATH,
        }
    }

    /// Whether nothing but counting is on and no news waits.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn is_on_short_path(&self) -> bool {
        self.gate.load(Ordering::Relaxed) == peak::control()
    }

    /// Closes the gate if nothing but counting is on and no news waits.
    #[inline(always)]
    pub(crate) fn enter_short_path(&self) -> Option<ShortPath<'_>> {
        self.enter_if(peak::control())
    }

    /// Closes the gate if every stack is captured, nothing else is on, and no news waits.
    #[cfg(feature = "stacks")]
    #[inline(always)]
    pub(crate) fn enter_traced_path(&self) -> Option<ShortPath<'_>> {
        self.enter_if(peak::control() | TRACED)
    }

    /// Closes the gate if this is in it.
    #[inline(always)]
    fn enter_if(&self, control: u64) -> Option<ShortPath<'_>> {
        if self.gate.load(Ordering::Relaxed) != control {
            return None;
        }
        self.close();
        Some(ShortPath { slot: self, control })
    }

    /// Closes the gate if the short or the traced path is open, which it is again afterwards.
    #[inline(always)]
    pub(crate) fn enter_unchanged(&self) -> Option<ShortPath<'_>> {
        let control = self.gate.load(Ordering::Relaxed);
        if control >> 62 == 0 {
            return None;
        }
        self.close();
        Some(ShortPath { slot: self, control })
    }

    /// Whether the gate leads to the traced path when it is open again.
    #[cfg(feature = "stacks")]
    #[inline(always)]
    pub(crate) fn is_traced(path: &ShortPath<'_>) -> bool {
        path.control & TRACED != 0
    }

    /// Takes over a gate that [`enter_traced_path`](Self::enter_traced_path) closed and that was left so.
    #[cfg(feature = "stacks")]
    #[inline(always)]
    pub(crate) fn keep_traced_path(&self) -> ShortPath<'_> {
        // What was in the gate is what the slot saw last, as nothing changes that on this path.
        ShortPath { slot: self, control: self.seen.load(Ordering::Relaxed) | TRACED }
    }

    /// Closes the gate, so that a signal handler on this thread keeps off the slot; `None` if this is one, or the slot
    /// is not one thread's.
    #[inline(always)]
    pub(crate) fn enter(&self) -> Option<Busy<'_>> {
        let gate = self.gate.load(Ordering::Relaxed);
        let open = gate >> 62 != 0 || gate == LONG_PATH;
        if !open && !self.recovers_from(gate, running::stack_pointer()) {
            return None;
        }
        self.close();
        Some(Busy(self))
    }

    /// Whether the event that closed the gate was broken off: a signal handler jumped out of it. What the slot knows of
    /// the thread's stack may be half changed then, and is forgotten.
    #[cold]
    #[inline(never)]
    fn recovers_from(&self, closed_at: u64, here: u64) -> bool {
        if closed_at == SHUT || here.saturating_add(HANDLER_DISTANCE) < closed_at || !self.is_one_stack(closed_at, here)
        {
            return false;
        }
        self.drop_one(|drops| &drops.abandoned_events);
        #[cfg(feature = "stacks")]
        self.shard.begin_thread();
        true
    }

    /// Whether two addresses lie on the stack that the thread runs on.
    fn is_one_stack(&self, one: u64, other: u64) -> bool {
        #[cfg(feature = "stacks")]
        if self.shard.trace.contradicts_one_stack(one, other) {
            return false;
        }
        let _ = (one, other);
        !on_alternate_stack()
    }

    #[inline(always)]
    fn close(&self) {
        self.gate.store(running::stack_pointer(), Ordering::Relaxed);
        // ORDERING: the compiler reads nothing of the slot before its gate is closed. The only other observer is a
        // signal handler on this thread, so that the processor needs no fence.
        compiler_fence(Ordering::SeqCst);
    }

    #[inline(always)]
    fn open(&self, to: u64) {
        // ORDERING: the compiler keeps what was recorded before the gate opens; as in `close`.
        compiler_fence(Ordering::SeqCst);
        self.gate.store(to, Ordering::Relaxed);
    }
}
