//! Leak tests: what grows with every repetition is told, and nothing else.

use heaplens::testing::{Check, LeakTest, Outcome, RESULTS_VARIABLE, TestRecord, assert_no_leak};
use std::cell::RefCell;
use std::collections::HashMap;
use std::panic::catch_unwind;
use std::process::Command;
use std::sync::OnceLock;

heaplens::install!();

#[inline(never)]
fn leaks(kept: &mut Vec<Vec<u8>>) {
    kept.push(vec![0; 48]);
}

#[test]
fn what_is_kept_each_time_is_told_with_its_stack() {
    let mut kept = Vec::with_capacity(64);
    let text = LeakTest::new().repeat(10).run(|| leaks(&mut kept)).expect_err("a leak").to_string();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "memory leak: 1 call site held more and more over 10 repetitions");
    assert_eq!(lines[1], "  48 B and 1 block for each repetition, 480 B in 10 blocks");
    assert!(lines[2].contains("tests/leaks.rs:") && lines[2].contains("leaks"), "{text}");
    assert!(text.lines().count() <= 20 && text.contains("cargo heaplens report --full"), "{text}");
}

/// As often as the documentation says.
#[test]
fn what_doubles_is_told_after_enough_repetitions() {
    for before in [0_u32, 1, 4, 5, 7, 8, 70, 100] {
        let mut numbers: Vec<u64> = (0..before.into()).collect();
        let test = LeakTest::new().repeat((4 * before).max(16));
        let text = test.run(|| numbers.push(1)).expect_err("it only ever grows").to_string();
        assert!(text.contains("in blocks that grow") || text.contains("1 block"), "{before}: {text}");
    }
}

#[test]
fn what_is_undone_passes() {
    assert_no_leak(10, || vec![0_u8; 1_000]);
}

#[test]
fn a_cache_that_is_replaced_passes() {
    let mut cache = Vec::new();
    assert_no_leak(10, || cache = vec![0_u8; 1_000]);
}

#[test]
fn a_static_that_is_made_late_passes() {
    static LATE: OnceLock<Vec<u8>> = OnceLock::new();
    let calls = RefCell::new(0);
    assert_no_leak(20, || {
        *calls.borrow_mut() += 1;
        if *calls.borrow() == 9 {
            LATE.get_or_init(|| vec![0; 5_000]);
        }
    });
    assert_eq!(LATE.get().map(Vec::len), Some(5_000), "it was made between the readings");
}

#[test]
fn a_map_that_only_grows_is_told() {
    let mut map = HashMap::new();
    let mut number = 0_u64;
    let text = LeakTest::new().repeat(40).run(|| {
        number += 1;
        map.insert(number, number);
    });
    assert!(text.expect_err("it grows").to_string().contains("for each repetition"));
}

#[test]
fn what_is_allowed_passes_and_is_counted() {
    let mut kept = Vec::with_capacity(64);
    let test = LeakTest::new().repeat(10).allow("leaks::leaks").allow("nobody");
    let report = test.run(|| leaks(&mut kept)).expect("it is allowed");
    assert_eq!(report.suppressed().collect::<Vec<_>>(), [("leaks::leaks", 10, 480)]);
    assert_eq!(report.unused().collect::<Vec<_>>(), ["nobody"]);
}

#[test]
fn suppressions_are_read_from_a_file() {
    let path = std::env::temp_dir().join(format!("heaplens-suppressions-{}", std::process::id()));
    std::fs::write(&path, "# what we know of\nleak:^leaks::leaks*\nrace:elsewhere\n").expect("writable");
    let mut kept = Vec::with_capacity(64);
    let test = LeakTest::new().suppressions(&path).expect("readable");
    assert_eq!(test.run(|| leaks(&mut kept)).expect("it is allowed").suppressed().count(), 1);
    std::fs::write(&path, "leaks\n").expect("writable");
    let error = LeakTest::new().suppressions(&path).expect_err("no suppression").to_string();
    assert!(error.contains("line 1: `leaks` is no suppression"), "{error}");
    std::fs::write(&path, "leek:shop\n").expect("writable");
    assert!(
        LeakTest::new()
            .suppressions(&path)
            .expect_err("misspelt")
            .to_string()
            .contains("`leek:shop` is no suppression")
    );
    std::fs::remove_file(&path).expect("made by this test");
    assert!(LeakTest::new().suppressions(&path).expect_err("no file").to_string().contains("heaplens-suppressions-"));
}

#[test]
fn one_repetition_shows_nothing_and_is_refused() {
    let error = LeakTest::new().repeat(1).run(|| ()).expect_err("too few").to_string();
    assert!(error.contains("at least 2 repetitions"), "{error}");
}

#[test]
fn the_short_form_panics_with_the_text() {
    let failure = catch_unwind(|| {
        let mut kept = Vec::with_capacity(64);
        assert_no_leak(4, || leaks(&mut kept));
    });
    let text = failure.expect_err("a leak").downcast::<String>().expect("a text");
    assert!(text.starts_with("memory leak: 1 call site"), "{text}");
}

#[test]
fn what_it_finds_is_written_down_under_the_name_of_the_test() {
    let folder = std::env::temp_dir().join(format!("heaplens-leak-results-{}", std::process::id()));
    let tests = ["what_is_undone_passes", "what_is_kept_each_time_is_told_with_its_stack"];
    let output = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", tests[0], tests[1]])
        .env(RESULTS_VARIABLE, &folder)
        .output()
        .expect("it starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let records = TestRecord::read_folder(&folder).expect("readable");
    let [leaking, passing] = &records[..] else { panic!("{records:?}") };
    assert_eq!(
        (&*passing.test, passing.check, passing.outcome),
        ("leaks::what_is_undone_passes", Check::Leak, Outcome::Passed)
    );
    assert_eq!(
        (&*leaking.test, leaking.outcome),
        ("leaks::what_is_kept_each_time_is_told_with_its_stack", Outcome::Failed)
    );
    assert!(leaking.text.starts_with("memory leak: 1 call site") && leaking.measured.figures["live_blocks"] == 12);
    std::fs::remove_dir_all(folder).expect("made by this test");
}
