//! Stacks of the thread other than the last one: a program that allocates at a few places in turn finds each of them again
//! without a step.
//!
//! ```text
//! registers (pc, sp) ──▶ discriminator: the two stack words that told such stacks apart last
//!           └──── with what those words say ──▶ remembered stack: its words, and the site
//! ```
//!
//! Nothing is believed: the discriminator only chooses which stack to try, and a stack is the present one only if every
//! word that it was read from says the same. A shallow stack is kept whole; of a deep one the inner part, which ends at a
//! frame of the thread's [`Trace`](super::Trace) that must still be the same path and whose outer words are compared there.

use super::path::{Frame, Label};
use super::walk::load;
use super::{Caller, Trace};
use crate::fault::{Fault, planted};
use crate::sys::arena;
use core::cell::Cell;

/// Words of one remembered stack.
const MAX_WORDS: usize = 20;
/// Words that are compared at a time.
const BLOCK: usize = 4;

const BYTES: usize = 64 << 10;
const DISCRIMINATORS: usize = 256;
const STACKS: usize = (BYTES - DISCRIMINATORS * size_of::<Discriminator>()) / size_of::<Stack>();

/// Captures that have to miss before a thread takes memory for this.
const FIRST_USE: u32 = 256;
/// A hit earns one, a miss costs four; below zero it is only tried now and then.
const MISS_COSTS: i32 = 4;
/// A stack that is found here so often running is walked once more, to be the thread's last stack from then on.
const LONGEST_RUN: u32 = 3;
const BEST_SCORE: i32 = 16;
/// Of so many captures so many are tried however bad the score is.
const TRIAL_EVERY: u32 = 1 << 12;
const TRIAL_LENGTH: u32 = 128;

#[derive(Clone, Copy)]
#[repr(C)]
struct Stack {
    pc: u64,
    sp: u64,
    bp: u64,
    /// All ones if `bp` decides anything further out, else zero.
    bp_mask: u64,
    note: usize,
    under: u32,
    site: u32,
    /// Number of words, a multiple of [`BLOCK`]; the last may be repeated.
    words: u32,
    /// Which thread of the slot remembered it.
    thread: u32,
    /// The frame that the words end at: its number, and zero if there is none outside of the words.
    junction: u32,
    junction_node: u32,
    junction_sp: u64,
    junction_bp: u64,
    /// Addresses of the words, counted from `sp`.
    offsets: [u32; MAX_WORDS],
    values: [u64; MAX_WORDS],
}

#[derive(Clone, Copy)]
#[repr(C)]
struct Discriminator {
    pc: u64,
    sp: u64,
    /// Where the words are, counted from the return address of the allocation, the newer first.
    offsets: [u32; 2],
}

#[repr(C)]
struct Table {
    discriminators: [Cell<Discriminator>; DISCRIMINATORS],
    stacks: [Cell<Stack>; STACKS],
}

/// What a thread remembers. A part of its trace, all zero at first.
pub(super) struct Remembered {
    table: Cell<Option<&'static Table>>,
    /// Number of threads that had the slot.
    thread: Cell<u32>,
    score: Cell<i32>,
    tick: Cell<u32>,
    /// Where the next stack goes, if it was looked for in vain: its number plus one.
    wanted: Cell<u32>,
    /// The site of the last capture, and how often running it was found here.
    last: Cell<u32>,
    running: Cell<u32>,
}

impl Remembered {
    /// The slot is a new thread's: what was remembered is of another stack.
    pub(super) fn begin_thread(&self) {
        self.thread.set(self.thread.get().wrapping_add(1));
        self.wanted.set(0);
    }

    /// Notes that a capture was answered with a site by other means.
    #[inline(always)]
    pub(super) fn answered(&self, site: u32) {
        self.last.set(site);
    }

    /// The site of a remembered stack that is the present one.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn find(&self, trace: &Trace, caller: Caller, under: u32) -> Option<Label> {
        let tick = self.tick.get().wrapping_add(1);
        self.tick.set(tick);
        if self.score.get() < 0 && tick % TRIAL_EVERY >= TRIAL_LENGTH {
            return None;
        }
        self.try_to_find(trace, caller, under, tick)
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    fn try_to_find(&self, trace: &Trace, caller: Caller, under: u32, tick: u32) -> Option<Label> {
        let table = match self.table.get() {
            Some(table) => table,
            None if tick < FIRST_USE => return None,
            None => self.take_table()?,
        };
        let hash = (caller.pc ^ caller.sp.wrapping_mul(0x9E37_79B9_7F4A_7C15)).wrapping_mul(0xD6E8_FEB8_6659_FD93);
        let discriminator = &table.discriminators[(hash >> 56) as usize % DISCRIMINATORS];
        let words = discriminating_words(discriminator, trace, caller);
        let mixed = (hash ^ words).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let number = (((mixed >> 32) * STACKS as u64) >> 32) as usize % STACKS;
        self.wanted.set(number as u32 + 1);
        let place = table.stacks[number].as_ptr();
        // SAFETY: the cell is only used by this thread, and nothing writes to it while the reference lives.
        let stack = unsafe { &*place };
        let differs = (stack.pc ^ caller.pc)
            | (stack.sp ^ caller.sp)
            | ((stack.bp ^ caller.bp) & stack.bp_mask)
            | u64::from((stack.under ^ under) | (stack.thread ^ self.thread.get()));
        if differs != 0 {
            return self.missed();
        }
        // The same site again and again: it is better made the thread's last stack, which is found faster yet.
        let running = if stack.site == self.last.get() { self.running.get() + 1 } else { 0 };
        self.running.set(running);
        if running > LONGEST_RUN {
            return None;
        }
        if let Some(word) = changed_word(stack, caller.sp) {
            tell_apart_by(discriminator, stack.offsets[word % MAX_WORDS]);
            return self.missed();
        }
        if stack.junction != 0 && !trace.still_holds(&junction_of(stack), stack.junction as usize, stack.junction_node)
        {
            return self.missed();
        }
        self.score.set((self.score.get() + 1).min(BEST_SCORE));
        self.last.set(stack.site);
        self.wanted.set(0);
        Some(Label { site: stack.site, note: stack.note })
    }

