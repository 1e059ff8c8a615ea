//! From one frame to its caller, where that is more than two additions and two loads: the end of the stack, late modules,
//! wide rules, signal handlers' frames, and stacks that are not the thread's own.
//!
//! An address is read only if something vouches for it: it lies on the thread's own stack, further out than the frame that
//! leads to it, or in a page that was just read, or else the kernel is asked. Wrong registers (hand-written assembly that
//! uses rbp without saying so) end a stack early and never lead to a fault.

use super::buffers::note;
use super::rule::{Rule, kind};
use super::rules::{self, END_OF_USER_SPACE};
use super::tables;
use super::wide::{self, Base, Cfa, SavedBp, Wide};
use super::words::zero_word;
use crate::sys::modules::{self, Late};
use crate::sys::readable::word_is_readable;
use crate::sys::stack_bounds::StackBounds;

/// The registers as they are in a frame after its callee returned.
#[derive(Clone, Copy)]
pub(super) struct State {
    /// The return address; one more where the frame was interrupted and did not call.
    pub(super) pc: u64,
    pub(super) sp: u64,
    pub(super) bp: u64,
}

/// How a walk goes on from a frame.
pub(super) enum Next {
    /// The frame is the outermost.
    End {
        key: u64,
        notes: u64,
    },
    /// There is a caller, but nothing vouches for where it is.
    Cut {
        key: u64,
        notes: u64,
    },
    /// No table describes the frame.
    NoRule,
    Caller(Step),
}

/// One step to the caller.
pub(super) struct Step {
    /// Of the frame that was left: its key, rule and notes.
    pub(super) key: u64,
    pub(super) rule: Rule,
    pub(super) notes: u64,
    /// Of the caller.
    pub(super) state: State,
    /// Where the return address was read and what it said, unless that is below the stack pointer and as it is.
    pub(super) return_word: Option<(u64, u64)>,
    /// Where rbp was read; zero if it is the callee's.
    pub(super) bp_at: u64,
    /// A word that the CFA was read from.
    pub(super) cfa_word: Option<(u64, u64)>,
    pub(super) next_notes: u64,
}

/// What a walk along one stack knows.
pub(super) struct Walk {
    pub(super) bounds: StackBounds,
    /// The late module of the last frame that lay in one.
    pub(super) late: Option<Late>,
}

impl Walk {
    /// Goes to the caller of a frame, whatever it takes.
    #[cold]
    #[inline(never)]
    pub(super) fn step(&mut self, pc: u64, sp: u64, bp: u64) -> Next {
        let state = State { pc, sp, bp };
        let (mut rule, mut key, mut notes) = (rules::of(state.pc), state.pc, 0);
        if rule == Rule::NONE {
            let Some(module) = self.late_module(state.pc) else { return Next::NoRule };
            rule = tables::rule_of(state.pc, module.tables);
            key |= u64::from(module.number) << 48;
            notes = note::UNKEPT;
        }
        let form = match rule.kind() {
            kind::END => return Next::End { key, notes },
            kind::SIGNAL => return self.interrupted(state, key, notes),
            kind::SP | kind::BP if rule != Rule::NONE => small_form(rule),
            kind::WIDE => match wide::get(rule.wide_index()) {
                Some(form) => form,
                None => return Next::NoRule,
            },
            _ => return Next::NoRule,
        };
        match self.caller(state, &form, rule.exact()) {
            Some(step) => Next::Caller(Step { key, rule, notes, ..step }),
            None => Next::Cut { key, notes },
        }
    }

    /// The key of a frame with this return address.
    pub(super) fn key_of(&mut self, return_address: u64) -> u64 {
        let module = self.late_module(return_address).map_or(0, |module| module.number);
        return_address | u64::from(module) << 48
    }

    /// Whether the tables say that the frame of a key has no caller.
    pub(super) fn is_outermost(&mut self, key: u64) -> bool {
        let pc = key & (u64::MAX >> 16);
        let rule = match self.late_module(pc) {
            Some(module) => tables::rule_of(pc, module.tables),
            None => rules::of(pc),
        };
        rule.kind() == kind::END
    }

    fn late_module(&mut self, pc: u64) -> Option<Late> {
        let address = pc.wrapping_sub(1);
        if address >= END_OF_USER_SPACE || modules::permanent(address).is_some() {
            return None;
        }
        if !self.late.is_some_and(|known| (known.start..known.end).contains(&address)) {
            self.late = modules::late(address);
        }
        self.late
    }

