//! The Rust sources that `syn` parses: files of dependencies, which every machine that can build this has.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The largest source file among the packages that the library itself depends on, with all features. `repository` is
/// the folder of the library.
pub(crate) fn largest_of_library(repository: &Path) -> PathBuf {
    largest(repository, Some(&library_dependencies(repository)))
}

/// The largest source file among some dependencies, or all of them. Of all, it is a generated table of more than a
/// megabyte.
pub(crate) fn largest(repository: &Path, among: Option<&HashSet<String>>) -> PathBuf {
    let mut metadata = cargo_metadata::MetadataCommand::new();
    let metadata = metadata.manifest_path(repository.join("Cargo.toml")).exec().expect("cargo metadata runs");
    let mut files: Vec<(u64, PathBuf)> = Vec::new();
    for package in metadata.packages.iter().filter(|package| package.source.is_some()) {
        if among.is_some_and(|names| !names.contains(package.name.as_str())) {
            continue;
        }
        if let Some(root) = package.manifest_path.parent() {
            collect(root.join("src").as_std_path(), &mut files);
        }
    }
    let (bytes, file) = files.into_iter().max().expect("there are dependencies");
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    println!("{name} ({} kB) is parsed as the largest of {}", bytes / 1_000, among.map_or("all", |_| "the library's"));
    file
}

fn library_dependencies(repository: &Path) -> HashSet<String> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["tree", "--package", "heaplens", "--all-features", "--edges", "normal", "--prefix", "none"]);
    let output = cargo.current_dir(repository).output().expect("cargo runs");
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    lines.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

fn collect(folder: &Path, files: &mut Vec<(u64, PathBuf)>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push((entry.metadata().map_or(0, |file| file.len()), path));
        }
    }
}
