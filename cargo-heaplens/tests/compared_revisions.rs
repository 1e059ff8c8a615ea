//! `cargo heaplens compare` in a git repository of two commits.

mod support;

use std::fs;
use std::process::Command;

use support::{Workspace, ended, sample, text};

fn git(workspace: &Workspace, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command.args(arguments).current_dir(&workspace.root);
    // The same commits in every run have the same names, so that what was built for them is used again.
    for variable in ["GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"] {
        command.env(variable, "2026-01-01T00:00:00Z");
    }
    for variable in ["GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"] {
        command.env(variable, "nobody");
    }
    command.env("GIT_CONFIG_GLOBAL", "").env("GIT_CONFIG_NOSYSTEM", "1");
    for variable in ["GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"] {
        command.env_remove(variable);
    }
    ended(0, &command.output().expect("git runs"))
}

const ALPHA: &str = "alpha/src/lib.rs";
const BETA: &str = "beta/src/lib.rs";

fn change(workspace: &Workspace, file: &str, from: &str, to: &str) {
    let text = workspace.read(file);
    assert!(text.contains(from), "{text}");
    workspace.write(file, &text.replace(from, to));
}

/// Commit `small`, then one in which a row of `alpha` is twice as long and a test of `beta` has another name.
fn repository() -> Workspace {
    let workspace = sample();
    git(&workspace, &["init", "--quiet", "--initial-branch", "main"]);
    git(&workspace, &["add", "."]);
    git(&workspace, &["commit", "--quiet", "--message", "small"]);
    git(&workspace, &["tag", "small"]);
    change(&workspace, ALPHA, "crate::rows(1)", "crate::rows(2)");
    change(&workspace, BETA, "fn notes", "fn remarks");
    git(&workspace, &["commit", "--quiet", "--all", "--message", "larger"]);
    workspace
}

fn assert_no_work_tree_is_left(workspace: &Workspace) {
    let list = git(workspace, &["worktree", "list"]);
    assert_eq!(list.lines().count(), 1, "{list}");
}

#[test]
#[ignore = "builds several revisions, which takes minutes: ci/revisions.sh"]
fn what_differs_is_told_by_test_and_call_site() {
    let workspace = repository();
    let output = workspace.run(&["compare", "small"]);
    assert_eq!(
        ended(0, &output),
        "\
- alpha::tests::blessed [rows]
                         before   after  change
    total_blocks             11      11  same
    total_bytes          10,240  20,240  +97.7 %
    peak_bytes           10,240  20,240  +97.7 %
    largest_block_bytes   1,000   2,000  +100.0 %
    live_bytes           10,240  20,240  +97.7 %
    grown +0 blocks, +10.0 kB src/lib.rs:8 rows

only at small
- beta::tests::notes [all notes]

only in the present work tree
- beta::tests::remarks [all notes]

since small: 1 changed, 1 the same
"
    );
    let progress = text(&output.stderr);
    assert!(progress.contains("measuring small (") && progress.contains("measuring the present work tree\n"));
    assert!(progress.contains("cargo test failed there; compared is what was measured"), "{progress}");
    assert_no_work_tree_is_left(&workspace);
    workspace.out(1, &["compare", "small", "--strict", "--", "-p", "alpha"]);
}

#[test]
#[ignore = "builds several revisions, which takes minutes: ci/revisions.sh"]
fn changes_that_are_not_committed_are_measured() {
    let workspace = repository();
    change(&workspace, ALPHA, "crate::rows(2)", "crate::rows(1)");
    let output = workspace.run(&["compare", "small", "--strict", "--", "-p", "alpha"]);
    assert_eq!(ended(0, &output), "since small: 0 changed, 2 the same\n");
    assert!(text(&output.stderr).contains("work tree, with changes that are not committed"));
}

