//! From copied call sites to the named ones of a profile.

use crate::profile::{Header, Profile, ProfileBuilder, SiteStats};
use crate::completeness::Completeness;
use crate::record::reader;
use crate::snapshot::{self, Figures, PathKey, Place, SiteCopy};
use crate::stats::MemoryStats;
use crate::symbolize::{Frame, Symbolizer};
use core::time::Duration;
use std::rc::Rc;
use std::time::SystemTime;

/// What is said when the unwinder found nothing.
const NO_UNWIND_TABLES: &str = "no call stacks: the program was built without unwind tables; \
set `panic = \"unwind\"` in its profile in Cargo.toml, or RUSTFLAGS=\"-C force-unwind-tables=yes\"";

/// Names every frame and builds the profile. The recorder's own work; it takes milliseconds for each new address.
pub(super) fn build(
    header: Header,
    stats: MemoryStats,
    completeness: Completeness,
    sites: &[SiteCopy],
) -> Profile {
    let mut symbolizer = Symbolizer::default();
    let stats = with_spread(stats, sites);
    let captured: u64 = sites.iter().map(|site| site.figures.total_blocks).sum();
    let mut builder = ProfileBuilder::new(header, stats, completeness);
    for site in sites.iter().filter(|site| site.figures != Figures::default()) {
        let frames = name(&mut symbolizer, &site.place);
        builder.site(frames.iter().flat_map(|inlined| inlined.iter()), named(&site.figures));
    }
    if captured > 0 && completeness.empty_stacks == captured {
        builder.note(NO_UNWIND_TABLES.to_owned());
    }
    builder.note(symbolizer.note());
    builder.build()
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
        overhead_bytes: reader::overhead_bytes(),
    }
}

/// The peak of a profile is the sum of what the sites held, so that they add up. Where other threads freed in the very
/// instant of the peak, that differs from the peak itself, by no more than is added to the bound here.
fn with_spread(stats: MemoryStats, sites: &[SiteCopy]) -> MemoryStats {
    let sum: u64 = sites.iter().fold(0, |sum, site| sum.wrapping_add(site.figures.at_peak_bytes));
    MemoryStats { peak_error_bytes: stats.peak_error_bytes + stats.peak_bytes.abs_diff(sum), ..stats }
}

fn name(symbolizer: &mut Symbolizer, place: &Place) -> Vec<Rc<[Frame]>> {
    let marker = |text: &str| vec![Rc::from([Frame::marker(text)])];
    match place {
        Place::BeforeRecording => marker("(before recording)"),
        Place::NotCaptured => marker("(not captured)"),
        Place::OverLimit => marker("(over the memory limit)"),
        Place::Path(path) => path
            .iter()
            .filter_map(|key| match key {
                PathKey::Address(address) => Some(symbolizer.frames(*address)),
                PathKey::Scope { name, .. } => Some(Rc::from([Frame::scope(&snapshot::scope_name(*name))])),
                PathKey::Cut => Some(Rc::from([Frame::marker("(cut short)")])),
                PathKey::Recording(_) => None,
            })
            .collect(),
    }
}

/// The figures as people see them. What one thread freed of another's is negative on neither, now that all are added up.
fn named(figures: &Figures) -> SiteStats {
    SiteStats {
        total_blocks: figures.total_blocks,
        total_bytes: figures.total_bytes,
        freed_blocks: figures.freed_blocks.min(figures.total_blocks),
        freed_bytes: figures.freed_bytes.min(figures.total_bytes),
        live_at_peak_blocks: (figures.at_peak_blocks as i64).max(0) as u64,
        live_at_peak_bytes: (figures.at_peak_bytes as i64).max(0) as u64,
        temporary_blocks: figures.temporary_blocks,
    }
}
