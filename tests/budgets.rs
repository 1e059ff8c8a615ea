//! Budgets: conditions on what a piece of work used, in ordinary parallel tests.

use heaplens::testing::{Budget, Comparison, Condition, Figure, KIB, MIB, assert_no_alloc};
use heaplens::{MemoryScope, assert_memory, measure};
use std::panic::catch_unwind;

heaplens::install!();

/// The text of the panic.
fn failure(work: impl FnOnce() + std::panic::UnwindSafe) -> String {
    let payload = catch_unwind(work).expect_err("it fails");
    payload.downcast_ref::<String>().cloned().expect("a text")
}

#[test]
fn what_holds_passes() {
    let (_, used) = measure("buffer", || vec![0_u8; 5_000]);
    assert_memory!(used, peak_bytes <= 8 * KIB, total_blocks == 1, live_bytes == 5_000, temporary_blocks < 1);
    assert_memory!(used, total_bytes >= 5_000, total_bytes > 4_999, "a message with {}", "arguments");
    assert_memory!(used, per_item(5_000, total_bytes <= 1),);
}

#[test]
fn every_condition_that_does_not_hold_is_told() {
    let (_, used) = measure("buffer", || vec![0_u8; 3 << 20]);
    let text = failure(|| assert_memory!(used, peak_bytes <= 2 * MIB, total_blocks == 1, live_bytes == 0));
    let expected = "memory budget of \"buffer\" exceeded:\n  \
        peak_bytes <= 2,097,152: it is 3,145,728 bytes (3.15 MB), 50.0 % over\n  \
        live_bytes == 0: it is 3,145,728 bytes (3.15 MB)\n";
    assert!(text.starts_with(expected), "{text}");
    let remedy =
        if cfg!(feature = "stacks") { "MemoryScope::builder(name).stacks()" } else { "switch on the feature `stacks`" };
    assert!(text.contains(remedy), "it says how to get call sites: {text}");
}

#[test]
fn a_message_of_ones_own_is_told() {
    let (_, used) = measure("nothing", || ());
    let rows = 7;
    let text = failure(|| assert_memory!(used, total_blocks >= 1, "with {rows} rows"));
    assert!(text.starts_with("memory budget of \"nothing\" exceeded:\n  with 7 rows\n"), "{text}");
    assert!(text.contains("total_blocks >= 1: it is 0, 100.0 % under"), "{text}");
}

#[test]
fn a_limit_for_each_item_is_multiplied() {
    let (_, used) = measure("rows", || (0..10).map(|row| vec![row; 10]).collect::<Vec<Vec<u8>>>());
    assert_memory!(used, per_item(10, total_blocks <= 2));
    let text = failure(|| assert_memory!(used, per_item(5, total_blocks <= 2)));
    assert!(text.contains("total_blocks <= 2 for each of 5 items: it is 11, 10.0 % over"), "{text}");
}

#[test]
fn a_budget_without_conditions_passes_nothing() {
    let (_, used) = measure("nothing", || ());
    let refused = Budget::new().check(&used).expect_err("it cannot know");
    assert!(refused.violations().is_empty());
    assert!(refused.to_string().contains("has no condition"), "{refused}");
}

#[test]
fn work_of_threads_that_were_not_attached_is_refused() {
    let scope = MemoryScope::enter("unattached");
    std::thread::spawn(|| drop(std::hint::black_box(vec![0_u8; 100]))).join().expect("it ends well");
    let used = scope.finish();
    let text = failure(|| assert_memory!(used, peak_bytes <= MIB));
    assert!(text.contains("cannot be checked") && text.contains("attach with `handle()`"), "{text}");
    assert_memory!(used, peak_bytes <= MIB, unattached_threads <= 1);
}

#[test]
fn sections_without_allocations() {
    let mut buffer = Vec::with_capacity(4);
    assert_eq!(assert_no_alloc(|| buffer.push(1_u8)), ());
    assert_eq!(heaplens::assert_no_alloc!(|| buffer.len()), 1);
    let text = failure(|| heaplens::assert_no_alloc!(|| drop(std::hint::black_box(Box::new(1)))));
    assert!(text.contains("total_blocks == 0: it is 1"), "in a test the macro checks in every build: {text}");
    let text = failure(move || assert_no_alloc(|| buffer.extend_from_slice(&[0; 64])));
    assert!(text.contains("total_blocks == 0: it is 1"), "{text}");
}

