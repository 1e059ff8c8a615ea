//! What is written for other tools is well-formed, and has the figures of `Profile::sites`, each of them.
//!
//! The files are read as JSON and added up here, without the code that wrote them. With `HEAPLENS_EXPORTS=folder` they are
//! left in that folder, beside the profiles they are of: `ci/clients.sh` shows them to the programs they are for.
#![cfg(feature = "stacks")]

#[path = "support/hostile_profile.rs"]
mod hostile_profile;

use std::collections::BTreeMap;
use std::path::Path;

use heaplens::{Frame, Metric, Profile, Site};
use serde_json::Value;

/// The stacks of a file or a profile, as people read them, with their figures.
type Stacks<Shown, Figures> = BTreeMap<Vec<Shown>, Figures>;

/// Total bytes and blocks, those live at the peak, those live at the end.
type DhatFigures = [u64; 6];

/// Name, file and line.
type SpeedscopeFrame = (String, Option<String>, Option<u64>);

fn profiles() -> Vec<(String, Profile)> {
    let golden = |name: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
        Profile::load(path).expect("the profile is part of the repository")
    };
    let part = golden("orders.json").in_scope("index").expect("the scope is there");
    let mut profiles = vec![
        ("fluid".to_owned(), golden("fluid.json")),
        ("orders".to_owned(), golden("orders.json")),
        ("whole-stacks".to_owned(), golden("fluid.json").with_runtime_frames(true)),
        ("part".to_owned(), part),
        ("empty".to_owned(), Profile::default()),
    ];
    profiles.extend(
        hostile_profile::profiles().enumerate().map(|(number, profile)| (format!("hostile-{number}"), profile)),
    );
    profiles
}

/// Reads a file that was just written, and leaves it in the folder of exports, if one is asked for.
fn read(name: &str, ending: &str, profile: &Profile, written: &[u8]) -> Value {
    if let Some(folder) = std::env::var_os("HEAPLENS_EXPORTS") {
        let file = |ending: &str| Path::new(&folder).join(format!("{name}.{ending}"));
        std::fs::write(file(ending), written).expect("the folder can be written");
        profile.save(file("profile.json")).expect("the folder can be written");
    }
    serde_json::from_slice(written).unwrap_or_else(|error| panic!("{name}.{ending}: {error}"))
}

fn dhat(name: &str, profile: &Profile) -> Value {
    let mut written = Vec::new();
    profile.write_dhat(&mut written).expect("memory can be written");
    read(name, "dhat.json", profile, &written)
}

