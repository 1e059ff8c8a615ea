//! The memory of one thread's trace: frames, words and items in one piece of the arena that is replaced when it is full.
//!
//! ```text
//! | outside, frame 1 … frame n | 8 words that always hold, addresses of words | the same, values | items |
//! ```
//!
//! The one invariant: what is written lies inside of the piece, as whoever adds an item asks [`Buffers::is_full_at`] first, and
//! whoever makes items frames, [`Buffers::has_room_for`]. A place is valid until the next [`Buffers::grow`]; whoever keeps some
//! across it moves them: `Trace::grow`.

use super::path::Frame;
use super::words::{PADDING, Words, zero_word};
use crate::sys::arena;
use core::cell::Cell;
use core::ptr;
use core::sync::atomic::{Ordering, compiler_fence};

/// A frame on its way into the trace, or something to be known of the frame that comes after it.
///
/// PERF: no two neighbours here are neighbours in a [`Frame`]. The compiler would copy both at once, and a wide load of what
/// two narrow stores have just written waits until they have reached the cache: 12 cycles a frame; `benches/stacks`, syn.
#[derive(Clone, Copy)]
#[repr(C)]
pub(super) struct Item {
    pub(super) key: u64,
    /// Where `bp` was read; zero if it is the callee's.
    pub(super) bp_at: u64,
    pub(super) sp: u64,
    /// The frame's rule; for something else one of [`note`].
    pub(super) rule: u64,
    pub(super) bp: u64,
}

/// What an item can be instead of a frame: bits above those of a rule.
pub(super) mod note {
    /// The frame was reached over a stack that is not the thread's own.
    pub(crate) const FOREIGN: u64 = 1 << 40;
    /// The frame, and those inside of it, are not to be kept for the next capture.
    pub(crate) const UNKEPT: u64 = 1 << 41;
    /// A further word was read to reach the frame: `sp` is its address and `key` what it said.
    pub(crate) const WORD: u64 = 1 << 42;
    /// The return address was not read below the stack pointer as usual, but so.
    pub(crate) const RETURN: u64 = 1 << 43;
    pub(crate) const ANY: u64 = FOREIGN | UNKEPT | WORD | RETURN;
}

/// Items that one step may add: a frame, and all that is to be known of it and of its caller.
const ROOM: usize = 6;

const FIRST_BYTES: usize = 16 << 10;
/// Each larger than the last by this factor.
const GROWTH: usize = 4;
const LARGEST_BYTES: usize = FIRST_BYTES * GROWTH * GROWTH;

/// The most words that lead to one frame: its return address, a saved rbp, and what the stack pointer was read from.
const WORDS_PER_FRAME: usize = 3;

const fn capacity_of(bytes: usize) -> usize {
    // A frame, an item, and the words with their addresses.
    let each = size_of::<Frame>() + size_of::<Item>() + 2 * WORDS_PER_FRAME * size_of::<u64>();
    (bytes - size_of::<Frame>() - 2 * PADDING * size_of::<u64>()) / each
}

/// Zeroed memory is an empty set of buffers without room.
#[repr(C)]
pub(super) struct Buffers {
    words: Cell<Words>,
    frames: Cell<*mut Frame>,
    items: Cell<*mut Item>,
    /// The first item in front of which there is no room for all that a step adds.
    full: Cell<*mut Item>,
    capacity: Cell<usize>,
    bytes: Cell<usize>,
}

impl Buffers {
    /// Whether a frame, and this many words, lie inside of the piece.
    pub(super) fn contain(&self, frame: *const Frame, words: usize) -> bool {
        self.number_of(frame) <= self.capacity.get() && words <= WORDS_PER_FRAME * self.capacity.get()
    }

    /// Whether there is memory.
    pub(super) fn has_memory(&self) -> bool {
        !self.full.get().is_null()
    }

    #[inline(always)]
    pub(super) fn words(&self) -> Words {
        self.words.get()
    }

    /// The place of a frame by its number from one; zero gives what is outside.
    #[inline(always)]
    pub(super) fn frame(&self, number: usize) -> *mut Frame {
        self.frames.get().wrapping_add(number)
    }

    /// The number of the frame at a place.
    pub(super) fn number_of(&self, frame: *const Frame) -> usize {
        (frame.addr() - self.frames.get().addr()) / size_of::<Frame>()
    }

    /// The place of an item.
    #[inline(always)]
    pub(super) fn item(&self, index: usize) -> *mut Item {
        self.items.get().wrapping_add(index)
    }

