//! DHAT's file format, version 2: what `dh_view.html` of Valgrind shows.
//!
//! ```text
//! {"dhatFileVersion":2,"mode":..,"verb":"Allocated","bklt":false,"bkacc":false,"tu":"µs","Mtu":"s",
//!  "cmd":..,"pid":..,"te":..,
//!  "pps":[{"tb":..,"tbk":..,"gb":..,"gbk":..,"eb":..,"ebk":..,"fs":[leaf, .., root]},..],
//!  "ftbl":["[root]","app::parse (src/parse.rs:12)",..]}
//! ```
//!
//! The format is described in `dhat/dh_main.c` of Valgrind's sources and in the user's manual,
//! <https://valgrind.org/docs/manual/dh-manual.html>; what is read of it, and how, is decided by `dhat/dh_view.js`.
//!
//! **No lifetimes.** With `bklt` the viewer wants the most that each call site ever held (`mb`, `mbk`) and how long its
//! blocks lived (`tl`), and prints them. heaplens records neither, and a number in their place would be read as a fact:
//! so `bklt` is false. The viewer then shows bytes and blocks allocated, and hides what was live at the peak and at the
//! end. Those figures are known, and are written all the same (`gb`, `gbk`, `eb`, `ebk`): the viewer passes over them,
//! and the importer of the Firefox Profiler reads them with or without `bklt`.
//!
//! **No addresses.** Frames of Valgrind begin with `0x4C2FB0F: `. A profile has no addresses, and the viewer prints the
//! text of a frame as it is, so that a frame is its name and its place alone.
//!
//! **One entry for each stack that looks different.** The viewer refuses a file in which two entries have the same
//! frames, so that entries are merged by the text of their frames.

use std::collections::HashMap;
use std::io::{self, BufWriter, Write};

use serde::Serialize;

use crate::export::about::with_remarks;
use crate::export::frame_table::FrameTable;
use crate::profile::{Metric, Profile, Site, SiteStats};
use crate::record::own_work::OwnWork;
use crate::symbolize::{Frame, command_line, visible};

/// What the viewer calls the node above all stacks; the first text of every table of frames.
const ROOT: &str = "[root]";

/// The whole file.
#[derive(Serialize)]
struct Contents<'p> {
    #[serde(rename = "dhatFileVersion")]
    version: u32,
    mode: String,
    verb: &'static str,
    #[serde(rename = "bklt")]
    has_lifetimes: bool,
    #[serde(rename = "bkacc")]
    has_accesses: bool,
    #[serde(rename = "tu")]
    time_unit: &'static str,
    #[serde(rename = "Mtu")]
    million_time_units: &'static str,
    #[serde(rename = "cmd")]
    command: &'p str,
    pid: u32,
    #[serde(rename = "te")]
    elapsed_microseconds: u64,
    #[serde(rename = "pps")]
    points: Vec<ProgramPoint>,
    #[serde(rename = "ftbl")]
    frames: Vec<String>,
}

/// One stack and its figures: a "program point".
#[derive(Serialize)]
struct ProgramPoint {
    #[serde(rename = "tb")]
    total_bytes: u64,
    #[serde(rename = "tbk")]
    total_blocks: u64,
    #[serde(rename = "gb")]
    live_at_peak_bytes: u64,
    #[serde(rename = "gbk")]
    live_at_peak_blocks: u64,
    #[serde(rename = "eb")]
    live_at_end_bytes: u64,
    #[serde(rename = "ebk")]
    live_at_end_blocks: u64,
    /// Leaf first. Never 0, which is the root.
    #[serde(rename = "fs")]
    frames: Vec<usize>,
}

impl Profile {
    /// Writes the call sites in DHAT's format, version 2, for Valgrind's viewer `dh_view.html`.
    ///
    /// Bytes and blocks allocated are shown by call stack, with scopes and threads as the outermost frames, and rates by
    /// the time that the measurement took. heaplens does not record how long blocks live, nor the most that each call
    /// site ever held, so that the file says it has no lifetimes; the viewer then hides its other figures as well. The
    /// bytes and blocks live at the peak and at the end are in the file (`gb`, `gbk`, `eb`, `ebk`) for readers that look
    /// for them, such as the Firefox Profiler. Figures are exact in the file; viewers in JavaScript round those above
    /// 2^53.
    ///
    /// The format: <https://valgrind.org/docs/manual/dh-manual.html>.
    ///
    /// ```
    /// # let profile = heaplens::Profile::default();
    /// let mut file = Vec::new();
    /// profile.write_dhat(&mut file)?;
    /// assert!(file.starts_with(b"{\"dhatFileVersion\":2,"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// What the writer says.
    pub fn write_dhat(&self, writer: impl Write) -> io::Result<()> {
        let _own = OwnWork::begin();
        let (points, frames) = points_and_frames(self);
        let measured_by = format!("heaplens {}", visible(self.heaplens_version()));
        let contents = Contents {
            version: 2,
            mode: with_remarks(measured_by.trim_end().to_owned(), self),
            verb: "Allocated",
            has_lifetimes: false,
            has_accesses: false,
            time_unit: "µs",
            million_time_units: "s",
            command: &visible(command_line(self.command())),
            pid: self.pid(),
            // Nothing takes no time at all, and the viewer divides by this.
            elapsed_microseconds: u64::try_from(self.elapsed().as_micros()).unwrap_or(u64::MAX).max(1),
            points,
            frames,
        };
        // The JSON comes in pieces of a few bytes, each of which would cost a file a call.
        let mut buffered = BufWriter::new(writer);
        serde_json::to_writer(&mut buffered, &contents).map_err(io::Error::from)?;
        buffered.flush()
    }
}