fn speedscope(name: &str, profile: &Profile) -> Value {
    let mut written = Vec::new();
    profile.write_speedscope(&mut written).expect("memory can be written");
    read(name, "speedscope.json", profile, &written)
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn number(value: &Value) -> u64 {
    value.as_u64().expect("a whole number")
}

fn place(value: &Value) -> usize {
    usize::try_from(number(value)).expect("a place in a list")
}

/// A name that people can read: with what acts on a terminal written as its escape, as in every other view.
fn assert_readable(text: &str) {
    let acts = |character: char| character.is_control() || "\u{202e}\u{ffff}".contains(character);
    assert!(!text.trim().is_empty() && !text.contains(acts), "{text:?}");
}

fn readable(text: &str) -> String {
    let shown = |character: char| {
        if character.is_control() || "\u{202e}\u{ffff}".contains(character) {
            character.escape_default().to_string()
        } else {
            character.to_string()
        }
    };
    text.chars().map(shown).collect()
}

fn sum<const N: usize>(figures: impl IntoIterator<Item = [u64; N]>) -> [u64; N] {
    figures.into_iter().fold([0; N], |sum, next| core::array::from_fn(|place| sum[place] + next[place]))
}

/// The frames of a site, or the remark that it has none.
fn frames<Shown>(site: &Site<'_>, shown: impl Fn(&Frame) -> Shown, none: Shown) -> Vec<Shown> {
    let frames: Vec<Shown> = site.frames().iter().map(|frame| shown(frame)).collect();
    if frames.is_empty() { vec![none] } else { frames }
}

fn expected_dhat(profile: &Profile) -> Stacks<String, DhatFigures> {
    let text = |frame: &Frame| match profile.location(frame) {
        Some(location) => format!("{frame} ({})", readable(&location)),
        None => frame.to_string(),
    };
    let without_bytes = profile.sites(Metric::TotalBlocks).into_iter().filter(|site| site.stats().total_bytes == 0);
    let mut stacks = BTreeMap::new();
    for site in profile.sites(Metric::TotalBytes).into_iter().chain(without_bytes) {
        let stats = site.stats();
        let figures = [
            stats.total_bytes,
            stats.total_blocks,
            stats.live_at_peak_bytes,
            stats.live_at_peak_blocks,
            stats.live_bytes(),
            stats.live_blocks(),
        ];
        let known = stacks.entry(frames(&site, text, "(no stack)".to_owned())).or_insert([0; 6]);
        *known = sum([*known, figures]);
    }
    stacks
}

/// The stacks of a DHAT file. Fails if two entries have the same frames.
fn read_dhat(file: &Value) -> Stacks<String, DhatFigures> {
    let texts: Vec<&str> = list(&file["ftbl"]).iter().map(|text| text.as_str().expect("a text")).collect();
    assert_eq!(texts[0], "[root]");
    texts.iter().for_each(|text| assert_readable(text));
    let mut stacks = BTreeMap::new();
    for point in list(&file["pps"]) {
        let places: Vec<usize> = list(&point["fs"]).iter().map(place).collect();
        assert!(!places.is_empty() && !places.contains(&0), "{point}");
        let stack: Vec<String> = places.into_iter().map(|place| texts[place].to_owned()).collect();
        let figures = ["tb", "tbk", "gb", "gbk", "eb", "ebk"].map(|field| number(&point[field]));
        assert!(stacks.insert(stack, figures).is_none(), "a second entry of these frames: {point}");
    }
    stacks
}

#[test]
fn a_dhat_file_has_every_site_and_adds_up_to_the_profile() {
    for (name, profile) in profiles() {
        let stacks = read_dhat(&dhat(&name, &profile));
        assert_eq!(stacks, expected_dhat(&profile), "{name}");
        let stats = profile.stats();
        let whole = [
            stats.total_bytes,
            stats.total_blocks,
            stats.peak_bytes,
            stats.peak_blocks,
            stats.live_bytes,
            stats.live_blocks,
        ];
        assert_eq!(sum(stacks.into_values()), whole, "{name}");
    }
}

#[test]
fn a_dhat_file_claims_nothing_that_was_not_recorded() {
    for (name, profile) in profiles() {
        let file = dhat(&name, &profile);
        assert_eq!((&file["bklt"], &file["bkacc"]), (&Value::Bool(false), &Value::Bool(false)), "{name}");
        assert!(["tg", "tuth"].into_iter().all(|field| file.get(field).is_none()), "{name}");
        let is_claimed =
            |point: &Value| ["mb", "mbk", "tl", "rb", "wb"].into_iter().any(|field| point.get(field).is_some());
        assert!(!list(&file["pps"]).iter().any(is_claimed), "{name}");
        assert!(number(&file["te"]) > 0, "{name}");
        assert_readable(file["mode"].as_str().expect("a text"));
    }
}

fn expected_speedscope(profile: &Profile, metric: Metric) -> Stacks<SpeedscopeFrame, u64> {
    let shown = |frame: &Frame| {
        let location = profile.location(frame);
        let line = location.as_ref().and(frame.line);
        let end = line.map(|line| format!(":{line}")).unwrap_or_default();
        let file = location.map(|location| readable(location.strip_suffix(&end).expect("the line")));
        (frame.to_string(), file, line.map(u64::from))
    };
    let mut stacks = BTreeMap::new();
    for site in profile.sites(metric) {
        let mut stack = frames(&site, shown, ("(no stack)".to_owned(), None, None));
        stack.reverse();
        *stacks.entry(stack).or_default() += site.value();
    }
    stacks
}

fn read_speedscope(file: &Value, profile: &Value) -> Stacks<SpeedscopeFrame, u64> {
    let frames = list(&file["shared"]["frames"]);
    let shown = |place: usize| {
        let text = |field| frames[place].get(field).map(|text: &Value| text.as_str().expect("a text").to_owned());
        (text("name").expect("it has a name"), text("file"), frames[place].get("line").map(number))
    };
    let (samples, weights) = (list(&profile["samples"]), list(&profile["weights"]));
    assert_eq!(samples.len(), weights.len());
    let mut stacks = BTreeMap::new();
    for (sample, weight) in samples.iter().zip(weights) {
        let stack: Vec<SpeedscopeFrame> = list(sample).iter().map(|number| shown(place(number))).collect();
        assert!(!stack.is_empty() && number(weight) > 0, "{sample}");
        stack.iter().for_each(|(name, ..)| assert_readable(name));
        assert!(stacks.insert(stack, number(weight)).is_none(), "a second sample of these frames: {sample}");
    }
    stacks
}

#[test]
fn a_speedscope_file_has_every_site_of_every_metric_and_adds_up() {
    for (name, profile) in profiles() {
        let file = speedscope(&name, &profile);
        assert_readable(file["name"].as_str().expect("a text"));
        let mut profiles = list(&file["profiles"]).iter();
        let metrics = [
            (Metric::TotalBytes, "bytes"),
            (Metric::LiveAtPeakBytes, "bytes"),
            (Metric::LiveAtEndBytes, "bytes"),
            (Metric::TotalBlocks, "none"),
            (Metric::TemporaryBlocks, "none"),
        ];
        for (metric, unit) in metrics.into_iter().filter(|(metric, _)| profile.total(*metric) > 0) {
            let written = profiles.next().unwrap_or_else(|| panic!("{name} has no {metric}"));
            assert_eq!((&written["name"], &written["unit"]), (&metric.title().into(), &unit.into()), "{name}");
            let stacks = read_speedscope(&file, written);
            assert_eq!(stacks, expected_speedscope(&profile, metric), "{name}, {metric}");
            let [whole] = sum(stacks.into_values().map(|value| [value]));
            let ends = (number(&written["startValue"]), number(&written["endValue"]));
            assert_eq!((whole, ends), (profile.total(metric), (0, whole)), "{name}, {metric}");
        }
        assert_eq!(profiles.next(), None, "{name} has a profile of nothing");
    }
}

#[test]
fn the_files_of_an_empty_profile_are_whole_and_empty() {
    let (dhat, speedscope) = (dhat("empty", &Profile::default()), speedscope("empty", &Profile::default()));
    assert_eq!((list(&dhat["pps"]).len(), list(&dhat["ftbl"]).len()), (0, 1));
    assert_eq!((list(&speedscope["profiles"]).len(), list(&speedscope["shared"]["frames"]).len()), (0, 0));
}

#[test]
fn a_part_and_what_is_missing_are_said() {
    for (name, profile) in profiles() {
        let texts = [dhat(&name, &profile)["mode"].clone(), speedscope(&name, &profile)["name"].clone()];
        for text in texts.iter().map(|text| text.as_str().expect("a text")) {
            let part = profile.part().map(|part| format!("only what was allocated {part}")).unwrap_or_default();
            assert!(text.contains(&part), "{text}");
            assert_eq!(text.contains("incomplete: "), !profile.completeness().is_complete(), "{text}");
        }
    }
}

#[test]
fn the_same_profile_is_written_the_same_twice() {
    for (name, profile) in profiles() {
        let again = profile.clone();
        assert_eq!(dhat(&name, &profile).to_string(), dhat(&name, &again).to_string());
        assert_eq!(speedscope(&name, &profile).to_string(), speedscope(&name, &again).to_string());
    }
}
