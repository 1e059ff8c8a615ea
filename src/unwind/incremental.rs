//! A thread's last stack, kept so that the next capture only looks at what changed.
//!
//! A stack is a function of the registers at the allocation, of the unwind rules, and of the words that the rules read: for
//! each frame its return address and, sometimes, a saved rbp. A [`Trace`] keeps the frames together with those words. A new
//! capture steps outwards until it arrives at a frame that it knows (same return address, same stack pointer, same rbp if
//! that decides anything further out); if every word read from there on outwards still says the same, so does the rest of
//! the stack, by construction and whatever happened meanwhile:
//!
//! ```text
//! known    main ── run ── parse ── item ── push                    compare the words of main … parse
//! now      main ── run ── parse ── string ── grow ── alloc         step through alloc, grow, string
//!                             ▲ junction
//! ```
//!
//! Invariants (conditions of soundness, told in `docs/design/stack-capture.md`):
//! - a junction compares sp, pc, and rbp where [`Frame::read`] says that it matters;
//! - the words of the frames outside of the junction are compared, all of them;
//! - the junction's own words belong to its callee, and are replaced when that changes;
//! - words on the thread's own stack are compared in any order, as every one lies above the present stack pointer; others
//!   one by one outwards, so that each is read only if a fresh walk would read it;
//! - frames of modules that can be unloaded, and frames inside of a signal handler's, are not kept.

use super::Caller;
use super::buffers::{Buffers, Item, note};
use super::path::{Capture, Frame, Label, Path};
use super::remembered::Remembered;
use super::rule::Rule;
use super::stepping::Walked;
use super::walk::load;
use super::words::Words;
use crate::fault::{Fault, planted};
use crate::sys::arena::Zeroed;
#[cfg(debug_assertions)]
use crate::sys::running;
use crate::sys::stack_bounds::StackBounds;
use core::cell::Cell;

/// The stack of one thread as it was last captured. Used by the thread that holds its slot, with the gate closed.
#[repr(C, align(64))]
pub(crate) struct Trace {
    /// The innermost frame: its state, and under what its stack is known as `site`.
    top: Top,
    pub(super) buffers: Buffers,
    remembered: Remembered,
    /// The innermost frame that is kept, or what is outside. Null until the thread is known.
    pub(super) kept: Cell<*mut Frame>,
    /// The outermost frame that was reached over a stack not the thread's own; the last address if there is none.
    first_foreign: Cell<*mut Frame>,
    low: Cell<u64>,
    high: Cell<u64>,
    /// Whether the bounds of the stack were asked for.
    knows_bounds: Cell<bool>,
}

/// The innermost frame, for a capture that finds everything as it was.
///
/// PERF: what are neighbours in a frame are none here, for the reason given at [`Item`].
#[repr(C)]
struct Top {
    /// Zero, which is nobody's, if there is nothing to be known again.
    sp: Cell<u64>,
    /// All ones if `bp` decides about frames further out, else zero.
    bp_mask: Cell<u64>,
    pc: Cell<u64>,
    note: Cell<usize>,
    bp: Cell<u64>,
    /// Number of words that the frames outside of it were read from.
    words: Cell<u32>,
    site: Cell<u32>,
    under: Cell<u32>,
}

// SAFETY: integers, flags and null pointers, valid when zero, without a destructor.
unsafe impl Zeroed for Trace {}
// SAFETY: a part of a slot, used only by the thread that holds the slot while its gate is closed. The hand-over to the
// next thread is ordered by the slot's own.
unsafe impl Sync for Trace {}

/// Stands for no frame: further in than all.
const NO_FRAME: *mut Frame = core::ptr::without_provenance_mut(usize::MAX);

impl Trace {
    /// The slot is a new thread's.
    pub(crate) fn begin_thread(&self) {
        self.forget();
        self.kept.set(core::ptr::null_mut());
        self.remembered.begin_thread();
        self.knows_bounds.set(false);
    }

    /// Forgets the last stack.
    fn forget(&self) {
        self.top.sp.set(0);
        self.kept.set(self.buffers.frame(0));
        self.first_foreign.set(NO_FRAME);
    }

    /// Whether the registers and what the stack was remembered under are those of the thread's last stack.
    #[inline(always)]
    pub(crate) fn may_repeat(&self, caller: Caller, under: u32) -> bool {
        let top = &self.top;
        let differs = (top.sp.get() ^ caller.sp)
            | (top.pc.get() ^ caller.pc)
            | ((top.bp.get() ^ caller.bp) & top.bp_mask.get())
            | u64::from(top.under.get() ^ under);
        differs == 0
    }

    /// The label of the thread's last stack, if it is the present one: after [`may_repeat`](Self::may_repeat).
    #[cfg_attr(debug_assertions, inline)]
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn repeated(&self) -> Option<Label> {
        // PERF: the whole of a repeated capture; `benches/capture`.
        let top = &self.top;
        if !self.words_hold(top.words.get() as usize) {
            return None;
        }
        Some(Label { site: top.site.get(), note: top.note.get() })
    }