#[test]
fn conditions_can_be_made_without_macros() {
    let condition = Condition::new(Figure::LargestBlockBytes, Comparison::AtMost, KIB);
    let budget = Budget::new().with(condition.clone());
    let (_, used) = measure("large", || vec![0_u8; 2_048]);
    let failure = budget.check(&used).expect_err("too large");
    assert_eq!(failure.violations().len(), 1);
    assert_eq!((&failure.violations()[0].condition, failure.violations()[0].actual), (&condition, 2_048));
}

#[cfg(feature = "stacks")]
mod with_stacks {
    use super::*;

    #[inline(never)]
    fn lines() -> Vec<String> {
        (0..100).map(|line| format!("the line with the number {line}")).collect()
    }

    #[inline(never)]
    fn table() -> Vec<u64> {
        vec![1; 10_000]
    }

    #[test]
    fn a_failure_names_the_lines_and_leaves_a_profile() {
        let scope = MemoryScope::builder("report").stacks().enter();
        let _kept = (lines(), table());
        let used = scope.finish();
        let text = failure(|| assert_memory!(used, peak_bytes <= 10 * KIB));
        assert!(text.lines().count() <= 20, "{text}");
        let site = text.lines().find(|line| line.contains("tests/budgets.rs:")).expect("a line of this file");
        assert!(site.contains("80.0 kB") && site.contains("table"), "the largest comes first: {text}");
        let path = text.lines().find_map(|line| line.strip_prefix("whole call stacks: cargo heaplens report --full "));
        let path = path.expect("the command");
        let folder = "heaplens/heaplens.budgets.with_stacks.a_failure_names_the_lines_and_leaves_a_profile/";
        assert!(path.ends_with(&format!("{folder}report.json.gz")), "{path}");
        let profile = heaplens::Profile::load(path).expect("the profile that was written");
        assert_eq!(profile.stats().peak_bytes, used.peak_bytes);
    }

    #[test]
    fn the_sites_are_those_of_this_run_of_the_scope() {
        let run = |work: fn()| {
            let scope = MemoryScope::builder("same name").stacks().enter();
            work();
            scope.finish()
        };
        let earlier = run(|| drop(std::hint::black_box(table())));
        let later = run(|| drop(std::hint::black_box(lines())));
        let text = failure(|| assert_memory!(later, total_blocks == 0));
        assert!(text.contains("lines") && !text.contains("table"), "{text}");
        assert_memory!(earlier, total_blocks == 1);
    }

    #[test]
    fn a_floor_for_each_call_site_names_the_site_furthest_below() {
        let scope = MemoryScope::builder("floor").stacks().enter();
        let _larger = std::hint::black_box(vec![0_u8; 900]);
        let _smaller = std::hint::black_box(vec![0_u8; 10]);
        let used = scope.finish();
        let text = failure(|| assert_memory!(used, each_site(total_bytes >= 1_000)));
        assert!(text.contains("total_bytes >= 1,000 at each call site: it is 10 bytes, 99.0 % under"), "{text}");
        assert!(text.contains("(and 1 more)"), "{text}");
    }

    #[test]
    fn what_a_condition_on_parts_cannot_know_is_refused() {
        let scope = MemoryScope::builder("parts").stacks().enter();
        let _kept = table();
        let used = scope.finish();
        for (text, reason) in [
            (failure(|| assert_memory!(used, each_site(peak_bytes <= MIB))), "peak_bytes is not recorded by call site"),
            (failure(|| assert_memory!(used, in_crate("a-b", total_blocks == 0))), "this crate is called `a_b`"),
            (
                failure(|| assert_memory!(used, in_crate("std", total_blocks == 0))),
                "counts for the crate that calls it",
            ),
        ] {
            assert!(text.contains("cannot be checked") && text.contains(reason), "{text}");
        }
        let several = Condition::new(Figure::TotalBlocks, Comparison::AtMost, 100).each_site().per_item(7);
        let text = Budget::new().with(several).check(&used).expect_err("two subjects").to_string();
        assert!(text.contains("write a condition for each"), "{text}");
    }

