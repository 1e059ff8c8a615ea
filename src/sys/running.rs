//! Where on its stack, and on which kind of stack, the calling thread runs.

use core::mem::MaybeUninit;

/// The stack pointer, or an address close to it.
#[inline(always)]
pub(crate) fn stack_pointer() -> u64 {
    #[cfg(target_arch = "x86_64")]
    {
        let pointer: u64;
        // SAFETY: copies a register and changes nothing.
        unsafe {
            core::arch::asm!("mov {}, rsp", out(reg) pointer, options(nomem, nostack, preserves_flags));
        }
        pointer
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        let here = 0_u8;
        core::hint::black_box(&raw const here).addr() as u64
    }
}

/// Whether the thread runs on the stack that it set aside for signal handlers. A system call.
pub(crate) fn on_alternate_stack() -> bool {
    let mut stack = MaybeUninit::<libc::stack_t>::zeroed();
    // SAFETY: only asks, into a place that is writable.
    let status = unsafe { libc::sigaltstack(core::ptr::null(), stack.as_mut_ptr()) };
    // SAFETY: integers and a pointer, zeroed at first.
    let stack = unsafe { stack.assume_init() };
    status == 0 && stack.ss_flags & libc::SS_ONSTACK != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stack_pointer_is_close_to_a_local_and_no_handler_runs() {
        let here = 0_u8;
        assert!(stack_pointer().abs_diff((&raw const here).addr() as u64) < 64 << 10);
        assert!(!on_alternate_stack());
    }
}
