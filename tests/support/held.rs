//! A block whose size is known exactly, held without unsafe code: a vector of bytes that are never written.
//!
//! The capacity of a `Vec<u8>` is the size of its block.

use std::hint::black_box;

/// A live block.
#[derive(Debug)]
pub(crate) struct Held(pub(crate) Vec<u8>);

impl Held {
    /// One `alloc` of `size` bytes, which is not zero.
    pub(crate) fn new(size: usize) -> Self {
        let held = Self(black_box(Vec::with_capacity(size)));
        assert_eq!(held.size(), size, "a vector of bytes takes what it is asked for");
        held
    }

    pub(crate) fn size(&self) -> usize {
        self.0.capacity()
    }
}
