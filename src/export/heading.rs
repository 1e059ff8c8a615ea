//! The texts of an image: what it shows, of how much, and what its colours mean.
//!
//! An image has no place for another line, so that each text is cut to the width. What tells images apart is cut last: the
//! name of the program gives way to the scope or the thread, and the command line to everything else.

use crate::export::number::{bytes, count, percent};
use crate::profile::{Metric, Profile};
use crate::symbolize::{command_line, visible};

/// How many characters of a title fit into the width of an image of 1200 points.
const TITLE_WIDTH: usize = 100;
/// How many characters of the line below the title fit, in its smaller type.
const SUBTITLE_WIDTH: usize = 160;
/// With fewer characters a command line tells nothing.
const SHORTEST_COMMAND: usize = 8;
/// Hexadecimal digits that cargo puts behind the name of a test binary.
const HASH_DIGITS: usize = 16;

/// What the image shows: the program or the measured work, the part of it, the metric.
pub(super) fn title(profile: &Profile, metric: Metric) -> String {
    let name = visible(without_hash(profile.name())).into_owned();
    let part = profile.part().unwrap_or_default();
    let room = TITLE_WIDTH - metric.title().len() - ": ".len();
    let what = match (name.is_empty(), part.is_empty()) {
        (true, true) => return metric.title().to_owned(),
        (false, true) => name,
        (true, false) => part,
        (false, false) => match room.saturating_sub(part.chars().count() + ", ".len()) {
            0 | 1 => part,
            left => format!("{}, {part}", within(&name, left)),
        },
    };
    format!("{}: {}", within(&what, room), metric.title())
}

/// The total, the command line where there is room for it, and `key`, what explains the image.
pub(super) fn subtitle(profile: &Profile, metric: Metric, key: &str) -> String {
    let share = share_of_whole(profile, metric);
    let total = match metric.unit() {
        "bytes" => format!("{} ({} bytes){share}", bytes(profile.total(metric)), count(profile.total(metric))),
        unit => format!("{} {unit}{share}", count(profile.total(metric))),
    };
    let room = SUBTITLE_WIDTH.saturating_sub(total.chars().count() + key.chars().count() + 4);
    match command_line(profile.command()) {
        command if command.is_empty() || room < SHORTEST_COMMAND => format!("{total}; {key}"),
        command => format!("{total}; {}; {key}", within(&visible(command), room)),
    }
}

/// What there is nothing of, in words.
pub(super) fn nothing(profile: &Profile, metric: Metric) -> String {
    let part = profile.part().map(|part| format!(" {part}")).unwrap_or_default();
    within(&format!("no {}{part}", metric.title()), SUBTITLE_WIDTH)
}

/// For a part of a recording, how much of the whole it is.
fn share_of_whole(profile: &Profile, metric: Metric) -> String {
    if profile.part().is_none() {
        return String::new();
    }
    let whole = metric.of_whole(profile.whole_stats());
    format!(", {} of the whole", percent(profile.total(metric) as f64 / whole.max(1) as f64))
}

/// The name of a program as its author knows it: cargo calls a test binary `name-0123456789abcdef`.
fn without_hash(name: &str) -> &str {
    let is_hash = |end: &str| {
        end.len() == HASH_DIGITS && end.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'))
    };
    match name.rsplit_once('-') {
        Some((program, end)) if is_hash(end) && !program.is_empty() => program,
        _ => name,
    }
}

/// The text, cut to so many characters.
fn within(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::completeness::Completeness;
    use crate::profile::{Header, ProfileBuilder};
    use crate::stats::MemoryStats;
    use crate::symbolize::Frame;

    fn program(name: &str, scope: &str) -> Profile {
        let header = Header { name: name.to_owned(), ..Header::default() };
        let mut builder = ProfileBuilder::new(header, MemoryStats::default(), Completeness::default());
        let frames = vec![builder.frame(&Frame::scope(scope)), builder.frame(&Frame::thread("worker-1"))];
        builder.stack(frames, crate::profile::SiteStats { total_bytes: 7, total_blocks: 1, ..Default::default() });
        builder.build()
    }

    #[test]
    fn a_long_name_of_a_program_gives_way_to_the_scope_and_the_thread() {
        for length in [10, 60, 300] {
            let scope = "s".repeat(30);
            let whole = program(&"program".repeat(length), &scope);
            let part = whole.in_scope(&scope).and_then(|part| part.on_thread("worker-1")).expect("both are there");
            let title = title(&part, Metric::LiveAtEndBytes);
            let end = format!("…, in scope [{scope}], on thread \"worker-1\": bytes still live at the end");
            assert!(title.starts_with("p") || title.starts_with("in scope"), "{title}");
            assert!(title.ends_with(&end) || title.ends_with(end.trim_start_matches("…, ")), "{title}");
            assert!(title.chars().count() <= TITLE_WIDTH, "{title}");
        }
    }

    #[test]
    fn the_hash_of_a_test_binary_is_not_in_the_title() {
        assert_eq!(title(&program("parser-0123456789abcdef", "s"), Metric::TotalBytes), "parser: bytes allocated");
        for name in ["parser-0123456789abcde", "parser-0123456789abcdeg", "a-b", "-0123456789abcdef"] {
            assert_eq!(title(&program(name, "s"), Metric::TotalBytes), format!("{name}: bytes allocated"));
        }
    }

    #[test]
    fn nothing_is_said_with_its_metric_and_part() {
        let part = program("app", "fetch").in_scope("fetch").expect("it is there");
        assert_eq!(nothing(&part, Metric::TemporaryBlocks), "no temporary blocks in scope [fetch]");
        assert_eq!(nothing(&Profile::default(), Metric::LiveAtEndBytes), "no bytes still live at the end");
    }
}