    #[cold]
    fn missed(&self) -> Option<Label> {
        self.score.set((self.score.get() - MISS_COSTS).max(-BEST_SCORE));
        None
    }

    #[cold]
    fn take_table(&self) -> Option<&'static Table> {
        const { assert!(size_of::<Table>() <= BYTES) };
        let piece = arena::take_bytes(BYTES)?;
        // SAFETY: the piece is large enough, zeroed, which is a value of integers, and nobody else's.
        self.table.set(Some(unsafe { piece.cast::<Table>().as_ref() }));
        self.table.get()
    }

    /// Remembers the stack that a capture has just found, if it was looked for here.
    #[inline(always)]
    pub(super) fn remember(&self, trace: &Trace, depth: usize, label: Label, under: u32) {
        self.last.set(label.site);
        if self.wanted.get() != 0 {
            self.store(trace, depth, label, under);
        }
    }

    #[inline(never)]
    fn store(&self, trace: &Trace, depth: usize, label: Label, under: u32) {
        let number = self.wanted.replace(0) as usize - 1;
        let Some(place) = self.table.get().and_then(|table| table.stacks.get(number)) else { return };
        let top = trace.frame(depth);
        let words = trace.frame(depth - 1).words();
        // As much of the stack as fits: the further out its junction, the longer it holds.
        let mut junction = 1;
        while words - trace.frame(junction - 1).words() > MAX_WORDS {
            junction += 1;
        }
        let first = trace.frame(junction - 1).words();
        let frame = trace.frame(junction);
        let whole = first == 0;
        if !whole && junction >= depth {
            return;
        }
        let mut offsets = [0; MAX_WORDS];
        let mut values = [0; MAX_WORDS];
        let count = words - first;
        for index in 0..count.next_multiple_of(BLOCK) {
            let word = (first + index.min(count.saturating_sub(1))) as isize;
            let Ok(offset) = u32::try_from(trace.word_address(word).wrapping_sub(top.sp)) else { return };
            offsets[index % MAX_WORDS] = offset;
            values[index % MAX_WORDS] = trace.word_value(word);
        }
        place.set(Stack {
            pc: top.key,
            sp: top.sp,
            bp: top.bp,
            bp_mask: top.bp_mask(),
            note: label.note,
            under,
            site: label.site,
            words: count.next_multiple_of(BLOCK) as u32,
            thread: self.thread.get(),
            junction: if whole { 0 } else { junction as u32 },
            junction_node: frame.node,
            junction_sp: frame.sp,
            junction_bp: frame.bp,
            offsets,
            values,
        });
    }
}

/// What the words say that tell the stacks of these registers apart.
#[cfg_attr(not(debug_assertions), inline(always))]
fn discriminating_words(discriminator: &Cell<Discriminator>, trace: &Trace, caller: Caller) -> u64 {
    let Discriminator { pc, sp, offsets: [newer, older] } = discriminator.get();
    if (pc ^ caller.pc) | (sp ^ caller.sp) != 0 {
        // At first the return address itself, which tells nothing apart.
        discriminator.set(Discriminator { pc: caller.pc, sp: caller.sp, offsets: [0; 2] });
        return 0;
    }
    let start = sp.wrapping_sub(8);
    let (newer, older) = (start.wrapping_add(u64::from(newer)), start.wrapping_add(u64::from(older)));
    // The words lie between the stack pointer and the end of the thread's own stack, and are only a hint.
    if !trace.is_on_stack(newer) || !trace.is_on_stack(older) {
        return 0;
    }
    load(newer) ^ load(older).rotate_left(23)
}

/// Looks at one more word to tell the stacks of the same registers apart.
#[cold]
fn tell_apart_by(discriminator: &Cell<Discriminator>, offset: u32) {
    let known = discriminator.get();
    let offset = offset.wrapping_add(8);
    if !known.offsets.contains(&offset) {
        discriminator.set(Discriminator { offsets: [offset, known.offsets[0]], ..known });
    }
}

/// The innermost word that says something else than when the stack was remembered.
#[cfg_attr(not(debug_assertions), inline(always))]
fn changed_word(stack: &Stack, sp: u64) -> Option<usize> {
    if planted(Fault::TrustRememberedTraces) {
        return None;
    }
    let words = (stack.words as usize).min(MAX_WORDS);
    let differs = |word: usize| load(sp.wrapping_add(u64::from(stack.offsets[word]))) ^ stack.values[word];
    let (offsets, _) = stack.offsets[..words].as_chunks::<BLOCK>();
    let (values, _) = stack.values[..words].as_chunks::<BLOCK>();
    let mut any = 0;
    for (offsets, values) in offsets.iter().zip(values) {
        for (offset, value) in offsets.iter().zip(values) {
            any |= load(sp.wrapping_add(u64::from(*offset))) ^ value;
        }
    }
    if any == 0 { None } else { (0..words).find(|word| differs(*word) != 0) }
}

/// The state that the junction of a remembered stack must have.
fn junction_of(stack: &Stack) -> Frame {
    Frame { sp: stack.junction_sp, bp: stack.junction_bp, ..Frame::OUTSIDE }
}
