//! The command as a person runs it: what it prints, which files it writes, and its exit codes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A folder of one test with the sample profile in it, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("cargo-heaplens-{test}-{}", std::process::id()));
        fs::create_dir_all(&path).expect("the temporary folder can be written");
        let folder = Self(path);
        folder.add("fluid.json");
        folder
    }

    /// Copies a sample that is recorded by thread.
    fn with_threads(test: &str) -> Self {
        let folder = Self::new(test);
        folder.add("orders.json");
        folder
    }

    fn add(&self, sample: &str) {
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden");
        fs::copy(golden.join(sample), self.0.join(sample)).expect("the sample is part of the repository");
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the command was built for this test")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-heaplens"));
        command.args(arguments).current_dir(&self.0);
        command
    }

    fn write(&self, name: &str, contents: &str) {
        fs::write(self.0.join(name), contents).expect("the folder can be written");
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn files(&self) -> usize {
        fs::read_dir(&self.0).expect("the folder is there").count()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Asserts exit code 2, nothing on standard output, and one line of error, which is given back.
fn refused(output: &Output) -> String {
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(output.stdout.is_empty() && error.starts_with("error: ") && error.lines().count() == 1, "{error}");
    error
}

#[test]
fn report_prints_the_summary_with_and_without_cargo_in_front() {
    let folder = Folder::new("summary");
    let direct = folder.run(&["report", "fluid.json"]);
    assert_eq!(direct.status.code(), Some(0));
    assert!(out(&direct).starts_with("fluid, 4.10 s: ") && out(&direct).lines().count() <= 25);
    assert_eq!(out(&direct), out(&folder.run(&["heaplens", "report", "fluid.json"])));
}

#[test]
fn the_full_report_has_as_many_sites_as_asked_for() {
    let folder = Folder::new("full");
    let text = out(&folder.run(&["report", "fluid.json", "--full", "--top", "1"]));
    assert!(text.contains("the first 1 of 13 call sites") && text.contains("[simulate]"), "{text}");
    assert!(!text.contains("__rust_alloc"));
    let whole = out(&folder.run(&["report", "fluid.json", "--full", "--runtime-frames"]));
    assert!(whole.contains("__rustc::__rust_alloc"));
}

#[test]
fn a_flame_graph_lies_beside_its_profile_and_its_path_is_printed() {
    let folder = Folder::new("beside");
    let output = folder.run(&["flamegraph", "fluid.json"]);
    assert_eq!((output.status.code(), out(&output).as_str()), (Some(0), "fluid.total-bytes.svg\n"));
    assert!(folder.read("fluid.total-bytes.svg").contains("fluid: bytes allocated"));
}

#[test]
fn report_by_scope_or_thread_prints_a_table() {
    let folder = Folder::with_threads("tables");
    let scopes = folder.run(&["report", "orders.json", "--by", "scope"]);
    assert_eq!(scopes.status.code(), Some(0));
    let column = |text: &str| -> Vec<String> {
        let lines = text.lines().skip_while(|line| !line.contains("live at peak"));
        lines.map(|line| line.split_whitespace().last().expect("no blank line").to_owned()).collect()
    };
    assert_eq!(column(&out(&scopes))[..5], ["scope", "request", "index", "walk", "parse"]);
    let threads = out(&folder.run(&["report", "orders.json", "--by", "thread", "--top", "1"]));
    assert_eq!(column(&threads), ["thread", "worker-1", "thread)", "threads"]);
    assert!(threads.ends_with("  and 4 more threads\n"), "{threads}");
}

#[test]
fn a_part_is_reported_and_drawn_as_such() {
    let folder = Folder::with_threads("parts");
    let report = |part: &[&str]| {
        let output = folder.run(&[&["report", "orders.json"], part].concat());
        assert_eq!(output.status.code(), Some(0), "{part:?}");
        out(&output).lines().nth(1).expect("a second line").trim().to_owned()
    };
    assert_eq!(report(&["--scope", "index"]), "only what was allocated in scope [index]");
    assert_eq!(report(&["--outside-scopes", "--full"]), "only what was allocated outside every scope");
    assert_eq!(report(&["--thread", "(unnamed)", "--by", "scope"]), "only what was allocated on thread (unnamed)");
    let both = report(&["--scope", "parse", "--thread", "worker-0"]);
    assert_eq!(both, "only what was allocated in scope [parse], on thread \"worker-0\"");
}

#[test]
fn the_image_of_a_part_has_a_name_and_a_title_of_its_own() {
    let folder = Folder::with_threads("part-image");
    let arguments = ["flamegraph", "orders.json", "--scope", "index", "--thread", "worker-1"];
    let output = folder.run(&arguments);
    let name = "orders.scope-index.thread-worker-1.total-bytes.svg";
    assert_eq!((output.status.code(), out(&output).as_str()), (Some(0), format!("{name}\n").as_str()));
    let image = folder.read(name);
    assert!(image.contains("orders, in scope [index], on thread &quot;worker-1&quot;: bytes allocated"), "{image}");
    assert!(image.contains("54.0% of the whole"), "{image}");
}

#[test]
fn an_unknown_part_is_refused_with_what_there_is() {
    let folder = Folder::with_threads("unknown");
    let error = refused(&folder.run(&["report", "orders.json", "--scope", "no\nsuch"]));
    assert!(
        error.contains("orders.json: there is no scope \"no\\nsuch\": choose one of \"request\", \"index\""),
        "{error}"
    );
    let error = refused(&folder.run(&["flamegraph", "orders.json", "--thread", "worker-2"]));
    assert!(error.contains("there is no thread \"worker-2\": choose one of \"worker-1\", \"worker-0\""), "{error}");
    for arguments in [["--thread", "worker-1"], ["--by", "thread"]] {
        let error = refused(&folder.run(&[&["report", "fluid.json"][..], &arguments].concat()));
        assert!(error.contains("fluid.json: ") && error.contains("HEAPLENS_BY_THREAD=1"), "{error}");
    }
    for arguments in [["--by", "scope", "--full"], ["--outside-scopes", "--scope", "index"]] {
        let output = folder.run(&[&["report", "orders.json"][..], &arguments].concat());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
    assert_eq!(folder.files(), 2, "no image is left");
}

#[test]
fn a_scope_and_a_thread_that_never_met_are_both_known() {
    let folder = Folder::with_threads("never-met");
    let scope = "load the configuration of every region that orders can come from";
    for arguments in [["--scope", scope, "--thread", "worker-1"], ["--thread", "worker-1", "--scope", scope]] {
        let error = refused(&folder.run(&[&["report", "orders.json"][..], &arguments].concat()));
        let reason = format!("orders.json: nothing was allocated on thread \"worker-1\" in scope [{scope}]\n");
        assert!(error.ends_with(&reason), "{error}");
    }
    let error = refused(&folder.run(&["report", "orders.json", "--scope", "parse", "--thread", "worker-2"]));
    assert!(error.contains("there is no thread \"worker-2\": choose one of \"worker-1\", \"worker-0\""), "{error}");
}

#[test]
fn a_metric_of_which_there_is_nothing_is_said() {
    let folder = Folder::with_threads("nothing");
    let arguments = ["flamegraph", "orders.json", "--metric", "live-at-peak-bytes", "--scope", "walk"];
    let output = folder.run(&arguments);
    assert_eq!(output.status.code(), Some(0));
    let nothing = "no bytes live at peak in scope [walk]";
    assert_eq!(String::from_utf8_lossy(&output.stderr), format!("note: orders.json: {nothing}\n"));
    assert!(folder.read("orders.scope-walk.live-at-peak-bytes.svg").contains(nothing));
}

#[test]
fn metric_all_draws_every_metric() {
    let folder = Folder::new("all");
    let output = folder.run(&["flamegraph", "fluid.json", "--metric", "all"]);
    assert_eq!((output.status.code(), out(&output).lines().count(), folder.files()), (Some(0), 5, 6));
    refused(&folder.run(&["flamegraph", "fluid.json", "--metric", "all", "-o", "one.svg"]));
}

#[test]
fn an_image_goes_where_it_is_asked_for() {
    let folder = Folder::new("output");
    let arguments = ["flamegraph", "fluid.json", "--metric", "live-at-peak-bytes", "-o"];
    assert!(folder.run(&[&arguments[..], &["graph.svg"]].concat()).status.success());
    let piped = out(&folder.run(&[&arguments[..], &["-"]].concat()));
    assert_eq!(piped, folder.read("graph.svg"));
}

#[test]
fn an_output_that_cannot_be_written_is_refused_and_changes_nothing() {
    let folder = Folder::new("unwritable");
    let error = refused(&folder.run(&["flamegraph", "fluid.json", "-o", "missing/graph.svg"]));
    assert!(error.contains("missing/graph.svg"), "{error}");
    refused(&folder.run(&["flamegraph", "fluid.json", "-o", "."]));
    assert_eq!(folder.files(), 1);
}

#[test]
fn an_unreadable_profile_leaves_the_old_image() {
    let folder = Folder::new("unreadable");
    folder.write("fluid.total-bytes.svg", "the old image");
    folder.write("fluid.json", "{\"format\":\"heaplens-profile\",\"version\":1,");
    let error = refused(&folder.run(&["flamegraph", "fluid.json"]));
    assert!(error.contains("fluid.json: ") && error.contains("ends too early"), "{error}");
    assert_eq!(folder.read("fluid.total-bytes.svg"), "the old image");
}

#[test]
fn every_unreadable_input_is_named_with_the_reason() {
    let folder = Folder::new("inputs");
    folder.write("other.json", "{\"dhatFileVersion\":2}");
    folder.write("newer.json", "{\"format\":\"heaplens-profile\",\"version\":99}");
    for (file, reason) in [
        ("other.json", "not a heaplens profile"),
        ("newer.json", "cargo install cargo-heaplens"),
        ("absent.json", "No such file"),
    ] {
        let error = refused(&folder.run(&["report", file]));
        assert!(error.contains(file) && (error.contains(reason) || cfg!(not(unix))), "{error}");
    }
}

#[cfg(unix)]
#[test]
fn names_in_errors_do_not_act_on_a_terminal() {
    let folder = Folder::new("acting");
    let name = "\u{1b}[31mred\n::error::x.json";
    let image = format!("{name}/a.svg");
    folder.write(name, "no profile");
    let missing = format!("missing-{name}");
    for arguments in [&["report", name][..], &["report", &missing], &["flamegraph", "fluid.json", "-o", &image]] {
        let error = refused(&folder.run(arguments));
        assert!(error.contains("\\u{1b}[31mred\\n::error::x.json") && !error.contains('\u{1b}'), "{error:?}");
    }
    // What cargo says of it, in several lines, is shown too.
    let output = folder.run(&["test", "--", "--manifest-path", name]);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(2) && error.contains("red\n\\u{3a}:error::x"), "{error:?}");
    assert!(!error.contains('\u{1b}') && !error.lines().any(|line| line.starts_with("::")), "{error:?}");
}

#[test]
fn wrong_usage_has_exit_code_2_and_help_has_0() {
    let folder = Folder::new("usage");
    for arguments in [&[][..], &["frobnicate"], &["report"], &["flamegraph", "fluid.json", "--metric", "bytes"]] {
        assert_eq!(folder.run(arguments).status.code(), Some(2), "{arguments:?}");
    }
    for arguments in [
        &["--help"][..],
        &["heaplens", "--help"],
        &["report", "--help"],
        &["flamegraph", "--help"],
        &["test", "--help"],
    ] {
        let output = folder.run(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(out(&output).contains("Examples:"), "{arguments:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_reader_that_closes_the_pipe_is_no_failure() {
    let folder = Folder::new("pipe");
    let arguments = ["flamegraph", "fluid.json", "-o", "-"];
    let mut child = folder.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("built");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends by itself");
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[cfg(target_os = "linux")]
#[test]
fn a_terminal_that_takes_nothing_is_a_failure_of_the_tool() {
    let folder = Folder::new("full-disk");
    let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has it");
    let output = folder.command(&["report", "fluid.json"]).stdout(full).output().expect("built");
    assert_eq!(output.status.code(), Some(3));
}

#[test]
fn the_help_names_every_metric_and_fits_a_terminal_of_80_columns() {
    let folder = Folder::new("help");
    for arguments in [
        ["--help"].as_slice(),
        &["report", "--help"],
        &["flamegraph", "--help"],
        &["test", "--help"],
        &["check", "--help"],
        &["compare", "--help"],
    ] {
        let help = out(&folder.run(arguments));
        let too_wide: Vec<&str> = help.lines().filter(|line| line.chars().count() > 80).collect();
        assert!(too_wide.is_empty(), "{too_wide:#?}");
    }
    let help = out(&folder.run(&["flamegraph", "--help"]));
    assert!(heaplens::Metric::ALL.iter().all(|metric| help.contains(&format!("\n  {metric} "))), "{help}");
}
