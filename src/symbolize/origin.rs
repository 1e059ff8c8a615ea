//! Whose code a frame is.
//!
//! The file decides where there is one, because a generic function of the standard library carries the user's types in
//! its name and the other way round. The name decides only where no file is known, and for the allocator's entry
//! points, which the compiler writes into the user's file, at the line of `#[global_allocator]`, and for allocators that
//! stand around heaplens.

use serde::{Deserialize, Serialize};

/// Whose code a [`Frame`](crate::Frame) is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Origin {
    /// Code of the person: the crates of the workspace.
    User,
    /// Code from a registry, a git checkout or a vendored folder, and foreign code of unknown source.
    Dependency,
    /// The standard library, the start of a process or thread, and heaplens itself.
    Runtime,
    /// No code: an open scope, by its name.
    Scope,
    /// No code: a thread, by its name. Only a recording [by thread](crate::ProfilerBuilder::by_thread) has these.
    Thread,
    /// No code: a remark in place of a stack, such as `(not captured)`.
    Marker,
}

/// Parts of a path that only the standard library's files have.
const STD_PATHS: [&str; 3] = ["/rustlib/src/rust/library/", "/rustc/", "/rust/deps/"];
/// Parts of a path under which cargo keeps code of others.
const DEPENDENCY_PATHS: [&str; 3] = ["/registry/src/", "/git/checkouts/", "/vendor/"];
/// Entry points of the allocator; the compiler gives them the place of the user's `#[global_allocator]`.
const ALLOCATOR_NAMES: [&str; 4] = ["__rustc::", "__rust_", "__rg_", "__rdl_"];
/// What only the methods of an allocator have in their names, such as those of one that stands around heaplens.
const ALLOCATOR_METHOD: &str = " as core::alloc::global::GlobalAlloc>::";
/// How the names of the standard library begin.
const STD_NAMES: [&str; 6] = ["std::", "core::", "alloc::", "<std::", "<core::", "<alloc::"];
/// The start of a process or a thread, in the C library and the compiler's own `main`.
const START_NAMES: [&str; 9] = [
    "_start",
    "main",
    "rust_begin_unwind",
    "__libc_start_main",
    "__libc_start_main_impl",
    "__libc_start_call_main",
    "start_thread",
    "clone3",
    "__clone",
];

impl Origin {
    /// The origin of a function, from its source file and its demangled name.
    pub(crate) fn of(function: &str, file: Option<&str>) -> Self {
        if is_allocator_entry(function) {
            return Self::Runtime;
        }
        match file {
            Some(file) if file.ends_with(".rs") => Self::of_file(&file.replace('\\', "/")),
            _ => Self::of_name(function),
        }
    }

    fn of_file(file: &str) -> Self {
        if STD_PATHS.iter().any(|part| file.contains(part)) || is_own_file(file) {
            Self::Runtime
        } else if DEPENDENCY_PATHS.iter().any(|part| file.contains(part)) {
            Self::Dependency
        } else {
            Self::User
        }
    }

    fn of_name(function: &str) -> Self {
        let begins_with = |prefixes: &[&str]| prefixes.iter().any(|prefix| function.starts_with(prefix));
        if START_NAMES.contains(&function) || begins_with(&STD_NAMES) || begins_with(&["heaplens::", "<heaplens::"]) {
            Self::Runtime
        } else if function.contains("::") {
            Self::User
        } else {
            Self::Dependency
        }
    }
}

/// Whether a function is an entry point of the allocator: one made by the compiler, or a method of an allocator.
pub(super) fn is_allocator_entry(function: &str) -> bool {
    ALLOCATOR_NAMES.iter().any(|prefix| function.starts_with(prefix)) || function.contains(ALLOCATOR_METHOD)
}

/// Whether a file is part of heaplens itself. This file's own path tells where those are, as the compiler writes it
/// (which `--remap-path-prefix` changes) and as cargo gives it (which is absolute also inside a workspace).
pub(super) fn is_own_file(file: &str) -> bool {
    let as_compiled = file!().strip_suffix("symbolize/origin.rs").unwrap_or(file!());
    file.starts_with(as_compiled) || file.starts_with(concat!(env!("CARGO_MANIFEST_DIR"), "/src/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const STD_FILE: &str = "/rustc/59807616e1fa/library/core/src/convert/mod.rs";

    #[test]
    fn the_file_decides_where_there_is_one() {
        assert_eq!(Origin::of("<my::Type as core::convert::Into<u8>>::into", Some(STD_FILE)), Origin::Runtime);
        assert_eq!(Origin::of("<my::Type as core::fmt::Display>::fmt", Some("/home/me/app/src/a.rs")), Origin::User);
        assert_eq!(Origin::of("core::my_helper", Some("/home/me/app/src/a.rs")), Origin::User);
        let dependency = "/home/me/.cargo/registry/src/index-1949cf8c6b5b557f/serde-1.0.0/src/lib.rs";
        assert_eq!(Origin::of("serde::de", Some(dependency)), Origin::Dependency);
        let component = "/home/me/.rustup/toolchains/stable/lib/rustlib/src/rust/library/alloc/src/vec/mod.rs";
        assert_eq!(Origin::of("push<u8>", Some(component)), Origin::Runtime);
        let bundled = "/rust/deps/hashbrown-0.16.1/src/raw/alloc.rs";
        assert_eq!(Origin::of("hashbrown::raw::alloc::inner::do_alloc", Some(bundled)), Origin::Runtime);
    }

    #[test]
    fn the_name_decides_where_no_file_is_known() {
        assert_eq!(Origin::of("<alloc::vec::Vec<u8>>::push", None), Origin::Runtime);
        assert_eq!(Origin::of("std::rt::lang_start", None), Origin::Runtime);
        assert_eq!(Origin::of("main", None), Origin::Runtime);
        assert_eq!(Origin::of("app::main", None), Origin::User);
        assert_eq!(Origin::of("SSL_read", None), Origin::Dependency);
        assert_eq!(Origin::of("start_thread", Some("./nptl/pthread_create.c")), Origin::Runtime);
    }

    #[test]
    fn the_allocator_entry_points_are_never_the_users() {
        assert_eq!(Origin::of("__rustc::__rust_alloc", Some("/home/me/app/src/main.rs")), Origin::Runtime);
        assert_eq!(Origin::of("__rust_alloc", Some("/home/me/app/src/main.rs")), Origin::Runtime);
        let around_heaplens = "<divan::alloc::AllocProfiler<A> as core::alloc::global::GlobalAlloc>::realloc";
        let dependency = "/home/me/.cargo/registry/src/index-1949cf8c6b5b557f/divan-0.1.21/src/alloc.rs";
        assert_eq!(Origin::of(around_heaplens, Some(dependency)), Origin::Runtime);
        assert_eq!(Origin::of(around_heaplens, None), Origin::Runtime);
    }

    #[test]
    fn only_the_profilers_own_source_counts_as_the_profiler() {
        let own = concat!(env!("CARGO_MANIFEST_DIR"), "/src/allocator/mod.rs");
        let example = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/quickstart.rs");
        assert_eq!(Origin::of("alloc", Some(own)), Origin::Runtime);
        assert_eq!(Origin::of("quickstart::main", Some(example)), Origin::User);
        assert_eq!(Origin::of("heaplens::measure", None), Origin::Runtime);
    }
}
