//! Comma-separated values: a line for each call site, for spreadsheets and data frames.
//!
//! The format is that of [RFC 4180](https://www.rfc-editor.org/rfc/rfc4180): a header, records that end with CRLF, texts in double
//! quotes in which a double quote stands twice. Figures are whole numbers without separators.
//!
//! A spreadsheet takes a text that begins with `=`, `+`, `-` or `@` for a formula. Names are foreign input: an apostrophe is put
//! before such a text, which spreadsheets show as text.

use std::io::{self, BufWriter, Write};

use crate::profile::{Metric, Profile, Site};
use crate::record::own_work::OwnWork;
use crate::symbolize::Frame;

const HEADER: &str = "total_blocks,total_bytes,freed_blocks,freed_bytes,live_blocks,live_bytes,live_at_peak_blocks,\
live_at_peak_bytes,temporary_blocks,function,location,stack\r\n";

impl Profile {
    /// Writes a line for each call site, the one that allocated most bytes first: its figures, the first function of the user's
    /// with its place in the source, and the whole stack, root first, in the form of [folded stacks](Profile::write_folded).
    ///
    /// ```
    /// # let profile = heaplens::Profile::default();
    /// let mut text = Vec::new();
    /// profile.write_csv(&mut text)?;
    /// assert!(text.starts_with(b"total_blocks,total_bytes,"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// What the writer says.
    pub fn write_csv(&self, writer: impl Write) -> io::Result<()> {
        let _own = OwnWork::begin();
        let mut writer = BufWriter::new(writer);
        writer.write_all(HEADER.as_bytes())?;
        for site in self.sites(Metric::TotalBytes) {
            self.write_line(&site, &mut writer)?;
        }
        writer.flush()
    }

    fn write_line(&self, site: &Site<'_>, writer: &mut impl Write) -> io::Result<()> {
        let stats = site.stats();
        let figures = [
            stats.total_blocks,
            stats.total_bytes,
            stats.freed_blocks,
            stats.freed_bytes,
            stats.live_blocks(),
            stats.live_bytes(),
            stats.live_at_peak_blocks,
            stats.live_at_peak_bytes,
            stats.temporary_blocks,
        ];
        for figure in figures {
            write!(writer, "{figure},")?;
        }
        let nearest = site.first_user_frame();
        let function = nearest.map(Frame::to_string).unwrap_or_default();
        let location = nearest.and_then(|frame| self.location(frame)).unwrap_or_default();
        let stack: Vec<String> = site.frames().iter().rev().map(|frame| frame.to_string().replace(';', ":")).collect();
        let texts = [function, location, stack.join(";")].map(|text| quoted(&text));
        write!(writer, "{}\r\n", texts.join(","))
    }
}

/// A text as a field.
fn quoted(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@']) { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_cannot_end_its_field_or_be_a_formula() {
        assert_eq!(quoted("a, \"b\"; c"), "\"a, \"\"b\"\"; c\"");
        assert_eq!(quoted("=HYPERLINK(1)"), "\"'=HYPERLINK(1)\"");
        assert_eq!(quoted("<T as U>::f"), "\"<T as U>::f\"");
    }
}
