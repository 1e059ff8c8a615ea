//! A block whose size is known exactly, held without unsafe code: a vector of bytes that are never written.
//!
//! The capacity of a `Vec<u8>` is the size of its block, and `realloc` is what changes it.

use std::hint::black_box;

/// A live block.
#[derive(Debug)]
pub(crate) struct Held(Vec<u8>);

impl Held {
    /// One `alloc` of `size` bytes, which is not zero.
    pub(crate) fn new(size: usize) -> Self {
        let held = Self(black_box(Vec::with_capacity(size)));
        assert_eq!(held.size(), size, "a vector of bytes takes what it is asked for");
        held
    }

    /// One `realloc` to another size, which is not zero. Returns the bytes that had to move.
    pub(crate) fn resize(&mut self, size: usize) -> usize {
        let (old_size, old_address) = (self.size(), self.0.as_ptr());
        if size > old_size {
            self.0.reserve_exact(size);
        } else {
            self.0.shrink_to(size);
        }
        assert_eq!(self.size(), size, "a vector of bytes takes what it is asked for");
        if black_box(self.0.as_ptr()) == old_address { 0 } else { old_size.min(size) }
    }

    pub(crate) fn size(&self) -> usize {
        self.0.capacity()
    }
}
