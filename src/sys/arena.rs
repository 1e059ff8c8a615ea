//! The recorder's own memory: pieces that are handed out and never taken back, below a limit.
//!
//! ```text
//! next ──▶ |piece|piece|    piece    |…          offsets count through the regions
//!          |      region 0       |      region 1       |…   4 MiB each, mapped when first used
//! ```
//!
//! A piece is a power of two in size and its offset a multiple of its size, so that none crosses a region; its address is a
//! multiple of its size up to that of a page. Memory is
//! zeroed. Everything the recorder keeps comes from here, so that [`used_bytes`] is all it takes.

use super::pages;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

/// The limit unless [`set_limit`] says otherwise.
pub(crate) const DEFAULT_LIMIT_BYTES: usize = 64 << 20;
/// The highest limit there can be.
#[cfg(feature = "stacks")]
pub(crate) const MAX_LIMIT_BYTES: usize = REGION_BYTES * MAX_REGIONS;

const REGION_BYTES: usize = 4 << 20;
const MAX_REGIONS: usize = 1_024;

static REGIONS: [AtomicPtr<u8>; MAX_REGIONS] = [const { AtomicPtr::new(ptr::null_mut()) }; MAX_REGIONS];
/// Offset of the first byte that is not handed out.
static NEXT: AtomicUsize = AtomicUsize::new(0);
static LIMIT: AtomicUsize = AtomicUsize::new(DEFAULT_LIMIT_BYTES);

/// Types for which memory full of zeroes is a valid value.
///
/// # Safety
///
/// All bytes zero is a value of the type, and the type has no destructor.
pub(crate) unsafe trait Zeroed {}

/// A place for a `T`, all bytes zero, that lives as long as the process. `None` when the limit is reached or the system
/// gives no memory.
pub(crate) fn take<T: Zeroed>() -> Option<&'static T> {
    let place = take_bytes(size_of::<T>())?.cast::<T>();
    const { assert!(align_of::<T>() <= 64) };
    // SAFETY: the piece is as large as T, aligned to its size (at least 64), zeroed (a value of T by the trait's
    // promise), handed out only once, and never unmapped.
    Some(unsafe { place.as_ref() })
}

/// A place for a `T` that is taken from the arena when it is first needed. Only this file can fill it.
pub(crate) struct Place<T: 'static>(AtomicPtr<T>);

// SAFETY: a null pointer is zero bytes.
unsafe impl<T: 'static> Zeroed for Place<T> {}

impl<T: Zeroed> Place<T> {
    /// An empty place.
    pub(crate) const fn new() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    /// What lies here; `None` while the place is empty.
    #[inline]
    pub(crate) fn get(&self) -> Option<&'static T> {
        // ORDERING: Acquire, pairs with the Release in `get_or_take`.
        let pointer = self.0.load(Ordering::Acquire);
        // SAFETY: null, or a piece of the arena that lives for ever and is only shared.
        unsafe { pointer.as_ref() }
    }

    /// What lies here, which is a fresh `T` if the place was empty. `None` over the limit.
    pub(crate) fn get_or_take(&self) -> Option<&'static T> {
        self.get().or_else(|| {
            let fresh = take::<T>()?;
            let pointer = ptr::from_ref(fresh).cast_mut();
            // ORDERING: Release, pairs with the Acquire in `get`. The piece of a thread that loses stays unused.
            match self.0.compare_exchange(ptr::null_mut(), pointer, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => Some(fresh),
                Err(_) => self.get(),
            }
        })
    }
}

/// A zeroed piece of at least `bytes` bytes, aligned to 64 or more.
pub(crate) fn take_bytes(bytes: usize) -> Option<NonNull<u8>> {
    let piece = bytes.next_power_of_two().max(64);
    if piece > REGION_BYTES {
        return None;
    }
    let limit = LIMIT.load(Ordering::Relaxed);
    let end_of = |next: usize| Some(next.next_multiple_of(piece) + piece).filter(|end| *end <= limit);
    let before = NEXT.fetch_update(Ordering::Relaxed, Ordering::Relaxed, end_of).ok()?;
    let offset = before.next_multiple_of(piece);
    let region = region(offset / REGION_BYTES)?;
    // SAFETY: the piece starts inside of the region, because it does not cross a region's end.
    Some(unsafe { region.add(offset % REGION_BYTES) })
}

fn region(index: usize) -> Option<NonNull<u8>> {
    let place = REGIONS.get(index)?;
    // ORDERING: Acquire, pairs with the Release below. The memory is zeroed by the kernel; nothing else is published.
    if let Some(mapped) = NonNull::new(place.load(Ordering::Acquire)) {
        return Some(mapped);
    }
    let fresh = pages::map(REGION_BYTES)?;
    match place.compare_exchange(ptr::null_mut(), fresh.as_ptr(), Ordering::Release, Ordering::Acquire) {
        Ok(_) => Some(fresh),
        Err(winner) => {
            // SAFETY: mapped above, and no other thread has seen it.
            unsafe { pages::unmap(fresh, REGION_BYTES) };
            NonNull::new(winner)
        }
    }
}

/// Bytes handed out: an upper bound of the memory that the recorder's tables take.
pub(crate) fn used_bytes() -> usize {
    NEXT.load(Ordering::Relaxed)
}

/// Sets the limit, at most [`MAX_LIMIT_BYTES`]. What is handed out already stays.
#[cfg(feature = "stacks")]
pub(crate) fn set_limit(bytes: usize) {
    LIMIT.store(bytes.min(MAX_LIMIT_BYTES), Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_zeroed_aligned_and_apart() {
        let first = take_bytes(100).expect("room");
        let second = take_bytes(4_096).expect("room");
        assert_eq!(first.as_ptr().addr() % 128, 0);
        assert_eq!(second.as_ptr().addr() % 4_096, 0);
        assert!(first.as_ptr().addr().abs_diff(second.as_ptr().addr()) >= 128);
        // SAFETY: a fresh piece of 4,096 bytes.
        let bytes = unsafe { core::slice::from_raw_parts(second.as_ptr(), 4_096) };
        assert!(bytes.iter().all(|byte| *byte == 0));
    }

    #[test]
    fn a_piece_larger_than_a_region_is_refused() {
        assert!(take_bytes(REGION_BYTES + 1).is_none());
    }
}
