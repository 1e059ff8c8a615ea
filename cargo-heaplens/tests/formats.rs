//! What `cargo heaplens check` shows of made-up results, in every format, byte by byte.
//!
//! When an output changes on purpose, write the files anew and look at the difference before committing it:
//!
//! ```text
//! HEAPLENS_UPDATE_GOLDEN=1 cargo test -p cargo-heaplens --test formats
//! ```

mod support;

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use support::{Workspace, ended, text};

const WITH: &str = "rustc 1.95.0; x86_64, debug";

/// An entry with blocks of 1,000 bytes, as many at `alpha::rows` as there are.
fn entry(blocks: u64, live: u64) -> Value {
    json!({
        "with": WITH,
        "figures": {
            "total_blocks": blocks, "total_bytes": blocks * 1_000, "peak_blocks": blocks, "peak_bytes": blocks * 1_000,
            "live_blocks": live, "live_bytes": live * 1_000,
            "largest_block_bytes": 1_000, "reallocations": 0, "temporary_blocks": 0,
        },
        "slack": { "total_bytes": "1 %", "peak_bytes": "1 %", "live_bytes": "1 %" },
        "sites": [{ "at": "src/lib.rs:7", "function": "alpha::rows", "total_blocks": blocks, "total_bytes": blocks * 1_000 }],
    })
}

fn record(package: &str, test: &str, scope: &str, check: &str, outcome: &str, blocks: u64, nanoseconds: u64) -> Value {
    json!({
        "package": format!("@/{package}"), "test": test, "scope": scope, "check": check, "outcome": outcome,
        "text": if outcome == "passed" { String::new() } else { format!("memory {check} of \"{scope}\": no good,\nsee above") },
        "elapsed_nanoseconds": nanoseconds, "measured": entry(blocks, 0),
    })
}

fn write(workspace: &Workspace, records: &[Value], baselines: &[(&str, Value)]) {
    workspace.write_results(&records.iter().map(|record| format!("{record}\n")).collect::<String>());
    for (file, tests) in baselines {
        let text = serde_json::to_string_pretty(&json!({ "schema": 1, "tests": tests })).expect("JSON");
        workspace.write(file, &text);
    }
}

/// Results with every kind of row.
fn sample(test: &str) -> Workspace {
    let workspace = Workspace::empty(test);
    let records = [
        record("alpha", "alpha::lines::better", "rows", "baseline", "passed", 96, 4_100),
        record("alpha", "alpha::lines::many_and_with_a_name_that_is_long", "rows", "baseline", "failed", 12, 1_234_000),
        record("alpha", "alpha::lines::same", "rows", "baseline", "passed", 10, 870),
        record("alpha", "alpha::lines::same", "rows", "budget", "passed", 10, 870),
        record("beta", "suite::budget", "all of it", "budget", "failed", 1_234_567, 2_000_000_000),
        record("beta", "suite::fine", "all of it", "budget", "passed", 1, 2_000_000),
        record("beta", "suite::leaking", "leak-test", "leak", "failed", 20, 5_000),
        record("beta", "suite::refused", "all of it", "baseline", "refused", 0, 0),
    ];
    let baselines = json!({
        "alpha::lines::better [rows]": entry(100, 0),
        "alpha::lines::many_and_with_a_name_that_is_long [rows]": entry(10, 0),
        "alpha::lines::same [rows]": entry(10, 0),
        "alpha::lines::gone [rows]": entry(10, 0),
    });
    write(&workspace, &records, &[("alpha/memory-baselines/alpha.json", baselines)]);
    write_run(&workspace, false);
    workspace
}

/// What is known of a run of all tests.
fn write_run(workspace: &Workspace, has_succeeded: bool) {
    let mut run = json!({ "whole_packages": ["alpha", "beta"], "has_succeeded": has_succeeded, "has_blessed": false });
    run["ignored"] = json!(["lines::ignored"]);
    run["workspace"] = json!(fs::canonicalize(&workspace.root).expect("it is there"));
    fs::write(workspace.target.join("heaplens/results/run.json"), run.to_string()).expect("writable");
}

const HOSTILE_SCOPE: &str = "\u{202e}##[error]x\u{9b}31m\u{0}|<script>\r\n";

