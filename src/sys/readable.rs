//! Whether a word can be read, asked of the kernel: for addresses that nothing else vouches for.

/// Whether the eight bytes at `address` can be read. One system call, and it changes nothing.
///
/// `rt_sigprocmask` with an operation that does not exist reads the new mask first and refuses then: with EFAULT if it
/// could not read, with EINVAL if it could.
pub(crate) fn word_is_readable(address: u64) -> bool {
    const NO_SUCH_OPERATION: i64 = -1;
    // SAFETY: glibc keeps errno for each thread; it is put back below, so that the program sees no change.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: the address is valid for the life of the thread.
    let before = unsafe { *errno };
    // SAFETY: the kernel only reads the mask, and refuses the operation.
    let result = unsafe {
        libc::syscall(
            libc::SYS_rt_sigprocmask,
            NO_SUCH_OPERATION,
            address,
            core::ptr::null_mut::<u8>(),
            size_of::<u64>(),
        )
    };
    // SAFETY: as above.
    let after = unsafe { *errno };
    // SAFETY: as above.
    unsafe { *errno = before };
    result == -1 && after == libc::EINVAL
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_local_is_readable_and_what_is_not_mapped_is_not() {
        let here = 7_u64;
        assert!(word_is_readable((&raw const here).addr() as u64));
        for address in [0, 8, 0x1000, u64::MAX - 7, 1 << 47, 0x1234_5678_9abc] {
            assert!(!word_is_readable(address), "{address:#x}");
        }
    }
}
