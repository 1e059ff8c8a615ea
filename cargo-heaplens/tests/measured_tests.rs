//! `cargo heaplens test` and `check` with real tests: a workspace of two packages that cargo builds and runs.

mod support;

use std::fs;
use std::process::Output;

use serde_json::Value;
use support::{Workspace, ended, sample, text};

const ALPHA: &str = "alpha/memory-baselines/alpha.json";
const BETA: &str = "beta/memory-baselines/beta.json";

fn with(workspace: &Workspace, variable: &str, value: &str, arguments: &[&str]) -> Output {
    workspace.command(arguments).env(variable, value).output().expect("built")
}

/// The row of a test, its words one space apart and its time left out.
fn row(table: &str, name: &str) -> String {
    let line = table.lines().find(|line| line.contains(name)).unwrap_or_else(|| panic!("{name} in {table}"));
    let words: Vec<&str> = line.split_whitespace().collect();
    let time = words.iter().rposition(|word| ["ns", "us", "ms", "s"].contains(word)).expect("a time");
    [&words[..time - 1], &words[time + 1..]].concat().join(" ")
}

#[test]
fn a_blessed_run_passes_and_leaves_the_files_as_they_are() {
    let workspace = sample();
    let refused = workspace.out(1, &["test", "--", "--no-fail-fast"]);
    assert!(refused.contains("REFUSED  alpha::tests::blessed [rows]") && refused.contains("--bless"), "{refused}");
    let blessed = workspace.out(0, &["test", "--bless"]);
    assert_eq!(
        row(&blessed, "alpha::tests::blessed"),
        "blessed alpha::tests::blessed [rows] 11 10.2 kB 10.2 kB no baseline"
    );
    let files = [workspace.read(ALPHA), workspace.read(BETA)];
    let table = workspace.out(0, &["test", "--strict"]);
    assert!(table.contains("test tests::blessed ... ok"), "cargo's own output: {table}");
    assert_eq!(row(&table, "[limit] "), "ok alpha::tests::limited [limit] 1 3.00 kB 3.00 kB no baseline");
    assert_eq!(row(&table, "[all notes]"), "ok beta::tests::notes [all notes] 1 500 B 500 B same");
    assert!(table.ends_with("\n3 measured tests: 3 ok\n"), "{table}");
    assert_eq!(workspace.out(0, &["check", "--strict"]).lines().last(), Some("3 measured tests: 3 ok"));
    workspace.out(0, &["test", "--bless"]);
    assert_eq!([workspace.read(ALPHA), workspace.read(BETA)], files, "the same figures are the same bytes");
}

#[test]
fn more_is_a_regression_and_less_an_improvement() {
    let workspace = sample();
    workspace.out(0, &["test", "--bless"]);
    let more = ended(1, &with(&workspace, "SAMPLE_ROWS", "12", &["test"]));
    assert!(row(&more, "alpha::tests::blessed [rows]").starts_with("FAILED alpha::tests::blessed [rows] 13"), "{more}");
    assert!(
        more.contains("\nregressions\n- alpha::tests::blessed [rows]\n    total_blocks: 13, was 11, 18.2 % more\n")
    );
    assert!(more.contains("grown  +2 blocks, +2.00 kB       src/lib.rs:8  rows"), "{more}");
    assert!(
        workspace.target.join("heaplens/alpha.tests.blessed/rows.json.gz").is_file(),
        "the profile is in the build folder"
    );
    assert!(more.contains("cargo test failed"), "{more}");
    assert!(workspace.out(1, &["check"]).contains("total_blocks: 13, was 11"), "the same without a run");

    let annotations = ended(1, &with(&workspace, "SAMPLE_ROWS", "12", &["test", "--format", "github"]));
    let error = annotations.lines().find(|line| line.starts_with("::error")).expect("an annotation");
    assert!(error.starts_with("::error file=alpha/src/lib.rs,line=8,title=memory%3A alpha%3A%3A"), "{error}");

    let less = ended(0, &with(&workspace, "SAMPLE_ROWS", "8", &["test"]));
    assert!(row(&less, "alpha::tests::blessed [rows]").contains(" -2"), "{less}");
    assert!(less.contains("\nimprovements\n- alpha::tests::blessed [rows]\n    total_blocks: 9, was 11"), "{less}");
    ended(1, &with(&workspace, "SAMPLE_ROWS", "8", &["test", "--strict"]));
}