/// Results whose names try to act on whatever shows them.
fn hostile(test: &str) -> Workspace {
    let workspace = Workspace::empty(test);
    let name = "::error::a\u{1b}[31m|`<b>\"&]]>\\\n::warning::b";
    let scope = HOSTILE_SCOPE;
    let mut records = vec![record("alpha", name, scope, "budget", "failed", 1, 1)];
    records[0]["text"] = format!("::error::{name}\n  ::error::{scope}").into();
    records[0]["measured"]["sites"][0]["at"] = "src/lib.rs\n::error::x:7".into();
    records.push(record("alpha", "alpha::test", "`|`", "baseline", "passed", 8, 1));
    let baselines = json!({ "alpha::test [`|`]": entry(10, 0) });
    write(&workspace, &records, &[("alpha/memory-baselines/alpha.json", baselines)]);
    workspace
}

fn assert_golden(name: &str, written: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("HEAPLENS_UPDATE_GOLDEN").is_some() {
        fs::write(&path, written).expect("the folder of golden files can be written");
        return;
    }
    let expected = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert_eq!(written, expected, "{name}: see the head of this file if that is meant");
}

const FORMATS: [(&str, &str); 5] =
    [("table", "txt"), ("json", "json"), ("github", "github.txt"), ("junit", "xml"), ("markdown", "md")];

#[test]
fn every_format_is_as_committed() {
    let workspace = sample("formats");
    for (format, ending) in FORMATS {
        assert_golden(&format!("sample.{ending}"), &workspace.out(1, &["check", "--format", format]));
    }
}

#[test]
fn names_act_in_no_format() {
    let workspace = hostile("hostile");
    for (format, ending) in FORMATS {
        let shown = workspace.out(1, &["check", "--format", format]);
        assert_golden(&format!("hostile.{ending}"), &shown);
        let acts = |character: char| character.is_control() && character != '\n' || character == '\u{202e}';
        assert!(!shown.contains(acts) && !shown.contains("##["), "{format}: {shown}");
        let commands = shown.lines().filter(|line| line.trim_start().starts_with("::")).count();
        assert_eq!(commands, if format == "github" { 2 } else { 0 }, "{format}: {shown}");
    }
    let json: Value = serde_json::from_str(&workspace.out(1, &["check", "--format", "json"])).expect("JSON");
    assert_eq!(json["tests"][0]["scope"], HOSTILE_SCOPE, "JSON keeps names whole");
}

/// The oracle is a parser that has nothing to do with this project.
#[test]
fn the_xml_is_read_by_a_strict_parser() {
    let script = "import sys, xml.etree.ElementTree as tree\n\
        root = tree.fromstring(sys.stdin.buffer.read())\n\
        print(root.get('tests'), len(root.findall('.//testcase')), len(root.findall('.//failure')))";
    for (workspace, expected) in [(sample("junit"), "8 8 3\n"), (hostile("junit-hostile"), "2 2 1\n")] {
        let file = workspace.root.join("memory.xml");
        workspace.out(1, &["check", "--format", "junit", "--output", "memory.xml"]);
        let mut python = std::process::Command::new("python3");
        python.args(["-c", script]).stdin(fs::File::open(&file).expect("written"));
        let Ok(output) = python.output() else {
            assert_eq!(read_by_quick_xml(&file), expected, "without python3");
            continue;
        };
        assert_eq!(text(&output.stdout), expected, "{}", text(&output.stderr));
        assert_eq!(read_by_quick_xml(&file), expected);
    }
}

fn read_by_quick_xml(file: &Path) -> String {
    let xml = fs::read_to_string(file).expect("written");
    let mut reader = quick_xml::Reader::from_str(&xml);
    let mut found = [0; 2];
    loop {
        match reader.read_event().expect("well-formed") {
            quick_xml::events::Event::Start(start) => match start.name().as_ref() {
                b"testcase" => found[0] += 1,
                b"failure" => found[1] += 1,
                _ => {}
            },
            quick_xml::events::Event::Eof => break format!("{0} {0} {1}\n", found[0], found[1]),
            _ => {}
        }
    }
}

#[test]
fn the_table_is_no_wider_than_the_terminal_and_cuts_no_number() {
    let workspace = sample("widths");
    let with = |columns: usize| {
        ended(1, &workspace.command(&["check"]).env("COLUMNS", columns.to_string()).output().expect("built"))
    };
    let numbers = |text: &str| -> Vec<String> {
        let unsigned =
            |word: &str| word.trim_start_matches(['(', '+', '-']).starts_with(|first: char| first.is_ascii_digit());
        let mut numbers: Vec<_> = text.split_whitespace().filter(|word| unsigned(word)).map(str::to_owned).collect();
        numbers.sort();
        numbers
    };
    let whole = numbers(&with(120));
    assert!(["1,234,567", "1.23", "+20.0", "(12.0"].iter().all(|number| whole.contains(&(*number).to_owned())));
    for columns in 20..=120 {
        let shown = with(columns);
        let widest = shown.lines().map(|line| line.chars().count()).max().unwrap_or(0);
        assert!(widest <= columns, "{widest} of {columns}:\n{shown}");
        assert_eq!(numbers(&shown), whole, "{columns} columns:\n{shown}");
    }
    assert_golden("sample.30.txt", &with(30));
    assert_golden("sample.60.txt", &with(60));
}

