//! What a capture found: a known answer, or the frames of the stack.

use super::Trace;

/// One frame of a captured stack, as a thread keeps it.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(super) struct Frame {
    /// The stack pointer after the return to this frame.
    pub(super) sp: u64,
    /// The return address; above bit 47 the number of its module, if that can be unloaded.
    pub(super) key: u64,
    pub(super) bp: u64,
    /// The hash of the keys from the outermost frame to this one.
    pub(super) hash: u64,
    /// What the recorder wrote here; zero at first.
    pub(super) node: u32,
    /// Number of words read from the outermost frame to this one, and whether `bp` decides about frames further out.
    pub(super) read: u32,
}

impl Frame {
    /// Stands for what is outside of the outermost frame.
    pub(super) const OUTSIDE: Self = Self { sp: u64::MAX, key: 0, bp: 0, hash: 0, node: 0, read: 0 };

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
pub(crate) struct Path<'a> {
    pub(super) trace: &'a Trace,
    pub(super) depth: usize,
    pub(super) hash: u64,
    /// Whether the stack goes on beyond the outermost frame here.
    pub(crate) truncated: bool,
}

impl Path<'_> {
    /// Number of frames.
    pub(crate) fn depth(&self) -> usize {
        self.depth
    }

    /// A hash of all frames.
    #[inline(always)]
    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    /// The key of a frame: its return address, and above bit 47 the number of its module if that can be unloaded. Frames
    /// count from one, the outermost, to `depth`.
    #[inline(always)]
    pub(crate) fn key(&self, frame: usize) -> u64 {
        self.trace.frame(frame).key
    }

    /// What [`set_node`](Self::set_node) wrote for this very path, up to this frame; zero at first.
    #[inline(always)]
    pub(crate) fn node(&self, frame: usize) -> u32 {
        self.trace.frame(frame).node
    }

    /// Keeps a word with a frame, for as long as the path up to it stays the same.
    #[inline(always)]
    pub(crate) fn set_node(&self, frame: usize, node: u32) {
        self.trace.set_node(frame, node);
    }

    /// Makes the next captures of this stack, under the same `under`, answer [`Capture::Known`] with `label`.
    #[inline(always)]
    pub(crate) fn remember(&self, label: Label, under: u32) {
        self.trace.remember(self.depth, label, under);
    }
}
