//! What the package promises about itself: its minimum Rust version, its features, its licences.

use cargo_metadata::{Metadata, MetadataCommand};
use std::collections::HashSet;
use std::path::Path;
use std::process::Command;

fn metadata() -> Metadata {
    let mut command = MetadataCommand::new();
    command.manifest_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"));
    command.other_options(["--offline".to_owned()]);
    command.exec().expect("cargo metadata runs")
}

/// The packages that come into a program with the library, build scripts and macros included.
fn brought_along(features: &str) -> HashSet<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--package", "heaplens", "--no-default-features", "--features", features])
        .args(["--edges", "normal,build", "--prefix", "none", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo tree runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    let names = lines.lines().filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "heaplens").map(str::to_owned).collect()
}

#[test]
fn no_dependency_needs_a_later_rust_than_this_package_states() {
    let metadata = metadata();
    let brought = brought_along("stacks,flamegraph,jemalloc,criterion,divan,tracing,rayon,macros");
    let own = metadata.packages.iter().find(|package| package.name.as_str() == "heaplens").expect("heaplens");
    let stated = own.rust_version.clone().expect("a stated rust-version");
    let mut compared = 0;
    for package in metadata.packages.iter().filter(|package| brought.contains(package.name.as_str())) {
        if let Some(needed) = &package.rust_version {
            compared += 1;
            assert!(*needed <= stated, "{} needs Rust {needed}, this package states {stated}", package.name);
        }
    }
    assert!(compared > 5, "only {compared} dependencies state a version");
}

#[test]
fn without_features_the_library_pulls_in_almost_nothing() {
    let brought = brought_along("");
    assert_eq!(brought, HashSet::from(["libc", "once_cell", "pin-project-lite"].map(str::to_owned)));
}

#[test]
fn only_the_flamegraph_feature_brings_inferno() {
    assert!(!brought_along("stacks").contains("inferno"));
    assert!(brought_along("flamegraph").contains("inferno"));
    assert!(brought_along("jemalloc").contains("tikv-jemallocator"));
}

#[test]
fn a_benchmark_harness_comes_only_with_its_own_feature() {
    for (feature, other) in [("criterion", "divan"), ("divan", "criterion")] {
        assert!(!brought_along("stacks,flamegraph,jemalloc").contains(feature));
        let brought = brought_along(feature);
        assert!(brought.contains(feature) && !brought.contains(other), "{brought:?}");
    }
}

#[test]
fn each_adapter_brings_its_own_crate_and_no_other_does() {
    let others = brought_along("stacks,flamegraph,serde");
    for (feature, crates) in [("tracing", ["tracing-core", "tracing-subscriber"]), ("rayon", ["rayon", "rayon-core"])] {
        let brought = brought_along(feature);
        assert!(crates.iter().all(|name| brought.contains(*name) && !others.contains(*name)), "{feature}");
    }
    assert!(!brought_along("tracing").contains("tracing-attributes"), "no macros");
}

#[test]
fn the_attribute_brings_what_a_macro_needs_and_nothing_else() {
    let without = brought_along("");
    let brought = brought_along("macros");
    let more: HashSet<&str> = brought.difference(&without).map(String::as_str).collect();
    assert_eq!(more, HashSet::from(["heaplens-macros", "proc-macro2", "quote", "syn", "unicode-ident"]));
}

#[test]
fn both_licences_and_the_metadata_of_a_published_package_are_there() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    for file in ["LICENSE-MIT", "LICENSE-APACHE", "README.md", "CHANGELOG.md", "ARCHITECTURE.md"] {
        assert!(folder.join(file).is_file(), "{file} is missing");
    }
    let metadata = metadata();
    for package in metadata.workspace_packages() {
        assert_eq!(package.license.as_deref(), Some("MIT OR Apache-2.0"), "{}", package.name);
        assert!(package.description.is_some() && package.repository.is_some() && package.readme.is_some());
        assert!(!package.keywords.is_empty() && !package.categories.is_empty(), "{}", package.name);
    }
}
