//! Text that fits a width, counted in columns of the terminal: shortened in the middle, padded, or broken into lines.

use crate::report::columns::{columns, width as width_of};

/// Stands for what was left out; one column wide.
const ELLIPSIS: char = '…';

/// The text in at most `width` columns. What is left out is in the middle, since both ends of a text tell most.
pub(super) fn shorten(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let Some(room) = width.checked_sub(1) else { return String::new() };
    // The end has the larger half: it names the file, or the function.
    let head = start_of(text, room * 2 / 5);
    let tail = end_of(&text[head.len()..], room - columns(head));
    format!("{head}{ELLIPSIS}{tail}")
}

/// A path in at most `width` columns: the folders in its middle are left out, the name of the file last of all.
#[cfg(feature = "stacks")]
pub(super) fn shorten_path(path: &str, width: usize) -> String {
    if columns(path) <= width {
        return path.to_owned();
    }
    // The first folder is kept where it can be: of a dependency it is the crate.
    let first = path.find('/').map_or("", |end| &path[..=end]);
    let ends = || path[first.len()..].match_indices('/').map(|(position, _)| &path[first.len() + position..]);
    let with_first = ends().map(|end| format!("{first}{ELLIPSIS}{end}"));
    let mut shorter = with_first.chain(ends().map(|end| format!("{ELLIPSIS}{end}")));
    shorter.find(|shorter| columns(shorter) <= width).unwrap_or_else(|| shorten(path, width))
}

/// The text with blanks after it up to the width.
pub(super) fn pad(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(columns(text))))
}

/// A remark as lines of at most `width` columns, broken at blanks, the second and later ones indented under the text
/// that follows `label`.
pub(super) fn wrap(label: &str, text: &str, width: usize) -> Vec<String> {
    let indent = " ".repeat(columns(label));
    let mut lines = Vec::new();
    let mut line = label.to_owned();
    let mut is_fresh = true;
    for word in text.split_whitespace() {
        let needed = columns(&line) + columns(word) + usize::from(!is_fresh);
        if needed > width && !is_fresh {
            lines.push(core::mem::replace(&mut line, indent.clone()));
            is_fresh = true;
        }
        if !is_fresh {
            line.push(' ');
        }
        let room = width.saturating_sub(columns(&line));
        line.push_str(&shorten(word, room));
        is_fresh = false;
    }
    lines.push(line);
    lines
}

/// The longest start of a text that takes at most `width` columns.
fn start_of(text: &str, width: usize) -> &str {
    let mut taken = 0;
    let end = text.char_indices().find(|(_, character)| {
        taken += width_of(*character);
        taken > width
    });
    &text[..end.map_or(text.len(), |(position, _)| position)]
}

/// The longest end of a text that takes at most `width` columns.
fn end_of(text: &str, width: usize) -> &str {
    let mut taken = 0;
    let start = text.char_indices().rev().find(|(_, character)| {
        taken += width_of(*character);
        taken > width
    });
    &text[start.map_or(0, |(position, character)| position + character.len_utf8())..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_loses_its_middle() {
        assert_eq!(shorten("src/main.rs", 11), "src/main.rs");
        assert_eq!(shorten("/home/somebody/src/main.rs", 16), "/home/…c/main.rs");
        assert_eq!(shorten("größe::größe::größe", 9), "grö…größe");
        assert_eq!(shorten("漢字漢字漢字", 8), "漢…漢字");
        assert_eq!([0, 1, 2].map(|width| columns(&shorten("abc", width))), [0, 1, 2]);
    }

    #[test]
    fn a_long_path_loses_its_middle_folders() {
        assert_eq!(shorten_path("examples/of/many/kinds/main.rs", 21), "examples/…/main.rs");
        assert_eq!(shorten_path("examples/of/many/kinds/main.rs", 24), "examples/…/kinds/main.rs");
        assert_eq!(shorten_path("proc-macro2-1.0.106/src/parse.rs", 14), "…/parse.rs");
        assert_eq!(shorten_path("/home/me/main.rs", 12), "/…/main.rs");
        assert_eq!(shorten_path(&"x".repeat(40), 9), "xxx…xxxxx");
    }

    #[test]
    fn a_remark_is_broken_at_blanks() {
        assert_eq!(wrap("note: ", "one two three four", 14), ["note: one two", "      three", "      four"]);
        assert_eq!(wrap("note: ", "", 14), ["note: "]);
        assert!(wrap("note: ", &"x".repeat(50), 20).iter().all(|line| columns(line) <= 20));
    }
}