#[test]
fn a_name_of_emoji_is_shortened_like_any_other() {
    let workspace = Workspace::empty("emoji");
    let clouds = "\u{2601}\u{fe0f}".repeat(80);
    write(&workspace, &[record("alpha", "alpha::clouds", &clouds, "budget", "passed", 1, 1)], &[]);
    for columns in 1..=120 {
        let output = workspace.command(&["check"]).env("COLUMNS", columns.to_string()).output().expect("built");
        assert!(ended(0, &output).contains("1.00"), "{columns} columns");
    }
}

#[test]
fn colours_are_for_terminals_only() {
    let workspace = sample("colours");
    let with = |variable: &str| {
        ended(1, &workspace.command(&["check"]).env(variable, "1").env_remove("TERM").output().expect("built"))
    };
    assert!(!workspace.out(1, &["check"]).contains('\u{1b}'));
    assert!(with("CLICOLOR_FORCE").contains("\u{1b}[1m\u{1b}[31mFAILED\u{1b}[0m"), "{:?}", with("CLICOLOR_FORCE"));
    let forced = workspace.command(&["check", "-o", "table.txt"]).env("CLICOLOR_FORCE", "1").output().expect("built");
    ended(1, &forced);
    assert!(!workspace.read("table.txt").contains('\u{1b}'), "no colour in a file");
}

#[test]
fn a_summary_is_added_to_that_of_the_job() {
    let workspace = sample("summary");
    workspace.write("summary.md", "what was there\n");
    let mut command = workspace.command(&["check", "--format", "github"]);
    let output = command.env("GITHUB_STEP_SUMMARY", workspace.root.join("summary.md")).output().expect("built");
    ended(1, &output);
    let markdown = workspace.out(1, &["check", "--format", "markdown"]);
    assert_eq!(workspace.read("summary.md"), format!("what was there\n{markdown}"));
}

