//! How much stack a piece of work uses: the stack below is painted, and where the paint is gone it was used.
//!
//! ```text
//! high  │ frames of the callers        │
//!       ├──────────────────────────────┤ ◀─ stack pointer
//!       │ frames of the work           │
//!       │ ─ ─ ─ ─ ─ lowest use ─ ─ ─ ─ │
//! low   │ paint                        │ ◀─ PAINTED_BYTES below
//! ```

use std::arch::asm;
use std::ptr;

/// More than any work here uses, and less than its thread has.
const PAINTED_BYTES: usize = 128 << 10;
const PAINT: u64 = 0x5EED_5EED_5EED_5EED;

/// Bytes of stack that `work` used, that of its own frame included.
///
/// To be called on a thread with twice [`PAINTED_BYTES`] of stack left.
#[inline(never)]
pub(crate) fn stack_used_by<R>(work: impl FnOnce() -> R) -> usize {
    let top: usize;
    // SAFETY: the memory below the stack pointer is the thread's stack, of which enough is left, and holds nothing.
    unsafe {
        asm!(
            "mov {top}, rsp",
            "lea {at}, [rsp - 8]",
            "2:",
            "mov qword ptr [{at}], {paint}",
            "sub {at}, 8",
            "sub {left}, 8",
            "jnz 2b",
            top = out(reg) top,
            at = out(reg) _,
            paint = in(reg) PAINT,
            left = inout(reg) PAINTED_BYTES => _,
        );
    }
    std::hint::black_box(work());
    top - lowest_use(top - PAINTED_BYTES, top)
}

/// The lowest address of a painted range whose paint is gone.
fn lowest_use(low: usize, high: usize) -> usize {
    let is_painted = |address: &usize| {
        let word = ptr::with_exposed_provenance::<u64>(*address);
        // SAFETY: an aligned word of this thread's stack, which was painted.
        unsafe { word.read_volatile() == PAINT }
    };
    (low..high).step_by(8).find(|address| !is_painted(address)).unwrap_or(high)
}
