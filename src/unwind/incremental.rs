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
    /// Number of frames that are kept.
    pub(super) kept: Cell<usize>,
    /// The outermost frame that was reached over a stack not the thread's own; `usize::MAX` if there is none.
    first_foreign: Cell<usize>,
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

/// Words that are compared at a time.
const BLOCK: usize = 4;

impl Trace {
    /// The slot is a new thread's.
    pub(crate) fn begin_thread(&self) {
        self.forget();
        self.remembered.begin_thread();
        self.knows_bounds.set(false);
    }

    /// Forgets the last stack.
    fn forget(&self) {
        self.top.sp.set(0);
        self.kept.set(0);
        self.first_foreign.set(usize::MAX);
    }

    /// The label of the thread's last stack, if that is the stack of `caller` still.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn repeated(&self, caller: Caller, under: u32) -> Option<Label> {
        // PERF: the whole of a repeated capture; `benches/capture`.
        let top = &self.top;
        let differs = (top.sp.get() ^ caller.sp)
            | (top.pc.get() ^ caller.pc)
            | ((top.bp.get() ^ caller.bp) & top.bp_mask.get())
            | u64::from(top.under.get() ^ under);
        if differs == 0 && self.words_hold(top.words.get() as usize) {
            self.remembered.answered(top.site.get());
            return Some(Label { site: top.site.get(), note: top.note.get() });
        }
        None
    }

    /// Whether the first words all say what they said. For words on the thread's own stack.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn words_hold(&self, words: usize) -> bool {
        if planted(Fault::SkipVerification) {
            return true;
        }
        let mut differs = 0;
        let mut next = words as isize;
        while next > 0 {
            next -= BLOCK as isize;
            for word in next..next + BLOCK as isize {
                differs |= load(self.buffers.word_address(word)) ^ self.buffers.word_value(word);
            }
        }
        differs == 0
    }

    /// The innermost of the first words that says something else; outwards, one after the other.
    #[cold]
    #[inline(never)]
    fn changed_word(&self, words: usize) -> Option<usize> {
        (0..words)
            .rev()
            .find(|word| load(self.buffers.word_address(*word as isize)) != self.buffers.word_value(*word as isize))
    }

    /// Captures the stack of `caller`, which is not the thread's last one.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn capture(&self, caller: Caller, under: u32) -> Capture<'_> {
        if (!self.knows_bounds.get() || self.buffers.capacity() == 0) && !self.begin() {
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
            _ if !self.is_on_stack(sp) && running::is_short_of_stack() => Walked::NOTHING,
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
            self.forget();
            self.knows_bounds.set(true);
        }
        self.buffers.capacity() > 0 || self.buffers.grow()
    }

    pub(super) fn bounds(&self) -> StackBounds {
        StackBounds { low: self.low.get(), high: self.high.get() }
    }

    /// The innermost word, of those of the frames outside of this one, that says something else.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn changed_outside(&self, number: usize) -> Option<usize> {
        let words = self.buffers.frame(number - 1).words();
        if number <= self.first_foreign.get() && self.words_hold(words) {
            return None;
        }
        if planted(Fault::SkipVerification) { None } else { self.changed_word(words) }
    }

    /// Adds what was walked to the frames that stay.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn push(&self, walked: &Walked) -> Capture<'_> {
        let buffers = &self.buffers;
        let (mut number, truncated) = (walked.kept, walked.is_cut());
        if number < self.first_foreign.get() {
            self.first_foreign.set(usize::MAX);
        }
        let outer = buffers.frame(number);
        let (mut hash, mut matters, mut words) = (outer.hash, outer.read & 1, outer.words());
        if truncated {
            hash = !hash;
        }
        let mut unkept = usize::MAX;
        for index in (0..walked.count()).rev() {
            let Item { key, bp_at, sp, rule, bp } = buffers.item(index);
            if rule & note::ANY != 0 {
                self.take_note(rule, (sp, key), number, &mut words, &mut unkept);
                continue;
            }
            hash = Frame::hash_inside(hash, key);
            matters = Rule::from_bits(rule).bp_matters(matters);
            buffers.set_word(words, sp.wrapping_sub(8), key);
            words += 1;
            if matters != 0 && bp_at != 0 && !planted(Fault::CompareReturnAddressesOnly) {
                buffers.set_word(words, bp_at, bp);
                words += 1;
            }
            number += 1;
            buffers.set_frame(number, Frame { sp, key, bp, hash, node: 0, read: (words as u32) << 1 | matters });
        }
        let keeps = walked.can_be_kept();
        self.kept.set(if keeps { number.min(unkept) } else { 0 });
        Capture::Path(Path { trace: self, depth: number, hash, truncated })
    }

    /// Applies what is to be known of the frame that was pushed last, or of the junction.
    #[cold]
    #[inline(never)]
    fn take_note(&self, note: u64, (at, word): (u64, u64), number: usize, words: &mut usize, unkept: &mut usize) {
        if note & note::FOREIGN != 0 {
            self.first_foreign.set(self.first_foreign.get().min(number));
        }
        if note & note::UNKEPT != 0 {
            *unkept = (*unkept).min(number.saturating_sub(1));
        }
        if number == 0 {
            return;
        }
        if note & note::RETURN != 0 {
            self.buffers.set_word(self.buffers.frame(number - 1).words(), at, word);
        }
        if note & note::WORD != 0 {
            self.buffers.set_word(*words, at, word);
            *words += 1;
            self.buffers.change_frame(number, |frame| frame.read = (*words as u32) << 1 | frame.read & 1);
        }
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
    pub(super) fn still_holds(&self, state: &Frame, number: usize, node: u32) -> bool {
        if number > self.kept.get() || number >= self.first_foreign.get() || node == 0 {
            return false;
        }
        let frame = self.buffers.frame(number);
        let same = (frame.sp ^ state.sp) | ((frame.bp ^ state.bp) & frame.bp_mask()) | u64::from(frame.node ^ node);
        same == 0 && self.words_hold(self.buffers.frame(number - 1).words())
    }

    #[inline(always)]
    pub(super) fn word_address(&self, word: isize) -> u64 {
        self.buffers.word_address(word)
    }

    #[inline(always)]
    pub(super) fn word_value(&self, word: isize) -> u64 {
        self.buffers.word_value(word)
    }

    #[inline(always)]
    pub(super) fn frame(&self, number: usize) -> Frame {
        self.buffers.frame(number)
    }

    #[inline(always)]
    pub(super) fn set_node(&self, number: usize, node: u32) {
        self.buffers.change_frame(number, |frame| frame.node = node);
    }

    /// See [`Path::remember`].
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn remember(&self, depth: usize, label: Label, under: u32) {
        if depth == 0 || depth != self.kept.get() || depth >= self.first_foreign.get() {
            return;
        }
        let frame = self.buffers.frame(depth);
        let top = &self.top;
        top.sp.set(frame.sp);
        top.pc.set(frame.key);
        top.bp.set(frame.bp);
        top.bp_mask.set(frame.bp_mask());
        top.words.set(self.buffers.frame(depth - 1).read >> 1);
        top.site.set(label.site);
        top.note.set(label.note);
        top.under.set(under);
        self.remembered.remember(self, depth, label, under);
    }
}