    /// The number of items in front of a place.
    pub(super) fn index_of(&self, item: *const Item) -> usize {
        (item.addr() - self.items.get().addr()) / size_of::<Item>()
    }

    /// Whether there is no room for what a step adds at this place.
    #[inline(always)]
    pub(super) fn is_full_at(&self, item: *const Item) -> bool {
        item >= self.full.get()
    }

    /// Whether there is room for the items in front of a place as frames behind this one.
    #[inline(always)]
    pub(super) fn has_room_for(&self, items: *const Item, frame: *const Frame) -> bool {
        const { assert!(size_of::<Frame>() == size_of::<Item>()) };
        items.addr() + (frame.addr() - self.frames.get().addr()) <= self.full.get().addr()
    }

    /// Makes room for more, keeping what is there. `false` when the largest is in use or there is no memory.
    #[cold]
    pub(super) fn grow(&self) -> bool {
        let bytes = if self.bytes.get() == 0 { FIRST_BYTES } else { self.bytes.get() * GROWTH };
        if bytes > LARGEST_BYTES {
            return false;
        }
        let Some(piece) = arena::take_bytes(bytes) else { return false };
        let capacity = capacity_of(bytes);
        let (old, old_words, old_capacity) =
            ((self.frames.get(), self.items.get()), self.words.get(), self.capacity.get());
        let frames = piece.as_ptr().cast::<Frame>();
        let addresses = frames.wrapping_add(capacity + 1).cast::<u64>().wrapping_add(PADDING);
        let values = addresses.wrapping_add(WORDS_PER_FRAME * capacity + PADDING);
        let items = values.wrapping_add(WORDS_PER_FRAME * capacity).cast::<Item>();
        // SAFETY: the first place of a fresh piece that is large enough, see `capacity_of`.
        unsafe { frames.write(Frame::outside()) };
        for padding in 1..=PADDING {
            // SAFETY: the padding lies in front of the addresses, inside of the piece. The values' padding is zero already.
            unsafe { addresses.wrapping_sub(padding).write(zero_word()) };
        }
        if old_capacity > 0 {
            copy(old.0.wrapping_add(1), frames.wrapping_add(1), old_capacity);
            copy(old_words.addresses, addresses, WORDS_PER_FRAME * old_capacity);
            copy(old_words.values, values, WORDS_PER_FRAME * old_capacity);
            copy(old.1, items, old_capacity);
        }
        // ORDERING: for a signal handler that jumps out in between. What it leaves has no room until it is complete, and can
        // grow to the same size once more.
        self.full.set(ptr::null_mut());
        self.capacity.set(0);
        compiler_fence(Ordering::SeqCst);
        self.frames.set(frames);
        self.words.set(Words { addresses, values });
        self.items.set(items);
        compiler_fence(Ordering::SeqCst);
        self.capacity.set(capacity);
        self.full.set(items.wrapping_add(capacity - ROOM));
        compiler_fence(Ordering::SeqCst);
        self.bytes.set(bytes);
        true
    }
}

fn copy<T>(from: *const T, to: *mut T, count: usize) {
    // SAFETY: `grow` passes places in two different pieces, each with room for so many.
    unsafe { ptr::copy_nonoverlapping(from, to, count) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_there_is_there_after_growing() {
        // SAFETY: zeroed memory is a value, see the type.
        let buffers: Buffers = unsafe { core::mem::zeroed() };
        assert!(!buffers.has_memory() && buffers.is_full_at(buffers.item(0)));
        assert!(buffers.grow());
        let capacity = buffers.capacity.get();
        assert!(capacity >= 100);
        for number in 1..=capacity {
            // SAFETY: one of as many places as there is room for.
            unsafe { buffers.frame(number).write(Frame { sp: number as u64, ..Frame::outside() }) };
            buffers.words().set(WORDS_PER_FRAME * number - 1, 7, number as u64);
        }
        assert!(buffers.grow() && buffers.grow() && !buffers.grow());
        for number in 1..=capacity {
            // SAFETY: written above.
            assert_eq!(unsafe { (*buffers.frame(number)).sp }, number as u64);
            assert_eq!(buffers.words().value((WORDS_PER_FRAME * number) as isize - 1), number as u64);
        }
        // SAFETY: what is outside is always there.
        assert_eq!(unsafe { (*buffers.frame(0)).sp }, u64::MAX);
        assert_eq!((buffers.words().address(-8), buffers.words().value(-8)), (zero_word(), 0));
        assert!(buffers.capacity.get() >= 16 * capacity, "the deepest stack that is captured whole");
    }
}
