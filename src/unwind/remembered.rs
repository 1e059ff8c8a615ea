//! Stacks of the thread other than the last one: a program that allocates at a few places in turn finds each of them again
//! without a step.
//!
//! ```text
//! last three stacks ──▶ the one that followed them last time     tried first
//! registers (pc, sp) ──▶ discriminator: the two stack words that told such stacks apart last
//!           └──── with what those words say ──▶ remembered stack: its words, and the site
//! ```
//!
//! Nothing is believed: all this only chooses which stack to try, and a stack is the present one only if every word that it
//! was read from says the same. A shallow stack is kept whole; of a deep one the inner part, which ends at a frame of the
//! thread's [`Trace`](super::Trace) that must still be the same path and whose outer words are compared there.

use super::path::Label;
use super::walk::load;
use super::words::{BLOCK, Words, zero_word};
use super::{Caller, Trace};
use crate::fault::{Fault, planted};
use crate::sys::arena;
use core::cell::Cell;

/// Words of one remembered stack.
const MAX_WORDS: usize = 20;
const _: () = assert!(MAX_WORDS.is_multiple_of(BLOCK));

const BYTES: usize = 64 << 10;
const DISCRIMINATORS: usize = 256;
/// One for each course of events.
const FOLLOWERS: usize = 1 << 12;
const STACKS: usize = (BYTES - DISCRIMINATORS * size_of::<Discriminator>() - FOLLOWERS) / size_of::<Stack>();
const _: () = assert!(STACKS <= 1 << u8::BITS);

/// Captures that have to miss before a thread takes memory for this.
const FIRST_USE: u32 = 256;
/// A hit earns one, up to this; a miss, which costs three times what a hit saves as its stack is stored, loses four.
const BEST_SCORE: i32 = 64;
const MISS_COSTS: i32 = 4;
/// Below this score so many captures pass before the next try.
const WORST_SCORE: i32 = -512;
const REST: u32 = 4_000;

#[derive(Clone, Copy)]
#[repr(C, align(16))]
struct Stack {
    /// Zero if there is none.
    sp: u64,
    pc: u64,
    bp: u64,
    /// All ones if `bp` decides anything further out, else zero.
    bp_mask: u64,
    note: usize,
    under: u32,
    site: u32,
    /// The frame that the words end at: its number, and zero if there is none outside of the words.
    junction: u32,
    junction_sp: u64,
    junction_bp: u64,
    junction_node: u32,
    number: u32,
    /// PERF: as many for each, so that comparing them is no loop whose end is guessed; the outermost is repeated.
    addresses: [u64; MAX_WORDS],
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
    /// The numbers of the stacks that followed the last ones, by [`Remembered::course`].
    followers: [Cell<u8>; FOLLOWERS],
}

/// What a thread remembers. A part of its trace, all zero at first.
#[repr(C)]
pub(super) struct Remembered {
    /// The stack that followed the last ones when those were captured before.
    expected: Cell<Option<&'static Cell<Stack>>>,
    /// A mix of the numbers of the last three stacks that were found here.
    course: Cell<u32>,
    score: Cell<i32>,
    /// Captures since stacks were last looked for.
    rested: Cell<u32>,
    /// Where the next stack goes, if it was looked for in vain: its number plus one.
    wanted: Cell<u32>,
    table: Cell<Option<&'static Table>>,
}

impl Remembered {
    /// The slot is a new thread's: what was remembered is of another stack.
    pub(super) fn begin_thread(&self) {
        self.wanted.set(0);
        self.expected.set(None);
        for place in self.table.get().iter().flat_map(|table| &table.stacks) {
            // SAFETY: only this thread uses the cell, and nothing of it is borrowed.
            unsafe { (*place.as_ptr()).sp = 0 };
        }
    }

    /// Whether these registers are those of the stack that is expected next.
    #[inline(always)]
    pub(super) fn may_be_expected(&self, caller: Caller, under: u32) -> bool {
        self.expected.get().is_some_and(|place| stack_at(place).has(caller, under))
    }

    /// The site of the stack that is expected next, if it is the present one: after
    /// [`may_be_expected`](Self::may_be_expected).
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn expected(&self, trace: &Trace) -> Option<Label> {
        let (table, stack) = (self.table.get()?, stack_at(self.expected.get()?));
        if !stack.words_hold() || !stack.junction_holds(trace) {
            return None;
        }
        Some(self.found(table, stack))
    }

