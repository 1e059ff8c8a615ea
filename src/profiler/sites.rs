//! From copied call sites to the named ones of a profile.

use crate::completeness::Completeness;
use crate::profile::{FrameId, Header, Profile, ProfileBuilder, SiteStats};
use crate::record::reader;
use crate::snapshot::{self, Figures, PathKey, Place, SiteCopy};
use crate::spans::SpanTable;
use crate::stats::MemoryStats;
use crate::symbolize::{Frame, Symbolizer};
use core::time::Duration;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::SystemTime;

/// What is said when the unwinder found nothing.
const NO_UNWIND_TABLES: &str = "no call stacks: the program was built without unwind tables; \
set `panic = \"unwind\"` in its profile in Cargo.toml, or RUSTFLAGS=\"-C force-unwind-tables=yes\"";

/// What belongs to no call site.
pub(super) struct About {
    /// A note on what was measured, if there is one.
    pub(super) note: Option<String>,
    /// The spans that were closed meanwhile.
    pub(super) spans: SpanTable,
}

/// Names every frame and builds the profile. The recorder's own work; it takes milliseconds for each new address.
pub(super) fn build(
    header: Header,
    stats: MemoryStats,
    completeness: Completeness,
    sites: &[SiteCopy],
    about: About,
) -> Profile {
    let mut names = Names::new(ProfileBuilder::new(header, with_spread(stats, sites), completeness));
    for site in sites.iter().filter(|site| site.figures != Figures::default()) {
        let frames = names.of(site.place);
        names.builder.stack(frames, named(&site.figures));
    }
    let captured: u64 = sites.iter().map(|site| site.figures.total_blocks).sum();
    if captured > 0 && completeness.empty_stacks == captured {
        names.builder.note(NO_UNWIND_TABLES.to_owned());
    }
    names.builder.note(about.note).spans(about.spans);
    names.builder.note(names.symbolizer.note());
    names.builder.build()
}

/// Names each frame once, however many stacks it is in.
struct Names {
    builder: ProfileBuilder,
    symbolizer: Symbolizer,
    known: HashMap<PathKey, Rc<[FrameId]>>,
}

impl Names {
    fn new(builder: ProfileBuilder) -> Self {
        Self { builder, symbolizer: Symbolizer::default(), known: HashMap::new() }
    }

    fn of(&mut self, place: Place) -> Vec<FrameId> {
        let mut marker = |text: &str| vec![self.builder.frame(&Frame::marker(text))];
        match place {
            Place::BeforeRecording => marker("(before recording)"),
            Place::NotCaptured => marker("(not captured)"),
            Place::OverLimit => marker("(over the memory limit)"),
            Place::Captured(_) => {
                let mut frames = Vec::new();
                for key in place.path() {
                    frames.extend_from_slice(&self.of_key(key));
                }
                frames
            }
        }
    }

    /// One address is several frames where functions are inlined.
    fn of_key(&mut self, key: PathKey) -> Rc<[FrameId]> {
        if let Some(known) = self.known.get(&key) {
            return Rc::clone(known);
        }
        let frames: Rc<[Frame]> = match key {
            PathKey::Address(address) => self.symbolizer.frames(address),
            PathKey::Scope { name, .. } => Rc::from([Frame::scope(&snapshot::scope_name(name))]),
            PathKey::Thread(name) => Rc::from([Frame::thread(&snapshot::thread_name(name))]),
            PathKey::Cut => Rc::from([Frame::marker("(cut short)")]),
            PathKey::LateAddress { address, module } => self.symbolizer.frames_of_module(address, module),
            PathKey::Recording(_) | PathKey::Place(_) => Rc::from([]),
        };
        let ids: Rc<[FrameId]> = frames.iter().map(|frame| self.builder.frame(frame)).collect();
        self.known.insert(key, Rc::clone(&ids));
        ids
    }
}

/// The facts of this process about a measurement that began at `started` and took `elapsed`.
pub(super) fn header(name: &str, started: SystemTime, elapsed: Duration) -> Header {
    let arguments: Vec<String> = std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
    Header {
        name: name.to_owned(),
        command: arguments.join(" "),
        directory: std::env::current_dir().map(|path| path.to_string_lossy().into_owned()).unwrap_or_default(),
        pid: std::process::id(),
        started_unix_seconds: started.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs()),
        elapsed_nanoseconds: u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX),
        heaplens_version: env!("CARGO_PKG_VERSION").to_owned(),
        overhead_bytes: reader::table_bytes(),
    }
}

/// The peak of a profile is the sum of what the sites held, so that they add up. Where other threads freed in the very
/// instant of the peak, that differs from the peak itself, by no more than is added to the bound here.
fn with_spread(stats: MemoryStats, sites: &[SiteCopy]) -> MemoryStats {
    let sum: u64 = sites.iter().fold(0, |sum, site| sum.wrapping_add(site.figures.at_peak_bytes));
    MemoryStats { peak_error_bytes: stats.peak_error_bytes + stats.peak_bytes.abs_diff(sum), ..stats }
}

/// The figures as people see them. The profile brings in line what was torn beside running threads.
fn named(figures: &Figures) -> SiteStats {
    SiteStats {
        total_blocks: figures.total_blocks,
        total_bytes: figures.total_bytes,
        freed_blocks: figures.freed_blocks,
        freed_bytes: figures.freed_bytes,
        live_at_peak_blocks: (figures.at_peak_blocks as i64).max(0) as u64,
        live_at_peak_bytes: (figures.at_peak_bytes as i64).max(0) as u64,
        temporary_blocks: figures.temporary_blocks,
    }
}
