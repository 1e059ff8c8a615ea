//! The memory of one thread's trace: frames, words and items in one piece of the arena that is replaced when it is full.
//!
//! ```text
//! | outside, frame 1 … frame n | 8 words that always hold, addresses of words | the same, values | items |
//! ```
//!
//! The one invariant: an index handed to the accessors is below what [`Buffers::capacity`] allows; whoever adds makes room
//! first, with [`Buffers::grow`].

use super::path::Frame;
use crate::sys::arena;
use core::cell::Cell;
use core::ptr;

/// Words in front that never differ, so that words can be compared in blocks without looking where they begin.
pub(super) const PADDING: usize = 8;

/// A word that is always zero: what entries of no meaning are compared with.
static ZERO: u64 = 0;

/// The address of a word that is always zero.
pub(super) fn zero_word() -> u64 {
    (&raw const ZERO).addr() as u64
}

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

/// Zeroed memory is an empty set of buffers without capacity.
#[repr(C)]
pub(super) struct Buffers {
    addresses: Cell<*mut u64>,
    values: Cell<*mut u64>,
    frames: Cell<*mut Frame>,
    items: Cell<*mut Item>,
    capacity: Cell<usize>,
    bytes: Cell<usize>,
}

impl Buffers {
    /// Number of frames, and of items, that there is room for, and the words of so many frames.
    #[inline(always)]
    pub(super) fn capacity(&self) -> usize {
        self.capacity.get()
    }

    /// A frame by its number from one; zero gives what is outside.
    #[inline(always)]
    pub(super) fn frame(&self, number: usize) -> Frame {
        debug_assert!(number <= self.capacity());
        // SAFETY: inside of the buffer by the invariant of this file, and written before it is read.
        unsafe { self.frames.get().wrapping_add(number).read() }
    }

    #[inline(always)]
    pub(super) fn set_frame(&self, number: usize, frame: Frame) {
        debug_assert!((1..=self.capacity()).contains(&number));
        // SAFETY: inside of the buffer by the invariant of this file; only this thread uses it.
        unsafe { self.frames.get().wrapping_add(number).write(frame) };
    }

    /// Changes a part of a frame.
    #[inline(always)]
    pub(super) fn change_frame(&self, number: usize, change: impl FnOnce(&mut Frame)) {
        debug_assert!((1..=self.capacity()).contains(&number));
        // SAFETY: inside of the buffer and written; only this thread uses it, and `change` gets at nothing else of it.
        change(unsafe { &mut *self.frames.get().wrapping_add(number) });
    }

    /// The place of a frame, for who steps along them.
    #[inline(always)]
    pub(super) fn frame_place(&self, number: usize) -> *const Frame {
        self.frames.get().wrapping_add(number)
    }

    /// The place of an item, for who adds them one after the other.
    #[inline(always)]
    pub(super) fn item_place(&self, index: usize) -> *mut Item {
        self.items.get().wrapping_add(index)
    }

    #[inline(always)]
    pub(super) fn item(&self, index: usize) -> Item {
        debug_assert!(index < self.capacity());
        // SAFETY: inside of the buffer by the invariant of this file, and written before it is read.
        unsafe { self.items.get().wrapping_add(index).read() }
    }

    /// The address of a word that was read. Negative indices, down to the padding, give words that always hold.
    #[inline(always)]
    pub(super) fn word_address(&self, index: isize) -> u64 {
        // SAFETY: inside of the buffer or its padding by the invariant of this file, and written before it is read.
        unsafe { self.addresses.get().wrapping_offset(index).read() }
    }

    /// What that word said.
    #[inline(always)]
    pub(super) fn word_value(&self, index: isize) -> u64 {
        // SAFETY: as in `word_address`.
        unsafe { self.values.get().wrapping_offset(index).read() }
    }

    #[inline(always)]
    pub(super) fn set_word(&self, index: usize, address: u64, value: u64) {
        debug_assert!(index < WORDS_PER_FRAME * self.capacity());
        // SAFETY: inside of the buffer by the invariant of this file; only this thread uses it.
        unsafe { self.addresses.get().wrapping_add(index).write(address) };
        // SAFETY: as above.
        unsafe { self.values.get().wrapping_add(index).write(value) };
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
        let old = (self.frames.get(), self.addresses.get(), self.values.get(), self.items.get(), self.capacity.get());
        let frames = piece.as_ptr().cast::<Frame>();
        let addresses = frames.wrapping_add(capacity + 1).cast::<u64>().wrapping_add(PADDING);
        let values = addresses.wrapping_add(WORDS_PER_FRAME * capacity + PADDING);
        let items = values.wrapping_add(WORDS_PER_FRAME * capacity).cast::<Item>();
        // SAFETY: the first place of a fresh piece that is large enough, see `capacity_of`.
        unsafe { frames.write(Frame::OUTSIDE) };
        for padding in 1..=PADDING {
            // SAFETY: the padding lies in front of the addresses, inside of the piece. The values' padding is zero already.
            unsafe { addresses.wrapping_sub(padding).write(zero_word()) };
        }
        if old.4 > 0 {
            copy(old.0.wrapping_add(1), frames.wrapping_add(1), old.4);
            copy(old.1, addresses, WORDS_PER_FRAME * old.4);
            copy(old.2, values, WORDS_PER_FRAME * old.4);
            copy(old.3, items, old.4);
        }
        // Complete by now, and the capacity last: what is broken off in between leaves buffers that are large enough.
        self.frames.set(frames);
        self.addresses.set(addresses);
        self.values.set(values);
        self.items.set(items);
        self.capacity.set(capacity);
        self.bytes.set(bytes);
        true
    }
}

fn copy<T: Copy>(from: *const T, to: *mut T, count: usize) {
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
        assert!(buffers.grow());
        let capacity = buffers.capacity();
        assert!(capacity >= 100);
        for number in 1..=capacity {
            buffers.set_frame(number, Frame { sp: number as u64, ..Frame::OUTSIDE });
            buffers.set_word(WORDS_PER_FRAME * number - 1, 7, number as u64);
        }
        assert!(buffers.grow() && buffers.grow() && !buffers.grow());
        for number in 1..=capacity {
            assert_eq!(buffers.frame(number).sp, number as u64);
            assert_eq!(buffers.word_value((WORDS_PER_FRAME * number) as isize - 1), number as u64);
        }
        assert_eq!(buffers.frame(0).sp, u64::MAX);
        assert_eq!((buffers.word_address(-8), buffers.word_value(-8)), (zero_word(), 0));
        assert!(buffers.capacity() >= 16 * capacity, "the deepest stack that is captured whole");
    }
}
