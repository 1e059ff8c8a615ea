//! The difference of two profiles for other programs: folded stacks with two figures, an image, JSON.
//!
//! ```text
//! root;caller;leaf 4096 8192        before and after: the input of differential flame graphs
//! ```
//!
//! In the image the width of a frame is its share of the later profile, its colour what it changed by: red for more, blue for less,
//! after Brendan Gregg's differential flame graphs. What is gone has no width; the text and the JSON have it.

use std::io::{self, BufWriter, Write};

use serde::Serialize;

#[cfg(feature = "flamegraph")]
use super::flamegraph::empty_image;
use super::folded::unambiguous;
use crate::analyze::{ProfileDiff, SiteDiff};
use crate::profile::{Metric, SiteStats};
use crate::record::own_work::OwnWork;
use crate::stats::MemoryStats;
use crate::symbolize::Frame;

impl ProfileDiff<'_> {
    /// Writes a line for each call site: its stack, root first, and its metric in the earlier and in the later profile.
    ///
    /// # Errors
    ///
    /// What the writer says.
    pub fn write_folded(&self, metric: Metric, writer: impl Write) -> io::Result<()> {
        let _own = OwnWork::begin();
        let mut writer = BufWriter::new(writer);
        for line in lines(self, metric, Frame::to_string) {
            writeln!(writer, "{line}")?;
        }
        writer.flush()
    }

    /// Writes a differential flame graph as SVG: red has more than before, blue has less.
    ///
    /// # Errors
    ///
    /// What the writer says.
    #[cfg(feature = "flamegraph")]
    pub fn write_flamegraph(&self, metric: Metric, writer: impl Write) -> io::Result<()> {
        use crate::symbolize::ShortName;
        use inferno::flamegraph::color::BackgroundColor;
        use inferno::flamegraph::{Direction, Options, TextTruncateDirection, from_lines};
        let _own = OwnWork::begin();
        let mut options = Options::default();
        options.deterministic = true;
        options.direction = Direction::Inverted;
        options.text_truncate_direction = TextTruncateDirection::Right;
        options.title = format!("{}: what changed", metric.title());
        options.subtitle = Some("width: after; red: more than before, blue: less".to_owned());
        options.count_name = metric.unit().to_owned();
        options.bgcolors = Some(BackgroundColor::Grey);
        // The function comes first, since a narrow frame has room for no more.
        let lines = lines(self, metric, |frame| ShortName::of(frame).with_place());
        let mut writer = BufWriter::new(writer);
        if self.after().total(metric) == 0 {
            let nothing = format!("no {} in the later profile: no frame has a width", metric.title());
            writer.write_all(empty_image(&options.title, &nothing).as_bytes())?;
            return writer.flush();
        }
        from_lines(&mut options, lines.iter().map(String::as_str), &mut writer)?;
        writer.flush()
    }

    /// Writes the difference as one JSON object: the figures of both profiles, and each call site whose figures differ with its
    /// stack, root first, and its figures before and after.
    ///
    /// # Errors
    ///
    /// What the writer says.
    pub fn write_json(&self, writer: impl Write) -> io::Result<()> {
        let _own = OwnWork::begin();
        let document = Document {
            format: "heaplens-diff",
            version: 1,
            before: self.before().stats(),
            after: self.after().stats(),
            sites: self.sites().iter().filter(|site| site.before() != site.after()).map(Site::of).collect(),
        };
        let mut writer = BufWriter::new(writer);
        serde_json::to_writer(&mut writer, &document)?;
        writer.flush()
    }
}

#[derive(Serialize)]
struct Document<'a> {
    format: &'static str,
    version: u32,
    before: &'a MemoryStats,
    after: &'a MemoryStats,
    sites: Vec<Site<'a>>,
}

#[derive(Serialize)]
struct Site<'a> {
    stack: Vec<String>,
    before: &'a SiteStats,
    after: &'a SiteStats,
}

impl<'a> Site<'a> {
    fn of(site: &'a SiteDiff<'_>) -> Self {
        let stack = site.frames().iter().rev().map(|frame| frame.function.clone()).collect();
        Self { stack, before: site.before(), after: site.after() }
    }
}

fn lines(diff: &ProfileDiff<'_>, metric: Metric, name: impl Fn(&Frame) -> String) -> Vec<String> {
    let line = |site: &SiteDiff<'_>| {
        let (before, after) = (metric.of(site.before()), metric.of(site.after()));
        let names: Vec<String> = site.frames().iter().rev().map(|frame| unambiguous(&name(frame))).collect();
        (before > 0 || after > 0).then(|| format!("{} {before} {after}", names.join(";")))
    };
    let mut lines: Vec<String> = diff.sites().iter().filter_map(line).collect();
    lines.sort_unstable();
    lines
}
