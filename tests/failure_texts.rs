//! What people read when a check fails, word by word. When a text changes on purpose, write the files anew and look at the difference
//! before committing it:
//!
//! ```text
//! HEAPLENS_UPDATE_GOLDEN=1 cargo test --features flamegraph --test failure_texts
//! ```
//!
//! The places are lines of this file.
#![cfg(all(feature = "stacks", feature = "flamegraph"))]

use heaplens::testing::{Baseline, KIB, LeakTest, MIB, assert_no_alloc};
use heaplens::{Measurement, MemoryScope, assert_memory, measure};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::{env, fs};

heaplens::install!();

#[inline(never)]
fn rows(number: usize) -> Vec<Vec<u8>> {
    let mut rows = Vec::with_capacity(number);
    for _ in 0..number {
        rows.push(vec![0; 1_000]);
    }
    rows
}

#[inline(never)]
fn index(entries: usize) -> Vec<u64> {
    vec![7; entries]
}

#[inline(never)]
fn label(number: usize) -> String {
    "x".repeat(number)
}

/// A measurement with call sites, of which the second is made in another place than the first.
fn table(number: usize) -> (impl Sized, Measurement) {
    let scope = MemoryScope::builder("table").stacks().enter();
    let kept = (rows(number), index(500), (number > 10).then(|| label(300)));
    (kept, scope.finish())
}

/// The text of the panic.
fn text(work: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(work)).expect_err("it fails");
    payload.downcast_ref::<String>().cloned().expect("a text")
}

/// Compares a text with its file. The build folder, and what the baselines of this test are called, are not part of it.
fn assert_golden(name: &str, written: &str) {
    assert!(written.lines().count() <= 20, "{written}");
    let shown: Vec<String> = written.lines().map(without_folders).collect();
    let shown = shown.join("\n") + "\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/failures").join(format!("{name}.txt"));
    if env::var_os("HEAPLENS_UPDATE_GOLDEN").is_some() {
        fs::write(&path, shown).expect("the folder of golden files can be written");
        return;
    }
    let expected = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert_eq!(shown, expected, "{name}: see the head of this file if that is meant");
}

/// `target/heaplens/..` in place of where that is, and `<package>` in place of a folder made here.
fn without_folders(line: &str) -> String {
    let line = line.replace(&*package("").to_string_lossy(), "<package>-");
    match (line.find("/heaplens/heaplens.failure_texts"), line.find(": /")) {
        (Some(end), Some(start)) => format!("{}: target{}", &line[..start], &line[end..]),
        (Some(end), None) => match line.find(" /") {
            Some(start) => format!("{} target{}", &line[..start], &line[end..]),
            None => line,
        },
        _ => line,
    }
}

fn package(name: &str) -> PathBuf {
    env::temp_dir().join(format!("heaplens-failure-texts-{}-{name}", std::process::id()))
}

/// A baseline that was blessed with a table of so many rows.
fn blessed(name: &str, number: usize) -> Baseline {
    fs::create_dir_all(package(name)).expect("the temporary folder can be written");
    let baseline = Baseline::of_test(package(name), "failure_texts::table");
    let (kept, used) = table(number);
    baseline.bless(&used).expect("it can be written");
    drop(kept);
    baseline
}

#[test]
fn a_budget() {
    let (kept, used) = table(10);
    let words = text(|| {
        assert_memory!(used, peak_bytes <= 8 * KIB, total_blocks == 11, live_bytes == 0, "a table of {} rows", 10);
    });
    assert_golden("budget", &words);
    drop(kept);
}

#[test]
fn a_budget_of_parts() {
    let (kept, used) = table(10);
    let words = text(|| assert_memory!(used, per_item(10, total_blocks <= 1), each_site(total_bytes <= 4 * KIB)));
    assert_golden("budget-of-parts", &words);
    drop(kept);
}

#[test]
fn a_budget_without_call_sites() {
    let (kept, used) = measure("table", || rows(10));
    assert_golden("budget-without-call-sites", &text(|| assert_memory!(used, total_bytes < 1, peak_blocks >= 100)));
    drop(kept);
}

#[test]
fn a_budget_that_cannot_be_checked() {
    let scope = MemoryScope::enter("outside");
    std::thread::spawn(|| drop(rows(1))).join().expect("it ends well");
    let used = scope.finish();
    assert_golden("budget-refused", &text(|| assert_memory!(used, peak_bytes <= MIB)));
}

#[test]
fn a_section_that_allocates() {
    assert_golden("section-without-allocations", &text(|| drop(assert_no_alloc(|| label(3)))));
}

/// Each failure names the files that are its own.
#[test]
fn two_failures_of_one_name_have_two_profiles() {
    let failed = |number: usize| text(|| drop(assert_no_alloc(|| rows(number))));
    let profile = |text: &str| {
        let path = text.lines().find_map(|line| line.strip_prefix("whole call stacks: cargo heaplens report --full "));
        heaplens::Profile::load(path.expect("the command")).expect("the profile that was written")
    };
    let (first, second) = (failed(2), failed(5));
    assert_eq!([&first, &second].map(|text| profile(text).stats().total_blocks), [3, 6], "{first}\n{second}");
}

#[test]
fn a_leak() {
    let mut kept = Vec::with_capacity(100);
    let mut names = String::new();
    let failure = LeakTest::new().repeat(40).run(|| {
        kept.push(index(2));
        names.push_str("name");
    });
    assert_golden("leak", &failure.expect_err("both grow").to_string());
}

#[test]
fn a_baseline() {
    let baseline = blessed("more", 10);
    let (kept, used) = table(12);
    assert_golden("baseline", &baseline.check(&used).expect_err("more").to_string());
    drop(kept);
    fs::remove_dir_all(package("more")).expect("made by this test");
}

#[test]
fn a_baseline_that_is_not_there() {
    let (kept, used) = table(1);
    let baseline = Baseline::of_test(package("none"), "failure_texts::table");
    assert_golden("baseline-missing", &baseline.check(&used).expect_err("none").to_string());
    drop(kept);
}

#[test]
fn a_baseline_for_a_measurement_without_call_sites() {
    let baseline = blessed("sites", 1);
    let (kept, used) = measure("table", || (rows(4), index(500)));
    assert_golden("baseline-without-call-sites", &baseline.check(&used).expect_err("more").to_string());
    drop(kept);
    fs::remove_dir_all(package("sites")).expect("made by this test");
}
