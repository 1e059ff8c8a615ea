//! All slots, which are free, and which one the calling thread holds.
//!
//! ```text
//! none ──first event──▶ a slot of its own ──thread ends──▶ the shared slot
//!           └── no slot to be had ──────────────────────────────▲
//! ```
//!
//! The thread's pointer is a const-initialised thread-local without a destructor: reading it never allocates, and it can
//! be read as long as the thread runs any code at all.

use super::inner_type::TypeName;
use super::peak;
use super::scopes;
use super::slot::Slot;
use super::start;
use super::tag::FIRST_GENERATION;
use crate::sys::arena;
use crate::sys::{free_bits::FreeBits, thread_exit};
use core::cell::Cell;
use core::ffi::c_void;
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, Ordering};

/// Slots for threads, and the shared one.
const MAX_SLOTS: usize = 64 * 64;
const _: () = assert!(MAX_SLOTS <= FIRST_GENERATION as usize);

/// Slot 0 is the shared one, in [`SHARED`]; this table begins with slot 1.
static SLOTS: [AtomicPtr<Slot>; MAX_SLOTS] = [const { AtomicPtr::new(ptr::null_mut()) }; MAX_SLOTS];
static FREE: FreeBits<64> = FreeBits::new();
/// Number of slots made, the shared one not counted.
static MADE: AtomicU32 = AtomicU32::new(0);
/// Whether the shared slot was ever used.
static SHARED_USED: AtomicBool = AtomicBool::new(false);
/// Always there, so that no event is ever without a slot and every block has a tag.
static SHARED: Slot = Slot::shared();

thread_local! {
    static CURRENT: Cell<Option<&'static Slot>> = const { Cell::new(None) };
    /// How deep the thread works for the recorder, while it has no slot of its own to keep that in.
    static OWN_WORK_DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// The slot of the calling thread; `None` before its first event.
#[cfg_attr(not(debug_assertions), inline(always))]
pub(crate) fn current() -> Option<&'static Slot> {
    CURRENT.try_with(Cell::get).ok().flatten()
}

/// The slot of the calling thread, given out if need be, for an event of the allocator that wraps this one. `None` when the
/// recorder stands aside: see [`start`].
#[cfg_attr(not(debug_assertions), inline(always))]
pub(crate) fn current_or_attach(inner: TypeName) -> Option<&'static Slot> {
    match current() {
        Some(slot) => Some(slot),
        None => attach(inner),
    }
}

/// The slot of the calling thread, given out if need be, for a call of the library. `None` when the allocator is not
/// that of the program.
pub(crate) fn current_for_library() -> Option<&'static Slot> {
    current().or_else(attach_by_allocating)
}

/// Slots are given out to events of the allocator, so that there are none where it is not installed: this makes one, which is
/// the recorder's own work.
#[cold]
fn attach_by_allocating() -> Option<&'static Slot> {
    change_own_work_depth(1);
    #[cfg_attr(
        not(test),
        expect(clippy::disallowed_types, reason = "this is no event of the allocator: it makes one")
    )]
    drop(core::hint::black_box(Box::new(0_u8)));
    change_own_work_depth(-1);
    let slot = current()?;
    if !slot.is_shared() {
        slot.end_own_work();
    }
    Some(slot)
}

#[cold]
fn attach(inner: TypeName) -> Option<&'static Slot> {
    if start::stands_aside() {
        return None;
    }
    let slot = match FREE.take(0) {
        Some(index) => at(index),
        None => make(),
    };
    let Some(slot) = slot else {
        let _ = CURRENT.try_with(|current| current.set(Some(shared())));
        return Some(shared());
    };
    slot.begin_thread();
    if works_without_slot() {
        slot.begin_own_work();
    }
    let _ = CURRENT.try_with(|current| current.set(Some(slot)));
    if start::can_record(slot, inner) {
        thread_exit::call_at_exit(detach, ptr::from_ref(slot).cast_mut().cast());
        return Some(slot);
    }
    let _ = CURRENT.try_with(|current| current.set(None));
    FREE.put(slot.index() as usize);
    None
}

fn make() -> Option<&'static Slot> {
    let room = |made: u32| ((made as usize) < MAX_SLOTS - 1).then_some(made + 1);
    room(MADE.load(Ordering::Relaxed))?;
    // Memory before the number: a number that was given out cannot be taken back, as the next may be in use already.
    let slot = arena::take::<Slot>()?;
    let index = MADE.fetch_update(Ordering::Relaxed, Ordering::Relaxed, room).ok()? as usize + 1;
    slot.set_index(index as u32);
    // ORDERING: Release, pairs with the Acquire in `at`.
    SLOTS[index].store(ptr::from_ref(slot).cast_mut(), Ordering::Release);
    if index == 2 {
        // The first thread is no longer alone, which changes how it looks for the peak.
        peak::announce_settings();
    }
    Some(slot)
}

fn at(index: usize) -> Option<&'static Slot> {
    // ORDERING: Acquire, pairs with the Release in `make`.
    let slot = SLOTS.get(index)?.load(Ordering::Acquire);
    // SAFETY: null, or a piece of the arena that lives for ever and is only shared.
    unsafe { slot.as_ref() }
}

/// The slot of those that have none of their own: threads past their end or beyond the number of slots, and signal
/// handlers that interrupt the recorder.
#[cold]
pub(crate) fn shared() -> &'static Slot {
    if !SHARED_USED.swap(true, Ordering::Relaxed) {
        peak::announce_settings();
    }
    &SHARED
}

/// Changes how deep a thread without a slot of its own works for the recorder.
pub(crate) fn change_own_work_depth(by: i32) {
    let _ = OWN_WORK_DEPTH.try_with(|depth| depth.set(depth.get().saturating_add_signed(by)));
}

/// Whether a thread without a slot of its own works for the recorder.
pub(crate) fn works_without_slot() -> bool {
    OWN_WORK_DEPTH.try_with(Cell::get).is_ok_and(|depth| depth > 0)
}

/// The thread that holds `slot` ends: what it does from here on goes to the shared slot.
unsafe extern "C" fn detach(slot: *mut c_void) {
    // SAFETY: `attach` registered a slot, which lives for ever and is only shared.
    let Some(slot) = (unsafe { slot.cast::<Slot>().as_ref() }) else { return };
    scopes::leave_all(slot);
    peak::leave(slot);
    let _ = CURRENT.try_with(|current| current.set(Some(shared())));
    FREE.put(slot.index() as usize);
}

/// Whether there never was more than one slot.
pub(crate) fn alone() -> bool {
    MADE.load(Ordering::Relaxed) <= 1 && !SHARED_USED.load(Ordering::Relaxed)
}

/// Number of slots that hold something back: as many as there were threads at once.
pub(crate) fn count() -> u32 {
    MADE.load(Ordering::Relaxed)
}

/// Every slot, the shared one included.
pub(crate) fn all() -> impl Iterator<Item = &'static Slot> {
    let made = MADE.load(Ordering::Acquire) as usize;
    (1..=made).filter_map(at).chain(core::iter::once(&SHARED))
}
