//! The rules found so far, for the whole process: one word each, so that no reader ever sees half of one.
//!
//! ```text
//! return address   … bit 16 | 15 … 0          entry number: the low bits
//! entry            bits 33 … 63: the rest of the address, then the rule (see `rule`)
//! ```
//!
//! A rule is looked for when its address is met for the first time, which costs about a third of a microsecond. Two
//! addresses with the same low bits take the entry from each other: that costs time and nothing else. Only rules of
//! permanent modules are kept, since those stay true for the life of the process.

use super::rule::{RULE_BITS, Rule};
use super::tables;
use crate::sys::modules;
use core::sync::atomic::{AtomicU64, Ordering};

const INDEX_BITS: u32 = 16;
const RULE_MASK: u64 = (1 << RULE_BITS) - 1;

/// User code lies below this address, so that what the index leaves of it fits beside the rule.
pub(super) const END_OF_USER_SPACE: u64 = 1 << 47;
const _: () = assert!(47 - INDEX_BITS + RULE_BITS == 64);

static ENTRIES: [AtomicU64; 1 << INDEX_BITS] = [const { AtomicU64::new(0) }; 1 << INDEX_BITS];

/// The rule for a return address; none if it lies in no permanent module.
#[inline(always)]
pub(super) fn of(return_address: u64) -> Rule {
    // PERF: one load and one comparison for each frame that is stepped through; `benches/capture`.
    let entry = ENTRIES[return_address as usize & ((1 << INDEX_BITS) - 1)].load(Ordering::Relaxed);
    if entry >> RULE_BITS == return_address >> INDEX_BITS {
        return Rule::from_bits(entry & RULE_MASK);
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
    let rule = tables::rule_of(return_address, tables);
    let entry = return_address >> INDEX_BITS << RULE_BITS | rule.to_bits();
    // ORDERING: Relaxed, as the word is complete in itself; a wide form is published by its own table.
    ENTRIES[return_address as usize & ((1 << INDEX_BITS) - 1)].store(entry, Ordering::Relaxed);
    rule
}
