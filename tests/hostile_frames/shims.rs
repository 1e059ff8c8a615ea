//! Frames that the unwind tables describe and that ordinary Rust code does not have. Each calls the work that it is given.
//!
//! ```text
//! realigned     a recursion in which gcc's way to align a stack hides the CFA in a word at rbp - 8
//! odd_rbp       a frame with rbp as its base, and below it one that sets rbp and does not say so
//! fiber         work on another stack, whose top word is the address of a routine that goes back
//! ```
//!
//! The top of the fiber's stack:
//!
//! ```text
//! high  │ anything: a guard page, or words      │   where the tables say that the caller of the routine returns to
//!       ├───────────────────────────────────────┤ ◀─ `top`
//!       │ return address: hazard_fiber_exit     │
//! low   │ frames of the work                    │
//! ```

/// The work at each level of the recursion is given the level, the others' work zero.
pub(crate) type Work = extern "C" fn(usize);

std::arch::global_asm!(
    ".globl hazard_realigned",
    ".hidden hazard_realigned",
    ".type hazard_realigned, @function",
    "hazard_realigned:",
    ".cfi_startproc",
    "lea r10, [rsp + 8]",
    ".cfi_def_cfa r10, 0",
    "and rsp, -32",
    "push qword ptr [r10 - 8]",
    "push rbp",
    // rbp: at rbp + 0.
    ".cfi_escape 0x10, 0x06, 0x02, 0x76, 0x00",
    "mov rbp, rsp",
    "push r10",
    // CFA: the word at rbp - 8.
    ".cfi_escape 0x0f, 0x03, 0x76, 0x78, 0x06",
    "sub rsp, 40",
    "mov [rbp - 24], rdi",
    "mov [rbp - 32], rsi",
    "mov [rbp - 40], rdx",
    "call rdx",
    "mov rdi, [rbp - 24]",
    "mov rsi, [rbp - 32]",
    "mov rdx, [rbp - 40]",
    "cmp rdi, rsi",
    "je 2f",
    "inc rdi",
    "call hazard_realigned",
    "2:",
    "add rsp, 40",
    "pop r10",
    ".cfi_def_cfa r10, 0",
    "pop rbp",
    "lea rsp, [r10 - 8]",
    ".cfi_def_cfa rsp, 8",
    "ret",
    ".cfi_endproc",
    ".size hazard_realigned, . - hazard_realigned",
);

std::arch::global_asm!(
    ".globl hazard_odd_rbp",
    ".hidden hazard_odd_rbp",
    ".type hazard_odd_rbp, @function",
    "hazard_odd_rbp:",
    ".cfi_startproc",
    "push rbp",
    ".cfi_def_cfa_offset 16",
    ".cfi_offset rbp, -16",
    "mov rbp, rsp",
    ".cfi_def_cfa_register rbp",
    "call hazard_silent_rbp",
    "pop rbp",
    ".cfi_def_cfa rsp, 8",
    "ret",
    ".cfi_endproc",
    ".size hazard_odd_rbp, . - hazard_odd_rbp",
    ".hidden hazard_silent_rbp",
    ".type hazard_silent_rbp, @function",
    "hazard_silent_rbp:",
    ".cfi_startproc",
    "push rbx",
    ".cfi_def_cfa_offset 16",
    ".cfi_offset rbx, -16",
    "mov rbx, rbp",
    "mov rbp, rdi",
    "xor edi, edi",
    "call rsi",
    "mov rbp, rbx",
    "pop rbx",
    ".cfi_def_cfa_offset 8",
    "ret",
    ".cfi_endproc",
    ".size hazard_silent_rbp, . - hazard_silent_rbp",
);

std::arch::global_asm!(
    ".globl hazard_fiber",
    ".hidden hazard_fiber",
    ".type hazard_fiber, @function",
    "hazard_fiber:",
    ".cfi_startproc",
    "push rbp",
    ".cfi_def_cfa_offset 16",
    ".cfi_offset rbp, -16",
    "mov rbp, rsp",
    ".cfi_def_cfa_register rbp",
    "mov rsp, rdi",
    "lea rax, [rip + hazard_fiber_exit]",
    "push rax",
    "xor edi, edi",
    "jmp rsi",
    ".cfi_endproc",
    ".size hazard_fiber, . - hazard_fiber",
    ".p2align 4",
    // The work's caller by the tables is the byte before the routine that it returns to.
    ".type hazard_fiber_base, @function",
    "hazard_fiber_base:",
    ".cfi_startproc",
    ".cfi_def_cfa rsp, 16",
    "nop",
    "hazard_fiber_exit:",
    "mov rsp, rbp",
    "pop rbp",
    "ret",
    ".cfi_endproc",
    ".size hazard_fiber_base, . - hazard_fiber_base",
);

unsafe extern "C" {
    /// Does the work at each level from `level` to `deepest`, every level inside the one before.
    pub(crate) fn hazard_realigned(level: usize, deepest: usize, work: Work);
    /// Does the work with `rbp` in that register.
    pub(crate) fn hazard_odd_rbp(rbp: usize, work: Work);
    /// Does the work on the stack that ends at `top`, a multiple of 16. The work keeps rbp.
    pub(crate) fn hazard_fiber(top: usize, work: Work);
}
