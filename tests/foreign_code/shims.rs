//! Code that does not keep to the compiler's customs, and calls back.
//!
//! ```text
//! rbp_with_tables      sets rbp to any value, and describes itself to unwinders
//! rbp_without_tables   the same, undescribed
//! GeneratedCode        the same bytes in memory that no module knows of
//! ```

use std::ffi::c_void;
use std::mem::transmute;
use std::ptr;

pub(crate) type Work = extern "C-unwind" fn(*mut c_void);
/// Calls the work with a value in rbp.
pub(crate) type Shim = unsafe extern "C-unwind" fn(usize, Work, *mut c_void);

std::arch::global_asm!(
    ".globl hazard_rbp_with_tables",
    ".hidden hazard_rbp_with_tables",
    ".type hazard_rbp_with_tables, @function",
    "hazard_rbp_with_tables:",
    ".cfi_startproc",
    "push rbp",
    ".cfi_def_cfa_offset 16",
    ".cfi_offset rbp, -16",
    "mov rbp, rdi",
    "mov rdi, rdx",
    "call rsi",
    "pop rbp",
    ".cfi_def_cfa_offset 8",
    ".cfi_restore rbp",
    "ret",
    ".cfi_endproc",
    ".size hazard_rbp_with_tables, . - hazard_rbp_with_tables",
    ".globl hazard_rbp_without_tables",
    ".hidden hazard_rbp_without_tables",
    ".type hazard_rbp_without_tables, @function",
    "hazard_rbp_without_tables:",
    "push rbp",
    "mov rbp, rdi",
    "mov rdi, rdx",
    "call rsi",
    "pop rbp",
    "ret",
    ".size hazard_rbp_without_tables, . - hazard_rbp_without_tables",
);

unsafe extern "C-unwind" {
    fn hazard_rbp_with_tables(rbp: usize, work: Work, argument: *mut c_void);
    fn hazard_rbp_without_tables(rbp: usize, work: Work, argument: *mut c_void);
}

pub(crate) const WITH_TABLES: Shim = hazard_rbp_with_tables;
pub(crate) const WITHOUT_TABLES: Shim = hazard_rbp_without_tables;

/// What stands in the undescribed shim: push rbp; mov rbp, rdi; mov rdi, rdx; call rsi; pop rbp; ret.
const SHIM: [u8; 11] = [0x55, 0x48, 0x89, 0xFD, 0x48, 0x89, 0xD7, 0xFF, 0xD6, 0x5D, 0xC3];
const PAGE_BYTES: usize = 4_096;

/// A page with the shim, until this is dropped.
pub(crate) struct GeneratedCode(*mut c_void);

impl GeneratedCode {
    pub(crate) fn new() -> Self {
        let (access, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // SAFETY: a new mapping at a place of the system's choice.
        let page = unsafe { libc::mmap(ptr::null_mut(), PAGE_BYTES, access, kind, -1, 0) };
        assert_ne!(page, libc::MAP_FAILED);
        // SAFETY: the page is writable, longer than the shim, and nobody else's.
        unsafe { ptr::copy_nonoverlapping(SHIM.as_ptr(), page.cast(), SHIM.len()) };
        // SAFETY: the page that was mapped above.
        assert_eq!(unsafe { libc::mprotect(page, PAGE_BYTES, libc::PROT_READ | libc::PROT_EXEC) }, 0);
        Self(page)
    }

    pub(crate) fn shim(&self) -> Shim {
        // SAFETY: the page holds a function of this type.
        unsafe { transmute::<*mut c_void, Shim>(self.0) }
    }
}

impl Drop for GeneratedCode {
    fn drop(&mut self) {
        // SAFETY: mapped by `new`, and no code of it runs.
        unsafe { libc::munmap(self.0, PAGE_BYTES) };
    }
}
