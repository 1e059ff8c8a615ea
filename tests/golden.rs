//! What the exports and reports write, byte by byte, from one profile that is part of the repository.
//!
//! `tests/golden/fluid.json` is the profile of a made-up simulation, `orders.json` that of a made-up service, recorded by
//! thread and with scopes in scopes. When an output changes on purpose, write the files
//! anew and look at the difference before committing it:
//!
//! ```text
//! HEAPLENS_UPDATE_GOLDEN=1 cargo test --test golden
//! ```
#![cfg(feature = "stacks")]

#[path = "support/pprof_message.rs"]
mod pprof_message;

use std::fs;
use std::path::{Path, PathBuf};

use heaplens::{Grouping, Metric, Profile};
use pprof_message::PprofProfile;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

fn fluid() -> Profile {
    Profile::load(golden("fluid.json")).expect("the profile is part of the repository")
}

fn orders() -> Profile {
    Profile::load(golden("orders.json")).expect("the profile is part of the repository")
}

/// A part of [`orders`], chosen twice.
fn index_on_worker_1() -> Profile {
    orders().in_scope("index").and_then(|index| index.on_thread("worker-1")).expect("both are there")
}

/// Compares what was written with the file of that name, or writes the file when asked to.
fn assert_golden(name: &str, written: &[u8]) {
    let path = golden(name);
    if std::env::var_os("HEAPLENS_UPDATE_GOLDEN").is_some() {
        fs::write(&path, written).expect("the folder of golden files can be written");
        return;
    }
    let expected = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert!(
        expected == written,
        "{name} differs; if that is meant, run HEAPLENS_UPDATE_GOLDEN=1 cargo test --test golden. Written:\n{}",
        String::from_utf8_lossy(written)
    );
}

#[test]
fn the_folded_stacks_of_every_metric_are_as_committed() {
    for metric in Metric::ALL {
        let mut written = Vec::new();
        fluid().write_folded(metric, &mut written).expect("memory can be written");
        assert_golden(&format!("fluid.{metric}.folded"), &written);
    }
}

#[test]
fn folded_stacks_with_runtime_frames_are_as_committed() {
    let mut written = Vec::new();
    let profile = fluid().with_runtime_frames(true);
    profile.write_folded(Metric::LiveAtEndBytes, &mut written).expect("memory can be written");
    assert_golden("fluid.live-at-end-bytes.runtime-frames.folded", &written);
}

#[test]
fn the_dhat_files_are_as_committed() {
    for (name, profile) in [("fluid", fluid()), ("orders", orders())] {
        let mut written = Vec::new();
        profile.write_dhat(&mut written).expect("memory can be written");
        assert_golden(&format!("{name}.dhat.json"), &written);
    }
}

/// The version of the exporter is not in the committed files, which stay the same with the next one.
#[test]
fn the_speedscope_files_are_as_committed() {
    let exporter = concat!("\"exporter\":\"heaplens ", env!("CARGO_PKG_VERSION"), "\"");
    for (name, profile) in [("fluid", fluid()), ("orders", orders())] {
        let mut written = Vec::new();
        profile.write_speedscope(&mut written).expect("memory can be written");
        let written = String::from_utf8(written).expect("UTF-8");
        assert_eq!(written.matches(exporter).count(), 1, "{written}");
        let written = written.replace(exporter, "\"exporter\":\"heaplens VERSION\"");
        assert_golden(&format!("{name}.speedscope.json"), written.as_bytes());
    }
}

#[cfg(feature = "flamegraph")]
#[test]
fn the_flame_graph_is_as_committed() {
    let mut written = Vec::new();
    fluid().write_flamegraph(Metric::LiveAtPeakBytes, &mut written).expect("memory can be written");
    assert_golden("fluid.live-at-peak-bytes.svg", &written);
}

#[cfg(feature = "flamegraph")]
#[test]
fn the_flame_graph_of_nothing_is_as_committed() {
    let mut written = Vec::new();
    Profile::default().write_flamegraph(Metric::TemporaryBlocks, &mut written).expect("memory can be written");
    assert_golden("empty.temporary-blocks.svg", &written);
}

#[test]
fn the_summary_is_as_committed() {
    assert_golden("fluid.summary.txt", fluid().summary().as_bytes());
    assert_golden("empty.summary.txt", Profile::default().summary().as_bytes());
}

#[test]
fn the_full_report_is_as_committed() {
    assert_golden("fluid.full-report.txt", fluid().full_report(2).as_bytes());
}

#[test]
fn the_tables_of_scopes_and_threads_are_as_committed() {
    assert_golden("fluid.by-scope.txt", fluid().scope_table(10).as_bytes());
    assert_golden("orders.by-scope.txt", orders().scope_table(10).as_bytes());
    assert_golden("orders.by-thread.txt", orders().thread_table(3).expect("by thread").as_bytes());
    assert_golden("orders.index.by-thread.txt", index_on_worker_1().thread_table(3).expect("by thread").as_bytes());
}

