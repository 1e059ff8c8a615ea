//! What a capture found: a known answer, or the frames of the stack.
//!
//! ```text
//! frames   outside | outermost frame | … | innermost frame | …
//!             ▲ Path::outside                    ▲ Path::innermost
//! ```

use super::Trace;
use core::cell::Cell;

/// One frame of a captured stack, as a thread keeps it.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Frame {
    /// The stack pointer after the return to this frame.
    pub(super) sp: u64,
    /// The return address; above bit 47 the number of its module, if that can be unloaded.
    pub(super) key: u64,
    pub(super) bp: u64,
    /// The hash of the keys from the outermost frame to this one.
    pub(super) hash: u64,
    /// What the recorder wrote here; zero at first.
    pub(super) node: Cell<u32>,
    /// Number of words read from the outermost frame to this one, and whether `bp` decides about frames further out.
    pub(super) read: u32,
}

impl Frame {
    /// Stands for what is outside of the outermost frame.
    pub(super) const fn outside() -> Self {
        Self { sp: u64::MAX, key: 0, bp: 0, hash: 0, node: Cell::new(0), read: 0 }
    }

    /// The return address, and above bit 47 the number of its module if that can be unloaded.
    #[inline(always)]
    pub(crate) fn key(&self) -> u64 {
        self.key
    }

    /// What [`set_node`](Self::set_node) wrote for this very path, up to this frame; zero at first.
    #[inline(always)]
    pub(crate) fn node(&self) -> u32 {
        self.node.get()
    }

    /// Keeps a word with the frame, for as long as the path up to it stays the same.
    #[inline(always)]
    pub(crate) fn set_node(&self, node: u32) {
        self.node.set(node);
    }

    /// Number of words read from the outermost frame to this one.
    #[cfg(heaplens_rules)]
    #[inline(always)]
    pub(super) fn words(&self) -> usize {
        (self.read >> 1) as usize
    }

    /// Whether `bp` decides about frames further out.
    #[cfg(heaplens_rules)]
    #[inline(always)]
    pub(super) fn bp_matters(&self) -> bool {
        self.read & 1 != 0
    }

    /// All ones if `bp` decides about frames further out, else zero.
    #[cfg(heaplens_rules)]
    #[inline(always)]
    pub(super) fn bp_mask(&self) -> u64 {
        u64::from(self.read & 1).wrapping_neg()
    }

    #[inline(always)]
    pub(super) fn hash_inside(outer: u64, key: u64) -> u64 {
        let product = (outer ^ key).wrapping_mul(0xD6E8_FEB8_6659_FD93);
        product ^ product >> 32
    }
}

/// What the recorder knows a stack by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Label {
    pub(crate) site: u32,
    /// A word of the recorder's own for this thread.
    pub(crate) note: usize,
}

/// What a capture came to.
pub(crate) enum Capture<'a> {
    /// The stack is the one for which [`Path::remember`] was called with this label.
    #[cfg_attr(not(heaplens_rules), expect(dead_code, reason = "the platform's unwinder remembers nothing"))]
    Known(Label),
    /// The frames, to be looked up.
    Path(Path<'a>),
    /// There is no memory to capture into.
    NoRoom,
}

/// The frames of a captured stack, until the thread's next capture.
#[derive(Clone, Copy)]
pub(crate) struct Path<'a> {
    pub(super) trace: &'a Trace,
    /// The place in front of the outermost frame.
    pub(super) outside: *const Frame,
    /// The place of the innermost frame; that of `outside` if there is none.
    pub(super) innermost: *const Frame,
    pub(super) hash: u64,
    /// Whether the stack goes on beyond the outermost frame here.
    pub(crate) truncated: bool,
}

impl<'a> Path<'a> {
    /// The frames, from the innermost outwards.
    #[inline(always)]
    pub(crate) fn frames(&self) -> Frames<'a> {
        Frames { next: self.innermost, outside: self.outside, trace: core::marker::PhantomData }
    }

    /// The frames, from the outermost inwards.
    pub(crate) fn frames_inwards(&self) -> impl Iterator<Item = &'a Frame> {
        let (mut last, innermost) = (self.outside, self.innermost);
        core::iter::from_fn(move || {
            (last != innermost).then(|| {
                last = last.wrapping_add(1);
                // SAFETY: from the one inside of `outside` up to the innermost, all are written.
                unsafe { &*last }
            })
        })
    }

    /// Whether there is no frame.
    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.innermost == self.outside
    }

    /// A hash of all frames.
    #[inline(always)]
    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    /// Makes the next captures of this stack, under the same `under`, answer [`Capture::Known`] with `label`.
    #[inline(always)]
    pub(crate) fn remember(&self, label: Label, under: u32) {
        self.trace.remember(self.innermost, label, under);
    }
}

/// The frames of a [`Path`], from the innermost outwards.
pub(crate) struct Frames<'a> {
    next: *const Frame,
    outside: *const Frame,
    trace: core::marker::PhantomData<&'a Trace>,
}

impl<'a> Iterator for Frames<'a> {
    type Item = &'a Frame;

    #[inline(always)]
    fn next(&mut self) -> Option<&'a Frame> {
        if self.next == self.outside {
            return None;
        }
        // SAFETY: from the innermost out to the one inside of `outside`, all are written, and none is changed but in its
        // cell until the thread's next capture.
        let frame = unsafe { &*self.next };
        self.next = self.next.wrapping_sub(1);
        Some(frame)
    }
}
