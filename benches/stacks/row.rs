//! The table: a workload's time and resident memory without and with a recorder.

use crate::rounds::Outcome;
use crate::variants::fastest;

/// One workload over one inner allocator.
pub(crate) struct Row {
    workload: &'static str,
    limit: Option<f64>,
    /// Of the bare system allocator, which every ratio is about.
    bare_nanoseconds: f64,
    /// Of the inner allocator without heaplens.
    inner_ratio: f64,
    pub(crate) ratio: f64,
    inner_resident_kib: f64,
    resident_kib: f64,
    table_bytes: f64,
    sites: f64,
    /// Highest figures among all processes that recorded.
    pub(crate) truncated_share: f64,
    pub(crate) empty_share: f64,
    pub(crate) overflowed: f64,
    pub(crate) uncaptured: f64,
    /// Of the blocks of a recording whose sites were named, the part that has a stack.
    pub(crate) with_stack_share: f64,
}

impl Row {
    /// `bare` is the system allocator, `inner` that which heaplens wraps in `stacks`; `proof` has named its sites.
    pub(crate) fn new(
        workload: &'static str,
        limit: Option<f64>,
        bare: &[Outcome],
        inner: &[Outcome],
        stacks: &[Outcome],
        proof: &Outcome,
    ) -> Self {
        let highest = |share: &dyn Fn(&Outcome) -> f64| stacks.iter().chain([proof]).map(share).fold(0.0, f64::max);
        let share = |name| highest(&|outcome| outcome.figure(name) / outcome.figure("blocks"));
        let bare_nanoseconds = fastest(bare).figure("nanoseconds");
        let (inner, recording) = (fastest(inner), fastest(stacks));
        Self {
            workload,
            limit,
            bare_nanoseconds,
            inner_ratio: inner.figure("nanoseconds") / bare_nanoseconds,
            ratio: recording.figure("nanoseconds") / bare_nanoseconds,
            inner_resident_kib: inner.figure("peak_resident_kib"),
            resident_kib: recording.figure("peak_resident_kib"),
            table_bytes: recording.figure("table_bytes"),
            sites: proof.figure("sites"),
            truncated_share: share("truncated"),
            empty_share: share("empty"),
            overflowed: highest(&|outcome| outcome.figure("overflowed")),
            uncaptured: highest(&|outcome| outcome.figure("uncaptured")),
            with_stack_share: proof.figure("blocks_with_stack") / proof.figure("blocks"),
        }
    }

    /// Whether the ratio is within its limit; `None` without a limit.
    pub(crate) fn met(&self) -> Option<bool> {
        self.limit.map(|limit| self.ratio <= limit)
    }
}

/// Prints the table.
pub(crate) fn print(rows: &[Row]) {
    println!(
        "{:<12}{:>10}{:>7}{:>8}{:>9}  {:<8}{:>12}{:>12}{:>9}{:>9}",
        "workload", "bare (ms)", "inner", "stacks", "at most", "", "inner (MiB)", "RAM (MiB)", "tables", "sites"
    );
    for row in rows {
        let mib = |kib: f64| kib / 1_024.0;
        println!(
            "{:<12}{:>10.2}{:>7.2}{:>8.3}{:>9}  {:<8}{:>12.1}{:>12.1}{:>9.1}{:>9}",
            row.workload,
            row.bare_nanoseconds / 1e6,
            row.inner_ratio,
            row.ratio,
            row.limit.map_or(String::new(), |limit| format!("{limit:.2}")),
            row.met().map_or("", |met| if met { "met" } else { "MISSED" }),
            mib(row.inner_resident_kib),
            mib(row.resident_kib),
            row.table_bytes / f64::from(1 << 20),
            row.sites,
        );
    }
}
