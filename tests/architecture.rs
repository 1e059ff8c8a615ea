//! The arrows of `ARCHITECTURE.md`: a folder imports only from folders to its left, and only the write side is unsafe.

use std::fs;
use std::path::{Path, PathBuf};

/// Every folder and top-level file of `src`, from left to right: a module may import from those before it.
const ORDER: [&str; 19] = [
    "stats",
    "completeness",
    "sys",
    "fault",
    "unwind",
    "record",
    "allocator",
    "scope",
    "spans",
    "snapshot",
    "symbolize",
    "profile",
    "profiler",
    "analyze",
    "export",
    "report",
    "testing",
    "adapt",
    "loom_models",
];

/// The layers in which `unsafe` may be written. `profiler` has one attribute: the entry that the loader calls.
const UNSAFE: [&str; 6] = ["sys", "unwind", "record", "allocator", "profiler", "loom_models"];

/// The layers that run inside an allocation.
const WRITE_SIDE: [&str; 4] = ["sys", "unwind", "record", "allocator"];

fn source_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(source_files(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The folder or top-level file of `src` that a file belongs to.
fn layer(file: &Path) -> String {
    let inside = file.strip_prefix(source()).expect("a file of src");
    let first = inside.components().next().expect("a name").as_os_str().to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

/// A file without its unit tests, which may use anything.
fn code_of(file: &Path) -> String {
    let text = fs::read_to_string(file).expect("a readable file");
    let end = text.find("#[cfg(test)]\nmod tests").or_else(|| text.find("#[cfg(all(test"));
    text[..end.unwrap_or(text.len())].to_owned()
}

/// The layers named after `crate::` in the code, comments left out.
fn imports(code: &str) -> Vec<String> {
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines
        .flat_map(|line| line.match_indices("crate::").map(move |(place, found)| &line[place + found.len()..]))
        .map(|rest| rest.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect())
        .collect()
}

fn wrong_imports(layer: &str, code: &str) -> Vec<String> {
    let place = |name: &str| ORDER.iter().position(|known| *known == name);
    let own = place(layer).unwrap_or_else(|| panic!("`{layer}` has no place in the order of tests/architecture.rs"));
    imports(code).into_iter().filter(|import| place(import).is_some_and(|other| other > own)).collect()
}

#[test]
fn a_folder_imports_only_from_folders_to_its_left() {
    for file in source_files(&source()) {
        let layer = layer(&file);
        if layer == "lib" {
            continue;
        }
        let wrong = wrong_imports(&layer, &code_of(&file));
        assert!(wrong.is_empty(), "{} imports {wrong:?}, which stand to the right of `{layer}`", file.display());
    }
}

#[test]
fn an_import_against_the_arrows_is_found() {
    assert_eq!(wrong_imports("record", "use crate::profile::Profile;\n"), ["profile"]);
    assert_eq!(wrong_imports("record", "use crate::sys::pages;\n// use crate::profile;\n"), [""; 0]);
}

#[test]
fn only_the_write_side_is_unsafe() {
    for file in source_files(&source()) {
        let layer = layer(&file);
        if layer == "lib" || UNSAFE.contains(&layer.as_str()) {
            continue;
        }
        let code = code_of(&file);
        assert!(!code.contains("unsafe {") && !code.contains("unsafe fn"), "{} is unsafe", file.display());
    }
}

#[test]
fn the_write_side_neither_panics_nor_formats_nor_locks() {
    const BANNED: [&str; 11] = [
        ".unwrap()",
        ".expect(",
        "panic!(",
        "unreachable!(",
        "todo!(",
        "assert!(",
        "assert_eq!(",
        "println!(",
        "format!(",
        "Mutex",
        "Vec::new",
    ];
    for file in source_files(&source()) {
        if !WRITE_SIDE.contains(&layer(&file).as_str()) {
            continue;
        }
        let code = code_of(&file);
        for line in code.lines().filter(|line| !line.trim_start().starts_with("//")) {
            // Assertions of constants are the compiler's, and debug assertions vanish in a release.
            if line.contains("const _: () = assert!")
                || line.contains("const { assert!")
                || line.contains("debug_assert")
            {
                continue;
            }
            let banned = BANNED.iter().find(|banned| line.contains(**banned));
            assert!(banned.is_none(), "{}: {line}", file.display());
        }
    }
}

#[test]
fn no_file_is_longer_than_one_idea() {
    for file in source_files(&source()) {
        let lines = fs::read_to_string(&file).expect("a readable file").lines().count();
        assert!(lines <= 400, "{} has {lines} lines", file.display());
    }
}

#[test]
fn every_file_says_what_it_is_for() {
    for file in source_files(&source()) {
        let text = fs::read_to_string(&file).expect("a readable file");
        assert!(text.starts_with("//!"), "{} has no head", file.display());
    }
}
