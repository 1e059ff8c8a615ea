//! The walk from an allocation outwards, to a frame that its thread's trace knows or to the end of the stack.
//!
//! ```text
//! items    frame that allocates | its caller | note | the caller of that, reached in an unusual way | …
//! ```
//!
//! What is found goes into the trace's items, the innermost frame first; notes stand in front of the frame they are about.
//! Nothing of the trace itself changes but the words of the junction.

use super::buffers::{Item, note};
use super::incremental::Trace;
use super::path::Frame;
use super::portable;
use super::rule::Rule;
use super::rules;
use super::walk::{Next, State, Step, Walk, load};
use crate::fault::{Fault, planted};

/// What a walk to the junction found.
pub(super) struct Walked {
    /// The innermost frame that stays. Null if a frame has no rule.
    pub(super) junction: *mut Frame,
    /// Behind the last item, as an address, and in its lowest bits those of [`found`].
    end: usize,
}

/// What else a walk found, in the lowest bits of [`Walked::end`].
mod found {
    /// The stack goes on beyond what was walked.
    pub(super) const CUT: usize = 1;
    /// Wherever the platform's unwinder ended: it says nothing of what it read.
    pub(super) const BY_PLATFORM: usize = 2;
    /// Some of the items are notes.
    pub(super) const NOTES: usize = 4;
    pub(super) const ANY: usize = CUT | BY_PLATFORM | NOTES;
}

/// What a frame with the right registers turned out to be.
enum Junction {
    /// The rest of the stack is as it was.
    Holds,
    /// It is, and there is no room for the frames inside of it.
    Full,
    /// This word says something else.
    Changed(usize),
}

impl Walked {
    /// A frame has no rule.
    pub(super) const NO_RULE: Self = Self { junction: core::ptr::null_mut(), end: 0 };

    pub(super) fn has_no_rule(&self) -> bool {
        self.junction.is_null()
    }

    /// Whether the next capture can build on the frames.
    pub(super) fn can_be_kept(&self) -> bool {
        self.end & (found::CUT | found::BY_PLATFORM) == 0
    }

    /// Whether the stack goes on beyond what was walked.
    pub(super) fn is_cut(&self) -> bool {
        self.end & found::CUT != 0
    }

    /// Whether some of the items are notes.
    pub(super) fn has_notes(&self) -> bool {
        self.end & found::NOTES != 0
    }

    /// The address behind the last item.
    pub(super) fn end(&self) -> usize {
        self.end & !found::ANY
    }
}

impl Trace {
    /// Not one frame, of a stack that has some.
    #[cfg(debug_assertions)]
    pub(super) fn nothing(&self) -> Walked {
        Walked { junction: self.buffers.frame(0), end: self.buffers.item(0).addr() | found::CUT }
    }

