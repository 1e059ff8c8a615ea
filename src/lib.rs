//! Where does my program's memory go, and will my tests notice when that changes?
//!
//! heaplens wraps the global allocator of a program, counts every allocation exactly, and attributes it: to the process,
//! to the scopes that the program or its tests open, and, where asked for, to call sites with full stacks.
//!
//! # Three steps
//!
//! Install it, once in a program (or in each test file):
//!
//! ```
//! heaplens::install!();
//! # fn main() {}
//! ```
//!
//! Measure a piece of work. Only this thread's work inside the closure counts, so that any number of tests can do it at
//! the same time:
//!
//! ```
//! heaplens::install!();
//!
//! fn main() {
//!     let (numbers, used) = heaplens::measure("collect", || (0..1_000_u64).collect::<Vec<_>>());
//!     assert!(used.peak_bytes <= 10_000, "{used}");
//!     assert_eq!(used.total_blocks, 1);
//!     drop(numbers);
//! }
//! ```
//!
//! See which lines it was:
//!
//! ```
//! # #[cfg(feature = "stacks")] {
//! use heaplens::Metric;
//!
//! heaplens::install!();
//!
//! let (_, profile) = heaplens::profile("collect", || (0..1_000_u64).collect::<Vec<_>>());
//! println!("{}", profile.summary());
//! for site in profile.sites(Metric::LiveAtPeakBytes) {
//!     println!("{} bytes at {:?}", site.value(), site.first_user_frame());
//! }
//! # }
//! ```
//!
//! # What to use when
//!
//! | question | answer |
//! |---|---|
//! | How much does the process hold? | [`stats`] |
//! | How much does this work need? | [`measure`], [`MemoryScope`], [`profile_memory_usage`] |
//! | And on other threads? | [`ScopeHandle`] |
//! | And a future? | [`MeasureFuture`] |
//! | Which call sites? | [`profile`] for a piece of work, [`Profiler`] for the process, `HEAPLENS=stacks` without code |
//! | Which scopes, and which sites of one? | [`Profile::scopes`], [`Profile::in_scope`] |
//! | Which threads? | [`ProfilerBuilder::by_thread`], then [`Profile::threads`], [`Profile::on_thread`] |
//! | How much does each span of a service need? | `tracing::MemoryLayer`, `span_table` (feature `tracing`) |
//! | What does rayon do for a scope? | `rayon::ScopePool`, `rayon::ParallelInScope` (feature `rayon`) |
//! | What is not part of it? | [`exclude`] |
//! | Does it stay within a limit? | [`assert_memory!`], [`testing`], `#[heaplens::budget]` on a test (feature `macros`) |
//! | Could anything be missing? | [`Measurement::completeness`], [`Measurement::unattached_threads`], [`completeness`] |
//! | What does heaplens itself take? | [`overhead_bytes`] |
//!
//! # What the figures mean
//!
//! A *block* is one successful allocation or reallocation, its size the size asked for. `total` and `freed` never fall;
//! `live` is their difference; the *peak* is the highest live figure of its owner. A block belongs to the innermost scope
//! that was open on the thread that allocated it, wherever it is freed, and counts in every scope around that one. See
//! [`MemoryStats`] for each figure and its accuracy.
//!
//! # Features
//!
//! | feature | gives | on by default |
//! |---|---|---|
//! | `stacks` | [`profile`], [`Profiler`], [`Profile`] and its file format | yes |
//! | `flamegraph` | SVG flame graphs (inferno, licensed CDDL-1.0) | yes |
//! | `criterion` | measurements for criterion: bytes, blocks or peak in place of time; needs a C compiler | no |
//! | `divan` | `install!(divan)`: divan's allocation profiler around heaplens | no |
//! | `macros` | `#[heaplens::budget]`, `#[heaplens::baseline]`: limits on test functions | no |
//! | `tracing` | memory by `tracing` span: `tracing::MemoryLayer` and `span_table` | no |
//! | `rayon` | rayon's work in scopes: `rayon::ScopePool` and `rayon::ParallelInScope` | no |
//! | `jemalloc` | jemalloc as the inner allocator, and its statistics; needs a C compiler and make | no |
//! | `serde` | serialisation of the figures | with `stacks` |
//!
//! Without default features three small crates come along (`libc`, `once_cell`, `pin-project-lite`), and everything but
//! stacks works.

