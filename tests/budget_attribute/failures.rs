//! What libtest says of the tests in `fail.rs`.

use std::process::Command;

/// What libtest printed for a test of `fail.rs`, which failed.
fn output(name: &str) -> String {
    let (failed, output) = run(name);
    assert!(failed, "{name} did not fail:\n{output}");
    output
}

/// Whether a test of `fail.rs` failed, and what libtest printed.
fn run(name: &str) -> (bool, String) {
    let this = std::env::current_exe().expect("the path of this program");
    let name = format!("fail::{name}");
    let mut command = Command::new(this);
    command.args(["--ignored", "--exact", &name, "--test-threads", "1"]).env_remove("RUST_BACKTRACE");
    let output = command.output().expect("this program runs");
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(text.contains("running 1 test\n"), "{name} is no test: {text}");
    let counted = if output.status.success() { "1 passed; 0 failed" } else { "0 passed; 1 failed" };
    assert!(text.contains(counted), "{text}");
    (!output.status.success(), text)
}

#[test]
fn every_condition_and_the_place_of_the_test_are_told() {
    for (name, line) in [("above_test", 10), ("below_test", 17)] {
        let text = output(name);
        assert!(text.contains(&format!("panicked at tests/budget_attribute/fail.rs:{line}:")), "{text}");
        let expected = format!(
            "\nmemory budget of \"{name}\" exceeded:\n  \
            peak_bytes <= 100: it is 150 bytes, 50.0 % over\n  \
            total_blocks == 2: it is 1, 50.0 % under\n  \
            live_bytes >= 1: it is 0 bytes, 100.0 % under\n"
        );
        assert!(text.contains(&expected), "{text}");
    }
}

#[cfg(feature = "stacks")]
#[test]
fn call_sites_and_files_are_told() {
    for name in ["above_test", "below_tokio", "below_rstest_and_tokio::case_1_large"] {
        let text = output(name);
        assert!(text.contains("tests/budget_attribute/fail.rs:"), "{text}");
        let path = text.lines().find_map(|line| line.strip_prefix("whole call stacks: cargo heaplens report --full "));
        let path = path.unwrap_or_else(|| panic!("no command: {text}"));
        let (test, file) = (name.replace("::", "."), name.rsplit("::").next().unwrap_or_default());
        assert!(path.ends_with(&format!("heaplens/heaplens.budget_attribute.fail.{test}/{file}.json.gz")), "{path}");
        let profile = heaplens::Profile::load(path).expect("the profile that was written");
        assert!(profile.stats().total_blocks >= 1);
    }
}

#[test]
fn an_error_is_returned_after_the_violation() {
    for name in ["returns_an_error", "returns_an_error_below_tokio"] {
        let text = output(name);
        let violation = text.find("total_blocks == 0: it is ").unwrap_or_else(|| panic!("no violation: {text}"));
        let error = text.find("the body's own error").unwrap_or_else(|| panic!("no error: {text}"));
        assert!(violation < error && !text.contains("panicked"), "{text}");
    }
    assert!(output("returns_ok").contains("total_blocks == 0: it is 1"));
}

#[test]
fn a_panic_is_the_only_thing_that_is_told() {
    let text = output("panics");
    assert!(text.contains("the body's own panic") && !text.contains("memory budget"), "{text}");
}

#[test]
fn a_violation_is_never_the_expected_panic() {
    for name in [
        "panics_as_expected_over_the_limit",
        "panics_as_expected_below_tokio",
        "panics_as_expected_by_a_condition",
        "expects_what_a_violation_says",
    ] {
        let text = output(name);
        assert!(text.contains("test did not panic as expected"), "{text}");
        assert!(text.contains("total_blocks == 0: it is "), "{text}");
        assert!(!text.contains("panicked at") || text.contains("\nas expected"), "{text}");
    }
    let text = output("does_not_panic_within_the_limit");
    assert!(text.contains("test did not panic as expected") && !text.contains("memory budget"), "{text}");
    let text = output("panics_with_another_text");
    assert!(text.contains("panic did not contain expected string"), "{text}");
}

#[test]
fn futures_and_cases_have_their_budget_on_either_side() {
    for name in ["above_tokio", "below_tokio"] {
        let text = output(name);
        assert!(text.contains("total_blocks == 0: it is 1\n"), "{text}");
        assert!(text.contains("panicked at tests/budget_attribute/fail.rs:"), "{text}");
    }
    for name in ["above_rstest", "below_rstest"] {
        let (failed, text) = run(&format!("{name}::case_1_small"));
        assert!(!failed, "{text}");
        assert!(output(&format!("{name}::case_2_large")).contains("total_bytes <= 50: it is 100 bytes, 100.0 % over"));
    }
}

#[test]
fn what_cannot_be_checked_fails() {
    let text = output("leaves_a_thread_outside");
    assert!(text.contains("cannot be checked: 1 thread worked for this scope from outside"), "{text}");
}

#[test]
fn what_stands_around_a_future_of_the_users_is_measured() {
    let text = output("a_future_that_is_called_body");
    assert!(text.contains("total_blocks == 0: it is 1"), "{text}");
}