    /// Steps outwards to a junction or the end.
    ///
    /// PERF: the registers and the places of the next frame and item are variables of their own, so that they stay in
    /// registers; `benches/stacks`, syn.
    #[inline(never)]
    pub(super) fn walk(&self, mut pc: u64, mut sp: u64, mut bp: u64) -> Walked {
        let buffers = &self.buffers;
        let mut limit = self.bounds().limit(sp);
        let mut walk = Walk { bounds: self.bounds(), late: None };
        let mut found = 0;
        let mut bp_at = 0;
        let mut frame = self.kept.get();
        let mut item = buffers.item(0);
        if limit == sp {
            found = found::NOTES;
            item = add_note(item, note::FOREIGN, 0, 0);
        }
        loop {
            // SAFETY: frames lie in front of this one down to the one that stands for what is outside, whose `sp` is the
            // highest number.
            while unsafe { (*frame).sp } < sp {
                frame = frame.wrapping_sub(1);
            }
            // SAFETY: a frame that is kept, or the one that stands for what is outside.
            if is_junction(unsafe { &*frame }, pc, sp, bp) {
                match self.try_junction(frame, item) {
                    Junction::Holds => {
                        self.replace_words(frame, pc, sp, bp, bp_at);
                        return Walked { junction: frame, end: item.addr() | found };
                    }
                    Junction::Full => (frame, item) = self.make_room(frame, item),
                    Junction::Changed(word) => frame = self.without_word(frame, word),
                }
                continue;
            }
            if buffers.is_full_at(item) {
                (frame, item) = self.make_room(frame, item);
                if buffers.is_full_at(item) {
                    return Walked { junction: buffers.frame(0), end: item.addr() | found | found::CUT };
                }
            }
            let rule = rules::of(pc);
            let base = if rule.is_based_on_bp() { bp } else { sp };
            let cfa = base.wrapping_add(rule.cfa_offset());
            // Further out, and not beyond the limit.
            if cfa > sp && cfa <= limit && cfa % 8 == 0 {
                // SAFETY: there is room, see `is_full_at`.
                unsafe { item.write(Item { key: pc, bp_at, sp, rule: u64::from(rule.to_bits()), bp }) };
                item = item.wrapping_add(1);
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
            found |= found::NOTES;
            match walk.step(pc, sp, bp) {
                Next::NoRule => return Walked::NO_RULE,
                Next::End { key, notes } => {
                    item = add_left(item, Item { key, ..left }, Rule::END, notes);
                    return Walked { junction: buffers.frame(0), end: item.addr() | found };
                }
                Next::Cut { key, notes } => {
                    item = add_left(item, Item { key, ..left }, Rule::END, notes);
                    return Walked { junction: buffers.frame(0), end: item.addr() | found | found::CUT };
                }
                Next::Caller(step) => {
                    item = add_left(item, Item { key: step.key, ..left }, step.rule, step.notes);
                    item = add_step(item, &step);
                    State { pc, sp, bp } = step.state;
                    bp_at = step.bp_at;
                    limit = self.bounds().limit(sp);
                }
            }
        }
    }

    /// Looks whether a walk can end at a frame with the right registers.
    ///
    /// PERF: a function of its own, as the walk's registers would not stay in registers; `benches/stacks`, syn.
    #[inline(never)]
    fn try_junction(&self, frame: *mut Frame, item: *const Item) -> Junction {
        match self.changed_outside(frame) {
            Some(word) => Junction::Changed(word),
            None if self.buffers.has_room_for(item, frame) => Junction::Holds,
            None => Junction::Full,
        }
    }

    /// Takes more memory, if there is any, to which frames and items move: gives the new places of these two.
    #[cold]
    fn make_room(&self, frame: *const Frame, item: *mut Item) -> (*mut Frame, *mut Item) {
        let buffers = &self.buffers;
        let (number, count) = (buffers.number_of(frame), buffers.index_of(item));
        match self.grow() {
            true => (buffers.frame(number), buffers.item(count)),
            // Deeper than there is room for: no frame stays.
            false => (buffers.frame(0), item),
        }
    }

    /// The innermost frame inside of which nothing changed, from one outside of `frame` on.
    #[cold]
    fn without_word(&self, frame: *mut Frame, word: usize) -> *mut Frame {
        let mut kept = frame.wrapping_sub(1);
        // SAFETY: frames lie in front of this one down to the one that stands for what is outside, which has no words.
        while unsafe { (*kept).words() } > word {
            kept = kept.wrapping_sub(1);
        }
        kept
    }

    /// The words that lead to the junction are those of its present callee, or of the allocation itself.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn replace_words(&self, junction: *mut Frame, pc: u64, sp: u64, bp: u64, bp_at: u64) {
        // SAFETY: a kept frame, so that there is one, or what is outside, in front of it; only this thread uses them.
        let outer = unsafe { &*junction.wrapping_sub(1) };
        let mut words = outer.words();
        // SAFETY: as above.
        let junction = unsafe { &mut *junction };
        self.buffers.words().set(words, sp.wrapping_sub(8), pc);
        words += 1;
        let matters = junction.read & 1;
        if matters != 0 && bp_at != 0 && !planted(Fault::CompareReturnAddressesOnly) {
            self.buffers.words().set(words, bp_at, bp);
            words += 1;
        }
        junction.bp = bp;
        junction.read = (words as u32) << 1 | matters;
    }

    /// The stack as the platform's unwinder sees it: where a frame has no rule.
    #[cold]
    pub(super) fn walk_by_platform(&self, pc: u64, sp: u64) -> Walked {
        let buffers = &self.buffers;
        let inside = if pc == 0 { sp } else { sp.wrapping_sub(8) };
        let mut walk = Walk { bounds: self.bounds(), late: None };
        let (mut item, mut last, mut cut) = (buffers.item(0), 0, false);
        portable::walk(inside as usize, |address| {
            if buffers.is_full_at(item) {
                (_, item) = self.make_room(buffers.frame(0), item);
                cut = buffers.is_full_at(item);
            }
            if !cut {
                last = walk.key_of(address);
                item = add_left(item, Item { key: last, bp_at: 0, sp: u64::MAX, rule: 0, bp: 0 }, Rule::NONE, 0);
            }
            !cut
        });
        let whole = !cut && item != buffers.item(0) && walk.is_outermost(last);
        let end = item.addr() | found::BY_PLATFORM | if whole { 0 } else { found::CUT };
        Walked { junction: buffers.frame(0), end }
    }
}

/// Whether a frame is the one with these registers.
#[cfg_attr(not(debug_assertions), inline(always))]
fn is_junction(frame: &Frame, pc: u64, sp: u64, bp: u64) -> bool {
    (frame.sp ^ sp) | (frame.key ^ pc) == 0
        && (!frame.bp_matters() || frame.bp == bp || planted(Fault::CompareReturnAddressesOnly))
}

/// Adds something to be known of the frame that is added next.
#[cold]
fn add_note(place: *mut Item, note: u64, at: u64, word: u64) -> *mut Item {
    // SAFETY: callers keep room for a frame and all its notes, see `Buffers::is_full_at`.
    unsafe { place.write(Item { key: word, bp_at: 0, sp: at, rule: note, bp: 0 }) };
    place.wrapping_add(1)
}

/// Adds a frame that was left by more than two additions and two loads.
#[cold]
fn add_left(place: *mut Item, left: Item, rule: Rule, notes: u64) -> *mut Item {
    let place = if notes == 0 { place } else { add_note(place, notes, 0, 0) };
    // SAFETY: as in `add_note`.
    unsafe { place.write(Item { rule: u64::from(rule.to_bits()), ..left }) };
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
