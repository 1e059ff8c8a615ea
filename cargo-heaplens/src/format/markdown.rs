//! The tests as Markdown, for a comment on a pull request.
//!
//! Names are code, so that no person is mentioned and nothing in them is a link. What would end the code or the cell of the
//! table is written as a character reference.

use std::time::Duration;

use heaplens::testing::wording::{bytes, count, duration};

use super::sections;
use crate::judge::{Judged, Row, Verdict};
use crate::printable;
use crate::project::Project;

/// The table, with what is to be said below it.
pub(crate) fn text(project: &Project, judged: &Judged) -> String {
    let mut text = format!("### Memory of the tests\n\n{}\n", sections::totals(judged));
    if !judged.rows.is_empty() {
        text.push_str("\n| outcome | package | test | blocks | bytes | peak | time | change |\n");
        text.push_str("|---|---|---|--:|--:|--:|--:|---|\n");
    }
    judged.rows.iter().for_each(|row| text.push_str(&cells(row)));
    for section in sections::of(project, judged) {
        text.push_str(&format!("\n#### {}\n\n", section.kind.title()));
        for item in section.items {
            text.push_str(&format!("- {}\n", code(&item.name)));
            item.lines.iter().for_each(|line| text.push_str(&format!("  - {}\n", code(line))));
        }
        text.push_str(&format!("\n{}.\n", section.kind.remedy()));
    }
    text
}

fn cells(row: &Row) -> String {
    let outcome = match row.verdict {
        Verdict::Passed => "ok",
        Verdict::Expected => "expected",
        Verdict::Blessed => "blessed",
        Verdict::Refused => "**refused**",
        Verdict::Failed => "**failed**",
    };
    let (package, name) = (code(&printable::line(&row.package)), code(&printable::line(&row.name())));
    let (blocks, total) = (count(row.figure("total_blocks")), bytes(row.figure("total_bytes")));
    let (peak, time) =
        (bytes(row.figure("peak_bytes")), duration(Duration::from_nanos(row.record.elapsed_nanoseconds)));
    format!("| {outcome} | {package} | {name} | {blocks} | {total} | {peak} | {time} | {} |\n", row.change)
}

/// A text as code, in a cell of a table or in a list.
fn code(text: &str) -> String {
    let is_plain = !text.contains(['`', '|', '\\']) && text.trim() == text && !text.is_empty();
    if is_plain {
        return format!("`{text}`");
    }
    let referred = |character: char| match character {
        ' ' | ',' | '-' | '(' | ')' | '+' | '%' => character.to_string(),
        _ if character.is_ascii_punctuation() => format!("&#{};", u32::from(character)),
        _ => character.to_string(),
    };
    format!("<code>{}</code>", text.chars().map(referred).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_the_code_or_the_cell_is_a_reference() {
        assert_eq!(code("suite::parse_all [<rows> @all]"), "`suite::parse_all [<rows> @all]`");
        assert_eq!(code("a|b"), "<code>a&#124;b</code>");
        assert_eq!(code("`</code><b>"), "<code>&#96;&#60;&#47;code&#62;&#60;b&#62;</code>");
        assert_eq!(code("\\|"), "<code>&#92;&#124;</code>");
        assert_eq!(code(""), "<code></code>");
    }
}
