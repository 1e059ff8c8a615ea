//! What a leak test lets pass: patterns in the format of LeakSanitizer's suppression files.
//!
//! ```text
//! # comment
//! leak:regex::Regex::new        any frame of the stack whose function or file contains this
//! leak:^app::intern*table$      * stands for anything, ^ and $ for the beginning and the end
//! ```
//!
//! Source of the format: the LeakSanitizer documentation, "Suppressions", and `sanitizer_common/sanitizer_suppressions.cpp` of
//! LLVM, whose `TemplateMatch` reads patterns like this.

use crate::symbolize::Frame;

/// What suppressions of LLVM's other sanitizers begin with: ThreadSanitizer's and AddressSanitizer's.
const OTHER_KINDS: [&str; 11] = [
    "race",
    "race_top",
    "thread",
    "mutex",
    "signal",
    "deadlock",
    "called_from_lib",
    "interceptor_name",
    "interceptor_via_fun",
    "interceptor_via_lib",
    "odr_violation",
];

/// A pattern, and how often it was needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Suppression {
    pub(super) pattern: String,
    /// Blocks live at the end that it let pass.
    pub(super) blocks: u64,
    pub(super) bytes: u64,
}

impl Suppression {
    pub(super) fn new(pattern: impl Into<String>) -> Self {
        Self { pattern: pattern.into(), blocks: 0, bytes: 0 }
    }

    /// Whether a frame of the stack is meant.
    pub(super) fn matches(&self, frames: &[&Frame]) -> bool {
        let is_meant = |frame: &&Frame| {
            matches(&self.pattern, &frame.function)
                || frame.file.as_deref().is_some_and(|file| matches(&self.pattern, file))
        };
        frames.iter().any(is_meant)
    }
}

/// The patterns of a file's text.
///
/// # Errors
///
/// If a line is neither a comment nor a suppression, with its number.
pub(super) fn parse(text: &str) -> Result<Vec<Suppression>, String> {
    let mut suppressions = Vec::new();
    for (position, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let number = position + 1;
        match line.split_once(':') {
            Some(("leak", pattern)) if !pattern.trim().is_empty() => {
                suppressions.push(Suppression::new(pattern.trim()))
            }
            // A file can hold suppressions for other sanitizers.
            Some((kind, _)) if OTHER_KINDS.contains(&kind) => {}
            _ => {
                return Err(format!(
                    "line {number}: `{}` is no suppression: write `leak:pattern`",
                    line.escape_debug()
                ));
            }
        }
    }
    Ok(suppressions)
}

/// Whether the text contains the pattern, in which `*` stands for anything and `^` and `$` for the ends.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, at_start) = pattern.strip_prefix('^').map_or((pattern, false), |rest| (rest, true));
    let (pattern, at_end) = pattern.strip_suffix('$').map_or((pattern, false), |rest| (rest, true));
    let pieces: Vec<&str> = pattern.split('*').collect();
    let (first, last) = (pieces[0], pieces[pieces.len() - 1]);
    let mut rest = text;
    if at_start {
        match rest.strip_prefix(first) {
            Some(after) => rest = after,
            None => return false,
        }
    }
    let end = if at_end { pieces.len() - 1 } else { pieces.len() };
    for piece in &pieces[usize::from(at_start).min(end)..end] {
        match rest.find(piece) {
            Some(position) => rest = &rest[position + piece.len()..],
            None => return false,
        }
    }
    match (at_end, at_start && pieces.len() == 1) {
        (false, _) => true,
        (true, true) => rest.is_empty(),
        (true, false) => rest.ends_with(last),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_like_those_of_the_sanitizer() {
        let cases = [
            ("bc", "abcd", true),
            ("bd", "abcd", false),
            ("b*d", "abcd", true),
            ("^b", "abcd", false),
            ("^ab", "abcd", true),
            ("cd$", "abcd", true),
            ("bc$", "abcd", false),
            ("^abcd$", "abcd", true),
            ("^abc$", "abcd", false),
            ("^a*d$", "abcd", true),
            ("^a*c$", "abcd", false),
            ("a*b*c*d", "abcd", true),
            ("*", "", true),
            ("^$", "", true),
            ("^$", "a", false),
            ("ab*ab", "ab", false),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(matches(pattern, text), expected, "{pattern} in {text}");
        }
    }

    #[test]
    fn a_file_has_comments_and_lines_of_other_sanitizers() {
        let text = "# lazily made\nleak:regex::new\n\nrace:elsewhere\n leak:^app*$ \n";
        let patterns: Vec<String> = parse(text).expect("readable").into_iter().map(|found| found.pattern).collect();
        assert_eq!(patterns, ["regex::new", "^app*$"]);
        assert!(parse("leak:a\nregex").expect_err("no kind").starts_with("line 2: `regex` is no suppression"));
        assert!(parse("leak:").is_err());
    }
}