/// The stacks with their figures, the largest first, and the texts of their frames.
fn points_and_frames(profile: &Profile) -> (Vec<ProgramPoint>, Vec<String>) {
    let mut table = FrameTable::new(|frame: &Frame| text(profile, frame));
    let mut merged: Vec<(Vec<usize>, SiteStats)> = Vec::new();
    let mut places: HashMap<Vec<usize>, usize> = HashMap::new();
    for site in every_site(profile) {
        // The root stands before all other frames.
        let stack: Vec<usize> = table.stack(site.frames()).into_iter().map(|number| number + 1).collect();
        let place = *places.entry(stack).or_insert_with_key(|stack| {
            merged.push((stack.clone(), SiteStats::default()));
            merged.len() - 1
        });
        merged[place].1.add(site.stats());
    }
    let points = merged.into_iter().map(|(frames, stats)| point(frames, &stats)).collect();
    // A scope may be called "root" too, and is another frame.
    let frames = core::iter::once(ROOT.to_owned()).chain(table.into_entries()).collect();
    (points, frames)
}

/// Every site that allocated, those of blocks without a byte last: a metric leaves out where it is zero.
fn every_site(profile: &Profile) -> impl Iterator<Item = Site<'_>> {
    let without_bytes = profile.sites(Metric::TotalBlocks).into_iter().filter(|site| site.stats().total_bytes == 0);
    profile.sites(Metric::TotalBytes).into_iter().chain(without_bytes)
}

fn point(frames: Vec<usize>, stats: &SiteStats) -> ProgramPoint {
    ProgramPoint {
        total_bytes: stats.total_bytes,
        total_blocks: stats.total_blocks,
        live_at_peak_bytes: stats.live_at_peak_bytes,
        live_at_peak_blocks: stats.live_at_peak_blocks,
        live_at_end_bytes: stats.live_bytes(),
        live_at_end_blocks: stats.live_blocks(),
        frames,
    }
}

/// A frame as the viewer prints it.
fn text(profile: &Profile, frame: &Frame) -> String {
    match profile.location(frame) {
        Some(location) => format!("{frame} ({})", visible(&location)),
        None => frame.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::completeness::Completeness;
    use crate::profile::{Header, ProfileBuilder};
    use crate::stats::MemoryStats;

    fn profile(sites: &[(&[Frame], u64, u64)]) -> Profile {
        let mut builder = ProfileBuilder::new(Header::default(), MemoryStats::default(), Completeness::default());
        for (frames, total_blocks, total_bytes) in sites {
            let ids = frames.iter().map(|frame| builder.frame(frame)).collect();
            let stats = SiteStats { total_blocks: *total_blocks, total_bytes: *total_bytes, ..SiteStats::default() };
            builder.stack(ids, stats);
        }
        builder.build()
    }

    fn written(profile: &Profile) -> Vec<(u64, u64, Vec<String>)> {
        let (points, texts) = points_and_frames(profile);
        let names = |point: &ProgramPoint| point.frames.iter().map(|number| texts[*number].clone()).collect();
        points.iter().map(|point| (point.total_bytes, point.total_blocks, names(point))).collect()
    }

    #[test]
    fn sites_that_look_the_same_are_one_point() {
        let in_file = |file: &str| Frame::code("app::f".to_owned(), Some(file.to_owned()), Some(3));
        let (first, second) = (in_file("/c/registry/src/index-1/app-1.0.0/f.rs"), in_file("/vendor/app-1.0.0/f.rs"));
        let points = written(&profile(&[(&[first], 1, 10), (&[second], 2, 20)]));
        assert_eq!(points, [(30, 3, vec!["app::f (app-1.0.0/f.rs:3)".to_owned()])]);
    }

    #[test]
    fn blocks_without_a_byte_are_there() {
        let code = |name: &str| Frame::code(name.to_owned(), None, None);
        let points = written(&profile(&[(&[code("app::empty")], 5, 0), (&[code("app::full")], 1, 8)]));
        assert_eq!(points, [(8, 1, vec!["app::full".to_owned()]), (0, 5, vec!["app::empty".to_owned()])]);
    }

    #[test]
    fn a_scope_called_root_is_not_the_root() {
        let (points, texts) = points_and_frames(&profile(&[(&[Frame::scope("root")], 1, 8)]));
        assert_eq!(
            (points[0].frames.as_slice(), texts.as_slice()),
            (&[1][..], &[ROOT.to_owned(), ROOT.to_owned()][..])
        );
    }
}
