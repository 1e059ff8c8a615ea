//! speedscope's file format: flame graphs of several metrics in one file, for <https://www.speedscope.app>.
//!
//! ```text
//! {"$schema":..,"exporter":"heaplens 0.1.0","name":..,
//!  "shared":{"frames":[{"name":"app::parse","file":"src/parse.rs","line":12},..]},
//!  "profiles":[{"type":"sampled","name":"bytes allocated","unit":"bytes","startValue":0,"endValue":42,
//!               "samples":[[root, .., leaf],..],"weights":[42,..]},..]}
//! ```
//!
//! The format is described by <https://www.speedscope.app/file-format-schema.json> and
//! <https://github.com/jlfwong/speedscope/wiki/Importing-from-custom-sources>. A sample is a stack here, not an instant, so
//! that samples are sorted by their frames: the view "Time Order" then draws neighbours that share frames as one, like
//! "Left Heavy".

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};

use serde::Serialize;

use crate::export::about::with_remarks;
use crate::export::frame_table::FrameTable;
use crate::profile::{Metric, Profile};
use crate::record::own_work::OwnWork;
use crate::symbolize::{Frame, visible};

/// The mark of the format.
const SCHEMA: &str = "https://www.speedscope.app/file-format-schema.json";

/// In the order of the viewer's tabs.
const METRICS: [Metric; 5] =
    [Metric::TotalBytes, Metric::LiveAtPeakBytes, Metric::LiveAtEndBytes, Metric::TotalBlocks, Metric::TemporaryBlocks];

/// The whole file.
#[derive(Serialize)]
struct Contents {
    #[serde(rename = "$schema")]
    schema: &'static str,
    exporter: &'static str,
    name: String,
    shared: Shared,
    profiles: Vec<Sampled>,
}

/// What the profiles of a file have in common.
#[derive(Serialize)]
struct Shared {
    frames: Vec<ShownFrame>,
}

/// A frame as the viewer shows it.
#[derive(Clone, PartialEq, Eq, Hash, Serialize)]
struct ShownFrame {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
}

/// The stacks of one metric.
#[derive(Serialize)]
struct Sampled {
    #[serde(rename = "type")]
    kind: &'static str,
    name: &'static str,
    unit: &'static str,
    #[serde(rename = "startValue")]
    start: u64,
    /// The sum of the weights.
    #[serde(rename = "endValue")]
    end: u64,
    /// Numbers of frames, root first.
    samples: Vec<Vec<usize>>,
    weights: Vec<u64>,
}

impl Profile {
    /// Writes the call stacks in speedscope's format: one profile for each [metric](Metric) that is not zero.
    ///
    /// They are named by [`Metric::title`] and come in the order bytes allocated, live at the peak, still live at the end,
    /// blocks allocated, temporary blocks. Threads and scopes are the outermost frames. Bytes have the unit `bytes`, blocks
    /// have none. Figures are exact in the file; viewers in JavaScript round those above 2^53. The viewer calls a file
    /// without any profile empty.
    ///
    /// The format: <https://www.speedscope.app/file-format-schema.json>.
    ///
    /// ```
    /// # let profile = heaplens::Profile::default();
    /// let mut file = Vec::new();
    /// profile.write_speedscope(&mut file)?;
    /// assert!(file.starts_with(b"{\"$schema\":\"https://www.speedscope.app/"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// What the writer says.
    pub fn write_speedscope(&self, writer: impl Write) -> io::Result<()> {
        let _own = OwnWork::begin();
        let mut table = FrameTable::new(|frame: &Frame| shown(self, frame));
        let profiles = METRICS
            .into_iter()
            .filter(|metric| self.total(*metric) > 0)
            .map(|metric| sampled(self, metric, |frames| table.stack(frames)))
            .collect();
        let name = match visible(self.name().trim()) {
            name if name.is_empty() => "(unnamed)".to_owned(),
            name => name.into_owned(),
        };
        let contents = Contents {
            schema: SCHEMA,
            exporter: concat!("heaplens ", env!("CARGO_PKG_VERSION")),
            name: with_remarks(name, self),
            shared: Shared { frames: table.into_entries() },
            profiles,
        };
        // The JSON comes in pieces of a few bytes, each of which would cost a file a call.
        let mut buffered = BufWriter::new(writer);
        serde_json::to_writer(&mut buffered, &contents).map_err(io::Error::from)?;
        buffered.flush()
    }
}

/// The stacks of a metric; `numbers` gives those of a stack's frames. Stacks that look the same are one sample.
fn sampled(profile: &Profile, metric: Metric, mut numbers: impl FnMut(&[&Frame]) -> Vec<usize>) -> Sampled {
    let mut stacks: BTreeMap<Vec<usize>, u64> = BTreeMap::new();
    for site in profile.sites(metric) {
        let mut stack = numbers(site.frames());
        stack.reverse();
        let weight = stacks.entry(stack).or_default();
        *weight = weight.saturating_add(site.value());
    }
    let (samples, weights): (Vec<_>, Vec<_>) = stacks.into_iter().unzip();
    Sampled {
        kind: "sampled",
        name: metric.title(),
        // Other units than these are of time.
        unit: if metric.unit() == "bytes" { "bytes" } else { "none" },
        start: 0,
        end: weights.iter().fold(0, |sum, weight| sum.saturating_add(*weight)),
        samples,
        weights,
    }
}

fn shown(profile: &Profile, frame: &Frame) -> ShownFrame {
    let file = profile.short_file(frame).map(|file| visible(file).into_owned());
    // A line without its file says nothing.
    let line = file.as_ref().and(frame.line);
    ShownFrame { name: frame.to_string(), file, line }
}