    #[test]
    fn limits_for_each_call_site_and_for_a_crate() {
        let scope = MemoryScope::builder("sites").stacks().enter();
        let _kept = (lines(), table());
        let used = scope.finish();
        assert_memory!(used, each_site(total_bytes <= 80_000), in_crate("budgets", total_bytes >= 80_000));
        let text = failure(|| assert_memory!(used, each_site(total_blocks <= 50)));
        assert!(text.contains("total_blocks <= 50 at each call site: it is 100, 100.0 % over, "), "{text}");
        assert!(text.contains("lines"), "{text}");
        let text = failure(|| assert_memory!(used, in_crate("budgets", total_blocks == 0)));
        assert!(text.contains("total_blocks == 0 in crate budgets: it is 102"), "{text}");
        assert_memory!(used, in_crate("serde_json", total_blocks == 0));
    }

    #[test]
    fn a_limit_on_call_sites_without_stacks_is_refused() {
        let (_, used) = measure("plain", || vec![0_u8; 10]);
        let text = failure(|| assert_memory!(used, each_site(total_bytes <= 100)));
        assert!(text.contains("cannot be checked") && text.contains("needs call sites"), "{text}");
        let scope = MemoryScope::builder("sites").stacks().enter();
        let used = scope.finish();
        for text in [
            failure(|| assert_memory!(used, total_blocks == 0, each_site(reallocations <= 100))),
            failure(|| assert_memory!(used, in_crate("budgets", largest_block_bytes <= 100))),
        ] {
            assert!(text.contains("is not recorded by call site"), "{text}");
        }
    }

    #[test]
    fn every_check_is_written_down_where_somebody_asks_for_it() {
        use heaplens::testing::{Check, Outcome, RESULTS_VARIABLE, TestRecord};
        let folder = std::env::temp_dir().join(format!("heaplens-results-{}", std::process::id()));
        let tests = ["what_holds_passes", "every_condition_that_does_not_hold_is_told"];
        let output = std::process::Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", tests[0], tests[1]])
            .env(RESULTS_VARIABLE, &folder)
            .output()
            .expect("it starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        let records = TestRecord::read_folder(&folder).expect("readable");
        let passed: Vec<Outcome> = records
            .iter()
            .filter(|record| record.test == "budgets::what_holds_passes")
            .map(|record| record.outcome)
            .collect();
        assert_eq!(passed, [Outcome::Passed; 3]);
        let failed = records.iter().find(|record| record.test.ends_with(tests[1])).expect("the other one");
        assert_eq!((failed.outcome, failed.check, &*failed.scope), (Outcome::Failed, Check::Budget, "buffer"));
        assert!(failed.text.starts_with("memory budget of") && failed.measured.figures["peak_bytes"] == 3 << 20);
        // A test that is run again: what it found last is what counts.
        let mut again = failed.clone();
        again.outcome = Outcome::Passed;
        let line = serde_json::to_string(&again).expect("as it was read") + "\n";
        let write = |name: &str, seconds: u64| {
            std::fs::write(folder.join(name), &line).expect("writable");
            let file = std::fs::File::options().append(true).open(folder.join(name)).expect("written");
            file.set_modified(std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds))
                .expect("ours");
        };
        let outcome = || {
            let records = TestRecord::read_folder(&folder).expect("readable");
            records.iter().filter(|record| record.test == failed.test).map(|record| record.outcome).collect::<Vec<_>>()
        };
        let all = outcome();
        write("0.jsonl", 1);
        assert_eq!(outcome(), all, "an earlier run");
        write("0.jsonl", 9_999_999_999);
        assert_eq!(outcome(), [Outcome::Passed], "a later run");
        std::fs::write(folder.join("cut.jsonl"), "{\n").expect("writable");
        let error = TestRecord::read_folder(&folder).expect_err("no record").to_string();
        assert!(error.contains("cut.jsonl:1: not a result"), "{error}");
        std::fs::remove_dir_all(folder).expect("made by this test");
    }

    #[test]
    fn hostile_names_write_no_escapes() {
        let scope = MemoryScope::builder("\u{1b}[31m../../evil\n").stacks().enter();
        let _kept = table();
        let used = scope.finish();
        let text = failure(|| assert_memory!(used, total_blocks == 0, "\u{1b}[2J"));
        assert!(!text.contains('\u{1b}') && text.contains("\\u{1b}[31m../../evil\\n"), "{text}");
    }
}