#[test]
fn a_broken_budget_is_one_row_with_the_worst_of_its_checks() {
    let workspace = sample();
    workspace.out(0, &["test", "--bless"]);
    let output = with(&workspace, "SAMPLE_LIMIT", "0", &["test", "--format", "json", "--", "limited"]);
    let json: Value = serde_json::from_str(&ended(1, &output)).expect("only JSON is on standard output");
    assert!(text(&output.stderr).contains("test tests::limited ... FAILED"), "cargo's output is not lost");
    let test = &json["tests"][0];
    assert_eq!(json["tests"].as_array().map(Vec::len), Some(1));
    assert_eq!((&test["outcome"], &test["figures"]["total_bytes"]), (&"failed".into(), &3_000.into()));
    assert!(test["text"].as_str().is_some_and(|text| text.contains("total_blocks <= 0: it is 1")), "{test}");
}

#[test]
fn a_check_that_its_test_expects_to_fail_fails_no_run() {
    let workspace = sample();
    let arguments = ["test", "--strict", "--", "expected"];
    let table = ended(0, &with(&workspace, "SAMPLE_EXPECTS", "1", &arguments));
    let expected = "expected beta::tests::expected [too much] 1 100 B 100 B no baseline";
    assert_eq!(row(&table, "[too much]"), expected, "{table}");
    assert_eq!(workspace.out(0, &["check", "--strict"]).lines().last(), Some("1 measured test: 1 ok"));
}

#[test]
fn a_baseline_without_a_test_is_stale_in_a_run_of_all_tests() {
    let workspace = sample();
    workspace.out(0, &["test", "--bless"]);
    let text = workspace.read(BETA).replace("beta::tests::notes", "beta::tests::gone");
    fs::write(workspace.root.join(BETA), text).expect("writable");
    workspace.out(0, &["test", "--bless", "--", "notes"]);
    let filtered = workspace.out(0, &["test", "--strict", "--", "-p", "beta"]);
    assert!(!filtered.contains("stale"), "{filtered}");
    let whole = workspace.out(0, &["test"]);
    assert!(
        whole.contains("\nstale baselines\n- beta::tests::gone [all notes]\n    beta/memory-baselines/beta.json\n")
    );
    workspace.out(1, &["test", "--strict"]);
    workspace.out(1, &["check", "--strict"]);
    let alpha = workspace.command(&["test", "--strict"]).current_dir(workspace.root.join("alpha")).output();
    ended(0, &alpha.expect("built"));
}

#[test]
fn the_baseline_of_an_ignored_test_is_not_stale() {
    let workspace = sample();
    workspace.out(0, &["test", "--bless", "--", "--", "--include-ignored"]);
    assert!(workspace.read(BETA).contains("beta::tests::ignored [ignored]"));
    for arguments in [&["test", "--strict"][..], &["check", "--strict"], &["test", "--strict", "--", "-q"]] {
        let table = workspace.out(0, arguments);
        assert!(table.ends_with("\n3 measured tests: 3 ok\n"), "{arguments:?}: {table}");
    }
    let without = workspace.read("beta/src/lib.rs").replace("fn ignored()", "fn renamed()");
    workspace.write("beta/src/lib.rs", &without);
    let table = workspace.out(1, &["test", "--strict"]);
    assert!(table.contains("\nstale baselines\n- beta::tests::ignored [ignored]\n"), "{table}");
    assert!(!table.contains("tests::renamed: test"), "the list is not shown: {table}");
}

