//! Text that fits a width, counted in characters: shortened in the middle, or broken into lines.

/// Stands for what was left out.
const ELLIPSIS: char = '…';

/// The text in at most `width` characters. What is left out is in the middle, since both ends of a path or a function
/// name tell most.
pub(super) fn shorten(text: &str, width: usize) -> String {
    let length = text.chars().count();
    if length <= width {
        return text.to_owned();
    }
    let kept = width.saturating_sub(1);
    // The end has the larger half: it names the file, or the function.
    let head = kept * 2 / 5;
    let tail = length - (kept - head);
    text.chars().take(head).chain([ELLIPSIS]).chain(text.chars().skip(tail)).take(width).collect()
}

/// A remark as lines of at most `width` characters, broken at blanks, the second and later ones indented under the text
/// that follows `label`.
pub(super) fn wrap(label: &str, text: &str, width: usize) -> Vec<String> {
    let indent = " ".repeat(label.chars().count());
    let mut lines = Vec::new();
    let mut line = label.to_owned();
    let mut is_fresh = true;
    for word in text.split_whitespace() {
        let needed = line.chars().count() + word.chars().count() + usize::from(!is_fresh);
        if needed > width && !is_fresh {
            lines.push(core::mem::replace(&mut line, indent.clone()));
            is_fresh = true;
        }
        if !is_fresh {
            line.push(' ');
        }
        let room = width.saturating_sub(line.chars().count());
        line.push_str(&shorten(word, room));
        is_fresh = false;
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_loses_its_middle() {
        assert_eq!(shorten("src/main.rs", 11), "src/main.rs");
        assert_eq!(shorten("/home/somebody/src/main.rs", 16), "/home/…c/main.rs");
        assert_eq!(shorten("größe::größe::größe", 9), "grö…größe");
        assert_eq!([0, 1, 2].map(|width| shorten("abc", width).chars().count()), [0, 1, 2]);
    }

    #[test]
    fn a_remark_is_broken_at_blanks() {
        assert_eq!(wrap("note: ", "one two three four", 14), ["note: one two", "      three", "      four"]);
        assert_eq!(wrap("note: ", "", 14), ["note: "]);
        assert!(wrap("note: ", &"x".repeat(50), 20).iter().all(|line| line.chars().count() <= 20));
    }
}
