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
use super::portable;
use super::remembered::Remembered;
use super::rule::Rule;
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
/// Items that one step may add: a frame, and all that is to be known of it and of its caller.
const ROOM: usize = 6;

/// What a walk to the junction found.
struct Walked {
    /// Frames that stay, counted from the outermost.
    kept: usize,
    /// Number of items, from the innermost outwards, and one of [`ended`].
    items: usize,
}

/// How a walk ended, in the upper bits of [`Walked::items`]: at a junction or at the outermost frame if it is none of these.
mod ended {
    /// The stack goes on beyond what was walked.
    pub(super) const CUT: usize = 1 << 62;
    /// A frame has no rule.
    pub(super) const NO_RULE: usize = 1 << 63;
    /// Wherever the platform's unwinder ended: it says nothing of what it read.
    pub(super) const BY_PLATFORM: usize = 1 << 61;
    pub(super) const ANY: usize = CUT | NO_RULE | BY_PLATFORM;
}

impl Walked {
    fn is_cut(&self) -> bool {
        self.items & ended::CUT != 0
    }

    fn count(&self) -> usize {
        self.items & !ended::ANY
    }
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
        self.top.sp.set(0);
        let mut walked = if pc == 0 { Walked { kept: 0, items: ended::NO_RULE } } else { self.walk(pc, sp, bp) };
        if walked.items & ended::NO_RULE != 0 {
            walked = self.walk_by_platform(pc, sp);
        }
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

    /// Steps outwards to a junction or the end.
    ///
    /// PERF: the registers and the places of the next frame and item are variables of their own, so that they stay in
    /// registers; `benches/stacks`, syn.
    #[inline(never)]
    fn walk(&self, mut pc: u64, mut sp: u64, mut bp: u64) -> Walked {
        let buffers = &self.buffers;
        let mut limit = self.bounds().limit(sp);
        let mut bp_at = 0;
        let mut frame = buffers.frame_place(self.kept.get());
        let mut items = buffers.item_place(0);
        let mut full = buffers.item_place(buffers.capacity() - ROOM);
        if limit == sp {
            items = add_note(items, note::FOREIGN, 0, 0);
        }
        loop {
            // SAFETY: frames lie in front of this one down to the one that stands for what is outside, whose `sp` is the
            // highest number.
            while unsafe { (*frame).sp } < sp {
                frame = frame.wrapping_sub(1);
            }
            // SAFETY: a frame that is kept, or the one that stands for what is outside.
            if is_junction(unsafe { &*frame }, pc, sp, bp) {
                let (number, count) = (self.number_of(frame), self.index_of(items));
                match self.changed_outside(number) {
                    None if number + count <= buffers.capacity() || buffers.grow() => {
                        if count > 0 {
                            self.replace_words(number, pc, sp, bp, bp_at);
                        }
                        return Walked { kept: number, items: count };
                    }
                    // Deeper than there is room for: the innermost frames are walked anew, and the others cut off.
                    None => frame = buffers.frame_place(0),
                    Some(word) => frame = buffers.frame_place(self.without_word(number, word)),
                }
            }
            if items >= full {
                let (number, count) = (self.number_of(frame), self.index_of(items));
                if !buffers.grow() {
                    return Walked { kept: 0, items: count | ended::CUT };
                }
                (frame, items) = (buffers.frame_place(number), buffers.item_place(count));
                full = buffers.item_place(buffers.capacity() - ROOM);
            }
            let rule = rules::of(pc);
            let base = if rule.is_based_on_bp() { bp } else { sp };
            let cfa = base.wrapping_add(rule.cfa_offset());
            if cfa.wrapping_sub(sp).wrapping_sub(1) < limit.wrapping_sub(sp) {
                // SAFETY: there is room, see `full`.
                unsafe { items.write(Item { key: pc, bp_at, sp, rule: rule.to_bits(), bp }) };
                items = items.wrapping_add(1);
                pc = load(cfa.wrapping_sub(8));
                bp_at = 0;
                if rule.bp_offset() != 0 {
                    bp_at = cfa.wrapping_sub(rule.bp_offset());
                    bp = load(bp_at);
                }
                sp = cfa;
                continue;
            }
            let left = Item { key: pc, bp_at, sp, rule: 0, bp };
            match self.step(pc, sp, bp) {
                Next::NoRule => return Walked { kept: 0, items: ended::NO_RULE },
                Next::End { key, notes } => {
                    items = add_left(items, Item { key, ..left }, Rule::END, notes);
                    return Walked { kept: 0, items: self.index_of(items) };
                }
                Next::Cut { key, notes } => {
                    items = add_left(items, Item { key, ..left }, Rule::END, notes);
                    return Walked { kept: 0, items: self.index_of(items) | ended::CUT };
                }
                Next::Caller(step) => {
                    items = add_left(items, Item { key: step.key, ..left }, step.rule, step.notes);
                    items = add_step(items, &step);
                    State { pc, sp, bp } = step.state;
                    bp_at = step.bp_at;
                    limit = self.bounds().limit(sp);
                }
            }
        }
    }