    /// Whether the registers and what the stack was remembered under are those of the stack that is expected after the
    /// thread's last one.
    #[inline(always)]
    pub(crate) fn may_be_expected(&self, caller: Caller, under: u32) -> bool {
        self.remembered.may_be_expected(caller, under)
    }

    /// The label of the stack that is expected after the thread's last one, if it is the present one: after
    /// [`may_be_expected`](Self::may_be_expected).
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn expected(&self) -> Option<Label> {
        self.remembered.expected(self)
    }

    /// Whether the first words all say what they said. For words on the thread's own stack.
    #[cfg_attr(debug_assertions, inline)]
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn words_hold(&self, words: usize) -> bool {
        if planted(Fault::SkipVerification) {
            return true;
        }
        self.buffers.words().hold(words)
    }

    /// The innermost of the first words that says something else; outwards, one after the other.
    #[cold]
    #[inline(never)]
    fn changed_word(&self, words: usize) -> Option<usize> {
        let known = self.buffers.words();
        (0..words).rev().find(|word| load(known.address(*word as isize)) != known.value(*word as isize))
    }

    /// Captures the stack of `caller`, which is neither the thread's last one nor the one that is expected.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn capture(&self, caller: Caller, under: u32) -> Capture<'_> {
        if self.kept.get().is_null() && !self.begin() {
            return Capture::NoRoom;
        }
        if self.is_on_stack(caller.sp)
            && let Some(label) = self.remembered.find(self, caller, under)
        {
            return Capture::Known(label);
        }
        self.capture_anew(caller.pc, caller.sp, caller.bp)
    }

    /// Walks to a junction or the end.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn capture_anew(&self, pc: u64, sp: u64, bp: u64) -> Capture<'_> {
        self.top.sp.set(0);
        let mut walked = match pc {
            0 => Walked::NO_RULE,
            // Without optimisation a walk takes more than is left of a small stack for signal handlers.
            #[cfg(debug_assertions)]
            _ if !self.is_on_stack(sp) && running::is_short_of_stack() => self.nothing(),
            _ => self.walk(pc, sp, bp),
        };
        if walked.has_no_rule() {
            walked = self.walk_by_platform(pc, sp);
        }
        self.push(&walked)
    }

    #[cold]
    fn begin(&self) -> bool {
        if !self.knows_bounds.get() {
            let bounds = StackBounds::of_this_thread();
            self.low.set(bounds.low);
            self.high.set(bounds.high);
            self.knows_bounds.set(true);
        }
        let has_memory = self.buffers.has_memory() || self.buffers.grow();
        if has_memory {
            self.forget();
        }
        has_memory
    }

    /// Makes room for more. `false` when the largest buffers are in use or there is no memory.
    #[cold]
    pub(super) fn grow(&self) -> bool {
        let number = |frame: *mut Frame| (frame != NO_FRAME).then(|| self.buffers.number_of(frame));
        let frames = [number(self.kept.get()), number(self.first_foreign.get())];
        let grew = self.buffers.grow();
        if grew {
            let [kept, first_foreign] =
                frames.map(|number| number.map_or(NO_FRAME, |number| self.buffers.frame(number)));
            self.kept.set(kept);
            self.first_foreign.set(first_foreign);
        }
        grew
    }

    pub(super) fn bounds(&self) -> StackBounds {
        StackBounds { low: self.low.get(), high: self.high.get() }
    }

    /// The innermost word, of those of the frames outside of this one, that says something else.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn changed_outside(&self, frame: *mut Frame) -> Option<usize> {
        // SAFETY: a kept frame, so that there is one, or what is outside, in front of it.
        let words = unsafe { (*frame.wrapping_sub(1)).words() };
        if frame <= self.first_foreign.get() && self.words_hold(words) {
            return None;
        }
        if planted(Fault::SkipVerification) { None } else { self.changed_word(words) }
    }

    /// Adds what was walked to the frames that stay.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn push(&self, walked: &Walked) -> Capture<'_> {
        let (junction, truncated) = (walked.junction, walked.is_cut());
        if junction < self.first_foreign.get() {
            self.first_foreign.set(NO_FRAME);
        }
        // SAFETY: a frame that is kept, or what is outside.
        let outer = unsafe { (*junction).hash };
        let outer = if truncated { !outer } else { outer };
        let (innermost, hash, kept) = match walked.has_notes() {
            false => self.push_items::<false>(walked, outer),
            true => self.push_noted(walked, outer),
        };
        self.kept.set(if walked.can_be_kept() { kept } else { self.buffers.frame(0) });
        Capture::Path(Path { trace: self, outside: self.buffers.frame(0), innermost, hash, truncated })
    }

    #[cold]
    #[inline(never)]
    fn push_noted(&self, walked: &Walked, hash: u64) -> (*mut Frame, u64, *mut Frame) {
        self.push_items::<true>(walked, hash)
    }

    /// Adds the items; some of them are notes only if `NOTES` says so. Gives the innermost frame, the hash of the whole
    /// path, and the innermost frame that can be kept.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn push_items<const NOTES: bool>(&self, walked: &Walked, outer: u64) -> (*mut Frame, u64, *mut Frame) {
        // PERF: in registers, as the compiler would read them again after each store; `benches/stacks`, syn.
        let (known, first) = (self.buffers.words(), self.buffers.item(0));
        let mut frame = walked.junction;
        // SAFETY: a frame that is kept, or what is outside.
        let junction = unsafe { &*frame };
        let (mut hash, mut matters, mut words) = (outer, junction.read & 1, junction.words());
        let mut unkept = NO_FRAME;
        let mut item = first.with_addr(walked.end());
        while item != first {
            item = item.wrapping_sub(1);
            // SAFETY: the walk wrote all items in front of its end.
            let Item { key, bp_at, sp, rule, bp } = unsafe { item.read() };
            if NOTES && rule & note::ANY != 0 {
                words = self.take_note(rule, (sp, key), frame, words);
                if rule & note::UNKEPT != 0 {
                    unkept = unkept.min(frame.wrapping_sub(1)).max(self.buffers.frame(0));
                }
                continue;
            }
            hash = Frame::hash_inside(hash, key);
            matters = Rule::from_bits(rule as u32).bp_matters(matters);
            known.set(words, sp.wrapping_sub(8), key);
            words += 1;
            if matters != 0 && bp_at != 0 && !planted(Fault::CompareReturnAddressesOnly) {
                known.set(words, bp_at, bp);
                words += 1;
            }
            frame = frame.wrapping_add(1);
            let read = (words as u32) << 1 | matters;
            // SAFETY: the walk made room for a frame for each item.
            unsafe { frame.write(Frame { sp, key, bp, hash, node: Cell::new(0), read }) };
        }
        debug_assert!(self.buffers.contain(frame, words));
        (frame, hash, frame.min(unkept))
    }

    /// Applies what is to be known of the frame that was pushed last, or of the junction: gives the number of words.
    fn take_note(&self, note: u64, (at, word): (u64, u64), frame: *mut Frame, words: usize) -> usize {
        if note & note::FOREIGN != 0 {
            self.first_foreign.set(self.first_foreign.get().min(frame));
        }
        if frame == self.buffers.frame(0) {
            return words;
        }
        if note & note::RETURN != 0 {
            // SAFETY: there is a frame, or what is outside, in front of one that is not what is outside.
            self.buffers.words().set(unsafe { (*frame.wrapping_sub(1)).words() }, at, word);
        }
        if note & note::WORD == 0 {
            return words;
        }
        self.buffers.words().set(words, at, word);
        // SAFETY: the frame that was written last, or the junction; only this thread uses it.
        let frame = unsafe { &mut *frame };
        frame.read = (words as u32 + 1) << 1 | frame.read & 1;
        words + 1
    }

    #[inline(always)]
    pub(super) fn is_on_stack(&self, address: u64) -> bool {
        self.bounds().contain(address)
    }

    /// Whether two addresses are known not to lie both on the thread's own stack.
    pub(crate) fn contradicts_one_stack(&self, one: u64, other: u64) -> bool {
        self.knows_bounds.get() && !(self.is_on_stack(one) && self.is_on_stack(other))
    }

    /// Whether a kept frame is that of a node, has this state, and every word outside of it says what it said.
    pub(super) fn still_holds(&self, number: usize, node: u32, sp: u64, bp: u64) -> bool {
        let place = self.buffers.frame(number);
        if place > self.kept.get() || place >= self.first_foreign.get() || node == 0 {
            return false;
        }
        let (frame, outer) = (self.frame(number), self.frame(number - 1));
        let same = (frame.sp ^ sp) | ((frame.bp ^ bp) & frame.bp_mask()) | u64::from(frame.node() ^ node);
        same == 0 && self.words_hold(outer.words())
    }

    #[inline(always)]
    pub(super) fn words(&self) -> Words {
        self.buffers.words()
    }

    /// A frame of the last capture by its number from one; zero gives what is outside.
    #[inline(always)]
    pub(super) fn frame(&self, number: usize) -> &Frame {
        // SAFETY: callers ask for frames that are kept, or were just captured.
        unsafe { &*self.buffers.frame(number) }
    }

    /// See [`Path::remember`].
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn remember(&self, innermost: *const Frame, label: Label, under: u32) {
        let outside = self.buffers.frame(0).cast_const();
        let kept = innermost == self.kept.get() && innermost < self.first_foreign.get();
        if innermost == outside || !kept {
            return;
        }
        // SAFETY: the innermost frame of the last capture.
        let frame = unsafe { &*innermost };
        // SAFETY: the frame, or what is outside, in front of it.
        let outer = unsafe { &*innermost.wrapping_sub(1) };
        let top = &self.top;
        top.sp.set(frame.sp);
        top.pc.set(frame.key);
        top.bp.set(frame.bp);
        top.bp_mask.set(frame.bp_mask());
        top.words.set(outer.read >> 1);
        top.site.set(label.site);
        top.note.set(label.note);
        top.under.set(under);
        if self.remembered.wants_last() {
            self.remembered.store(self, self.buffers.number_of(innermost), label, under);
        }
    }
}
