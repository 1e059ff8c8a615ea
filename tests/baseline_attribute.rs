//! `#[heaplens::baseline]` beside other attributes, above and below each. The tests that it is on are ignored, and run in processes
//! of their own, in whose environment stands where their package lies and how much they allocate.

#![cfg(feature = "stacks")]

use heaplens::testing::BaselineFile;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

heaplens::install!();

/// Tests with a baseline.
mod measured {
    use rstest::rstest;
    use std::hint::black_box;
    use std::io;

    /// How many blocks each test allocates, beside its own.
    const MORE: &str = "HEAPLENS_TEST_MORE_BLOCKS";

    #[expect(clippy::vec_box, reason = "a block for each")]
    fn blocks(own: usize) -> Vec<Box<u64>> {
        let more = heaplens::exclude(|| std::env::var(MORE).map_or(0, |more| more.parse().expect("a number")));
        let mut blocks = Vec::with_capacity(100);
        blocks.extend((0..own + more).map(|_| black_box(Box::new(7))));
        blocks
    }

    #[heaplens::baseline]
    #[test]
    #[ignore = "run by the tests below"]
    fn above_test() {
        drop(blocks(1));
    }

    #[test]
    #[ignore = "run by the tests below"]
    #[heaplens::baseline(total_blocks = 2, total_bytes = "50 %", peak_blocks = "90 %", peak_bytes = "1 KiB")]
    fn below_test() {
        drop(blocks(2));
    }

    #[heaplens::baseline(warmup = 1)]
    #[tokio::test]
    #[ignore = "run by the tests below"]
    async fn above_tokio() {
        tokio::task::yield_now().await;
        drop(blocks(3));
    }

    #[tokio::test]
    #[heaplens::baseline]
    #[ignore = "run by the tests below"]
    async fn below_tokio() {
        drop(std::future::ready(blocks(4)).await);
    }

    #[rstest]
    #[case::small(5)]
    #[case::large(50)]
    #[heaplens::baseline]
    #[ignore = "run by the tests below"]
    fn below_rstest(#[case] number: usize) {
        drop(blocks(number));
    }

    #[heaplens::baseline(total_blocks = 2, peak_blocks = 2, total_bytes = "10 %", peak_bytes = "10 %")]
    #[heaplens::budget(total_blocks <= 7)]
    #[test]
    #[ignore = "run by the tests below"]
    fn with_a_budget() -> io::Result<()> {
        drop(blocks(6));
        Ok(())
    }

    #[heaplens::baseline(peak_bytes = "10 %", total_bytes = "10 %", live_bytes = "10 %", largest_block_bytes = "10 %")]
    #[test]
    #[ignore = "run by the tests below"]
    #[should_panic(expected = "as it should")]
    fn panics() {
        let blocks = blocks(7);
        assert!(blocks.is_empty(), "as it should");
    }
}

const TESTS: [&str; 8] = [
    "above_test",
    "below_test",
    "above_tokio",
    "below_tokio",
    "below_rstest::case_1_small",
    "below_rstest::case_2_large",
    "with_a_budget",
    "panics",
];

/// A package's folder without baselines, removed in the end.
struct Package(PathBuf);

impl Package {
    fn new(name: &str) -> Self {
        let folder = env::temp_dir().join(format!("heaplens-attribute-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).expect("the temporary folder can be written");
        Self(folder)
    }

    /// The entries, each by its name and its number of blocks.
    fn entries(&self) -> Vec<(String, u64)> {
        let file = BaselineFile::read(self.0.join("memory-baselines/baseline_attribute.json")).expect("readable");
        file.tests().iter().map(|(name, entry)| (name.clone(), entry.figures["total_blocks"])).collect()
    }

    /// Runs the tests with so many blocks more. Returns those that fail, and what libtest prints.
    fn failed(&self, more: usize, bless: &str) -> (Vec<&'static str>, String) {
        let this = env::current_exe().expect("the path of this program");
        let mut command = Command::new(this);
        command.args(["--ignored", "measured::"]).envs([("HEAPLENS_BLESS", bless)]);
        command.env("CARGO_MANIFEST_DIR", &self.0).env("HEAPLENS_TEST_MORE_BLOCKS", more.to_string());
        let output = command.env_remove("RUST_BACKTRACE").output().expect("this program runs");
        let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        assert!(text.contains("\nrunning 8 tests\n"), "{text}");
        let failed = |name: &&str| {
            let line = text.lines().find(|line| line.starts_with(&format!("test measured::{name} ")));
            !line.unwrap_or_else(|| panic!("no {name}: {text}")).ends_with("... ok")
        };
        (TESTS.into_iter().filter(failed).collect(), text)
    }
}

impl Drop for Package {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn each_test_and_each_case_has_an_entry_and_is_held_to_it() {
    let package = Package::new("all");
    let (failed, text) = package.failed(0, "0");
    assert_eq!(failed, TESTS, "without a baseline: {text}");
    assert!(
        text.contains("baseline_attribute.json has no entry \"baseline_attribute::measured::above_test [above_test]\"")
    );

    assert_eq!(package.failed(0, "1").0, [""; 0]);
    let entries = package.entries();
    let blocks = |name: &str| {
        let scope = name.rsplit("::").next().unwrap_or(name);
        let name = format!("baseline_attribute::measured::{name} [{scope}]");
        entries.iter().find_map(|(entry, blocks)| (*entry == name).then_some(*blocks))
    };
    let plain = TESTS.map(blocks);
    assert_eq!(plain[..7], [2, 3, 4, 5, 6, 51, 7].map(Some), "{entries:?}");
    assert!(plain[7] > Some(8), "a panic allocates: {entries:?}");

    let (failed, text) = package.failed(0, "0");
    assert_eq!(failed, [""; 0], "{text}");
}

#[test]
fn more_fails_beyond_the_slack_and_never_as_the_expected_panic() {
    let package = Package::new("more");
    assert_eq!(package.failed(0, "1").0, [""; 0]);
    let (failed, text) = package.failed(2, "0");
    let without_slack: Vec<&str> = TESTS.into_iter().filter(|name| *name != "below_test").collect();
    assert_eq!(failed, without_slack, "{text}");
    assert!(text.contains("total_blocks: 4, was 2, 100.0 % more"), "{text}");
    assert!(text.contains("tests/baseline_attribute.rs:"), "the call site: {text}");
    assert!(text.contains("test did not panic as expected"), "{text}");
    assert!(text.contains("total_blocks <= 7: it is 9"), "the budget beside it: {text}");
    let (failed, text) = package.failed(3, "0");
    assert_eq!(failed, TESTS, "{text}");
    assert!(Path::new(&package.0).join("memory-baselines").is_dir());
}

#[test]
fn a_new_figure_is_blessed_and_the_slack_written_down() {
    let package = Package::new("bless");
    package.failed(2, "1");
    package.failed(0, "1");
    assert!(package.entries().iter().any(|(name, blocks)| name.contains("above_tokio") && *blocks == 4));
    let file = BaselineFile::read(package.0.join("memory-baselines/baseline_attribute.json")).expect("readable");
    let entry = &file.tests()["baseline_attribute::measured::below_test [below_test]"];
    let slack: Vec<String> = ["total_blocks", "total_bytes", "peak_blocks", "peak_bytes", "live_bytes"]
        .map(|figure| entry.slack.get(figure).map_or_else(String::new, ToString::to_string))
        .into();
    assert_eq!(slack, ["2", "50 %", "90 %", "1 KiB", "1 %"]);
}
