//! Where the name of an open scope lies, which is read when its first stack is captured.

#[cfg(feature = "stacks")]
use core::slice;
#[cfg(feature = "stacks")]
use core::str;
use core::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

/// Where an open scope's name lies. Its opener keeps it there until the scope is closed.
pub(super) struct NamePlace {
    start: AtomicPtr<u8>,
    length: AtomicUsize,
}

impl NamePlace {
    pub(super) fn set(&self, name: &str) {
        self.start.store(name.as_ptr().cast_mut(), Ordering::Relaxed);
        self.length.store(name.len(), Ordering::Relaxed);
    }

    pub(super) fn clear(&self) {
        self.length.store(0, Ordering::Relaxed);
    }

    /// The name.
    ///
    /// # Safety
    ///
    /// Called by the one thread inside of the scope, while the scope is open.
    #[cfg(feature = "stacks")]
    pub(super) unsafe fn get(&self) -> &str {
        let length = self.length.load(Ordering::Relaxed);
        let start = self.start.load(Ordering::Relaxed);
        if length == 0 {
            return "";
        }
        // SAFETY: `set` took the parts of a `str`, which the opener of the open scope keeps in place.
        let bytes = unsafe { slice::from_raw_parts(start, length) };
        // SAFETY: these are the bytes of a `str`.
        unsafe { str::from_utf8_unchecked(bytes) }
    }
}
