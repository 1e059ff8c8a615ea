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

/// Items that one step may add: a frame, and all that is to be known of it and of its caller.
const ROOM: usize = 6;

/// What a walk to the junction found.
pub(super) struct Walked {
    /// Frames that stay, counted from the outermost.
    pub(super) kept: usize,
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
    /// Not one frame, of a stack that has some.
    #[cfg(debug_assertions)]
    pub(super) const NOTHING: Self = Self { kept: 0, items: ended::CUT };
    /// A frame has no rule.
    pub(super) const NO_RULE: Self = Self { kept: 0, items: ended::NO_RULE };

    pub(super) fn has_no_rule(&self) -> bool {
        self.items & ended::NO_RULE != 0
    }

    /// Whether the next capture can build on the frames.
    pub(super) fn can_be_kept(&self) -> bool {
        self.items & (ended::CUT | ended::BY_PLATFORM) == 0
    }

    /// Whether the stack goes on beyond what was walked.
    pub(super) fn is_cut(&self) -> bool {
        self.items & ended::CUT != 0
    }

    /// Number of items.
    pub(super) fn count(&self) -> usize {
        self.items & !ended::ANY
    }
}

impl Trace {
    /// Steps outwards to a junction or the end.
    ///
    /// PERF: the registers and the places of the next frame and item are variables of their own, so that they stay in
    /// registers; `benches/stacks`, syn.
    #[inline(never)]
    pub(super) fn walk(&self, mut pc: u64, mut sp: u64, mut bp: u64) -> Walked {
        let buffers = &self.buffers;
        let mut limit = self.bounds().limit(sp);
        let mut walk = Walk::new(self.bounds());
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
                    None if number + count + ROOM <= buffers.capacity() || buffers.grow() => {
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
            // Further out by a multiple of eight, and not beyond the limit: what is no multiple has its low bits on top.
            if cfa.wrapping_sub(sp).wrapping_sub(8).rotate_right(3) < limit.wrapping_sub(sp) >> 3 {
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
            match walk.step(pc, sp, bp) {
                Next::NoRule => return Walked::NO_RULE,
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
    #[cfg_attr(not(debug_assertions), inline(always))]
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
    pub(super) fn walk_by_platform(&self, pc: u64, sp: u64) -> Walked {
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
