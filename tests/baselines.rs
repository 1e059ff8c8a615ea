//! Baselines: what a test used when it was last blessed, in a file.

use heaplens::testing::{Baseline, BaselineFile, Figure};
use heaplens::{Measurement, MemoryScope};
use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

heaplens::install!();

/// A package's folder, empty, which is removed in the end.
struct Package(PathBuf);

impl Package {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("heaplens-baselines-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).expect("the temporary folder can be written");
        Self(folder)
    }

    fn file(&self) -> PathBuf {
        self.0.join("memory-baselines/suite.json")
    }

    fn baseline(&self, test: &str) -> Baseline {
        Baseline::of_test(&self.0, format!("suite::{test}"))
    }
}

impl Drop for Package {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[inline(never)]
fn table(rows: usize) -> Vec<Vec<u8>> {
    (0..rows).map(|_| vec![0; 1_000]).collect()
}

#[inline(never)]
fn index(entries: usize) -> Vec<u64> {
    vec![0; entries]
}

fn measured<R>(name: &'static str, work: impl FnOnce() -> R) -> Measurement {
    let scope = MemoryScope::builder(name).stacks().enter();
    let result = work();
    let measurement = scope.finish();
    drop(result);
    measurement
}

#[test]
fn what_is_as_it_was_passes() {
    let package = Package::new("same");
    let baseline = package.baseline("rows");
    let missing = baseline.check(&measured("rows", || table(10))).expect_err("there is none yet").to_string();
    assert!(missing.contains("no entry \"suite::rows [rows]\" yet: HEAPLENS_BLESS=1 cargo test"), "{missing}");
    baseline.bless(&measured("rows", || table(10))).expect("it can be written");
    let text = fs::read(package.file()).expect("it was written");
    baseline.check(&measured("rows", || table(10))).expect("the same");
    baseline.bless(&measured("rows", || table(10))).expect("the same");
    assert_eq!(fs::read(package.file()).expect("still there"), text, "the same figures are the same bytes");
}

#[test]
fn more_fails_and_names_what_changed() {
    let package = Package::new("more");
    let baseline = package.baseline("rows");
    baseline.bless(&measured("rows", || (table(10), index(10)))).expect("it can be written");
    let failure = baseline.check(&measured("rows", || (table(12), index(10)))).expect_err("two rows more");
    let text = failure.to_string();
    assert!(text.contains("total_blocks: 14, was 12, 16.7 % more\n"), "{text}");
    assert!(text.contains("peak_bytes: 12,368 bytes (12.4 kB), was 10,320, 19.8 % more (slack 1 %)"), "{text}");
    let grown = text.lines().find(|line| line.trim_start().starts_with("grown")).expect("a site that has grown");
    assert!(grown.contains("+2 blocks, +2.0") && grown.contains("tests/baselines.rs:"), "{text}");
    assert!(!text.contains("index"), "what did not change is not told: {text}");
    assert!(text.contains("HEAPLENS_BLESS=1 cargo test") && text.lines().count() <= 20, "{text}");
    assert!(failure.violations().iter().any(|violation| violation.condition.to_string() == "total_blocks <= 12"));

    let text =
        baseline.check(&measured("rows", || (table(10), index(10), index(9)))).expect_err("one more").to_string();
    assert!(text.contains("total_blocks: 13, was 12"), "{text}");
}

#[test]
fn less_passes() {
    let package = Package::new("less");
    let baseline = package.baseline("rows");
    baseline.bless(&measured("rows", || table(10))).expect("it can be written");
    baseline.check(&measured("rows", || table(9))).expect("an improvement");
}

#[test]
fn slack_is_written_down_and_holds() {
    let package = Package::new("slack");
    let strict = package.baseline("rows");
    let lenient = package.baseline("rows").slack(Figure::TotalBlocks, 2).slack(Figure::PeakBlocks, 2);
    let lenient = [Figure::TotalBytes, Figure::PeakBytes, Figure::LiveBytes]
        .into_iter()
        .fold(lenient.slack(Figure::LiveBlocks, 2), |baseline, figure| baseline.slack(figure, "25 %"));
    lenient.bless(&measured("rows", || table(10))).expect("it can be written");
    let text = fs::read_to_string(package.file()).expect("it was written");
    assert!(text.contains("\"total_blocks\": \"2\"") && text.contains("\"peak_bytes\": \"25 %\""), "{text}");
    strict.check(&measured("rows", || table(12))).expect("the file says what is let pass");
    assert!(strict.check(&measured("rows", || table(13))).is_err());
    let wrong = package.baseline("rows").slack(Figure::PeakBytes, "some").check(&measured("rows", || ()));
    assert!(wrong.expect_err("no slack").to_string().contains("`some` is no slack"));
}

#[test]
fn two_measurements_of_one_name_are_told() {
    let package = Package::new("twice");
    let baseline = package.baseline("rows");
    baseline.bless(&measured("rows", || table(1))).expect("it can be written");
    let text = baseline.bless(&measured("rows", || table(2))).expect_err("another of that name").to_string();
    assert!(text.contains("give their scopes different names"), "{text}");
    baseline.bless(&measured("more rows", || table(2))).expect("another name");
    assert_eq!(BaselineFile::read(package.file()).expect("readable").tests().len(), 2);
}

#[test]
fn what_was_measured_otherwise_is_not_compared() {
    let package = Package::new("otherwise");
    let baseline = package.baseline("rows");
    baseline.bless(&measured("rows", || table(1))).expect("it can be written");
    let change = |from: &str, to: &str| {
        let text = fs::read_to_string(package.file()).expect("it was written");
        assert!(text.contains(from), "{text}");
        fs::write(package.file(), text.replacen(from, to, 1)).expect("writable");
    };
    change("rustc 1.", "rustc 0.");
    baseline.check(&measured("rows", || table(1))).expect("another compiler, the same figures");
    let text = baseline.check(&measured("rows", || table(2))).expect_err("more").to_string();
    assert!(text.contains("recorded with \"rustc 0.") && text.contains("this is \"rustc 1."), "{text}");
    change("std::alloc::System", "other::Allocator");
    baseline.check(&measured("rows", || table(1))).expect("another allocator, the same figures");
    let text = baseline.check(&measured("rows", || table(2))).expect_err("more").to_string();
    assert!(text.contains("other::Allocator") && text.contains("std::alloc::System"), "{text}");
    change("opt-level", "opt-niveau");
    let text = baseline.check(&measured("rows", || table(1))).expect_err("not comparable").to_string();
    assert!(text.contains("cannot be compared: it was recorded with"), "{text}");
}

#[test]
fn a_damaged_file_is_refused_and_left_alone() {
    let package = Package::new("damaged");
    let baseline = package.baseline("rows");
    fs::create_dir_all(package.file().parent().expect("a folder")).expect("writable");
    for (text, reason) in [
        ("{\n<<<<<<< HEAD\n", "suite.json:2: the marks of a merge"),
        ("{ \"schema\": 99, \"tests\": {} }", "version 99 of the baseline file"),
        ("{ \"schema\": 1 }", "suite.json:1: not a baseline file"),
    ] {
        fs::write(package.file(), text).expect("writable");
        let used = measured("rows", || table(1));
        for result in [baseline.check(&used), baseline.bless(&used)] {
            let failure = result.expect_err("a damaged file").to_string();
            assert!(failure.contains(reason), "{failure}");
        }
        assert_eq!(fs::read_to_string(package.file()).expect("still there"), text);
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_told() {
    let package = Package::new("unwritable");
    fs::write(package.0.join("memory-baselines"), "a file in its place").expect("writable");
    let text = package.baseline("rows").bless(&measured("rows", || ())).expect_err("no folder").to_string();
    assert!(text.contains("memory-baselines"), "{text}");
}

#[test]
fn threads_and_processes_that_bless_at_once_lose_nothing() {
    const PROCESSES: usize = 6;
    const THREADS: usize = 8;
    let package = match std::env::var_os("HEAPLENS_TEST_PACKAGE") {
        None => Package::new("at-once"),
        Some(folder) => {
            // A child: it leaves the folder to its parent.
            let process = std::process::id();
            thread::scope(|scope| {
                for thread in 0..THREADS {
                    let baseline = Baseline::of_test(Path::new(&folder), format!("suite::rows_{process}_{thread}"));
                    scope
                        .spawn(move || baseline.bless(&measured("rows", || table(thread))).expect("it can be written"));
                }
            });
            return;
        }
    };
    let name = "threads_and_processes_that_bless_at_once_lose_nothing";
    let child = || {
        Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", name])
            .env("HEAPLENS_TEST_PACKAGE", &package.0)
            .output()
    };
    thread::scope(|scope| {
        let children: Vec<_> = (0..PROCESSES).map(|_| scope.spawn(child)).collect();
        for child in children {
            let output = child.join().expect("it ends well").expect("it starts");
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        }
    });
    let file = BaselineFile::read(package.file()).expect("a whole file");
    assert_eq!(file.tests().len(), PROCESSES * THREADS);
    let left = fs::read_dir(package.file().parent().expect("a folder")).expect("readable").count();
    assert_eq!(left, 1, "nothing is left behind");
    black_box(&package);
}

/// A function for each name, which allocates a block.
macro_rules! sites {
    ($($name:ident)+) => {
        $(#[inline(never)] fn $name() -> Vec<u8> { vec![0; 10] })+
        fn many_sites() -> [Vec<u8>; 50] {
            [$($name()),+]
        }
    };
}

sites!(
    s00 s01 s02 s03 s04 s05 s06 s07 s08 s09 s10 s11 s12 s13 s14 s15 s16 s17 s18 s19 s20 s21 s22 s23 s24
    s25 s26 s27 s28 s29 s30 s31 s32 s33 s34 s35 s36 s37 s38 s39 s40 s41 s42 s43 s44 s45 s46 s47 s48 s49
);

#[test]
fn a_long_list_of_sites_is_cut_and_adds_up() {
    let package = Package::new("sites");
    package.baseline("rows").bless(&measured("rows", || (table(3), many_sites()))).expect("it can be written");
    let file = BaselineFile::read(package.file()).expect("readable");
    let entry = &file.tests()["suite::rows [rows]"];
    let blocks: u64 = entry.sites.iter().map(|site| site.total_blocks).sum();
    assert_eq!(blocks, entry.figures["total_blocks"]);
    assert_eq!(entry.sites.len(), 41);
    assert!(entry.sites[0].at.starts_with("tests/baselines.rs:"), "{:?}", entry.sites);
    let others = &entry.sites[40];
    assert_eq!((&*others.function, others.total_blocks, others.total_bytes), ("(others)", 12, 120));
}

#[test]
fn a_slack_that_is_not_that_of_the_file_is_refused() {
    let package = Package::new("slack-of-the-file");
    let with_slack = |slack: &str| package.baseline("rows").slack(Figure::PeakBytes, slack);
    with_slack("50 %").bless(&measured("rows", || table(10))).expect("it can be written");
    with_slack("50 %").check(&measured("rows", || table(10))).expect("the same");
    let text = with_slack("5 %").check(&measured("rows", || table(10))).expect_err("tightened").to_string();
    assert!(text.contains("peak_bytes may be off by 5 % here and by 50 % in the file: bless it anew"), "{text}");
    let wrong = package.baseline("rows").slack(Figure::TotalBlocks, "5 kB");
    let text = wrong.check(&measured("rows", || table(10))).expect_err("no size").to_string();
    assert!(text.contains("`total_blocks` counts"), "{text}");
}
