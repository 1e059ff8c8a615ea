//! How wide a text is on a terminal.
//!
//! Most characters take one column. Those of Chinese, Japanese and Korean, and emoji, take two; marks that are put on the
//! character before them take none. The ranges are those of "Wide" and "Fullwidth" in Unicode's `EastAsianWidth.txt`,
//! joined where only unassigned characters lie between; characters that combine are those of the common scripts.

/// The columns that a text takes.
pub(super) fn columns(text: &str) -> usize {
    text.chars().map(width).sum()
}

/// The columns that a character takes: 0, 1 or 2.
pub(super) fn width(character: char) -> usize {
    match character {
        // Every name of plain ASCII ends here.
        ' '..='~' => 1,
        '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe00}'..='\u{fe0f}' => 0,
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{303e}'
        | '\u{3041}'..='\u{a4cf}'
        | '\u{a960}'..='\u{a97c}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f300}'..='\u{1f64f}'
        | '\u{1f680}'..='\u{1f6ff}'
        | '\u{1f900}'..='\u{1faff}'
        | '\u{20000}'..='\u{3fffd}' => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn east_asian_characters_take_two_columns_and_combining_ones_none() {
        assert_eq!(
            [columns("grid"), columns("größe"), columns("格子"), columns("e\u{301}"), columns("…")],
            [4, 5, 4, 1, 1]
        );
        assert_eq!([columns("한글"), columns("ｗ"), columns("🦀"), columns("")], [4, 2, 2, 0]);
    }
}