    fn caller(&self, state: State, form: &Wide, exact: u64) -> Option<Step> {
        let register = |base| if base == Base::Sp { state.sp } else { state.bp };
        let add = |address: u64, offset: i32| address.wrapping_add_signed(i64::from(offset));
        let mut foreign = !self.bounds.contain(state.sp);
        let mut read = |address: u64| {
            foreign |= !self.lies_outside(state.sp, address);
            self.may_read(state.sp, address).then(|| load(address))
        };
        let mut cfa = add(register(form.cfa.base), form.cfa.offset);
        let mut cfa_word = None;
        if let Some(behind) = form.cfa.behind {
            let word = read(cfa)?;
            cfa_word = Some((cfa, word));
            cfa = add(word, behind);
        }
        if !self.is_caller_of(state.sp, cfa) {
            return None;
        }
        let return_at = add(cfa, form.return_at);
        let return_word = read(return_at)?;
        if return_at != cfa.wrapping_sub(8) {
            // What lies there vouches for the next frame.
            read(cfa.wrapping_sub(8))?;
        }
        let bp_at = match form.bp {
            SavedBp::Unchanged => 0,
            SavedBp::AtCfa(offset) => add(cfa, offset),
            SavedBp::At(base, offset) => add(register(base), offset),
        };
        let bp = if bp_at == 0 { state.bp } else { read(bp_at)? };
        foreign |= !self.bounds.contain(cfa.wrapping_sub(8));
        let state = State { pc: return_word.wrapping_add(exact), sp: cfa, bp };
        let next_notes = if foreign { note::FOREIGN } else { 0 };
        let usual = return_at == cfa.wrapping_sub(8) && exact == 0;
        let return_word = (!usual).then_some((return_at, return_word));
        Some(Step { key: 0, rule: Rule::NONE, notes: 0, state, return_word, bp_at, cfa_word, next_notes })
    }

    /// The frame that a signal interrupted: its registers are in the record that the kernel put on the handler's stack.
    fn interrupted(&self, state: State, key: u64, notes: u64) -> Next {
        // Offsets of rbp, rsp and rip in `ucontext_t`, which begins at the stack pointer.
        const REGISTERS: [u64; 3] = [120, 160, 168];
        let cut = Next::Cut { key, notes };
        if !REGISTERS.iter().all(|offset| self.may_read(state.sp, state.sp.wrapping_add(*offset))) {
            return cut;
        }
        let [bp, sp, pc] = REGISTERS.map(|offset| load(state.sp.wrapping_add(offset)));
        if !self.is_caller_of(state.sp, sp) || !self.may_read(state.sp, sp.wrapping_sub(8)) {
            return cut;
        }
        Next::Caller(Step {
            key,
            rule: Rule::SIGNAL,
            notes,
            // The address is that of an instruction that has not run; one more makes it look like a return address.
            state: State { pc: pc.wrapping_add(1), sp, bp },
            return_word: Some((zero_word(), 0)),
            bp_at: 0,
            cfa_word: None,
            next_notes: note::UNKEPT | note::FOREIGN,
        })
    }

    /// Whether a CFA can be that of a frame with this stack pointer: on one and the same stack callers lie further out.
    fn is_caller_of(&self, sp: u64, cfa: u64) -> bool {
        const LOWEST: u64 = 1 << 16;
        let own = self.bounds.contain(sp);
        let stays = own && (self.bounds.contain(cfa) || cfa == self.bounds.high);
        (LOWEST..END_OF_USER_SPACE).contains(&cfa) && cfa.is_multiple_of(8) && (!stays || cfa > sp)
    }

    /// Whether an address lies on the thread's own stack, outside of the frame with this stack pointer.
    fn lies_outside(&self, sp: u64, address: u64) -> bool {
        self.bounds.contain(sp) && address >= sp && address < self.bounds.high - 7
    }

    /// Whether the word at an address can be read without a fault.
    fn may_read(&self, sp: u64, address: u64) -> bool {
        const PAGE: u64 = 4_096;
        if address >= END_OF_USER_SPACE || !address.is_multiple_of(8) {
            return false;
        }
        // The word below the stack pointer was read to get to the frame.
        let beside_the_frame = address / PAGE == sp.wrapping_sub(8) / PAGE;
        self.lies_outside(sp, address) || beside_the_frame || word_is_readable(address)
    }
}

fn small_form(rule: Rule) -> Wide {
    let base = if rule.kind() == kind::SP { Base::Sp } else { Base::Bp };
    let bp = match rule.bp_offset() {
        0 => SavedBp::Unchanged,
        offset => SavedBp::AtCfa(-(offset as i32)),
    };
    Wide { cfa: Cfa { base, offset: rule.cfa_offset() as i32, behind: None }, return_at: -8, bp }
}

/// Reads a word of a stack.
#[inline(always)]
pub(super) fn load(address: u64) -> u64 {
    // SAFETY: callers read only what is vouched for, see the head of this file and of `incremental`. The memory may be
    // anybody's, so that the read is volatile.
    unsafe { core::ptr::with_exposed_provenance::<u64>(address as usize).read_volatile() }
}
