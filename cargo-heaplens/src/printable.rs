//! Names of tests, scopes and files as text that only shows: nothing in them acts on a terminal or on a build log.

use std::borrow::Cow;

use heaplens::testing::wording::visible;
use unicode_segmentation::UnicodeSegmentation;
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

/// A name of at most that many columns: its middle is left out, because tests differ at the end and crates at the start. What a
/// reader takes for one sign, such as an emoji of several characters, stays whole or goes.
pub(crate) fn shortened(name: &str, columns: usize) -> Cow<'_, str> {
    if width(name) <= columns {
        return Cow::Borrowed(name);
    }
    let signs: Vec<&str> = name.graphemes(true).collect();
    // A text can be wider than its signs one by one, so that it is the whole that has to fit.
    let room = columns.saturating_sub(LEFT_OUT.len());
    let shorter = (0..=room).rev().map(|room| without_middle(&signs, room)).find(|text| width(text) <= columns);
    Cow::Owned(shorter.unwrap_or_else(|| LEFT_OUT[..columns].to_owned()))
}

/// The signs at the start and at the end that have room in that many columns.
fn without_middle(signs: &[&str], room: usize) -> String {
    let start = first(signs.iter().copied(), room / 2);
    let end = first(signs.iter().rev().copied(), room - room / 2);
    let end: String = end.into_iter().rev().collect();
    format!("{}{LEFT_OUT}{end}", start.concat())
}

/// As many signs as have room in that many columns.
fn first<'a>(signs: impl Iterator<Item = &'a str>, columns: usize) -> Vec<&'a str> {
    let mut taken = 0;
    let has_room = |sign: &&str| {
        taken += width(sign);
        taken <= columns
    };
    signs.take_while(has_room).collect()
}

/// A text broken between words, every line of at most that many columns, all but the first indented further. A word that is
/// longer than a line is shortened, unless it is a number. A text that fits keeps its columns.
pub(crate) fn wrapped(text: &str, indent: usize, columns: usize) -> String {
    if indent + width(text) <= columns {
        return format!("{:indent$}{text}", "");
    }
    let mut lines: Vec<String> = vec![" ".repeat(indent)];
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let is_first = lines.len() == 1 && lines[0].len() == indent;
        let last = lines.last_mut().expect("there is always one");
        if is_first {
            last.push_str(&fitted(word, columns.saturating_sub(indent)));
        } else if width(last) + 1 + width(word) <= columns {
            last.push(' ');
            last.push_str(word);
        } else {
            let indent = indent + 2;
            lines.push(format!("{:indent$}{}", "", fitted(word, columns.saturating_sub(indent))));
        }
    }
    lines.join("\n")
}

/// A word of a text: half a number would be another one.
fn fitted(word: &str, columns: usize) -> Cow<'_, str> {
    let unsigned = word.trim_start_matches('(').trim_start_matches(['+', '-']);
    let of_number = |character: char| character.is_ascii_digit() || matches!(character, '.' | ',' | '%' | ')');
    let is_number = unsigned.starts_with(|first: char| first.is_ascii_digit()) && unsigned.chars().all(of_number);
    if is_number { Cow::Borrowed(word) } else { shortened(word, columns) }
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
    fn a_sign_of_several_characters_stays_whole() {
        let cloud = "\u{2601}\u{fe0f}";
        assert_eq!(shortened(&cloud.repeat(9), 10), format!("{0}{0}..{0}{0}", cloud));
        let family = "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}";
        let flag = "\u{1f1e6}\u{1f1f9}";
        for text in [cloud, family, flag, "e\u{301}", "\u{644}\u{627}", "\u{fe0f}", "\u{1f3fd}", "1\u{fe0f}\u{20e3}"] {
            for columns in 0..100 {
                let shown = shortened(&text.repeat(80), columns).into_owned();
                assert!(width(&shown) <= columns, "{shown} in {columns}");
            }
        }
    }

    #[test]
    fn a_text_is_broken_between_words() {
        assert_eq!(wrapped("one two three", 2, 9), "  one two\n    three");
        assert!(wrapped(&"x".repeat(50), 2, 20).lines().all(|line| line.len() <= 20));
    }

    #[test]
    fn a_number_stays_whole() {
        let numbers = ["18,446,744,073,709,551,615", "+1,234,567", "(-12,345.6%)"];
        for number in numbers {
            assert_eq!(wrapped(number, 2, 4), format!("  {number}"));
            assert_eq!(wrapped(&format!("is {number}"), 0, 4), format!("is\n  {number}"));
        }
        assert_eq!(wrapped("0123456789abcdef", 0, 6), "01..ef", "the name of a commit is none");
    }

    #[test]
    fn commands_of_a_build_log_are_broken() {
        assert_eq!(line(" ::error::x"), " \\u{3a}:error::x");
        assert_eq!(line("a ##[error]\u{1b}[31m"), "a #\\u{23}[error]\\u{1b}[31m");
        assert_eq!(lines("a\r\n::b\nc::d"), "a\n\\u{3a}:b\nc::d");
    }
}
