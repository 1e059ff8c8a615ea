//! Memory straight from the operating system, for the recorder's own tables: never from the allocator it watches.

use core::ptr::{self, NonNull};

/// Maps `bytes` of zeroed memory, or `None` if the system refuses. Pages take memory when they are first touched.
pub(crate) fn map(bytes: usize) -> Option<NonNull<u8>> {
    // SAFETY: an anonymous mapping at an address of the kernel's choice touches no memory that exists already.
    let address = unsafe {
        libc::mmap(
            ptr::null_mut(),
            bytes,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
            -1,
            0,
        )
    };
    if address == libc::MAP_FAILED { None } else { NonNull::new(address.cast()) }
}

/// Gives a mapping back.
///
/// # Safety
///
/// `address` and `bytes` are those of one [`map`], and nothing refers to that memory.
pub(crate) unsafe fn unmap(address: NonNull<u8>, bytes: usize) {
    // SAFETY: by the caller's promise this is a mapping of ours that nothing uses. A failure only keeps it mapped.
    unsafe { libc::munmap(address.as_ptr().cast(), bytes) };
}
