//! Names without invisible characters.
//!
//! A symbol name is foreign input: it may hold a terminal escape, a line break, or a mark that reverses the direction of
//! the text after it. Whatever would act on the reader's terminal instead of being read is written as its escape.

use std::borrow::Cow;

/// The text with every control and invisible formatting character written as its Rust escape, such as `\n`.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(acts_instead_of_showing) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if acts_instead_of_showing(character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

/// Control characters, soft hyphens, zero-width and direction marks, line separators, and the two code points that XML forbids.
fn acts_instead_of_showing(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{61c}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fffe}'
                | '\u{ffff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_names_are_not_copied() {
        assert!(matches!(visible("<Größe as Into<[u8; 8]>>::into"), Cow::Borrowed(_)));
    }

    #[test]
    fn characters_that_act_on_the_terminal_are_escaped() {
        assert_eq!(visible("a\nb\u{1b}c\u{202e}d\u{9b}\u{61c}\u{ad}"), "a\\nb\\u{1b}c\\u{202e}d\\u{9b}\\u{61c}\\u{ad}");
    }
}