/// Cargo fails to list what it has run.
#[cfg(unix)]
#[test]
fn without_a_list_of_ignored_tests_no_baseline_is_stale() {
    let workspace = sample();
    workspace.out(0, &["test", "--bless", "--", "-p", "beta"]);
    workspace.write(BETA, &workspace.read(BETA).replace("beta::tests::notes", "beta::tests::gone"));
    let run = |listing: &str, arguments: &[&str]| {
        let script = format!("case \"$*\" in *--list*) echo \"asked $*\" >&2; {listing};; esac");
        ended(0, &workspace.with_cargo(&script, arguments).output().expect("built"))
    };
    assert!(!run("echo 'x: test'; exit 101", &["test"]).contains("stale"));
    assert!(run("echo 'tests::other: test'", &["test"]).contains("1 stale"));
    let nextest = ["test", "--nextest", "--", "--profile=ci", "--no-capture", "--test-threads", "2", "--release"];
    let listing = "[ \"$*\" = 'test --release --tests -- --list --ignored' ] && echo 'tests::gone: test'";
    assert!(!run(listing, &nextest).contains("stale"));
    assert!(run("echo", &nextest).contains("1 stale"));
}

#[test]
fn a_baseline_file_that_cannot_be_used_stops_before_anything_runs() {
    let workspace = sample();
    let entry = r#"{ "with": "rustc", "figures": {} }"#;
    let twice = format!("{{\n\"schema\": 1, \"tests\": {{ \"a\": {entry},\n\"a\": {entry} }} }}");
    for (contents, reason) in [
        ("{\n<<<<<<< HEAD\n", "alpha.json:2: the marks of a merge"),
        ("{ \"schema\": 99, \"tests\": {} }", "alpha.json:1: version 99 of the baseline file"),
        (&twice, "alpha.json:3: not a baseline file: `a` stands here twice"),
        ("", "alpha.json:1: not a baseline file"),
    ] {
        workspace.write(ALPHA, contents);
        for arguments in [&["test"][..], &["test", "--bless"]] {
            let output = workspace.run(arguments);
            assert_eq!(ended(2, &output), "");
            let error = text(&output.stderr);
            assert!(error.starts_with("error: ") && error.contains(reason) && error.lines().count() == 1, "{error}");
            assert_eq!(workspace.read(ALPHA), contents, "nothing is overwritten");
        }
    }
    fs::remove_dir_all(workspace.root.join("alpha/memory-baselines")).expect("writable");
    workspace.write("alpha/memory-baselines", "a file in place of the folder");
    let output = workspace.run(&["test", "--bless"]);
    ended(2, &output);
    assert!(text(&output.stderr).contains("alpha/memory-baselines: "), "{}", text(&output.stderr));
}

#[cfg(target_os = "linux")]
#[test]
fn baselines_that_cannot_be_written_stop_before_anything_runs() {
    let workspace = sample();
    let folder = workspace.root.join("alpha/memory-baselines");
    for target in ["/missing/folder", "/proc/self"] {
        std::os::unix::fs::symlink(target, &folder).expect("writable");
        let outputs = [workspace.run(&["test", "--bless"]), with(&workspace, "HEAPLENS_BLESS", "1", &["test"])];
        fs::remove_file(&folder).expect("ours");
        for output in outputs {
            assert_eq!(ended(2, &output), "", "{target}");
            let error = text(&output.stderr);
            assert!(error.contains("alpha/memory-baselines: baselines cannot be written here: "), "{error}");
            assert_eq!(error.lines().count(), 1, "{error}");
        }
    }
    workspace.write("alpha/memory-baselines/.keep", "");
    assert!(workspace.with_cargo("exit 0", &["test", "--bless"]).status().expect("built").success());
    assert_eq!(fs::read_dir(&folder).expect("there").count(), 1, "what was tried is removed");
}

