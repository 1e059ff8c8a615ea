//! The rules found so far, for the whole process: one word each, so that no reader ever sees half of one.
//!
//! ```text
//! return address   bit 46 … 16 | 15 … 0 = number of the entry
//! entry            upper part  | 0 | rule (32 bits, see `rule`)
//! ```
//!
//! A rule is looked for when its address is met for the first time, which costs about a third of a microsecond. Two
//! addresses with the same low bits take the entry from each other: that costs time and nothing else. Only rules of
//! permanent modules are kept, since those stay true for the life of the process.

use super::rule::Rule;
use super::tables;
use crate::sys::modules;
use core::sync::atomic::{AtomicU64, Ordering};

const INDEX_BITS: u32 = 16;
/// Where the upper part of the address begins in an entry.
const UPPER_SHIFT: u32 = 33;

/// User code lies below this address, so that what the index leaves of it fits beside the rule.
pub(super) const END_OF_USER_SPACE: u64 = 1 << 47;
const _: () = assert!(47 - INDEX_BITS + UPPER_SHIFT == 64);

/// Bytes of stack that reading a table takes at most in a build without optimisation.
#[cfg(debug_assertions)]
const STACK_TO_READ_TABLES: u64 = 24 << 10;

static ENTRIES: [AtomicU64; 1 << INDEX_BITS] = [const { AtomicU64::new(0) }; 1 << INDEX_BITS];

#[inline(always)]
fn entry_of(return_address: u64) -> &'static AtomicU64 {
    &ENTRIES[return_address as usize % ENTRIES.len()]
}

/// The rule for a return address; none if it lies in no permanent module.
#[inline(always)]
pub(super) fn of(return_address: u64) -> Rule {
    // PERF: one load and one comparison for each frame that is stepped through; `benches/capture`.
    let entry = entry_of(return_address).load(Ordering::Relaxed);
    if entry >> UPPER_SHIFT == return_address >> INDEX_BITS {
        return Rule::from_bits(entry as u32);
    }
    look_up(return_address)
}

#[cold]
#[inline(never)]
fn look_up(return_address: u64) -> Rule {
    if return_address >= END_OF_USER_SPACE {
        return Rule::NONE;
    }
    let Some(tables) = modules::permanent(return_address.wrapping_sub(1)) else { return Rule::NONE };
    // Without optimisation, reading a table takes more stack than a signal handler or a small thread may have.
    #[cfg(debug_assertions)]
    if crate::sys::running::stack_left() < STACK_TO_READ_TABLES {
        return Rule::NONE;
    }
    let rule = tables::rule_of(return_address, tables);
    let entry = return_address >> INDEX_BITS << UPPER_SHIFT | u64::from(rule.to_bits());
    // ORDERING: Relaxed, as the word is complete in itself; a wide form is published by its own table.
    entry_of(return_address).store(entry, Ordering::Relaxed);
    rule
}
