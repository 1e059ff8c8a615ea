//! pprof profiles, decoded by a library that shares nothing with the writer: every site is there with all its figures, and
//! what the format demands of ids, labels and the order of frames holds.
#![cfg(feature = "stacks")]

#[path = "support/hostile_profile.rs"]
mod hostile_profile;
#[path = "support/pprof_message.rs"]
mod pprof_message;

use heaplens::{Frame, Metric, Origin, Profile, Site};
use pprof_message::{PprofProfile, Sample};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;

/// Function, file and line of each frame, leaf first, and the scopes and threads around it, the innermost first.
type Place = (Vec<(String, String, i64)>, Vec<String>, Vec<String>);

fn golden(name: &str) -> Profile {
    Profile::load(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)).expect("a committed profile")
}

fn written(profile: &Profile) -> Vec<u8> {
    let mut file = Vec::new();
    profile.write_pprof(&mut file).expect("memory can be written");
    file
}

fn decoded(profile: &Profile) -> PprofProfile {
    PprofProfile::of_file(&written(profile))
}

/// A profile of one site without frames, with these figures and the same ones freed.
fn one_site(blocks: u64, bytes: u64, freed_blocks: u64, freed_bytes: u64) -> Profile {
    let mut whole = hostile_profile::empty_figures();
    let figures = [
        ("total_blocks", blocks),
        ("total_bytes", bytes),
        ("freed_blocks", freed_blocks),
        ("freed_bytes", freed_bytes),
        ("live_blocks", blocks - freed_blocks),
        ("live_bytes", bytes - freed_bytes),
    ];
    figures.into_iter().for_each(|(figure, value)| whole[figure] = json!(value));
    let header = json!({
        "name": "", "command": "", "directory": "", "pid": 1, "started_unix_seconds": 0, "elapsed_nanoseconds": 0,
        "heaplens_version": "", "overhead_bytes": 0,
    });
    let text = json!({
        "format": "heaplens-profile", "version": 1, "header": header, "stats": whole, "frames": [], "notes": [],
        "completeness": heaplens::Completeness::default(),
        "sites": [{ "frames": [], "stats": {
            "total_blocks": blocks, "total_bytes": bytes, "freed_blocks": freed_blocks, "freed_bytes": freed_bytes,
            "live_at_peak_blocks": 0, "live_at_peak_bytes": 0, "temporary_blocks": 0,
        }}],
    });
    Profile::read_json(text.to_string().as_bytes()).expect("sound figures")
}

/// A path with what acts on a terminal made visible, as names are: the name of a frame that is called like the path.
fn visible(frame: &Frame, path: &str) -> String {
    let mut named_so = frame.clone();
    named_so.origin = Origin::User;
    named_so.function = format!("|{path}|");
    let shown = named_so.to_string();
    shown[1..shown.len() - 1].to_owned()
}

fn names(site: &Site<'_>, origin: Origin) -> Vec<String> {
    let of_origin = site.frames().iter().filter(|frame| frame.origin == origin);
    let without_marks = of_origin.map(|frame| {
        let shown = frame.to_string();
        let thread = shown.strip_prefix("thread ").filter(|_| origin == Origin::Thread).unwrap_or(&shown);
        let bare = |open, close| thread.strip_prefix(open).and_then(|name| name.strip_suffix(close));
        let bare = if origin == Origin::Scope { bare("[", "]") } else { bare("\"", "\"") };
        bare.unwrap_or(thread).to_owned()
    });
    without_marks.collect()
}

/// The place of a site and its six figures, by the public interface.
fn expected(site: &Site<'_>) -> (Place, [u64; 6]) {
    let code = site.frames().iter().filter(|frame| !matches!(frame.origin, Origin::Scope | Origin::Thread));
    let mut frames: Vec<(String, String, i64)> = code
        .map(|frame| {
            let file = visible(frame, frame.file.as_deref().unwrap_or_default());
            (frame.to_string(), file, frame.line.unwrap_or_default().into())
        })
        .collect();
    if frames.is_empty() {
        frames.push(("(no stack)".to_owned(), String::new(), 0));
    }
    let stats = site.stats();
    let figures = [
        stats.total_blocks,
        stats.total_bytes,
        stats.live_blocks(),
        stats.live_bytes(),
        stats.live_at_peak_blocks,
        stats.live_at_peak_bytes,
    ];
    ((frames, names(site, Origin::Scope), names(site, Origin::Thread)), figures)
}

fn found(message: &PprofProfile, sample: &Sample) -> (Place, [u64; 6]) {
    let frames = sample.location_id.iter().map(|id| message.frame(*id));
    let frames = frames.map(|(function, file, line)| (function.to_owned(), file.to_owned(), line)).collect();
    let mut labels: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for label in &sample.label {
        // The sign inside of a name has another in its place, so that the text falls apart where one name ends.
        let names = message.string(label.str).split(" < ").map(|name| name.replace('‹', "<")).collect();
        let same_key = labels.insert(message.string(label.key), names);
        assert!(same_key.is_none(), "the format allows one label of a key: {sample:?}");
    }
    let [scopes, threads] = ["scope", "thread"].map(|key| labels.remove(key).unwrap_or_default());
    assert!(labels.is_empty(), "{labels:?}");
    let values: Vec<u64> = sample.value.iter().map(|value| u64::try_from(*value).expect("no negative")).collect();
    ((frames, scopes, threads), values.try_into().expect("six values"))
}