#[cfg(unix)]
#[test]
fn the_name_of_a_broken_baseline_file_does_not_act_on_a_terminal() {
    let workspace = sample("acting");
    workspace.write("alpha/memory-baselines/\u{1b}[31mred\n.json", "{");
    let output = workspace.run(&["check"]);
    ended(2, &output);
    let error = text(&output.stderr);
    assert!(error.contains("\\u{1b}[31mred\\n.json:1: ") && !error.contains('\u{1b}'), "{error:?}");
    assert_eq!(error.lines().count(), 1, "{error}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_summary_that_cannot_be_written_loses_no_annotation() {
    let workspace = sample("no-summary");
    let with_summary = |path: &str, arguments: &[&str]| {
        workspace.command(arguments).env("GITHUB_STEP_SUMMARY", path).output().expect("built")
    };
    let annotations = workspace.out(1, &["check", "--format", "github"]);
    // It opens, and takes nothing.
    let output = with_summary("/dev/full", &["check", "--format", "github"]);
    assert_eq!(ended(2, &output), annotations);
    assert!(text(&output.stderr).starts_with("error: /dev/full: "), "{}", text(&output.stderr));
    for arguments in [["check", "--format", "github"], ["test", "--format", "github"]] {
        let output = with_summary("/missing/summary", &arguments);
        assert_eq!(ended(2, &output), "");
        let error = text(&output.stderr);
        assert!(error.starts_with("error: /missing/summary: ") && error.lines().count() == 1, "{error}");
    }
}

#[test]
fn results_are_compared_with_the_baselines_of_today() {
    let workspace = Workspace::empty("today");
    let baselines = |blocks| [("alpha/memory-baselines/alpha.json", json!({ "alpha::a [rows]": entry(blocks, 0) }))];
    let failed = [record("alpha", "alpha::a", "rows", "baseline", "failed", 12, 1)];
    write(&workspace, &failed, &baselines(12));
    assert!(workspace.out(0, &["check"]).contains("  same\n"), "it was blessed since");
    write(&workspace, &failed, &baselines(11));
    assert!(workspace.out(1, &["check"]).contains("total_blocks: 12, was 11, 9.1 % more"));
    write(&workspace, &failed, &baselines(13));
    assert!(workspace.out(0, &["check"]).contains("improvements"));
    workspace.out(1, &["check", "--strict"]);
}

#[test]
fn a_failed_check_of_a_test_that_passed_was_expected() {
    let workspace = Workspace::empty("expected");
    let records = [
        record("alpha", "alpha::limit", "rows", "budget", "failed", 1, 1),
        record("alpha", "alpha::more", "rows", "baseline", "failed", 12, 1),
        record("alpha", "alpha::new", "rows", "baseline", "refused", 1, 1),
        record("alpha", "alpha::new", "rows", "budget", "passed", 1, 1),
    ];
    write(
        &workspace,
        &records,
        &[("alpha/memory-baselines/alpha.json", json!({ "alpha::more [rows]": entry(10, 0) }))],
    );
    write_run(&workspace, true);
    let table = workspace.out(0, &["check", "--strict"]);
    assert_eq!(table.matches("\nexpected  alpha::").count(), 3, "{table}");
    assert!(table.ends_with("\n\n3 measured tests: 3 ok\n") && !table.contains("regressions"), "{table}");
    for (format, expected) in [("json", "\"outcome\": \"expected\""), ("markdown", "| expected | ")] {
        assert_eq!(workspace.out(0, &["check", "--format", format]).matches(expected).count(), 3, "{format}");
    }
    assert!(workspace.out(0, &["check", "--format", "junit"]).contains("failures=\"0\" errors=\"0\""));
    assert_eq!(workspace.out(0, &["check", "--format", "github"]), "3 measured tests: 3 ok\n");
    write_run(&workspace, false);
    assert!(workspace.out(1, &["check"]).contains("3 measured tests: 0 ok, 3 failed; cargo test failed"));
}

#[test]
fn a_run_that_failed_for_another_reason_than_a_check_is_a_failure() {
    let workspace = Workspace::empty("elsewhere");
    let results = |outcome| {
        let passed = [record("alpha", "alpha::a", "rows", "baseline", outcome, 12, 1)];
        write(
            &workspace,
            &passed,
            &[("alpha/memory-baselines/alpha.json", json!({ "alpha::a [rows]": entry(12, 0) }))],
        );
        write_run(&workspace, false);
    };
    results("passed");
    assert!(workspace.out(1, &["check"]).ends_with("\n1 measured test: 1 ok; cargo test failed\n"));
    let xml = workspace.out(1, &["check", "--format", "junit"]);
    assert!(xml.contains(" tests=\"2\" failures=\"0\" errors=\"1\"") && xml.contains("<error "), "{xml}");
    assert!(xml.contains("<testcase name=\"cargo test\">"), "{xml}");
    results("failed");
    assert!(!workspace.out(0, &["check", "--format", "junit"]).contains("cargo test"));
    assert!(workspace.out(0, &["check"]).ends_with("; cargo test failed\n"), "the check that failed passes by now");
}

#[test]
fn the_results_of_another_project_in_the_same_build_folder_are_left_out() {
    let (workspace, mut other) = (sample("other-a"), Workspace::empty("other-b"));
    other.target = workspace.target.clone();
    let output = other.run(&["check"]);
    ended(2, &output);
    assert!(text(&output.stderr).contains("no results of measured tests"), "{}", text(&output.stderr));

    let mut without_package = record("alpha", "alpha::nowhere", "x", "budget", "passed", 1, 1);
    without_package["package"] = "".into();
    let records = [record("alpha", "alpha::here", "x", "budget", "passed", 1, 1), without_package];
    let lines: String = records.iter().map(|record| format!("{record}\n")).collect();
    let root = other.root.to_str().expect("a plain path");
    fs::write(workspace.target.join("heaplens/results/2.jsonl"), lines.replace('@', root)).expect("writable");
    other.write("alpha/memory-baselines/alpha.json", r#"{ "schema": 1, "tests": {} }"#);
    let table = other.out(0, &["check", "--strict"]);
    assert!(table.ends_with("\n2 measured tests: 2 ok\n"), "its failure, and what ran there, are not ours: {table}");
    assert!(table.contains("alpha::here [x]") && table.contains("alpha::nowhere [x]"), "{table}");
}

#[test]
fn without_results_it_says_how_to_get_them() {
    let workspace = Workspace::empty("no-results");
    let output = workspace.run(&["check"]);
    ended(2, &output);
    assert!(text(&output.stderr).contains("run `cargo heaplens test` first"), "{}", text(&output.stderr));
    workspace.write_results("{ \"package\": 1 }\n");
    let output = workspace.run(&["check"]);
    ended(2, &output);
    assert!(text(&output.stderr).contains("1.jsonl:1: not a result"), "{}", text(&output.stderr));
}
