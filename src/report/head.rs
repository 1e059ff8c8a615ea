//! The top of every report: what was measured, its figures, and what is missing from them.
//!
//! ```text
//! fluid, 4.10 s: fluid --steps 30
//!   allocated   45.6 GB  in 1,234,567 blocks         151,851 temporary (12.3%), largest block 1.20 GB
//!   peak        1.23 GB  in    12,345 blocks         at most 4.10 kB higher
//!   still live  1.20 MB  in        52 blocks
//!   moved       4.50 GB  in    12,345 reallocations
//! ```
//!
//! Of a part the second line says which, the figures have their share of the whole, and the whole stands below them.

use crate::export::number::{bytes, count, duration, percent};
use crate::profile::Profile;
use crate::report::fit::{shorten, wrap};
use crate::stats::MemoryStats;
use crate::symbolize::{command_line, visible};

/// One line of the figures: so many bytes in so many things, and a remark.
struct Row {
    label: &'static str,
    bytes: u64,
    things: u64,
    thing: &'static str,
    remark: String,
}

/// The title and the figures: five lines, and one more for a part.
pub(super) fn figures(profile: &Profile, width: usize) -> Vec<String> {
    let part = profile.part().map(|part| shorten(&format!("  only what was allocated {part}"), width));
    let rows = if part.is_some() { rows_of_part(profile) } else { rows(profile) };
    let bytes_width = rows.iter().map(|row| bytes(row.bytes).len()).max().unwrap_or(0);
    let things_width = rows.iter().map(|row| count(row.things).len()).max().unwrap_or(0);
    let thing_width = if part.is_some() { "blocks".len() } else { "reallocations".len() };
    let line = |row: &Row| {
        let Row { label, bytes: amount, things, thing, remark } = row;
        let (amount, things) = (bytes(*amount), count(*things));
        let figures =
            format!("  {label:<10}  {amount:>bytes_width$}  in {things:>things_width$} {thing:<thing_width$}  ");
        // Figures of twenty digits leave no room for a remark, and are whole nevertheless.
        let has_room = figures.chars().count() + remark.chars().count() <= width;
        if has_room { figures + remark } else { figures.trim_end().to_owned() }
    };
    core::iter::once(title(profile, width)).chain(part).chain(rows.iter().map(line)).collect()
}

/// What the peak of a part means, what is missing, if anything is, and the notes.
pub(super) fn remarks(profile: &Profile, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    if profile.part().is_some() {
        lines.extend(wrap(
            "  at peak: ",
            "when the whole held most, which need not be when this part held most",
            width,
        ));
    }
    if !profile.completeness().is_complete() {
        let reasons: Vec<String> =
            profile.completeness().reasons().map(|(number, reason)| format!("{} {reason}", count(number))).collect();
        let of_what = if profile.part().is_some() { " (of the whole)" } else { "" };
        lines.extend(wrap("  incomplete: ", &(reasons.join(", ") + of_what), width));
    }
    for note in profile.notes() {
        lines.extend(wrap("  note: ", &visible(note), width));
    }
    lines
}

fn title(profile: &Profile, width: usize) -> String {
    let name = if profile.name().is_empty() { "(unnamed)" } else { profile.name() };
    let name = shorten(&visible(name), width / 2);
    let took = duration(profile.elapsed());
    match command_line(profile.command()) {
        "" => format!("{name}, {took}"),
        command => shorten(&format!("{name}, {took}: {}", visible(command)), width),
    }
}

fn rows(profile: &Profile) -> [Row; 4] {
    let stats = profile.stats();
    let row = |label, bytes, things, thing, remark| Row { label, bytes, things, thing, remark };
    [
        row("allocated", stats.total_bytes, stats.total_blocks, "blocks", blocks_remark(profile)),
        row("peak", stats.peak_bytes, stats.peak_blocks, "blocks", peak_remark(stats.peak_error_bytes)),
        row("still live", stats.live_bytes, stats.live_blocks, "blocks", "when the measurement ended".to_owned()),
        row("moved", stats.moved_bytes, stats.reallocations, "reallocations", overhead_remark(profile)),
    ]
}

fn rows_of_part(profile: &Profile) -> [Row; 4] {
    let (stats, whole) = (profile.stats(), profile.whole_stats());
    let row = |label, bytes, things, remark| Row { label, bytes, things, thing: "blocks", remark };
    let share = |bytes: u64, of: u64| format!("{} of the whole", percent(bytes as f64 / of.max(1) as f64));
    let allocated = format!("{}, {}", share(stats.total_bytes, whole.total_bytes), temporary(stats));
    let peak = format!("peak {}, {}", bytes(whole.peak_bytes), peak_remark(whole.peak_error_bytes));
    [
        row("allocated", stats.total_bytes, stats.total_blocks, allocated),
        row("at peak", stats.peak_bytes, stats.peak_blocks, share(stats.peak_bytes, whole.peak_bytes)),
        row("still live", stats.live_bytes, stats.live_blocks, share(stats.live_bytes, whole.live_bytes)),
        row("the whole", whole.total_bytes, whole.total_blocks, peak),
    ]
}

fn blocks_remark(profile: &Profile) -> String {
    let stats = profile.stats();
    if stats.total_blocks == 0 {
        return "nothing was allocated".to_owned();
    }
    format!("{}, largest {}", temporary(stats), bytes(stats.largest_block_bytes))
}

fn temporary(stats: &MemoryStats) -> String {
    let share = percent(stats.temporary_blocks as f64 / stats.total_blocks.max(1) as f64);
    format!("{} temporary ({share})", count(stats.temporary_blocks))
}

fn peak_remark(error_bytes: u64) -> String {
    if error_bytes == 0 {
        "exact".to_owned()
    } else {
        format!("the true peak is at most {} higher", bytes(error_bytes))
    }
}

fn overhead_remark(profile: &Profile) -> String {
    format!("heaplens itself took {}", bytes(profile.overhead_bytes()))
}