/// Compares every sample with the sites of the view. Returns how many there are.
fn assert_same_sites(profile: &Profile, message: &PprofProfile) -> usize {
    let mut sites: BTreeMap<Place, [u64; 6]> = BTreeMap::new();
    for (place, figures) in profile.sites(Metric::TotalBlocks).iter().map(expected) {
        let sum = sites.entry(place).or_default();
        sum.iter_mut().zip(figures).for_each(|(sum, figure)| *sum += figure);
    }
    let mut samples: BTreeMap<Place, [u64; 6]> = BTreeMap::new();
    for (place, figures) in message.sample.iter().map(|sample| found(message, sample)) {
        assert!(samples.insert(place, figures).is_none(), "samples of one place are one");
    }
    assert_eq!(samples, sites);
    let totals = |figure: usize| samples.values().map(|figures| figures[figure]).sum::<u64>();
    let stats = profile.stats();
    assert_eq!([totals(0), totals(1)], [stats.total_blocks, stats.total_bytes]);
    assert_eq!([totals(2), totals(3)], [stats.live_blocks, stats.live_bytes]);
    assert_eq!([totals(4), totals(5)], [stats.peak_blocks, stats.peak_bytes]);
    samples.len()
}

fn assert_sound_head(message: &PprofProfile) {
    let types: Vec<String> = message
        .sample_type
        .iter()
        .chain(&message.period_type)
        .map(|value| format!("{} {}", message.string(value.name), message.string(value.unit)))
        .collect();
    let expected = [
        "alloc_objects count",
        "alloc_space bytes",
        "inuse_objects count",
        "inuse_space bytes",
        "peak_objects count",
        "peak_space bytes",
        "space bytes",
    ];
    assert_eq!(types, expected);
    assert_eq!((message.period, message.string_table[0].as_str()), (1, ""));
    let mut strings = message.string_table.clone();
    strings.sort_unstable();
    strings.dedup();
    assert_eq!(strings.len(), message.string_table.len(), "every string is there once");
}

#[test]
fn every_site_is_a_sample_with_its_frames_labels_and_figures() {
    for (name, sites) in [("fluid.json", 8), ("orders.json", 10)] {
        for profile in [golden(name), golden(name).with_runtime_frames(true)] {
            let message = decoded(&profile);
            assert_sound_head(&message);
            assert!(assert_same_sites(&profile, &message) >= sites, "{name}");
        }
    }
}

#[test]
fn any_name_is_a_frame_or_a_label_and_the_figures_add_up() {
    for profile in hostile_profile::profiles() {
        let message = decoded(&profile);
        assert_sound_head(&message);
        assert_same_sites(&profile, &message);
        assert!(message.string_table.iter().all(|text| !text.contains(char::is_control)), "{message:?}");
    }
}

#[test]
fn the_profile_of_nothing_has_its_types_and_no_sample() {
    let message = decoded(&Profile::default());
    assert_sound_head(&message);
    assert!(message.sample.is_empty() && message.location.is_empty() && message.function.is_empty());
    assert_eq!((message.time_nanos, message.duration_nanos), (0, 0));
    assert_eq!(message.string(message.default_sample_type), "alloc_space");
}

#[test]
fn a_client_begins_with_what_is_live_unless_nothing_is() {
    let begin = |profile: &Profile| {
        let message = decoded(profile);
        message.string(message.default_sample_type).to_owned()
    };
    assert_eq!(begin(&one_site(3, 30, 2, 29)), "inuse_space");
    assert_eq!(begin(&one_site(3, 30, 3, 30)), "alloc_space");
}

#[test]
fn the_time_the_command_and_what_is_missing_are_there() {
    let message = decoded(&golden("orders.json"));
    assert_eq!((message.time_nanos, message.duration_nanos), (1_767_225_600_000_000_000, 812_000_000));
    let comments: Vec<&str> = message.comment.iter().map(|place| message.string(*place)).collect();
    assert_eq!(comments[0], "command: orders --workers 2 --regions all");
    assert_eq!(comments[1], "heaplens 0.1.0");
    assert_eq!(comments[2], "the peak may be up to 65536 bytes higher");
    assert!(comments[3].starts_with("incomplete: 31 "), "{comments:?}");
    let part = decoded(&golden("orders.json").in_scope("index").expect("a scope of it"));
    let comments: Vec<&str> = part.comment.iter().map(|place| part.string(*place)).collect();
    assert_eq!(comments[2], "only what was allocated in scope [index]");
}

#[test]
fn figures_at_the_limits_are_kept_or_cut_to_63_bits() {
    let without_bytes = decoded(&one_site(7, 0, 0, 0));
    assert_eq!(without_bytes.sample[0].value, [7, 0, 7, 0, 0, 0]);
    let largest = decoded(&one_site(u64::MAX, u64::MAX, 0, 0));
    assert_eq!(largest.sample[0].value, [i64::MAX, i64::MAX, i64::MAX, i64::MAX, 0, 0]);
}

#[test]
fn the_same_profile_gives_the_same_bytes_at_any_time() {
    let file = written(&golden("orders.json"));
    assert_eq!(file, written(&golden("orders.json")));
    assert_eq!(file[4..8], [0; 4], "the time in the head of gzip (RFC 1952)");
}

#[test]
fn a_writer_that_fails_is_reported() {
    let mut full: &mut [u8] = &mut [0; 40];
    let error = golden("fluid.json").write_pprof(&mut full).expect_err("there is no room");
    assert_eq!(error.kind(), std::io::ErrorKind::WriteZero);
}