#[test]
fn tests_that_measure_nothing_pass_and_fail_as_for_cargo() {
    let workspace = sample();
    let output = workspace.run(&["test", "--", "unmeasured"]);
    ended(0, &output);
    assert!(text(&output.stderr).contains("`heaplens::assert_memory!(used, ..)`"), "{}", text(&output.stderr));
    ended(1, &with(&workspace, "SAMPLE_FAILS", "1", &["test", "--", "unmeasured"]));
    workspace.out(2, &["check"]);
    workspace.out(0, &["test", "--bless"]);
    let failed = ended(1, &with(&workspace, "SAMPLE_FAILS", "1", &["test"]));
    assert!(failed.ends_with("3 measured tests: 3 ok; cargo test failed\n"), "{failed}");
}

#[test]
fn wrong_usage_and_a_missing_cargo_have_exit_codes_of_their_own() {
    let workspace = sample();
    for arguments in [&["test", "--format", "yaml"][..], &["test", "-o", "missing/file"], &["check", "extra"]] {
        workspace.out(2, arguments);
    }
    let outside = workspace.command(&["test"]).current_dir(std::env::temp_dir()).output().expect("built");
    ended(2, &outside);
    assert!(text(&outside.stderr).contains("could not find `Cargo.toml`"), "{}", text(&outside.stderr));
    ended(3, &with(&workspace, "CARGO", "/missing/cargo", &["test"]));
}

#[test]
fn what_cargo_refuses_is_wrong_usage_and_what_does_not_compile_a_failure() {
    let workspace = sample();
    let output = workspace.run(&["test", "--format", "json", "--", "--no-such-argument"]);
    assert_eq!(ended(2, &output), "", "no document of a run that was none");
    let error = text(&output.stderr);
    assert!(error.ends_with("\nerror: cargo does not take these arguments, so that no test has run\n"), "{error}");
    workspace.write("beta/src/lib.rs", "no Rust");
    let json = workspace.out(1, &["test", "--format", "json", "--", "-p", "beta"]);
    assert!(json.contains("\"cargo_succeeded\": false"), "{json}");
}

#[cfg(unix)]
#[test]
fn the_exit_code_of_cargo_is_never_that_of_the_command() {
    let workspace = sample();
    let ended_with = |code: i32, of_other: i32, arguments: &[&str]| {
        let script = format!("case \"$*\" in *--no-run*|*--version*) exit {of_other};; esac; exit {code}");
        workspace.with_cargo(&script, arguments).output().expect("built").status.code()
    };
    let plain = ["test", "--", "-q"];
    assert_eq!(ended_with(1, 1, &plain), Some(2), "cargo does not know an argument");
    assert_eq!(ended_with(1, 0, &plain), Some(1), "a test program ended with 1");
    assert_eq!([2, 101, 134].map(|code| ended_with(code, 0, &plain)), [Some(1); 3]);
    let nextest = ["test", "--nextest"];
    assert_eq!([2, 94, 95, 96].map(|code| ended_with(code, 0, &nextest)), [Some(2); 4]);
    assert_eq!([1, 4, 100, 101, 104].map(|code| ended_with(code, 0, &nextest)), [Some(1); 5]);
    assert_eq!(ended_with(101, 101, &nextest), Some(2), "cargo-nextest is not installed");
}

/// A cargo that says what it was called with, in place of running it.
#[cfg(unix)]
#[test]
fn nextest_is_run_with_the_same_arguments() {
    let workspace = sample();
    let script = "echo \"called with $*; bless $HEAPLENS_BLESS\"";
    let arguments = ["test", "--nextest", "--bless", "--", "-p", "alpha", "-E", "test(x)"];
    let output = workspace.with_cargo(script, &arguments).output().expect("built");
    assert_eq!(ended(0, &output), "called with nextest run -p alpha -E test(x); bless 1\n");
}
