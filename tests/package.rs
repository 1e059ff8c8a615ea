//! What the package promises about itself: its minimum Rust version, its features, its licences.

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};
use std::collections::HashSet;
use std::path::Path;

fn metadata(features: &[&str]) -> Metadata {
    let mut command = MetadataCommand::new();
    command.manifest_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"));
    let features = features.iter().map(|feature| format!("heaplens/{feature}")).collect::<Vec<_>>().join(",");
    command.other_options([
        "--no-default-features".to_owned(),
        "--features".to_owned(),
        features,
        "--offline".to_owned(),
    ]);
    command.exec().expect("cargo metadata runs")
}

/// The packages that come into a program with the library, build scripts and macros included.
fn brought_along(metadata: &Metadata) -> HashSet<String> {
    let resolve = metadata.resolve.as_ref().expect("a resolved graph");
    let root = metadata.packages.iter().find(|package| package.name.as_str() == "heaplens").expect("heaplens");
    let mut found = HashSet::new();
    let mut open = vec![root.id.clone()];
    while let Some(id) = open.pop() {
        let node = resolve.nodes.iter().find(|node| node.id == id).expect("a node of the graph");
        for dependency in &node.deps {
            let used = dependency.dep_kinds.iter().any(|kind| {
                kind.kind != DependencyKind::Development
                    && kind.target.as_ref().is_none_or(|target| !target.to_string().contains("loom"))
            });
            if used && found.insert(dependency.pkg.clone()) {
                open.push(dependency.pkg.clone());
            }
        }
    }
    metadata
        .packages
        .iter()
        .filter(|package| found.contains(&package.id))
        .map(|package| package.name.to_string())
        .collect()
}

#[test]
fn no_dependency_needs_a_later_rust_than_this_package_states() {
    let metadata = metadata(&["stacks", "flamegraph", "jemalloc"]);
    let brought = brought_along(&metadata);
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
    let brought = brought_along(&metadata(&[]));
    assert_eq!(brought, HashSet::from(["libc", "once_cell"].map(str::to_owned)));
}

#[test]
fn only_the_flamegraph_feature_brings_inferno() {
    assert!(!brought_along(&metadata(&["stacks"])).contains("inferno"));
    assert!(brought_along(&metadata(&["flamegraph"])).contains("inferno"));
    assert!(brought_along(&metadata(&["jemalloc"])).contains("tikv-jemallocator"));
}

#[test]
fn both_licences_and_the_metadata_of_a_published_package_are_there() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    for file in ["LICENSE-MIT", "LICENSE-APACHE", "README.md", "CHANGELOG.md", "ARCHITECTURE.md"] {
        assert!(folder.join(file).is_file(), "{file} is missing");
    }
    let metadata = metadata(&[]);
    for package in metadata.workspace_packages() {
        assert_eq!(package.license.as_deref(), Some("MIT OR Apache-2.0"), "{}", package.name);
        assert!(package.description.is_some() && package.repository.is_some() && package.readme.is_some());
        assert!(!package.keywords.is_empty() && !package.categories.is_empty(), "{}", package.name);
    }
}