#[test]
#[ignore = "builds several revisions, which takes minutes: ci/revisions.sh"]
fn what_cannot_be_compared_is_told_and_leaves_nothing() {
    let workspace = repository();
    for revision in ["missing", "--all", "small:alpha", "a\u{1b}b"] {
        let output = workspace.run(&["compare", "--", revision]);
        ended(2, &output);
        let output = workspace.run(&["compare", revision]);
        ended(2, &output);
        assert!(!text(&output.stderr).contains('\u{1b}'));
    }
    let error = text(&workspace.run(&["compare", "missing"]).stderr);
    assert!(error.starts_with("error: there is no revision \"missing\" in /"), "{error}");
    workspace.write("later/Cargo.toml", "[package]\nname = \"later\"\n[workspace]\n");
    workspace.write("later/src/lib.rs", "");
    let later = workspace.command(&["compare", "small"]).current_dir(workspace.root.join("later")).output();
    let later = later.expect("built");
    fs::remove_dir_all(workspace.root.join("later")).expect("ours");
    ended(2, &later);
    assert!(text(&later.stderr).contains("error: small: there is no folder later"), "{}", text(&later.stderr));
    assert_no_work_tree_is_left(&workspace);

    let output = workspace.run(&["compare", "small", "--", "unmeasured"]);
    assert!(ended(1, &output).is_empty() && text(&output.stderr).contains("small: no test was measured"));
    let outside = Workspace::empty("no-repository");
    let output = outside.run(&["compare", "HEAD"]);
    ended(2, &output);
    assert!(text(&output.stderr).contains("not in a git repository"), "{}", text(&output.stderr));
}

/// Where a comparison has cargo test the earlier revision.
#[cfg(unix)]
fn tested_in(workspace: &Workspace, cache: Option<&std::path::Path>) -> std::path::PathBuf {
    let mut command = workspace.with_cargo("echo \"tested in $PWD/\" >&2", &["compare", "small"]);
    match cache {
        Some(cache) => command.env("XDG_CACHE_HOME", cache),
        None => command.env_remove("XDG_CACHE_HOME").env("HOME", "/dev/null"),
    };
    let output = command.output().expect("built");
    ended(1, &output);
    let error = text(&output.stderr);
    assert_no_work_tree_is_left(workspace);
    let folder = error.lines().find_map(|line| line.strip_prefix("tested in ")).expect("it was tested").into();
    assert!(!fs::exists(&folder).expect("readable"), "its files are gone");
    folder
}

/// Else the settings and the workspace of the present files would be those of the revision too.
#[cfg(unix)]
#[test]
fn a_revision_is_built_outside_of_the_repository() {
    let workspace = repository();
    let cache = fs::canonicalize(&workspace.root).expect("it is there").with_extension("cache");
    let folder = tested_in(&workspace, Some(&cache));
    assert!(folder.starts_with(cache.join("heaplens/compare")), "{}", folder.display());
    assert_eq!(tested_in(&workspace, Some(&cache)), folder, "the same in the next comparison");
    assert_eq!(fs::read_dir(cache.join("heaplens/compare")).expect("it was made").count(), 0);
    for cache in [None, Some(workspace.root.join("cache"))] {
        let folder = tested_in(&workspace, cache.as_deref());
        let temporary = fs::canonicalize(std::env::temp_dir()).expect("it is there");
        assert!(folder.starts_with(temporary) && !folder.starts_with(&workspace.root), "{}", folder.display());
    }
    let _ = fs::remove_dir_all(workspace.root.join("cache"));
}

