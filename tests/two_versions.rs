//! One program holds one recorder: cargo refuses a build with two versions of heaplens in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder that goes when it is dropped.
struct Workspace(PathBuf);

impl Workspace {
    fn new() -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("two-versions-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder of our own");
        Self(folder)
    }

    /// Adds a package with an empty library.
    fn package(&self, folder: &str, manifest: &str) {
        let folder = self.0.join(folder);
        fs::create_dir_all(folder.join("src")).expect("a folder of our own");
        fs::write(folder.join("Cargo.toml"), manifest).expect("a file of our own");
        fs::write(folder.join("src/lib.rs"), "").expect("a file of our own");
        fs::write(folder.join("build.rs"), "fn main() {}").expect("a file of our own");
    }

    /// Whether cargo accepts the program, and what it says.
    fn resolve(&self) -> (bool, String) {
        let output = Command::new(env!("CARGO"))
            .args(["metadata", "--offline", "--format-version", "1", "--manifest-path"])
            .arg(self.0.join("program/Cargo.toml"))
            .output()
            .expect("cargo starts");
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The line of heaplens's own manifest that makes the difference.
fn links_line() -> &'static str {
    let manifest = include_str!("../Cargo.toml");
    manifest.lines().find(|line| line.starts_with("links")).expect("the manifest has a `links` key")
}

fn heaplens(version: &str, links: &str) -> String {
    format!(
        "[package]\nname = \"heaplens\"\nversion = \"{version}\"\nedition = \"2024\"\n{links}\nbuild = \"build.rs\"\n"
    )
}

const PROGRAM: &str = "[package]\nname = \"program\"\nversion = \"0.0.0\"\nedition = \"2024\"\n
[dependencies]\nfirst = { package = \"heaplens\", path = \"../first\" }
second = { package = \"heaplens\", path = \"../second\" }\n\n[workspace]\n";

#[test]
fn x2_two_versions_in_one_program_are_refused_by_name() {
    let workspace = Workspace::new();
    workspace.package("program", PROGRAM);
    workspace.package("first", &heaplens("0.1.0", links_line()));
    workspace.package("second", &heaplens("0.2.0", links_line()));
    let (accepted, said) = workspace.resolve();
    assert!(!accepted, "two recorders in one program");
    assert!(said.contains("links to the native library `heaplens`"), "{said}");
    // The key is what does it: without it cargo accepts the same program.
    workspace.package("first", &heaplens("0.1.0", ""));
    workspace.package("second", &heaplens("0.2.0", ""));
    assert!(workspace.resolve().0);
}
