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
use super::buffers::{Buffers, Item, item};
use super::path::{Capture, Frame, Label, Path};
use super::portable;
use super::remembered::Remembered;
use super::rule::{Rule, kind};
use super::rules;
use super::walk::{Next, State, Step, Walk, load};
use crate::fault::{Fault, planted};
use crate::sys::arena::Zeroed;
use crate::sys::stack_bounds::StackBounds;
use core::cell::Cell;

/// The stack of one thread as it was last captured. Used by the thread that holds its slot, with the gate closed.
#[repr(C, align(64))]
pub(crate) struct Trace {
    /// The innermost frame: its state, and under what its stack is known as `site`.
    top: Top,
    buffers: Buffers,
    remembered: Remembered,
    /// Number of frames that are kept.
    kept: Cell<usize>,
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

/// What a walk to the junction found.
struct Walked {
    /// Frames that stay, counted from the outermost.
    kept: usize,
    /// Items from the innermost outwards.
    items: usize,
    truncated: bool,
}

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
    #[inline(always)]
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
    #[inline(always)]
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
    #[inline(always)]
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
    #[inline(always)]
    fn capture_anew(&self, pc: u64, sp: u64, bp: u64) -> Capture<'_> {
        // PERF: the parts of a `Caller` one by one: a record in memory is written by parts and read as a whole, which
        // stalls the processor.
        let caller = Caller { pc, sp, bp };
        self.top.sp.set(0);
        let walked = if caller.pc == 0 { None } else { self.walk(caller) };
        let walked = walked.unwrap_or_else(|| self.walk_by_platform(caller));
        self.push(&walked)
    }

    #[cold]
    fn begin(&self) -> bool {
        let bounds = StackBounds::of_this_thread();
        self.low.set(bounds.low);
        self.high.set(bounds.high);
        self.forget();
        self.knows_bounds.set(true);
        self.buffers.capacity() > 0 || self.buffers.grow()
    }

    pub(super) fn bounds(&self) -> StackBounds {
        StackBounds { low: self.low.get(), high: self.high.get() }
    }

    /// Steps outwards to a junction or the end. `None` if a frame has no rule.
    ///
    /// PERF: the registers are three variables and not a `State`, so that they stay in registers; `benches/stacks`, syn.
    #[inline(always)]
    fn walk(&self, caller: Caller) -> Option<Walked> {
        let buffers = &self.buffers;
        let bounds = self.bounds();
        let Caller { mut pc, mut sp, mut bp } = caller;
        let mut limit = bounds.limit(sp);
        let mut marks = if bounds.contain(sp) { 0 } else { item::FOREIGN };
        let (mut return_at, mut return_word, mut bp_at) = (sp.wrapping_sub(8), pc, 0);
        let mut kept = self.kept.get();
        let mut items = 0;
        loop {
            while buffers.frame(kept).sp < sp {
                kept -= 1;
            }
            if self.is_junction(kept, pc, sp, bp) {
                match self.changed_outside(kept) {
                    None if kept + items <= buffers.capacity() || buffers.grow() => {
                        if items > 0 {
                            self.replace_words(kept, bp, (return_at, return_word), bp_at);
                        }
                        return Some(Walked { kept, items, truncated: false });
                    }
                    // Deeper than there is room for: the innermost frames are walked anew, and the others cut off.
                    None => kept = 0,
                    Some(word) => kept = self.without_word(kept, word),
                }
            }
            // Room for this frame and a word beside those that stay.
            if items + 3 > buffers.capacity() && !buffers.grow() {
                return Some(Walked { kept: 0, items, truncated: true });
            }
            let rule = rules::of(pc);
            let base = if rule.kind() == kind::BP { bp } else { sp };
            let cfa = base.wrapping_add(rule.cfa_offset());
            let small = rule.kind().wrapping_sub(kind::SP) <= kind::BP - kind::SP;
            if small && cfa.wrapping_sub(sp).wrapping_sub(1) < limit.wrapping_sub(sp) {
                let rule_and_marks = rule.to_bits() | marks;
                buffers.set_item(items, Item { sp, key: pc, bp, return_at, return_word, bp_at, rule: rule_and_marks });
                items += 1;
                marks = 0;
                return_at = cfa.wrapping_sub(8);
                return_word = load(return_at);
                pc = return_word.wrapping_add(rule.exact());
                bp_at = 0;
                if rule.bp_offset() != 0 {
                    bp_at = cfa.wrapping_sub(rule.bp_offset());
                    bp = load(bp_at);
                }
                sp = cfa;
                continue;
            }
            let left = Item { sp, key: pc, bp, return_at, return_word, bp_at, rule: marks };
            match self.step(pc, sp, bp) {
                Next::NoRule => return None,
                Next::End { key, marks } => {
                    items = self.add_frame(items, left, key, Rule::END, marks);
                    return Some(Walked { kept: 0, items, truncated: false });
                }
                Next::Cut { key, marks } => {
                    items = self.add_frame(items, left, key, Rule::END, marks);
                    return Some(Walked { kept: 0, items, truncated: true });
                }
                Next::Caller(step) => {
                    items = self.add_frame(items, left, step.key, step.rule, step.marks);
                    items = self.add_cfa_word(items, &step);
                    State { pc, sp, bp } = step.state;
                    marks = step.next_marks;
                    (return_at, return_word, bp_at) = (step.return_at, step.return_word, step.bp_at);
                    limit = bounds.limit(sp);
                }
            }
        }
    }

    /// Goes to a caller where that is not two additions and two loads.
    #[cold]
    #[inline(never)]
    fn step(&self, pc: u64, sp: u64, bp: u64) -> Next {
        Walk::new(self.bounds()).step(State { pc, sp, bp })
    }

    #[inline(always)]
    fn is_junction(&self, number: usize, pc: u64, sp: u64, bp: u64) -> bool {
        let frame = self.buffers.frame(number);
        (frame.sp ^ sp) | (frame.key ^ pc) == 0
            && (!frame.bp_matters() || frame.bp == bp || planted(Fault::CompareReturnAddressesOnly))
    }

    /// The innermost word, of those of the frames outside of this one, that says something else.
    #[inline(always)]
    fn changed_outside(&self, number: usize) -> Option<usize> {
        let words = self.buffers.frame(number - 1).words();
        if number <= self.first_foreign.get() && self.words_hold(words) {
            return None;
        }
        if planted(Fault::SkipVerification) { None } else { self.changed_word(words) }
    }

    /// The number of the innermost frame inside of which nothing changed, from one outside of `number` on.
    #[cold]
    fn without_word(&self, number: usize, word: usize) -> usize {
        let mut kept = number - 1;
        while kept > 0 && self.buffers.frame(kept).words() > word {
            kept -= 1;
        }
        kept
    }

    /// The junction was reached from another callee: the words that led to it are others.
    #[inline(always)]
    fn replace_words(&self, number: usize, bp: u64, (return_at, return_word): (u64, u64), bp_at: u64) {
        let mut words = self.buffers.frame(number - 1).words();
        self.buffers.set_word(words, return_at, return_word);
        words += 1;
        let matters = self.buffers.frame(number).read & 1;
        if matters != 0 && bp_at != 0 && !planted(Fault::CompareReturnAddressesOnly) {
            self.buffers.set_word(words, bp_at, bp);
            words += 1;
        }
        self.buffers.change_frame(number, |frame| {
            frame.bp = bp;
            frame.read = (words as u32) << 1 | matters;
        });
    }

    fn add_frame(&self, index: usize, left: Item, key: u64, rule: Rule, marks: u64) -> usize {
        self.buffers.set_item(index, Item { key, rule: left.rule | rule.to_bits() | marks, ..left });
        index + 1
    }

    fn add_cfa_word(&self, index: usize, step: &Step) -> usize {
        let Some((return_at, return_word)) = step.cfa_word else { return index };
        let word = Item { sp: 0, key: 0, bp: 0, return_at, return_word, bp_at: 0, rule: item::WORD };
        self.buffers.set_item(index, word);
        index + 1
    }

    /// The stack as the platform's unwinder sees it: where a frame has no rule.
    #[cold]
    fn walk_by_platform(&self, caller: Caller) -> Walked {
        let inside = if caller.pc == 0 { caller.sp } else { caller.sp.wrapping_sub(8) };
        let mut walk = Walk::new(self.bounds());
        let (mut items, mut truncated) = (0, false);
        portable::walk(inside as usize, |address| {
            if items + 1 > self.buffers.capacity() && !self.buffers.grow() {
                truncated = true;
                return false;
            }
            let key = walk.key_of(address);
            let return_at = super::buffers::zero_word();
            let rule = Rule::NONE.to_bits() | item::UNKEPT;
            let frame = Item { sp: u64::MAX, key, bp: 0, return_at, return_word: 0, bp_at: 0, rule };
            self.buffers.set_item(items, frame);
            items += 1;
            true
        });
        let last = (items > 0).then(|| self.buffers.item(items - 1).key);
        let ends = last.is_some_and(|key| walk.is_outermost(key));
        Walked { kept: 0, items, truncated: truncated || !ends }
    }

    /// Adds what was walked to the frames that stay.
    #[inline(always)]
    fn push(&self, walked: &Walked) -> Capture<'_> {
        let buffers = &self.buffers;
        let mut number = walked.kept;
        if number < self.first_foreign.get() {
            self.first_foreign.set(usize::MAX);
        }
        let outer = buffers.frame(number);
        let (mut hash, mut matters, mut words) = (outer.hash, outer.read & 1, outer.words());
        if walked.truncated {
            hash = !hash;
        }
        let mut kept = usize::MAX;
        for index in (0..walked.items).rev() {
            let added = buffers.item(index);
            if added.rule & item::ALL != 0 {
                if added.rule & item::WORD != 0 {
                    buffers.set_word(words, added.return_at, added.return_word);
                    words += 1;
                    if number > 0 {
                        buffers.change_frame(number, |frame| frame.read = (words as u32) << 1 | matters);
                    }
                    continue;
                }
                if added.rule & item::FOREIGN != 0 {
                    self.first_foreign.set(self.first_foreign.get().min(number + 1));
                }
                if added.rule & item::UNKEPT != 0 {
                    kept = kept.min(number);
                }
            }
            hash = Frame::hash_inside(hash, added.key);
            matters = Rule::from_bits(added.rule).bp_matters(matters);
            buffers.set_word(words, added.return_at, added.return_word);
            words += 1;
            if matters != 0 && added.bp_at != 0 && !planted(Fault::CompareReturnAddressesOnly) {
                buffers.set_word(words, added.bp_at, added.bp);
                words += 1;
            }
            number += 1;
            let Item { sp, key, bp, .. } = added;
            buffers.set_frame(number, Frame { sp, key, bp, hash, node: 0, read: (words as u32) << 1 | matters });
        }
        self.kept.set(kept.min(if walked.truncated { 0 } else { number }));
        Capture::Path(Path { trace: self, depth: number, hash, truncated: walked.truncated })
    }

    /// Whether an address lies on the thread's own stack.
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
    #[inline(always)]
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
