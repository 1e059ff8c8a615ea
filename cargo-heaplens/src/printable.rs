//! Names of tests, scopes and files as text that only shows: nothing in them acts on a terminal or on a build log.

use std::borrow::Cow;

use heaplens::testing::wording::visible;
use unicode_width::UnicodeWidthStr;

/// What stands for the middle of a name that is left out.
const LEFT_OUT: &str = "..";

/// One line of somebody's text. GitHub's runner takes a line that starts with `::`, and `##[` anywhere, for a command.
pub(crate) fn line(text: &str) -> String {
    let shown = visible(text).replace("##[", "#\\u{23}[");
    match shown.trim_start().strip_prefix("::") {
        Some(rest) => format!("{}\\u{{3a}}:{rest}", &shown[..shown.len() - rest.len() - 2]),
        None => shown,
    }
}

/// A text of several lines.
pub(crate) fn lines(text: &str) -> String {
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// The columns that a text takes in a terminal.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// A name of at most that many columns: its middle is left out, because tests differ at the end and crates at the start.
pub(crate) fn shortened(name: &str, columns: usize) -> Cow<'_, str> {
    if width(name) <= columns {
        return Cow::Borrowed(name);
    }
    let room = columns.saturating_sub(LEFT_OUT.len());
    let start = prefix(name.chars(), room / 2);
    let end: Vec<char> = prefix(name.chars().rev(), room - room / 2).chars().rev().collect();
    Cow::Owned(format!("{start}{LEFT_OUT}{}", end.into_iter().collect::<String>()))
}

/// As many characters as have room in that many columns.
fn prefix(characters: impl Iterator<Item = char>, columns: usize) -> String {
    let mut taken = String::new();
    for character in characters {
        taken.push(character);
        if width(&taken) > columns {
            taken.pop();
            break;
        }
    }
    taken
}

/// A text broken between words, every line of at most that many columns, all but the first indented further. A word that is
/// longer than a line is shortened, unless it is a number.
pub(crate) fn wrapped(text: &str, indent: usize, columns: usize) -> String {
    let mut lines: Vec<String> = vec![" ".repeat(indent)];
    for word in text.split(' ') {
        let is_first = lines.len() == 1 && lines[0].len() == indent;
        let last = lines.last_mut().expect("there is always one");
        if is_first {
            last.push_str(&shortened(word, columns.saturating_sub(indent)));
        } else if width(last) + 1 + width(word) <= columns {
            last.push(' ');
            last.push_str(word);
        } else {
            let indent = indent + 2;
            lines.push(format!("{:indent$}{}", "", shortened(word, columns.saturating_sub(indent))));
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_a_long_name_is_left_out() {
        assert_eq!(shortened("suite::parse", 12), "suite::parse");
        assert_eq!(shortened("suite::tests::parse", 12), "suite..parse");
        assert_eq!(shortened("漢字漢字漢字", 8), "漢..字");
        for columns in 2..30 {
            assert!(width(&shortened("größe::漢字::x::漢字漢字::größer", columns)) <= columns);
        }
    }

    #[test]
    fn a_text_is_broken_between_words() {
        assert_eq!(wrapped("one two three", 2, 9), "  one two\n    three");
        assert!(wrapped(&"x".repeat(50), 2, 20).lines().all(|line| line.len() <= 20));
    }

    #[test]
    fn commands_of_a_build_log_are_broken() {
        assert_eq!(line(" ::error::x"), " \\u{3a}:error::x");
        assert_eq!(line("a ##[error]\u{1b}[31m"), "a #\\u{23}[error]\\u{1b}[31m");
        assert_eq!(lines("a\r\n::b\nc::d"), "a\n\\u{3a}:b\nc::d");
    }
}
