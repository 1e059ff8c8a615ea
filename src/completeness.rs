//! What the recorder could not see or had to leave out.
//!
//! A leaf of the import graph, like [`MemoryStats`](crate::MemoryStats). Nothing is dropped in silence: each field is
//! one reason, counted by the write side, and every report shows those that are not zero.

use core::fmt;

/// What is missing from a measurement, by reason. All zero: nothing is.
///
/// ```
/// let nothing_missing = heaplens::Completeness::default();
/// assert!(nothing_missing.is_complete());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
#[non_exhaustive]
pub struct Completeness {
    /// Blocks freed that this allocator did not hand out, or whose tag was overwritten: they change no figure.
    pub foreign_frees: u64,
    /// Events on a thread that was inside the recorder (a signal handler), or that had no place of its own (more
    /// threads than places, or a thread past its end). They count in the process's figures, and in no scope.
    pub uncaptured_events: u64,
    /// Blocks whose call stack did not fit into the memory limit. They count, under the site "(over the memory limit)".
    pub overflowed_blocks: u64,
    /// Captured stacks that end before the outermost frame: deeper than about 2,000 frames, or leading through code that no
    /// unwind table describes.
    pub truncated_stacks: u64,
    /// Blocks for which the unwinder found no frame at all.
    pub empty_stacks: u64,
    /// Scopes whose name was reported as "(other scopes)", and threads whose name was reported as "(other threads)", because
    /// too many different names were in use.
    pub unnamed_scopes: u64,
    /// Closed scopes with live blocks that had to make room for new ones: the figures of the scopes around them miss
    /// the frees of those blocks. For a scope that was opened inside of `exclude` and left it open: that it saw nothing
    /// thereafter.
    pub evicted_scopes: u64,
    /// Captured stacks that a full unwind contradicted: found by the self-check, see
    /// [`ProfilerBuilder::verify_every`](crate::ProfilerBuilder::verify_every). A defect of heaplens; please report it.
    pub mismatched_stacks: u64,
    /// Events that a signal handler broke off by jumping out of them: what they changed may be half counted.
    pub abandoned_events: u64,
    /// Guards that ended in another order than they began, or never: scopes that were closed because one around them was,
    /// or because their thread ended, and guards of entered handles that ended before a later one. A scope has its
    /// figures up to where it was closed.
    pub misplaced_guards: u64,
    /// Times that a handle was entered after its scope was closed. What was done there counts in the scopes around it that
    /// were still open, if any.
    pub late_entries: u64,
    /// Threads that were inside of a scope by a handle when it was closed. What they did there later counts in the scopes
    /// around it.
    pub attached_at_close: u64,
}

impl Completeness {
    /// Whether nothing is missing.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        *self == Self::default()
    }

    /// What came to be missing since an earlier reading.
    #[cfg(feature = "stacks")]
    pub(crate) fn since(&self, earlier: &Self) -> Self {
        self.combined(earlier, u64::saturating_sub)
    }

    /// What is missing here and there.
    pub(crate) fn plus(&self, other: &Self) -> Self {
        self.combined(other, u64::saturating_add)
    }

    fn combined(&self, other: &Self, combine: fn(u64, u64) -> u64) -> Self {
        Self {
            foreign_frees: combine(self.foreign_frees, other.foreign_frees),
            uncaptured_events: combine(self.uncaptured_events, other.uncaptured_events),
            overflowed_blocks: combine(self.overflowed_blocks, other.overflowed_blocks),
            truncated_stacks: combine(self.truncated_stacks, other.truncated_stacks),
            empty_stacks: combine(self.empty_stacks, other.empty_stacks),
            unnamed_scopes: combine(self.unnamed_scopes, other.unnamed_scopes),
            evicted_scopes: combine(self.evicted_scopes, other.evicted_scopes),
            mismatched_stacks: combine(self.mismatched_stacks, other.mismatched_stacks),
            abandoned_events: combine(self.abandoned_events, other.abandoned_events),
            misplaced_guards: combine(self.misplaced_guards, other.misplaced_guards),
            late_entries: combine(self.late_entries, other.late_entries),
            attached_at_close: combine(self.attached_at_close, other.attached_at_close),
        }
    }

    /// Each reason that is not zero, with its number, in words for a person that fit the number.
    pub(crate) fn reasons(&self) -> impl Iterator<Item = (u64, &'static str)> {
        [
            (self.foreign_frees, "freed block of unknown origin", "freed blocks of unknown origin"),
            (
                self.uncaptured_events,
                "event outside any scope (signal handlers, dying threads)",
                "events outside any scope (signal handlers, dying threads)",
            ),
            (
                self.overflowed_blocks,
                "block over the memory limit for call sites",
                "blocks over the memory limit for call sites",
            ),
            (self.truncated_stacks, "stack cut short", "stacks cut short"),
            (self.empty_stacks, "block without a stack", "blocks without a stack"),
            (
                self.unnamed_scopes,
                "scope or thread beyond the number of names",
                "scopes and threads beyond the number of names",
            ),
            (
                self.evicted_scopes,
                "closed scope forgotten while blocks of it were live",
                "closed scopes forgotten while blocks of theirs were live",
            ),
            (self.mismatched_stacks, "stack that a full unwind contradicted", "stacks that a full unwind contradicted"),
            (
                self.abandoned_events,
                "event broken off by a jump out of a signal handler",
                "events broken off by a jump out of a signal handler",
            ),
            (
                self.misplaced_guards,
                "scope guard that ended out of order, or never (drop inner guards first)",
                "scope guards that ended out of order, or never (drop inner guards first)",
            ),
            (
                self.late_entries,
                "handle entered after its scope was closed (keep the scope open until its workers end)",
                "handles entered after their scope was closed (keep the scope open until its workers end)",
            ),
            (
                self.attached_at_close,
                "thread still inside of a scope when it was closed",
                "threads still inside of a scope when it was closed",
            ),
        ]
        .into_iter()
        .filter(|(number, ..)| *number > 0)
        .map(|(number, one, several)| (number, if number == 1 { one } else { several }))
    }
}

/// One line: "complete", or each reason with its number.
impl fmt::Display for Completeness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_complete() {
            return f.write_str("complete");
        }
        for (position, (number, reason)) in self.reasons().enumerate() {
            if position > 0 {
                f.write_str(", ")?;
            }
            write!(f, "{number} {reason}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_not_said_as_several() {
        let one = Completeness { empty_stacks: 1, attached_at_close: 1, ..Completeness::default() };
        assert_eq!(one.to_string(), "1 block without a stack, 1 thread still inside of a scope when it was closed");
        let two = Completeness { empty_stacks: 2, attached_at_close: 2, ..Completeness::default() };
        assert_eq!(two.to_string(), "2 blocks without a stack, 2 threads still inside of a scope when it was closed");
    }

    #[test]
    fn what_the_program_can_do_about_it_is_said() {
        let missing = Completeness { misplaced_guards: 1, late_entries: 2, ..Completeness::default() };
        let said = missing.to_string();
        assert!(said.contains("1 scope guard that ended out of order, or never (drop inner guards first)"), "{said}");
        assert!(said.contains("2 handles entered after their scope was closed (keep the scope open"), "{said}");
    }
}
