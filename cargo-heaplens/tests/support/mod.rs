//! A workspace of two packages in a temporary folder, and the command run in it.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A folder that is a workspace, removed at its end unless it is one to be used again.
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    pub(crate) target: PathBuf,
    /// Held as long as a workspace is used that is kept: the next test waits.
    kept: Option<File>,
}

impl Workspace {
    /// Packages `alpha` and `beta` without any code: for results that are made up.
    pub(crate) fn empty(test: &str) -> Self {
        let root = std::env::temp_dir().join(format!("cargo-heaplens-{test}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        let workspace = Self { target: root.join("target"), root, kept: None };
        workspace.write("Cargo.toml", "[workspace]\nmembers = [\"alpha\", \"beta\"]\nresolver = \"3\"\n");
        for package in ["alpha", "beta"] {
            workspace.write(&format!("{package}/Cargo.toml"), &format!("[package]\nname = \"{package}\"\n"));
            workspace.write(&format!("{package}/src/lib.rs"), "\n\n\n\n\n\n\n\n");
        }
        workspace
    }

    /// A folder below the build folder, and a build folder beside it, which the next test finds again: heaplens is compiled
    /// once. One test at a time has it. Two such folders could not share the build folder: cargo tells the packages of
    /// workspaces apart by their paths inside, which are the same.
    pub(crate) fn kept() -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let lock = File::create(folder.join("workspaces.lock")).expect("cargo has made the folder");
        lock.lock().expect("a file of this system");
        Self { root: folder.join("workspace"), target: folder.join("target"), kept: Some(lock) }
    }

    /// Writes a file, and leaves one that has these contents: cargo looks at times.
    pub(crate) fn write(&self, path: &str, contents: &str) {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
        if fs::read_to_string(&path).ok().as_deref() != Some(contents) {
            fs::write(path, contents).expect("writable");
        }
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Writes results as if tests had run; `@` stands for the workspace's folder.
    pub(crate) fn write_results(&self, lines: &str) {
        let folder = self.target.join("heaplens/results");
        fs::create_dir_all(&folder).expect("writable");
        let root = self.root.to_str().expect("a plain path");
        fs::write(folder.join("1.jsonl"), lines.replace('@', root)).expect("writable");
    }

    /// What takes the place of the user's cache: it lies outside of the workspace.
    pub(crate) fn cache(&self) -> PathBuf {
        self.root.with_extension("cache")
    }

    /// The command, with nothing of this process's environment that it would heed.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-heaplens"));
        command
            .args(arguments)
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", &self.target)
            .env("XDG_CACHE_HOME", self.cache())
            .env("CARGO_NET_OFFLINE", "true");
        for variable in
            ["GITHUB_STEP_SUMMARY", "GITHUB_WORKSPACE", "HEAPLENS_BLESS", "COLUMNS", "NO_COLOR", "RUSTFLAGS"]
        {
            command.env_remove(variable);
        }
        command
    }

    /// The command with a cargo that runs these lines of a script in place of everything but `cargo metadata`.
    #[cfg(unix)]
    pub(crate) fn with_cargo(&self, lines: &str, arguments: &[&str]) -> Command {
        use std::os::unix::fs::PermissionsExt;
        let fake = self.root.join("bin/cargo");
        self.write("bin/cargo", &format!("#!/bin/sh\n[ \"$1\" = metadata ] && exec \"$REAL_CARGO\" \"$@\"\n{lines}\n"));
        fs::set_permissions(&fake, fs::Permissions::from_mode(0o755)).expect("our file");
        let mut command = self.command(arguments);
        command.env("CARGO", &fake).env("REAL_CARGO", std::env::var("CARGO").unwrap_or("cargo".to_owned()));
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the command was built for this test")
    }

    /// What it prints, asserting its exit code.
    pub(crate) fn out(&self, code: i32, arguments: &[&str]) -> String {
        ended(code, &self.run(arguments))
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        if self.kept.is_none() {
            let _ = fs::remove_dir_all(&self.root);
            let _ = fs::remove_dir_all(self.cache());
        }
    }
}

/// Standard output of a run that ended with that code.
pub(crate) fn ended(code: i32, output: &Output) -> String {
    let (out, error) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "standard output:\n{out}\nstandard error:\n{error}");
    out
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The two packages of `tests/sample`, built against this repository, without baselines and results.
pub(crate) fn sample() -> Workspace {
    let workspace = Workspace::kept();
    for left in [".git", "bin", "later"] {
        let _ = fs::remove_dir_all(workspace.root.join(left));
    }
    let _ = fs::remove_file(workspace.root.join("staged.txt"));
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let members = "[workspace]\nmembers = [\"alpha\", \"beta\"]\nresolver = \"3\"\n";
    workspace.write("Cargo.toml", &format!("{members}\n[profile.dev]\ndebug = \"line-tables-only\"\n"));
    for package in ["alpha", "beta"] {
        let library = here.parent().expect("the repository").display().to_string();
        let dependency = format!("{{ path = {library:?}, default-features = false, features = [\"stacks\"] }}");
        let head = format!("[package]\nname = \"{package}\"\nedition = \"2024\"\n\n[lib]\ndoctest = false\n");
        workspace
            .write(&format!("{package}/Cargo.toml"), &format!("{head}\n[dependencies]\nheaplens = {dependency}\n"));
        let source =
            fs::read_to_string(here.join(format!("tests/sample/{package}.rs"))).expect("part of the repository");
        workspace.write(&format!("{package}/src/lib.rs"), &source);
        let _ = fs::remove_dir_all(workspace.root.join(package).join("memory-baselines"));
        let _ = fs::remove_file(workspace.root.join(package).join("memory-baselines"));
    }
    if !workspace.root.join("Cargo.lock").exists() {
        fs::copy(here.join("../Cargo.lock"), workspace.root.join("Cargo.lock")).expect("the repository has one");
    }
    let _ = fs::remove_dir_all(workspace.target.join("heaplens/results"));
    workspace
}
