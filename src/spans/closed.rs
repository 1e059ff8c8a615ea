//! What the closed spans of the process add up to: since its start, and since a recording began.

use super::row::SpanRow;
use super::table::SpanTable;
use crate::record::own_work::OwnWork;
use crate::scope::{Measurement, ScopeError};
use core::sync::atomic::{AtomicU64, Ordering};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Which row: the name and the target. Both are part of the program, so that the rows are as many as its places are.
pub(super) type RowKey = (&'static str, &'static str);

/// What a span includes that is of the spans below it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Below {
    pub(super) bytes: u64,
    pub(super) blocks: u64,
    pub(super) unattached_threads: u64,
}

/// The rows of one stretch of time.
struct Rows {
    by_key: BTreeMap<RowKey, SpanRow>,
    refusal: Option<ScopeError>,
}

/// Measured spans that are open.
static OPEN: AtomicU64 = AtomicU64::new(0);
static SINCE_START: Mutex<Rows> = Mutex::new(Rows::new());
#[cfg(feature = "stacks")]
static RECORDED: Mutex<Option<Rows>> = Mutex::new(None);

impl Rows {
    const fn new() -> Self {
        Self { by_key: BTreeMap::new(), refusal: None }
    }

    fn row(&mut self, key: RowKey) -> &mut SpanRow {
        self.by_key.entry(key).or_insert_with(|| SpanRow {
            name: key.0.to_owned(),
            target: key.1.to_owned(),
            ..SpanRow::default()
        })
    }

    fn table(&self) -> SpanTable {
        let open = OPEN.load(Ordering::Relaxed);
        SpanTable::new(self.by_key.values().cloned().collect(), open, self.refusal.map(|error| error.to_string()))
    }
}

/// The spans that were closed since the start of the process, by name.
///
/// Feature `tracing`; [`MemoryLayer`](crate::tracing::MemoryLayer) measures them. What it allocates, and what it returns, is
/// heaplens's own work: no part of any figure.
///
/// ```
/// let table = heaplens::span_table();
/// assert!(table.row("a name that no span has").is_none());
/// ```
pub fn span_table() -> SpanTable {
    let _own = OwnWork::begin();
    locked(&SINCE_START).table()
}

/// From here on spans are added up for a recording as well.
#[cfg(feature = "stacks")]
pub(crate) fn begin_recording() {
    *locked(&RECORDED) = Some(Rows::new());
}

/// The spans that were closed since the recording began.
#[cfg(feature = "stacks")]
pub(crate) fn end_recording() -> SpanTable {
    locked(&RECORDED).take().map_or_else(SpanTable::default, |rows| rows.table())
}

/// A measured span was opened.
pub(super) fn opened() {
    OPEN.fetch_add(1, Ordering::Relaxed);
}

/// A measured span is gone, whether or not anybody closed it.
pub(super) fn gone() {
    OPEN.fetch_sub(1, Ordering::Relaxed);
}

/// A span could not be measured.
pub(super) fn refused(key: RowKey, error: ScopeError) {
    each(|rows| {
        rows.row(key).refused += 1;
        rows.refusal = Some(error);
    });
}

/// A measured span was closed.
pub(super) fn closed(key: RowKey, span: &Measurement, below: &Below) {
    each(|rows| add(rows.row(key), span, below));
}

fn add(row: &mut SpanRow, span: &Measurement, below: &Below) {
    row.count += 1;
    row.total_bytes += span.total_bytes;
    row.total_blocks += span.total_blocks;
    row.self_bytes += span.total_bytes.saturating_sub(below.bytes);
    row.self_blocks += span.total_blocks.saturating_sub(below.blocks);
    if span.peak_bytes > row.peak_bytes {
        (row.peak_bytes, row.peak_blocks) = (span.peak_bytes, span.peak_blocks);
    }
    row.live_at_close_bytes += span.live_bytes;
    row.live_at_close_blocks += span.live_blocks;
    row.incomplete += u64::from(!span.completeness().is_complete());
    row.unattached_threads += span.unattached_threads().saturating_sub(below.unattached_threads);
}

fn each(change: impl Fn(&mut Rows)) {
    change(&mut locked(&SINCE_START));
    #[cfg(feature = "stacks")]
    if let Some(rows) = locked(&RECORDED).as_mut() {
        change(rows);
    }
}

/// A panic in the middle leaves figures behind, never a table that cannot be read.
fn locked<T>(rows: &Mutex<T>) -> MutexGuard<'_, T> {
    rows.lock().unwrap_or_else(PoisonError::into_inner)
}
