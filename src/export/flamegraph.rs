//! Flame graphs: an SVG in which the width of a frame is its share of a metric.
//!
//! inferno draws; this file gives it the folded stacks and the texts. Nothing of inferno is part of the interface. The
//! same profile always gives the same bytes, so that a committed flame graph changes only when its figures do.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use inferno::flamegraph::color::{BasicPalette, Palette};
use inferno::flamegraph::{Options, from_lines};

use crate::export::folded::folded_stacks;
use crate::export::number::{bytes, count};
use crate::profile::{Access, Metric, Profile, ProfileError, replace_file};
use crate::symbolize::visible;

/// How many characters of a title fit into the width of an image.
const TITLE_WIDTH: usize = 100;

impl Profile {
    /// Writes a flame graph as SVG: open it in a browser, click a frame to zoom, search with Ctrl-F.
    ///
    /// A profile without anything of the metric gives a small image that says so.
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
        let mut writer = BufWriter::new(writer);
        let stacks = folded_stacks(self, metric);
        if stacks.is_empty() {
            writer.write_all(empty_image(&title(self, metric)).as_bytes())?;
        } else {
            let lines: Vec<String> = stacks.iter().map(|(stack, value)| format!("{stack} {value}")).collect();
            from_lines(&mut options(self, metric), lines.iter().map(String::as_str), &mut writer)?;
        }
        writer.flush()
    }

    /// Saves a flame graph as an SVG file, complete or not at all: a file of that name keeps its contents on failure.
    ///
    /// # Errors
    ///
    /// [`ProfileError::Io`] with the path and what the operating system said.
    pub fn save_flamegraph(&self, metric: Metric, path: impl AsRef<Path>) -> Result<(), ProfileError> {
        replace_file(path.as_ref(), Access::Usual, |writer| self.write_flamegraph(metric, writer))
    }
}

fn options(profile: &Profile, metric: Metric) -> Options<'static> {
    let mut options = Options::default();
    options.colors = Palette::Basic(BasicPalette::Mem);
    options.deterministic = true;
    options.title = title(profile, metric);
    options.subtitle = Some(subtitle(profile, metric));
    options.count_name = metric.unit().to_owned();
    options
}

fn title(profile: &Profile, metric: Metric) -> String {
    let name = visible(profile.name());
    if name.is_empty() { metric.title().to_owned() } else { within(&format!("{name}: {}", metric.title())) }
}

fn subtitle(profile: &Profile, metric: Metric) -> String {
    let total = profile.total(metric);
    let exact = format!("{} {}", count(total), metric.unit());
    let total = if metric.unit() == "bytes" { format!("{} ({exact})", bytes(total)) } else { exact };
    match profile.command() {
        "" => total,
        command => within(&format!("{total}: {}", visible(command))),
    }
}

/// The text, cut to the width of an image: an image has no place for a second line.
fn within(text: &str) -> String {
    if text.chars().count() <= TITLE_WIDTH {
        return text.to_owned();
    }
    text.chars().take(TITLE_WIDTH - 1).chain(['…']).collect()
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
