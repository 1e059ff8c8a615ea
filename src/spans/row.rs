//! The figures of all spans of one name.

/// What the spans of one name allocated, added up over those that were closed.
///
/// A span *includes* what was done in the spans below it; its *self* figures are what is left without them. A reallocation
/// is a new block of the new size, as everywhere in heaplens.
///
/// ```
/// let row = heaplens::SpanRow::default();
/// assert!(row.self_bytes <= row.total_bytes);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
#[non_exhaustive]
pub struct SpanRow {
    /// The name of the spans.
    pub name: String,
    /// Their target: the module that makes them, unless it says otherwise.
    pub target: String,
    /// Spans that were measured and closed.
    pub count: u64,
    /// Bytes allocated inside of them, and of the spans below.
    pub total_bytes: u64,
    /// Blocks allocated inside of them, and of the spans below.
    pub total_blocks: u64,
    /// Bytes allocated inside of them, but not of a span below.
    pub self_bytes: u64,
    /// Blocks allocated inside of them, but not of a span below.
    pub self_blocks: u64,
    /// The highest peak that one of them had by itself, in bytes, spans below included. Not what they held together.
    pub peak_bytes: u64,
    /// Live blocks of that one at the instant of its peak.
    pub peak_blocks: u64,
    /// Bytes allocated inside that were live when their span closed, added up over the spans.
    pub live_at_close_bytes: u64,
    /// Blocks allocated inside that were live when their span closed, added up over the spans.
    pub live_at_close_blocks: u64,
    /// Spans that could not be measured: they are in no other figure. [`SpanTable::refusal`](crate::SpanTable::refusal)
    /// says why. What they allocated counts in the spans around them.
    pub refused: u64,
    /// Measured spans whose figures something is missing from, see [`Completeness`](crate::Completeness).
    pub incomplete: u64,
    /// Threads that evidently worked for one of the spans without being inside of it, see
    /// [`Measurement::unattached_threads`](crate::Measurement::unattached_threads). A thread counts in the innermost span
    /// that it worked for, so that the rows add up.
    pub unattached_threads: u64,
}

#[cfg(feature = "stacks")]
impl SpanRow {
    /// What the row claims that cannot be, if anything: it may come from a file.
    pub(crate) fn contradiction(&self) -> Option<&'static str> {
        let reasons = [
            (self.self_bytes > self.total_bytes, "has more bytes of its own than all in all"),
            (self.self_blocks > self.total_blocks, "has more blocks of its own than all in all"),
            (self.peak_bytes > self.total_bytes, "held more bytes than it allocated"),
            (self.peak_blocks > self.total_blocks, "held more blocks than it allocated"),
            (self.live_at_close_bytes > self.total_bytes, "left more bytes than it allocated"),
            (self.live_at_close_blocks > self.total_blocks, "left more blocks than it allocated"),
            (self.incomplete > self.count, "has more incomplete spans than spans"),
        ];
        reasons.into_iter().find_map(|(wrong, reason)| wrong.then_some(reason))
    }
}
