//! A held block that is reallocated: changing the capacity of an empty vector is one `realloc`.

use crate::held::Held;
use std::hint::black_box;

impl Held {
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
}