#[test]
fn the_reports_of_a_part_are_as_committed() {
    assert_golden("orders.index.summary.txt", index_on_worker_1().summary().as_bytes());
    assert_golden("orders.index.full-report.txt", index_on_worker_1().full_report(1).as_bytes());
}

/// The file stays as it was first written, so that it shows whether parts of that time are read.
#[test]
fn the_committed_file_of_a_part_is_read_as_that_part() {
    let read = Profile::load(golden("orders.index.json")).expect("the part is part of the repository");
    assert_eq!((&read, read.whole_stats()), (&index_on_worker_1(), orders().stats()));
}

#[test]
fn the_folded_stacks_of_a_recording_by_thread_are_as_committed() {
    let mut written = Vec::new();
    orders().write_folded(Metric::TotalBytes, &mut written).expect("memory can be written");
    assert_golden("orders.total-bytes.folded", &written);
}

#[cfg(feature = "flamegraph")]
#[test]
fn the_flame_graph_of_a_part_is_as_committed() {
    let mut written = Vec::new();
    index_on_worker_1().write_flamegraph(Metric::TotalBytes, &mut written).expect("memory can be written");
    assert_golden("orders.index.total-bytes.svg", &written);
}

#[test]
fn the_difference_of_two_profiles_is_as_committed() {
    let (before, after) = (index_on_worker_1(), orders());
    let diff = Profile::diff(&before, &after);
    assert_golden("orders.diff.txt", diff.report(Metric::TotalBytes, 8).as_bytes());
    let mut folded = Vec::new();
    diff.write_folded(Metric::TotalBytes, &mut folded).expect("memory can be written");
    assert_golden("orders.diff.folded", &folded);
    let mut json = Vec::new();
    diff.write_json(&mut json).expect("memory can be written");
    assert_golden("orders.diff.json", &json);
}

/// The figures of the sites add up to those of the whole, whichever profile has them, in the text as in the folded stacks.
#[test]
fn the_difference_of_two_profiles_adds_up() {
    for (before, after) in [(fluid(), orders()), (orders(), index_on_worker_1()), (Profile::default(), fluid())] {
        let diff = Profile::diff(&before, &after);
        for metric in Metric::ALL {
            let sum: i128 = diff.sites().iter().map(|site| site.change(metric)).sum();
            assert_eq!(sum, diff.total_change(metric), "{metric}");
            let mut folded = Vec::new();
            diff.write_folded(metric, &mut folded).expect("memory can be written");
            let text = String::from_utf8(folded).expect("text");
            let columns: Vec<[u64; 2]> = text
                .lines()
                .map(|line| {
                    let mut words = line.rsplitn(3, ' ');
                    let mut number = || words.next().and_then(|word| word.parse().ok()).expect("a figure");
                    let after = number();
                    [number(), after]
                })
                .collect();
            let total = |column: usize| columns.iter().map(|columns| columns[column]).sum::<u64>();
            assert_eq!([total(0), total(1)], [before.total(metric), after.total(metric)], "{metric}");
        }
        let lines = diff.report(Metric::TotalBytes, 16);
        assert!(lines.lines().count() <= 25 && lines.lines().all(|line| line.chars().count() <= 100), "{lines}");
    }
}

#[cfg(feature = "flamegraph")]
#[test]
fn a_differential_flame_graph_is_an_image_even_of_nothing() {
    let image = |before: &Profile, after: &Profile| {
        let mut written = Vec::new();
        Profile::diff(before, after).write_flamegraph(Metric::TotalBytes, &mut written).expect("memory can be written");
        String::from_utf8(written).expect("text")
    };
    let changed = image(&index_on_worker_1(), &orders());
    assert!(changed.contains("bytes allocated: what changed") && changed.contains("walk"), "{changed}");
    for before in [Profile::default(), orders()] {
        assert!(image(&before, &Profile::default()).contains("no bytes allocated in the later profile"));
    }
}

/// The message as text, since its bytes depend on the version of the compressor.
#[test]
fn the_pprof_profiles_are_as_committed() {
    let profiles = [("fluid", fluid()), ("orders", orders()), ("orders.index", index_on_worker_1())];
    for (name, profile) in profiles.into_iter().chain([("empty", Profile::default())]) {
        let mut written = Vec::new();
        profile.write_pprof(&mut written).expect("memory can be written");
        assert_golden(&format!("{name}.pprof.txt"), PprofProfile::of_file(&written).text().as_bytes());
    }
}

#[test]
fn the_tables_by_crate_and_module_are_as_committed_and_add_up() {
    assert_golden("fluid.by-crate.txt", fluid().group_table(Grouping::Crate, 3).as_bytes());
    assert_golden("orders.by-module.txt", orders().group_table(Grouping::Module, 10).as_bytes());
    for (profile, by) in [(fluid(), Grouping::Crate), (orders(), Grouping::Module)] {
        for metric in Metric::ALL {
            let sum: u64 = profile.groups(by).iter().map(|group| metric.of(group.own())).sum();
            assert_eq!(sum, profile.total(metric), "{metric}");
        }
    }
}
