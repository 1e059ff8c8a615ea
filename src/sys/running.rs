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
    alternate_stack().is_some()
}

/// The lowest address of the stack set aside for signal handlers, if the thread runs on it.
fn alternate_stack() -> Option<u64> {
    let mut stack = MaybeUninit::<libc::stack_t>::zeroed();
    // SAFETY: only asks, into a place that is writable.
    let status = unsafe { libc::sigaltstack(core::ptr::null(), stack.as_mut_ptr()) };
    // SAFETY: integers and a pointer, zeroed at first.
    let stack = unsafe { stack.assume_init() };
    (status == 0 && stack.ss_flags & libc::SS_ONSTACK != 0).then(|| stack.ss_sp.addr() as u64)
}

/// Whether the thread runs on a stack for signal handlers with little left of it.
#[cfg(all(heaplens_rules, debug_assertions))]
pub(crate) fn is_short_of_stack() -> bool {
    const ENOUGH: u64 = 16 << 10;
    alternate_stack().is_some_and(|low| stack_pointer().saturating_sub(low) < ENOUGH)
}

/// Bytes of stack that the thread has left; as many as can be where it runs on a stack that nobody can tell the end of.
#[cfg(all(heaplens_rules, debug_assertions))]
pub(crate) fn stack_left() -> u64 {
    let here = stack_pointer();
    let own = super::stack_bounds::StackBounds::of_this_thread();
    match alternate_stack() {
        Some(low) => here.saturating_sub(low),
        None if own.contain(here) => here - own.low,
        None => u64::MAX,
    }
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
