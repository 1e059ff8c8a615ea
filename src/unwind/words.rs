//! The words of memory that a stack was read from: where each was, and what it said.
//!
//! ```text
//! index        -8 … -1            0    1    …
//! addresses    of a word of ours  | of words of the stack, from the outermost frame's on
//! values       what each said when it was read
//! ```
//!
//! The one invariant: an index is inside of the piece that [`Buffers`](super::buffers::Buffers) laid out, and was written.

use core::arch::x86_64::{
    _mm_castpd_si128, _mm_cmpeq_epi8, _mm_load_sd, _mm_loadh_pd, _mm_movemask_epi8, _mm_or_si128, _mm_set_epi64x,
    _mm_setzero_si128, _mm_xor_si128,
};
use core::ptr::with_exposed_provenance;
use core::slice;

/// Words in front that never differ, so that words can be compared in blocks without looking where they begin.
pub(super) const PADDING: usize = 8;
/// Words that are compared at a time.
pub(super) const BLOCK: usize = 4;

/// A word that is always zero: what entries of no meaning are compared with.
static ZERO: u64 = 0;

/// The address of a word that is always zero.
pub(super) fn zero_word() -> u64 {
    (&raw const ZERO).addr() as u64
}

/// Where the words lie. Null before there is memory.
#[derive(Clone, Copy)]
#[repr(C)]
pub(super) struct Words {
    pub(super) addresses: *mut u64,
    pub(super) values: *mut u64,
}

impl Words {
    /// The address of a word.
    #[inline(always)]
    pub(super) fn address(self, index: isize) -> u64 {
        // SAFETY: inside of the piece and written, by the invariant of this file.
        unsafe { self.addresses.wrapping_offset(index).read() }
    }

    /// What that word said.
    #[inline(always)]
    pub(super) fn value(self, index: isize) -> u64 {
        // SAFETY: as in `address`.
        unsafe { self.values.wrapping_offset(index).read() }
    }

    #[inline(always)]
    pub(super) fn set(self, index: usize, address: u64, value: u64) {
        // SAFETY: inside of the piece by the invariant of this file; only one thread uses it.
        unsafe { self.addresses.wrapping_add(index).write(address) };
        // SAFETY: as above.
        unsafe { self.values.wrapping_add(index).write(value) };
    }

    /// Some of the words: their addresses, and what they said.
    pub(super) fn slice<'a>(self, first: usize, count: usize) -> (&'a [u64], &'a [u64]) {
        let part = |start: *mut u64| {
            // SAFETY: inside of the piece and written, by the invariant of this file; the piece lives for ever, and the
            // caller changes nothing in it while it has the slice.
            unsafe { slice::from_raw_parts(start.wrapping_add(first), count) }
        };
        (part(self.addresses), part(self.values))
    }

    /// Whether the first words all say what they said. For words that can be read.
    #[inline(always)]
    pub(super) fn hold(self, count: usize) -> bool {
        // SAFETY: every processor of this architecture has SSE2.
        unsafe { self.hold_two_by_two(count) }
    }

    /// PERF: most of what a capture deep in a stack costs, and bound by its loads, of which two words at a time need one
    /// less; `benches/capture`.
    #[inline]
    #[target_feature(enable = "sse2")]
    fn hold_two_by_two(self, count: usize) -> bool {
        // Whole blocks, of which the first may begin in front of the first word.
        let whole = count.next_multiple_of(BLOCK);
        let block_of = |start: *const u64| {
            // SAFETY: the piece lives for ever; the words, and the padding in front of them, are in it and written.
            unsafe { slice::from_raw_parts(start.wrapping_add(count).wrapping_sub(whole), whole) }
                .as_chunks::<BLOCK>()
                .0
        };
        let mut differs = _mm_setzero_si128();
        for (addresses, values) in block_of(self.addresses).iter().zip(block_of(self.values)) {
            let two_differ = |at: usize| {
                let address = |word: usize| with_exposed_provenance::<f64>(addresses[word] as usize);
                // SAFETY: the caller of `hold` vouches for the words, whose addresses are multiples of eight; every walk
                // sees to that. Should another thread write to one, which only a word that leads to no frame any more can
                // be, then what is read is either as it was, or it is not.
                let first = unsafe { _mm_load_sd(address(at)) };
                // SAFETY: as above.
                let present = unsafe { _mm_loadh_pd(first, address(at + 1)) };
                _mm_xor_si128(_mm_castpd_si128(present), _mm_set_epi64x(values[at + 1] as i64, values[at] as i64))
            };
            differs = _mm_or_si128(differs, _mm_or_si128(two_differ(0), two_differ(2)));
        }
        _mm_movemask_epi8(_mm_cmpeq_epi8(differs, _mm_setzero_si128())) == 0xFFFF
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::cell::Cell;

    #[test]
    fn words_hold_until_one_of_the_first_of_them_changes() {
        let memory: [Cell<u64>; 21] = core::array::from_fn(|index| Cell::new(index as u64));
        let (mut addresses, mut values) = ([zero_word(); PADDING + 21], [0; PADDING + 21]);
        let words = Words {
            addresses: addresses.as_mut_ptr().wrapping_add(PADDING),
            values: values.as_mut_ptr().wrapping_add(PADDING),
        };
        for (index, word) in memory.iter().enumerate() {
            words.set(index, word.as_ptr().expose_provenance() as u64, word.get());
        }
        for bit in [0, 31, 32, 63] {
            for (changed, word) in memory.iter().enumerate() {
                word.set(word.get() ^ 1 << bit);
                for count in 0..=memory.len() {
                    assert_eq!(words.hold(count), count <= changed, "{count} {changed}");
                }
                word.set(word.get() ^ 1 << bit);
            }
        }
    }
}
