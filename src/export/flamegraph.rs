//! Flame graphs: an SVG in which the width of a frame is its share of a metric.
//!
//! inferno draws; this file gives it the folded stacks, the texts and the colours. Nothing of inferno is part of the
//! interface. The same profile always gives the same bytes, so that a committed flame graph changes only when its figures
//! do. The outermost frame is at the top, so that the widest frames are on the first screen however deep a stack goes.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use inferno::flamegraph::color::{BackgroundColor, PaletteMap};
use inferno::flamegraph::{Direction, Options, TextTruncateDirection, from_lines};

use crate::export::color::{color, legend, palette};
use crate::export::folded::{folded_stacks, unambiguous};
use crate::export::heading::{nothing, subtitle, title};
use crate::profile::{Access, Metric, Profile, ProfileError, replace_file};
use crate::record::own_work::OwnWork;
use crate::symbolize::{Origin, ShortName};

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
        let mut origins = HashMap::new();
        let stacks = folded_stacks(self, metric, |frame| {
            // The function comes first, since a narrow frame has room for no more.
            let name = unambiguous(&ShortName::of(frame).with_place());
            palette.insert(&name, color(frame.origin, &name));
            origins.insert(name.clone(), frame.origin);
            name
        });
        if stacks.is_empty() {
            writer.write_all(empty_image(&title(self, metric), &nothing(self, metric)).as_bytes())?;
        } else {
            let lines: Vec<String> = stacks.iter().map(|(stack, value)| format!("{stack} {value}")).collect();
            let legend = legend(&drawn_origins(&stacks, &origins));
            let mut options = options(self, metric, &legend, &mut palette);
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

fn options<'a>(profile: &Profile, metric: Metric, legend: &str, palette: &'a mut PaletteMap) -> Options<'a> {
    let mut options = Options::default();
    options.palette_map = Some(palette);
    options.bgcolors = Some(BackgroundColor::Grey);
    options.deterministic = true;
    options.direction = Direction::Inverted;
    options.text_truncate_direction = TextTruncateDirection::Right;
    options.min_width = NARROWEST_PERCENT;
    options.title = title(profile, metric);
    let key = format!("{legend}frames below {NARROWEST_PERCENT}% are not drawn");
    options.subtitle = Some(subtitle(profile, metric, &key));
    options.count_name = metric.unit().to_owned();
    options
}

/// The origins of the frames that are wide enough to be drawn. Stacks are sorted, so that what a frame is around stands
/// together: one pass with the frames that are open.
fn drawn_origins(stacks: &BTreeMap<String, u64>, origins: &HashMap<String, Origin>) -> BTreeSet<Origin> {
    let narrowest =
        stacks.values().fold(0_u64, |sum, value| sum.saturating_add(*value)) as f64 * NARROWEST_PERCENT / 100.0;
    let mut drawn = BTreeSet::new();
    let mut end = |(name, width): (&str, u64)| {
        if width as f64 >= narrowest {
            drawn.extend(origins.get(name));
        }
    };
    let mut open: Vec<(&str, u64)> = Vec::new();
    for (stack, value) in stacks {
        let shared = open.iter().zip(stack.split(';')).take_while(|((open, _), frame)| open == frame).count();
        open.drain(shared..).for_each(&mut end);
        open.extend(stack.split(';').skip(shared).map(|frame| (frame, 0)));
        open.iter_mut().for_each(|(_, width)| *width = width.saturating_add(*value));
    }
    open.into_iter().for_each(end);
    drawn
}

/// An image for a metric of which there is nothing, in the look of the others.
pub(super) fn empty_image(title: &str, nothing: &str) -> String {
    let [title, nothing] =
        [title, nothing].map(|text| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"));
    format!(
        r##"<?xml version="1.0" standalone="no"?>
<svg version="1.1" width="1200" height="100" viewBox="0 0 1200 100" xmlns="http://www.w3.org/2000/svg">
<rect width="100%" height="100%" fill="#eeeeee"/>
<text x="50%" y="34" text-anchor="middle" font-family="monospace" font-size="17">{title}</text>
<text x="50%" y="66" text-anchor="middle" font-family="monospace" font-size="12">{nothing}</text>
</svg>
"##
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_frames_that_are_drawn_have_a_colour_in_the_legend() {
        let stacks = BTreeMap::from([("[s];f".to_owned(), 996), ("[s];f;g".to_owned(), 2), ("[s];h".to_owned(), 2)]);
        let origins = [("[s]", Origin::Scope), ("f", Origin::User), ("g", Origin::Dependency), ("h", Origin::Runtime)];
        let mut origins: HashMap<String, Origin> = origins.map(|(name, origin)| (name.to_owned(), origin)).into();
        assert_eq!(drawn_origins(&stacks, &origins), BTreeSet::from([Origin::User, Origin::Scope]));
        origins.insert("f".to_owned(), Origin::Runtime);
        let drawn = drawn_origins(&stacks, &origins);
        assert_eq!(drawn, BTreeSet::from([Origin::Runtime, Origin::Scope]));
        assert_eq!(legend(&drawn), "blue: std, purple: scopes; ");
    }
}
