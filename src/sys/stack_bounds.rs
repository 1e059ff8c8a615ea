//! Where the calling thread's own stack lies.

use core::mem::MaybeUninit;

/// The addresses of a stack: from `low` up to, and without, `high`, where the stack begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StackBounds {
    pub(crate) low: u64,
    pub(crate) high: u64,
}

/// What lies further in than this is treated as not the thread's own stack.
const LARGEST: u64 = 1 << 30;

impl StackBounds {
    /// No stack: every address is outside of it.
    pub(crate) const UNKNOWN: Self = Self { low: 0, high: 0 };

    /// The stack that the system gave to the calling thread; [`UNKNOWN`](Self::UNKNOWN) if it does not say.
    ///
    /// On the main thread this reads a file of `/proc` (20 microseconds). The C library takes memory of its own and a lock of
    /// the thread's for it, so that a thread asks once, when its first stack is captured.
    pub(crate) fn of_this_thread() -> Self {
        let mut attributes = MaybeUninit::<libc::pthread_attr_t>::zeroed();
        // SAFETY: has no conditions.
        let this = unsafe { libc::pthread_self() };
        // SAFETY: the place is writable; the thread is the calling one and alive.
        if unsafe { libc::pthread_getattr_np(this, attributes.as_mut_ptr()) } != 0 {
            return Self::UNKNOWN;
        }
        let (mut lowest, mut bytes) = (core::ptr::null_mut(), 0);
        // SAFETY: the attributes were filled in above, and both places are writable.
        let read = unsafe { libc::pthread_attr_getstack(attributes.as_ptr(), &raw mut lowest, &raw mut bytes) };
        // SAFETY: filled in above, and not used from here on.
        unsafe { libc::pthread_attr_destroy(attributes.as_mut_ptr()) };
        let low = lowest.addr() as u64;
        let high = low + bytes as u64;
        // Without a limit the main thread's stack would seem to reach down to the heap.
        if read == 0 { Self { low: low.max(high.saturating_sub(LARGEST)), high } } else { Self::UNKNOWN }
    }

    /// Up to where the caller of a frame with this stack pointer surely lies: the end of the stack, or nowhere.
    #[inline(always)]
    pub(crate) fn limit(self, sp: u64) -> u64 {
        if self.contain(sp) { self.high } else { sp }
    }

    /// Whether an address lies in the stack.
    #[inline(always)]
    pub(crate) fn contain(self, address: u64) -> bool {
        address.wrapping_sub(self.low) < self.high.wrapping_sub(self.low)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_local_lies_in_the_stack_of_its_thread_and_in_no_other() {
        let here = 0_u8;
        let address = (&raw const here).addr() as u64;
        assert!(StackBounds::of_this_thread().contain(address));
        let other = std::thread::spawn(StackBounds::of_this_thread).join().expect("a thread");
        assert!(!other.contain(address));
        assert!(!StackBounds::UNKNOWN.contain(address));
    }
}