/// It may be missing because it failed before it was measured.
#[cfg(unix)]
#[test]
fn a_test_that_is_missing_where_cargo_failed_fails_a_strict_comparison() {
    let workspace = repository();
    let record = |test: &str| {
        let measured = r#"{"with":"rustc","figures":{"total_blocks":1}}"#;
        let of = format!(r#""test":"alpha::{test}","scope":"x","check":"budget","outcome":"passed","text":"""#);
        format!(r#"{{"package":"'$PWD'/alpha",{of},"elapsed_nanoseconds":1,"measured":{measured}}}"#)
    };
    // The shell ends the quotes around `$PWD`, so that the package is that of the revision.
    let script = |here: &str, before: &str| {
        let write = "cat >\"$HEAPLENS_RESULTS/1.jsonl\"";
        let (both, other) = (record("both"), record("other"));
        format!("echo '{both}' | {write}\ncase $PWD in\n*/workspace) {here};;\n*) {before};;\nesac")
            .replace("MORE", &format!("echo '{other}' >>\"$HEAPLENS_RESULTS/1.jsonl\""))
    };
    for (here, before, code, only) in [
        ("exit 101", "MORE", 1, "only at small\n- alpha::other [x]\n"),
        ("MORE", "exit 101", 1, "only in the present work tree\n- alpha::other [x]\n"),
        ("exit 0", "MORE; exit 101", 0, "only at small\n- alpha::other [x]\n"),
        ("MORE; exit 101", "MORE; exit 101", 0, "0 changed, 2 the same"),
    ] {
        let mut command = workspace.with_cargo(&script(here, before), &["compare", "small", "--strict"]);
        let output = command.output().expect("built");
        let shown = ended(code, &output);
        assert!(shown.contains(only), "{shown}");
        let reason = "error: a test is missing where cargo test failed: see above";
        assert_eq!(text(&output.stderr).contains(reason), code == 1, "{}", text(&output.stderr));
    }
}

/// Git tells its hooks which index is to be committed.
#[cfg(unix)]
#[test]
fn a_comparison_in_a_git_hook_leaves_the_index_as_it_is() {
    let workspace = repository();
    workspace.write("staged.txt", "to be committed");
    git(&workspace, &["add", "staged.txt"]);
    let staged = git(&workspace, &["ls-files", "--stage"]);
    let mut command =
        workspace.with_cargo("[ -z \"$GIT_DIR$GIT_INDEX_FILE\" ] || echo \"the hook's\" >&2", &["compare", "small"]);
    let folder = workspace.root.join(".git");
    command.env("GIT_DIR", &folder).env("GIT_INDEX_FILE", folder.join("index")).env("GIT_PREFIX", "");
    let output = command.output().expect("built");
    ended(1, &output);
    assert!(text(&output.stderr).contains("small: no test was measured"), "{}", text(&output.stderr));
    assert_eq!(git(&workspace, &["ls-files", "--stage"]), staged);
    assert!(!text(&output.stderr).contains("hook's"), "cargo knows nothing of it: {}", text(&output.stderr));
    assert_no_work_tree_is_left(&workspace);
}

/// Ctrl-C goes to all programs of the terminal: to the command, and to cargo.
#[cfg(unix)]
#[test]
fn an_interrupted_comparison_leaves_no_work_tree() {
    use std::os::unix::process::CommandExt;
    use std::time::{Duration, Instant};
    let workspace = repository();
    let mut command = workspace.with_cargo("pwd >\"$STARTED\"\nsleep 60", &["compare", "small"]);
    let started = workspace.target.join("started");
    let _ = fs::remove_file(&started);
    command.env("STARTED", &started);
    let mut child = command.process_group(0).spawn().expect("built");
    let start = Instant::now();
    while !fs::read_to_string(&started).is_ok_and(|written| written.ends_with('\n')) {
        assert!(start.elapsed() < Duration::from_secs(50) && child.try_wait().expect("ours").is_none(), "not started");
        std::thread::sleep(Duration::from_millis(20));
    }
    let group = format!("-{}", child.id());
    assert!(Command::new("kill").args(["-INT", "--", &group]).status().expect("kill runs").success());
    assert_eq!(child.wait().expect("ours").code(), Some(3));
    let tree = fs::read_to_string(&started).expect("written");
    assert!(!fs::exists(tree.trim_end()).expect("readable"), "its files are gone");
    assert_no_work_tree_is_left(&workspace);
}
