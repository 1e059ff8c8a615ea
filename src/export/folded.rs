//! Folded stacks: one line per stack, the input of every flame graph tool.
//!
//! ```text
//! root;caller;leaf 4096
//! ```
//!
//! The format is that of Brendan Gregg's `stackcollapse` scripts: frames from the root to the leaf between semicolons, a
//! blank, an integer. It has no escapes, so that whatever would end a frame or a line early is replaced.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};

use crate::export::frame_table::NO_STACK;
use crate::profile::{Metric, Profile};
use crate::record::own_work::OwnWork;
use crate::symbolize::Frame;

impl Profile {
    /// Writes folded stacks, sorted: the text that `flamegraph.pl`, inferno, speedscope and others read.
    ///
    /// Scopes and remarks are the outermost frames. Semicolons in names become colons.
    ///
    /// ```
    /// # let profile = heaplens::Profile::default();
    /// let mut text = Vec::new();
    /// profile.write_folded(heaplens::Metric::TotalBytes, &mut text)?;
    /// # assert!(text.is_empty());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// What the writer says.
    pub fn write_folded(&self, metric: Metric, mut writer: impl Write) -> io::Result<()> {
        let _own = OwnWork::begin();
        for (stack, value) in folded_stacks(self, metric, |frame| unambiguous(&frame.to_string())) {
            writeln!(writer, "{stack} {value}")?;
        }
        writer.flush()
    }
}

/// Every stack with its figure. Sites that differ only in their lines are one stack here.
///
/// `name` says what a frame is called, [unambiguously](unambiguous), and is asked once for each frame.
pub(super) fn folded_stacks(
    profile: &Profile,
    metric: Metric,
    mut name: impl FnMut(&Frame) -> String,
) -> BTreeMap<String, u64> {
    let mut stacks = BTreeMap::new();
    // The profile holds each distinct frame once, so that its address stands for it.
    let mut names: HashMap<*const Frame, String> = HashMap::new();
    for site in profile.sites(metric) {
        let mut stack = String::new();
        for frame in site.frames().iter().rev() {
            if !stack.is_empty() {
                stack.push(';');
            }
            stack += names.entry(*frame).or_insert_with(|| name(frame));
        }
        if stack.is_empty() {
            stack += NO_STACK;
        }
        let value: &mut u64 = stacks.entry(stack).or_default();
        *value = value.saturating_add(site.value());
    }
    stacks
}

/// The name without what has a meaning in the format.
///
/// Beside the semicolon that is a `#` at the start, which makes a comment of the line, and a number at the end, which
/// makes a second figure of it: `f 12 4096` is a difference from 12 to 4096.
pub(super) fn unambiguous(name: &str) -> String {
    let mut name = name.replace(';', ":");
    if name.starts_with('#') {
        name.insert(0, '_');
    }
    let number_at_end = name.rfind(char::is_whitespace).filter(|blank| {
        name[*blank..].trim_start().chars().all(|character| character.is_ascii_digit() || character == '.')
    });
    if let Some(blank) = number_at_end {
        let after = blank + name[blank..].chars().next().map_or(0, char::len_utf8);
        name.replace_range(blank..after, "_");
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(name: &str) -> String {
        unambiguous(&Frame::code(name.to_owned(), None, None).to_string())
    }

    #[test]
    fn ordinary_names_stay_as_they_are() {
        assert_eq!(folded("<app::A as core::convert::From<u8>>::from"), "<app::A as core::convert::From<u8>>::from");
        assert_eq!(unambiguous(&Frame::scope("step 7").to_string()), "[step 7]");
    }

    #[test]
    fn nothing_in_a_name_ends_a_frame_or_a_line() {
        assert_eq!(folded("f::<[u8; 8]>"), "f::<[u8: 8]>");
        assert_eq!(folded("a\nb\r"), "a\\nb");
        assert_eq!(folded("# comment"), "_# comment");
        assert_eq!(folded("f 12"), "f_12");
        assert_eq!(folded("f 1.5"), "f_1.5");
        assert_eq!(folded(""), "(unnamed)");
    }
}
