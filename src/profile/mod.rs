//! What a measurement found, complete in itself.
//!
//! A [`Profile`] holds names and figures and no address, so it can be saved, sent to another machine, and read there.
//! The profiler builds one with a [`ProfileBuilder`]; exports and reports read it through [`Profile::sites`].
//!
//! ```text
//! ProfileBuilder --build--> Profile { header, figures, frames[], stacks[ frame ids + figures ] }
//!                              |  sites(metric)        the view: trimmed, merged, sorted
//!                              |  scopes, in_scope, ..  the split, and a part as a profile of its own
//!                              '  save, load           the file: versioned JSON, checked on the way in
//! ```
#![forbid(unsafe_code)]

mod builder;
mod check;
mod error;
mod file;
mod filter;
mod header;
mod json;
mod metric;
mod named;
mod part;
mod replace;
mod site;
mod site_stats;
mod split;

use core::time::Duration;
use std::time::{SystemTime, UNIX_EPOCH};

pub(crate) use builder::ProfileBuilder;
pub use error::ProfileError;
pub(crate) use header::Header;
pub use metric::Metric;
pub(crate) use replace::{Access, replace_file};
pub use site::Site;
pub use site_stats::SiteStats;
pub use split::ProfilePart;

use crate::completeness::Completeness;
use crate::profile::part::PartOf;
use crate::record::own_work::OwnWork;
use crate::spans::SpanTable;
use crate::stats::MemoryStats;
use crate::symbolize::{Frame, Origin, short_path};

/// A finished measurement: figures, and the call stacks that they belong to.
///
/// It depends on nothing of the running process. [`summary`](Profile::summary) prints the essentials,
/// [`sites`](Profile::sites) gives the call sites, [`save`](Profile::save) and [`load`](Profile::load) keep it in a
/// file. The figures of the sites add up to [`stats`](Profile::stats). [`scopes`](Profile::scopes) splits it by scope and
/// [`threads`](Profile::threads) by thread; [`in_scope`](Profile::in_scope) and [`on_thread`](Profile::on_thread) give
/// the part of one.
///
/// What its methods allocate, and what they return, is heaplens's own work: no part of any figure of the program.
///
/// `Profile::default()` is the profile of a program that allocated nothing.
///
/// ```
/// let profile = heaplens::Profile::default();
/// assert_eq!(profile.stats().total_bytes, 0);
/// assert!(profile.sites(heaplens::Metric::TotalBytes).is_empty());
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Profile {
    header: Header,
    stats: MemoryStats,
    completeness: Completeness,
    notes: Vec<String>,
    spans: SpanTable,
    /// Every distinct frame, sorted; a [`FrameId`] is an index into it.
    frames: Vec<Frame>,
    /// Every distinct stack, sorted.
    stacks: Vec<Stack>,
    /// What it is a part of; `None` for a whole recording.
    part: Option<PartOf>,
    /// Whether views show the frames of the standard library around the user's code.
    runtime_frames: bool,
}

/// The place of a frame in [`Profile::frames`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub(crate) struct FrameId(u32);

/// One call stack, leaf first and untrimmed, and its figures.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct Stack {
    frames: Vec<FrameId>,
    stats: SiteStats,
}

impl Profile {
    /// The name of what was measured: of the scope, or of the program.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.header.name
    }

    /// The command line of the measured process.
    #[must_use]
    pub fn command(&self) -> &str {
        &self.header.command
    }

    /// The id of the measured process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.header.pid
    }

    /// When the measurement began, to the second.
    #[must_use]
    pub fn started(&self) -> SystemTime {
        UNIX_EPOCH.checked_add(Duration::from_secs(self.header.started_unix_seconds)).unwrap_or(UNIX_EPOCH)
    }

    /// How long the measurement took.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        Duration::from_nanos(self.header.elapsed_nanoseconds)
    }

    /// The version of heaplens that measured.
    #[must_use]
    pub fn heaplens_version(&self) -> &str {
        &self.header.heaplens_version
    }

    /// Memory that heaplens's tables took when the measurement ended, in bytes. No part of any other figure. Naming the
    /// frames thereafter takes some more for debug information ([`overhead_bytes`](crate::overhead_bytes)).
    #[must_use]
    pub fn overhead_bytes(&self) -> u64 {
        self.header.overhead_bytes
    }

    /// The figures of all call sites together. Of a [`part`](Profile::part) they do not mean quite the same.
    #[must_use]
    pub fn stats(&self) -> &MemoryStats {
        &self.stats
    }

    /// What is missing from the measurement, if anything.
    #[must_use]
    pub fn completeness(&self) -> &Completeness {
        &self.completeness
    }

    /// Remarks for the person, such as the line of `Cargo.toml` that would make the call stacks more telling.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The spans that were closed during the recording, by name, where a `MemoryLayer` (feature `tracing`) measures them.
    ///
    /// Empty for the profile of a scope: spans are added up for the process.
    ///
    /// ```
    /// assert!(heaplens::Profile::default().spans().is_empty());
    /// ```
    pub fn spans(&self) -> &SpanTable {
        &self.spans
    }

    /// The total of a metric over all call sites, in the metric's [unit](Metric::unit).
    #[must_use]
    pub fn total(&self, metric: Metric) -> u64 {
        self.stacks.iter().fold(0, |total, stack| total.saturating_add(metric.of(&stack.stats)))
    }

    /// The same profile with the frames of the standard library and of heaplens itself shown, or hidden again.
    ///
    /// All views obey: [`sites`](Profile::sites), the summary and the exports. Hidden is the default. The saved file
    /// always holds every frame.
    #[must_use]
    pub fn with_runtime_frames(mut self, shown: bool) -> Self {
        self.runtime_frames = shown;
        self
    }

    /// Where a frame's call is written, as `src/main.rs:12`: relative to the directory in which the program ran where
    /// the file is below it, and with the crate and its version in front for code of a registry.
    ///
    /// `None` where the debug information names no file.
    #[must_use]
    pub fn location(&self, frame: &Frame) -> Option<String> {
        let _own = OwnWork::begin();
        let file = self.short_file(frame)?;
        Some(match frame.line {
            Some(line) => format!("{file}:{line}"),
            None => file.to_owned(),
        })
    }

    /// The file of [`location`](Profile::location), without the line.
    pub(crate) fn short_file<'f>(&self, frame: &'f Frame) -> Option<&'f str> {
        Some(short_path(frame.file.as_deref()?, &self.header.directory))
    }

    /// Whether the recording told threads apart.
    pub(crate) fn has_threads(&self) -> bool {
        self.frames.iter().any(|frame| frame.origin == Origin::Thread)
    }

    fn frame(&self, id: FrameId) -> &Frame {
        &self.frames[id.0 as usize]
    }
}