// Under loom only the models of `tests/loom.rs` are compiled; they take in the sources they need.
#![cfg(not(loom))]

#[cfg(not(all(unix, target_pointer_width = "64")))]
compile_error!("heaplens runs on 64-bit Unix systems");

mod adapt;
mod allocator;
#[cfg(feature = "stacks")]
mod analyze;
mod completeness;
mod export;
mod fault;
mod record;
#[cfg(any(feature = "stacks", feature = "tracing"))]
mod report;
mod scope;
mod stats;
mod symbolize;
mod sys;
pub mod testing;
mod unwind;

#[cfg(feature = "stacks")]
mod profile;
#[cfg(feature = "stacks")]
mod profiler;
#[cfg(feature = "stacks")]
mod snapshot;
#[cfg(any(feature = "stacks", feature = "tracing"))]
mod spans;

#[cfg(feature = "criterion")]
pub use adapt::criterion;
#[cfg(feature = "divan")]
pub use adapt::divan;
#[cfg(feature = "jemalloc")]
pub use adapt::jemalloc::{Jemalloc, JemallocError, JemallocStats, jemalloc_stats};
#[cfg(feature = "rayon")]
pub use adapt::rayon;
#[cfg(feature = "tracing")]
pub use adapt::tracing;
pub use allocator::{Heaplens, is_installed};
#[cfg(feature = "stacks")]
pub use analyze::{DiffKind, Group, Grouping, ProfileDiff, SiteDiff};
pub use completeness::Completeness;
#[cfg(feature = "stacks")]
pub use export::ExportFormat;
#[cfg(feature = "macros")]
pub use heaplens_macros::{baseline, budget};
#[cfg(feature = "stacks")]
pub use profile::{Metric, Profile, ProfileError, ProfilePart, Site, SiteStats};
#[cfg(feature = "stacks")]
pub use profiler::{Profiler, ProfilerBuilder, ProfilerError, SelfCheck, profile, self_check, try_profile};
pub use scope::{
    Entered, InScope, MeasureFuture, Measured, Measurement, MemoryScope, ScopeBuilder, ScopeError, ScopeHandle,
    completeness, exclude, measure, overhead_bytes, profile_memory_usage, stats, try_measure, try_profile_memory_usage,
};
#[cfg(feature = "tracing")]
pub use spans::span_table;
#[cfg(any(feature = "stacks", feature = "tracing"))]
pub use spans::{SpanRow, SpanTable};
pub use stats::MemoryStats;
#[cfg(feature = "stacks")]
pub use symbolize::{Frame, Origin};

/// The code of the guide runs as it stands there.
#[cfg(doctest)]
mod guide {
    #[doc = include_str!("../docs/guide/async.md")]
    struct Async;
    #[cfg(feature = "stacks")]
    #[doc = include_str!("../docs/guide/baselines.md")]
    struct Baselines;
    #[cfg(all(feature = "macros", feature = "stacks"))]
    #[doc = include_str!("../docs/guide/budgets.md")]
    struct Budgets;
    #[cfg(feature = "stacks")]
    #[doc = include_str!("../docs/guide/leaks.md")]
    struct Leaks;
    #[doc = include_str!("../docs/guide/measure-one-test.md")]
    struct MeasureOneTest;
    #[cfg(all(feature = "tracing", feature = "stacks"))]
    #[doc = include_str!("../docs/guide/spans.md")]
    struct Spans;
    #[cfg(feature = "rayon")]
    #[doc = include_str!("../docs/guide/threads-and-pools.md")]
    struct ThreadsAndPools;
}

/// The code of the README runs as it stands there.
#[cfg(all(doctest, feature = "flamegraph"))]
#[doc = include_str!("../README.md")]
struct Readme;
