//! All spans by name.

use super::row::SpanRow;
use core::cmp::Reverse;

/// Memory by span: a row for each name and target, that which allocated most bytes first.
///
/// `heaplens::span_table()` (feature `tracing`) reads that of the process, [`Profile::spans`](crate::Profile::spans) that of
/// a recording. `Display` writes it as an aligned table, followed by what is missing from it, if anything is.
///
/// Spans that are still open are in no row; [`open_spans`](Self::open_spans) says how many there were.
///
/// ```
/// let table = heaplens::SpanTable::default();
/// assert!(table.is_empty());
/// assert_eq!(table.to_string(), "no spans were closed\n");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
#[must_use = "a table that nobody looks at tells nothing"]
pub struct SpanTable {
    rows: Vec<SpanRow>,
    open_spans: u64,
    refusal: Option<String>,
}

impl SpanTable {
    #[cfg(feature = "tracing")]
    pub(super) fn new(rows: Vec<SpanRow>, open_spans: u64, refusal: Option<String>) -> Self {
        Self { rows, open_spans, refusal }.sorted()
    }

    /// The rows in their order; a file that was edited may have another one.
    pub(crate) fn sorted(mut self) -> Self {
        self.rows.sort_unstable_by(|a, b| order(a).cmp(&order(b)));
        self
    }

    /// The rows, that which allocated most bytes first.
    #[must_use]
    pub fn rows(&self) -> &[SpanRow] {
        &self.rows
    }

    /// The row of a name; the first one where spans of several targets have it.
    #[must_use]
    pub fn row(&self, name: &str) -> Option<&SpanRow> {
        self.rows.iter().find(|row| row.name == name)
    }

    /// Whether there is nothing to tell: no span was closed or refused.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Measured spans that were open when the table was read.
    #[must_use]
    pub fn open_spans(&self) -> u64 {
        self.open_spans
    }

    /// Spans of any name that could not be measured.
    #[must_use]
    pub fn refused_spans(&self) -> u64 {
        self.rows.iter().fold(0, |sum, row| sum.saturating_add(row.refused))
    }

    /// Why the last of the spans that could not be measured was not, and what to do.
    #[must_use]
    pub fn refusal(&self) -> Option<&str> {
        self.refusal.as_deref()
    }
}

fn order(row: &SpanRow) -> (Reverse<u64>, Reverse<u64>, &str, &str) {
    (Reverse(row.total_bytes), Reverse(row.count), &row.name, &row.target)
}
