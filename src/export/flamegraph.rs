//! Flame graphs: an SVG in which the width of a frame is its share of a metric.
//!
//! inferno draws; this file gives it the folded stacks, the texts and the colours. Nothing of inferno is part of the
//! interface. The same profile always gives the same bytes, so that a committed flame graph changes only when its figures
//! do. The outermost frame is at the top, so that the widest frames are on the first screen however deep a stack goes.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use inferno::flamegraph::color::{BackgroundColor, PaletteMap};
use inferno::flamegraph::{Direction, Options, TextTruncateDirection, from_lines};

use crate::export::color::{color, legend, palette};
use crate::export::folded::{folded_stacks, unambiguous};
use crate::export::number::{bytes, count, percent};
use crate::profile::{Access, Metric, Profile, ProfileError, replace_file};
use crate::record::own_work::OwnWork;
use crate::symbolize::{ShortName, command_line, visible};

/// How many characters of a title fit into the width of an image of 1200 points.
const TITLE_WIDTH: usize = 100;
/// How many characters of the line below the title fit, in its smaller type.
const SUBTITLE_WIDTH: usize = 160;
/// With fewer characters a command line tells nothing.
const SHORTEST_COMMAND: usize = 8;
/// The share of the whole, in percent, below which a frame is not drawn: three points of an image of 1200. That is too
/// narrow to point at, and of a deep program such frames are nine tenths of the file.
const NARROWEST_PERCENT: f64 = 0.25;

impl Profile {
    /// Writes a flame graph as SVG: open it in a browser, click a frame to zoom, search with Ctrl-F.
    ///
    /// The outermost calls are at the top. Colours tell the user's own code from that of dependencies. Functions have
    /// short names, without generic arguments, so that all instances of one are one frame. Frames of less than 0.25 % are
    /// not drawn; [`write_folded`](Profile::write_folded) has every frame under its full name. A profile without anything
    /// of the metric gives a small image that says so.
    ///
    /// ```
    /// # let profile = heaplens::Profile::default();
    /// let mut image = Vec::new();
    /// profile.write_flamegraph(heaplens::Metric::TotalBytes, &mut image)?;
    /// # assert!(image.starts_with(b"<?xml"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// What the writer says.
    pub fn write_flamegraph(&self, metric: Metric, writer: impl Write) -> io::Result<()> {
        let _own = OwnWork::begin();
        let mut writer = BufWriter::new(writer);
        let mut palette = palette();
        let stacks = folded_stacks(self, metric, |frame| {
            // The function comes first, since a narrow frame has room for no more.
            let name = unambiguous(&ShortName::of(frame).with_place());
            palette.insert(&name, color(frame.origin, &name));
            name
        });
        if stacks.is_empty() {
            writer.write_all(empty_image(&title(self, metric)).as_bytes())?;
        } else {
            let lines: Vec<String> = stacks.iter().map(|(stack, value)| format!("{stack} {value}")).collect();
            let mut options = options(self, metric, &mut palette);
            from_lines(&mut options, lines.iter().map(String::as_str), &mut writer)?;
        }
        writer.flush()
    }

    /// Saves a flame graph as an SVG file, complete or not at all: a file of that name keeps its contents on failure.
    ///
    /// # Errors
    ///
    /// [`ProfileError::Io`] with the path and what the operating system said.
    pub fn save_flamegraph(&self, metric: Metric, path: impl AsRef<Path>) -> Result<(), ProfileError> {
        let _own = OwnWork::begin();
        replace_file(path.as_ref(), Access::Usual, |writer| self.write_flamegraph(metric, writer))
    }
}

fn options<'a>(profile: &Profile, metric: Metric, palette: &'a mut PaletteMap) -> Options<'a> {
    let mut options = Options::default();
    options.palette_map = Some(palette);
    options.bgcolors = Some(BackgroundColor::Grey);
    options.deterministic = true;
    options.direction = Direction::Inverted;
    options.text_truncate_direction = TextTruncateDirection::Right;
    options.min_width = NARROWEST_PERCENT;
    options.title = title(profile, metric);
    options.subtitle = Some(subtitle(profile, metric));
    options.count_name = metric.unit().to_owned();
    options
}

fn title(profile: &Profile, metric: Metric) -> String {
    let name = visible(profile.name());
    let part = profile.part().unwrap_or_default();
    let separator = if name.is_empty() || part.is_empty() { "" } else { ", " };
    let what = format!("{name}{separator}{part}");
    if what.is_empty() {
        return metric.title().to_owned();
    }
    let metric = metric.title();
    let room = TITLE_WIDTH - metric.len() - ": ".len();
    format!("{}: {metric}", within(&what, room))
}

fn subtitle(profile: &Profile, metric: Metric) -> String {
    let total = profile.total(metric);
    let exact = format!("{} {}", count(total), metric.unit());
    let total = if metric.unit() == "bytes" { format!("{} ({exact})", bytes(total)) } else { exact };
    let total = total + &share_of_whole(profile, metric);
    let key = format!("{}; frames below {NARROWEST_PERCENT}% are not drawn", legend(profile.has_threads()));
    let room = SUBTITLE_WIDTH.saturating_sub(total.chars().count() + key.chars().count() + 4);
    match command_line(profile.command()) {
        command if command.is_empty() || room < SHORTEST_COMMAND => format!("{total}; {key}"),
        command => format!("{total}; {}; {key}", within(&visible(command), room)),
    }
}

/// For a part of a recording, how much of the whole it is.
fn share_of_whole(profile: &Profile, metric: Metric) -> String {
    if profile.part().is_none() {
        return String::new();
    }
    let whole = metric.of_whole(profile.whole_stats());
    format!(", {} of the whole", percent(profile.total(metric) as f64 / whole.max(1) as f64))
}

/// The text, cut to so many characters: an image has no place for another line.
fn within(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

/// An image for a metric of which there is nothing, in the look of the others.
fn empty_image(title: &str) -> String {
    let title = title.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    format!(
        r##"<?xml version="1.0" standalone="no"?>
<svg version="1.1" width="1200" height="100" viewBox="0 0 1200 100" xmlns="http://www.w3.org/2000/svg">
<rect width="100%" height="100%" fill="#eeeeee"/>
<text x="50%" y="34" text-anchor="middle" font-family="monospace" font-size="17">{title}</text>
<text x="50%" y="66" text-anchor="middle" font-family="monospace" font-size="12">nothing was recorded</text>
</svg>
"##
    )
}