    /// The site of a remembered stack that is the present one.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn find(&self, trace: &Trace, caller: Caller, under: u32) -> Option<Label> {
        if self.score.get() < WORST_SCORE {
            self.rest();
            return None;
        }
        let table = self.table()?;
        let hash = (caller.pc ^ caller.sp.wrapping_mul(0x9E37_79B9_7F4A_7C15)).wrapping_mul(0xD6E8_FEB8_6659_FD93);
        let discriminator = &table.discriminators[(hash >> 56) as usize % DISCRIMINATORS];
        let words = discriminating_words(discriminator, trace, caller);
        let mixed = (hash ^ words).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let number = (((mixed >> 32) * STACKS as u64) >> 32) as usize % STACKS;
        self.wanted.set(number as u32 + 1);
        let stack = stack_at(&table.stacks[number]);
        if !stack.has(caller, under) {
            return self.missed();
        }
        if !stack.words_hold() {
            let word = stack.changed_word();
            tell_apart_by(discriminator, stack.addresses[word % MAX_WORDS].wrapping_sub(stack.sp) as u32);
            return self.missed();
        }
        if !stack.junction_holds(trace) {
            return self.missed();
        }
        self.expect_here(table, number);
        Some(self.found(table, stack))
    }

    /// The stack is the present one.
    #[inline(always)]
    fn found(&self, table: &'static Table, stack: &Stack) -> Label {
        self.score.set((self.score.get() + 1).min(BEST_SCORE));
        self.go_on(table, stack.number);
        self.wanted.set(0);
        Label { site: stack.site, note: stack.note }
    }

    /// After a stack of this number.
    #[inline(always)]
    fn go_on(&self, table: &'static Table, number: u32) {
        // Four bits further for each, so that the last three are in it.
        let course = (self.course.get() << 4 ^ number) as usize % FOLLOWERS;
        self.course.set(course as u32);
        let follower = table.followers[course].get();
        self.expected.set(Some(&table.stacks[usize::from(follower) % STACKS]));
    }

    /// From here on a stack of this number is expected where the last ones are as they are.
    fn expect_here(&self, table: &Table, number: usize) {
        table.followers[self.course.get() as usize % FOLLOWERS].set(number as u8);
    }

    #[cold]
    fn missed(&self) -> Option<Label> {
        self.score.set(self.score.get() - MISS_COSTS);
        if self.score.get() < WORST_SCORE {
            self.expected.set(None);
            self.wanted.set(0);
        }
        None
    }

    /// Counts a capture for which nothing was looked for.
    #[inline(always)]
    fn rest(&self) {
        self.rested.set(self.rested.get() + 1);
        if self.rested.get() == REST {
            self.rested.set(0);
            self.score.set(0);
        }
    }

    /// The table, which a thread takes memory for when it has captured enough.
    #[inline(always)]
    fn table(&self) -> Option<&'static Table> {
        match self.table.get() {
            None => self.take_table(),
            table => table,
        }
    }

    #[cold]
    fn take_table(&self) -> Option<&'static Table> {
        const { assert!(size_of::<Table>() <= BYTES) };
        self.rested.set(self.rested.get() + 1);
        if self.rested.get() < FIRST_USE {
            return None;
        }
        self.rested.set(0);
        let piece = arena::take_bytes(BYTES)?;
        // SAFETY: the piece is large enough, zeroed, which is a value of integers, and nobody else's.
        self.table.set(Some(unsafe { piece.cast::<Table>().as_ref() }));
        self.table.get()
    }

    /// Whether the stack that a capture has just found is to be remembered, as it was looked for here.
    #[inline(always)]
    pub(super) fn wants_last(&self) -> bool {
        self.wanted.get() != 0
    }

    /// Remembers the stack that a capture has just found.
    #[inline(never)]
    pub(super) fn store(&self, trace: &Trace, depth: usize, label: Label, under: u32) {
        let number = self.wanted.replace(0) as usize - 1;
        let Some((table, place)) = self.table.get().and_then(|table| Some((table, table.stacks.get(number)?))) else {
            return;
        };
        let (top, words) = (trace.frame(depth), trace.frame(depth - 1).words());
        // As much of the stack as fits: the further out its junction, the longer it holds.
        let mut junction = 1;
        while words - trace.frame(junction - 1).words() > MAX_WORDS {
            junction += 1;
        }
        let first = trace.frame(junction - 1).words();
        if first != 0 && junction >= depth {
            return;
        }
        // SAFETY: only this thread uses the cell, and nothing of it is borrowed.
        let stack = unsafe { &mut *place.as_ptr() };
        stack.sp = top.sp;
        stack.pc = top.key;
        stack.bp = top.bp;
        stack.bp_mask = top.bp_mask();
        stack.note = label.note;
        stack.under = under;
        stack.site = label.site;
        stack.number = number as u32;
        let frame = trace.frame(junction);
        stack.junction = if first == 0 { 0 } else { junction as u32 };
        stack.junction_sp = frame.sp;
        stack.junction_bp = frame.bp;
        stack.junction_node = frame.node();
        let words = trace.words().slice(first, words - first);
        fill(&mut stack.addresses, words.0, zero_word());
        fill(&mut stack.values, words.1, 0);
        self.expect_here(table, number);
        self.go_on(table, number as u32);
    }
}

/// Fills a place with words, the first of which is repeated; with `none` if there are none.
fn fill(place: &mut [u64; MAX_WORDS], words: &[u64], none: u64) {
    let (rest, whole) = place.split_at_mut(MAX_WORDS - words.len());
    whole.copy_from_slice(words);
    rest.fill(words.first().copied().unwrap_or(none));
}

/// The stack of a place.
#[inline(always)]
fn stack_at(place: &'static Cell<Stack>) -> &'static Stack {
    // SAFETY: only this thread uses the cell, and nothing writes to it while what is got here is in use.
    unsafe { &*place.as_ptr() }
}

impl Stack {
    /// Whether it is under these registers.
    #[inline(always)]
    fn has(&self, caller: Caller, under: u32) -> bool {
        let differs = (self.sp ^ caller.sp)
            | (self.pc ^ caller.pc)
            | ((self.bp ^ caller.bp) & self.bp_mask)
            | u64::from(self.under ^ under);
        differs == 0
    }

    /// Whether all of its words say what they said.
    #[inline(always)]
    fn words_hold(&self) -> bool {
        let words = Words { addresses: self.addresses.as_ptr().cast_mut(), values: self.values.as_ptr().cast_mut() };
        planted(Fault::TrustRememberedTraces) || words.hold(MAX_WORDS)
    }

    /// Whether what is outside of its words is as it was.
    #[inline(always)]
    fn junction_holds(&self, trace: &Trace) -> bool {
        self.junction == 0
            || trace.still_holds(self.junction as usize, self.junction_node, self.junction_sp, self.junction_bp)
    }

    /// The outermost word that says something else than when the stack was remembered.
    #[cold]
    fn changed_word(&self) -> usize {
        let mut words = self.addresses.iter().zip(&self.values);
        words.position(|(address, value)| load(*address) != *value).unwrap_or(0)
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
