//! The first allocation of the process: can the recorder be exact here at all?
//!
//! With `-C prefer-dynamic` the standard library is a shared object with an allocator of its own, and blocks without a
//! tag reach us to be freed. No figure would be right, so the recorder asks once, before it has tagged anything: it
//! calls a function that is compiled into the standard library and allocates, and looks whether that reached it. If
//! not, it stands aside for the life of the process: every call goes to the inner allocator as it came.

use super::inner_type::{self, TypeName};
use super::slot::Slot;
use crate::fault;
use core::sync::atomic::{AtomicU8, Ordering};

/// Not known: nothing was allocated yet.
const UNKNOWN: u8 = 0;
/// A thread is finding out; the others record meanwhile.
const ASKING: u8 = 1;
/// The standard library allocates through us.
const REACHED: u8 = 2;
/// It does not.
const ASIDE: u8 = 3;

static STATE: AtomicU8 = AtomicU8::new(UNKNOWN);

/// Whether the recorder leaves everything to the inner allocator.
pub(crate) fn stands_aside() -> bool {
    STATE.load(Ordering::Relaxed) == ASIDE
}

/// Finds out, if nobody did before, whether the recorder can be exact around this allocator.
pub(crate) fn can_record(slot: &Slot, inner: TypeName) -> bool {
    match STATE.compare_exchange(UNKNOWN, ASKING, Ordering::Relaxed, Ordering::Relaxed) {
        Ok(_) => {}
        Err(state) => return state != ASIDE,
    }
    let reached = standard_library_reaches(slot);
    STATE.store(if reached { REACHED } else { ASIDE }, Ordering::Relaxed);
    if reached {
        inner_type::keep(inner);
        fault::plant_from_environment();
    } else {
        say_so();
    }
    reached
}

/// Whether an allocation inside of the compiled standard library arrives here. It is the recorder's own work.
fn standard_library_reaches(slot: &Slot) -> bool {
    let before = slot.all_blocks();
    slot.begin_own_work();
    // Not valid UTF-8, so that the function, which is not generic and thus compiled into the library, makes a String.
    let made = String::from_utf8_lossy(core::hint::black_box(b"\xFF"));
    let reached = slot.all_blocks() != before;
    let made = core::hint::black_box(made);
    if reached {
        drop(made);
    } else {
        // It is a block of the standard library's allocator, which the inner one may not be able to free.
        core::mem::forget(made);
    }
    slot.end_own_work();
    reached
}

fn say_so() {
    const MESSAGE: &[u8] = b"heaplens: the standard library does not allocate through this program's global allocator \
(is it built with -C prefer-dynamic?). Nothing is recorded; link the standard library statically to record.\n";
    // SAFETY: the buffer is valid for its length. A failed write changes nothing.
    unsafe { libc::write(libc::STDERR_FILENO, MESSAGE.as_ptr().cast(), MESSAGE.len()) };
}
