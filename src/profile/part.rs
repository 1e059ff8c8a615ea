//! What a profile is a part of, when it is one: which call sites it has, and the figures of the whole.
//!
//! A part is a profile like any other, with fewer call sites. It keeps the figures of the whole recording, so that every
//! view can say what it shows a share of.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::profile::{Profile, ProfileBuilder, Stack};
use crate::record::own_work::OwnWork;
use crate::stats::MemoryStats;
use crate::symbolize::Frame;

/// Which part of which whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct PartOf {
    /// What holds for every call site of the part, in the order in which it was asked for.
    pub(crate) chosen: Vec<Choice>,
    /// The figures of the whole recording.
    pub(crate) whole: MemoryStats,
}

/// One property by which call sites are chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Choice {
    /// A scope of this name is around it.
    InScope(String),
    /// A scope of this name is the innermost around it.
    DirectlyInScope(String),
    /// No scope is around it.
    OutsideScopes,
    /// A thread of this name allocates.
    OnThread(String),
    /// It is not known which thread allocates.
    OnNoThread,
}

/// What stands behind "allocated", such as `in scope [parse]`.
impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InScope(name) => write!(f, "in scope {}", Frame::scope(name)),
            Self::DirectlyInScope(name) => write!(f, "in scope {} itself", Frame::scope(name)),
            Self::OutsideScopes => f.write_str("outside every scope"),
            Self::OnThread(name) => write!(f, "on {}", Frame::thread(name)),
            Self::OnNoThread => f.write_str("on no known thread"),
        }
    }
}

impl Profile {
    /// Which part of a recording this is, such as `in scope [parse], on thread "io"`; `None` for a whole recording.
    ///
    /// Of a part, [`stats`](Profile::stats) has these figures:
    /// - `total_*`, `freed_*`, `live_*` and `temporary_blocks` are those of its call sites.
    /// - `peak_bytes` and `peak_blocks` are what it held **at the peak of the whole recording**. So they add up over all
    ///   parts of a split. They are not the most that the part ever held, which may be at another instant and more: ask
    ///   [`measure`](crate::measure()) or [`profile`](crate::profile()) for the peak of a piece of work.
    /// - `peak_error_bytes` is that of the whole: how far the true peak of the whole recording may lie above the one that
    ///   was found.
    /// - `reallocations`, `moved_bytes` and `largest_block_bytes` are zero, as they are not recorded by call site.
    ///
    /// [`completeness`](Profile::completeness) is that of the whole recording too: what is missing there may be missing
    /// here.
    ///
    /// ```
    /// heaplens::install!();
    ///
    /// let (_, profile) = heaplens::profile("load", || vec![7_u8; 1_000]);
    /// let part = profile.in_scope("load")?;
    /// assert_eq!((profile.part(), part.part().as_deref()), (None, Some("in scope [load]")));
    /// assert_eq!(part.stats().total_bytes, 1_000);
    /// # Ok::<(), heaplens::ProfileError>(())
    /// ```
    #[must_use]
    pub fn part(&self) -> Option<String> {
        let _own = OwnWork::begin();
        let part = self.part.as_ref()?;
        Some(part.chosen.iter().map(Choice::to_string).collect::<Vec<_>>().join(", "))
    }

    /// The figures of the whole recording: other than [`stats`](Profile::stats) only if this is a [`part`](Profile::part).
    ///
    /// ```
    /// # use heaplens::{measure, profile};
    /// heaplens::install!();
    ///
    /// let (_blocks, profile) = profile("load", || (vec![7_u8; 800], measure("parse", || vec![7_u8; 200])));
    /// let part = profile.in_scope("parse")?;
    /// assert_eq!((part.stats().total_bytes, part.whole_stats().total_bytes), (200, 1_000));
    /// # Ok::<(), heaplens::ProfileError>(())
    /// ```
    #[must_use]
    pub fn whole_stats(&self) -> &MemoryStats {
        self.part.as_ref().map_or(&self.stats, |part| &part.whole)
    }

    /// The part that has the stacks for which `is_in` holds.
    pub(super) fn choose(&self, choice: Choice, is_in: impl Fn(&Stack) -> bool) -> Self {
        let stats = MemoryStats { peak_error_bytes: self.stats.peak_error_bytes, ..MemoryStats::default() };
        let mut builder = ProfileBuilder::new(self.header.clone(), stats, self.completeness);
        for stack in self.stacks.iter().filter(|stack| is_in(stack)) {
            let frames = stack.frames.iter().map(|id| builder.frame(self.frame(*id))).collect();
            builder.stack(frames, stack.stats);
        }
        for note in &self.notes {
            builder.note(note.clone());
        }
        let chosen = self.part.iter().flat_map(|part| part.chosen.clone()).chain([choice]).collect();
        let part = Some(PartOf { chosen, whole: *self.whole_stats() });
        Self { part, runtime_frames: self.runtime_frames, ..builder.build() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_said_in_words_without_control_characters() {
        let said = [
            Choice::InScope("a\n".to_owned()),
            Choice::DirectlyInScope(String::new()),
            Choice::OutsideScopes,
            Choice::OnThread("io 7".to_owned()),
            Choice::OnThread(String::new()),
            Choice::OnNoThread,
        ];
        let expected = [
            "in scope [a]",
            "in scope [(unnamed)] itself",
            "outside every scope",
            "on thread \"io 7\"",
            "on thread (unnamed)",
            "on no known thread",
        ];
        assert_eq!(said.map(|choice| choice.to_string()), expected);
    }

    #[test]
    fn a_part_of_a_part_keeps_the_figures_of_the_whole() {
        let figures = MemoryStats { reallocations: 7, peak_error_bytes: 9, ..MemoryStats::default() };
        let whole = Profile { stats: figures, ..Profile::default() };
        let part = whole.choose(Choice::OutsideScopes, |_| true).choose(Choice::OnNoThread, |_| true);
        assert_eq!(part.part().as_deref(), Some("outside every scope, on no known thread"));
        assert_eq!((part.whole_stats(), part.stats().reallocations, part.stats().peak_error_bytes), (&figures, 0, 9));
        assert_eq!((whole.part(), whole.whole_stats()), (None, &figures));
    }
}