    fn number_of(&self, frame: *const Frame) -> usize {
        (frame.addr() - self.buffers.frame_place(0).addr()) / size_of::<Frame>()
    }

    fn index_of(&self, item: *const Item) -> usize {
        (item.addr() - self.buffers.item_place(0).addr()) / size_of::<Item>()
    }

    /// Goes to a caller where that is not two additions and two loads.
    #[cold]
    #[inline(never)]
    fn step(&self, pc: u64, sp: u64, bp: u64) -> Next {
        Walk::new(self.bounds()).step(State { pc, sp, bp })
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
    fn replace_words(&self, number: usize, pc: u64, sp: u64, bp: u64, bp_at: u64) {
        let mut words = self.buffers.frame(number - 1).words();
        self.buffers.set_word(words, sp.wrapping_sub(8), pc);
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

    /// The stack as the platform's unwinder sees it: where a frame has no rule.
    #[cold]
    fn walk_by_platform(&self, pc: u64, sp: u64) -> Walked {
        let inside = if pc == 0 { sp } else { sp.wrapping_sub(8) };
        let mut walk = Walk::new(self.bounds());
        let (mut count, mut last, mut cut) = (0, 0, false);
        portable::walk(inside as usize, |address| {
            if count + ROOM > self.buffers.capacity() && !self.buffers.grow() {
                cut = true;
                return false;
            }
            last = walk.key_of(address);
            let frame = Item { key: last, bp_at: 0, sp: u64::MAX, rule: 0, bp: 0 };
            count = self.index_of(add_left(self.buffers.item_place(count), frame, Rule::NONE, 0));
            true
        });
        let whole = !cut && count > 0 && walk.is_outermost(last);
        Walked { kept: 0, items: count | ended::BY_PLATFORM | if whole { 0 } else { ended::CUT } }
    }

    /// Adds what was walked to the frames that stay.
    #[inline(always)]
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
        let keeps = walked.items & (ended::CUT | ended::BY_PLATFORM) == 0;
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

/// Whether a frame is the one with these registers.
#[inline(always)]
fn is_junction(frame: &Frame, pc: u64, sp: u64, bp: u64) -> bool {
    (frame.sp ^ sp) | (frame.key ^ pc) == 0
        && (!frame.bp_matters() || frame.bp == bp || planted(Fault::CompareReturnAddressesOnly))
}

/// Adds something to be known of the frame that is added next.
#[cold]
fn add_note(place: *mut Item, note: u64, at: u64, word: u64) -> *mut Item {
    // SAFETY: callers keep room for a frame and all its notes, see `ROOM`.
    unsafe { place.write(Item { key: word, bp_at: 0, sp: at, rule: note, bp: 0 }) };
    place.wrapping_add(1)
}

/// Adds a frame that was left by more than two additions and two loads.
#[cold]
fn add_left(place: *mut Item, left: Item, rule: Rule, notes: u64) -> *mut Item {
    let place = if notes == 0 { place } else { add_note(place, notes, 0, 0) };
    // SAFETY: as in `add_note`.
    unsafe { place.write(Item { rule: rule.to_bits(), ..left }) };
    place.wrapping_add(1)
}

/// Adds what is to be known of the caller that a step led to.
#[cold]
fn add_step(mut place: *mut Item, step: &Step) -> *mut Item {
    if step.next_notes != 0 {
        place = add_note(place, step.next_notes, 0, 0);
    }
    // In the order in which the words are to be compared: what the stack pointer came from first, which is last of all.
    if let Some((at, word)) = step.cfa_word {
        place = add_note(place, note::WORD, at, word);
    }
    if let Some((at, word)) = step.return_word {
        place = add_note(place, note::RETURN, at, word);
    }
    place
}
