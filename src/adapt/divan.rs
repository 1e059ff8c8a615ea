//! divan's allocation profiler and heaplens in one program: [`install!(divan)`](crate::install).
//!
//! [divan](https://docs.rs/divan) prints beside the time of each benchmark what it allocated, if its [`AllocProfiler`] is
//! the global allocator. `install!(divan)` makes it so, and puts heaplens inside of it:
//!
//! ```
//! heaplens::install!(divan);
//!
//! #[divan::bench]
//! fn squares() -> Vec<u64> {
//!     let (squares, used) = heaplens::measure("squares", || (0..1_000_u64).map(|n| n * n).collect::<Vec<_>>());
//!     assert_eq!((used.total_blocks, used.peak_bytes), (1, 8_000));
//!     squares
//! }
//!
//! fn main() {
//!     assert!(heaplens::is_installed());
//!     divan::main();
//! }
//! ```
//!
//! Around another allocator than the system's:
//!
//! ```
//! heaplens::install!(divan, std::alloc::System);
//! # fn main() {
//! #     assert!(heaplens::is_installed());
//! # }
//! ```
//!
//! # What the figures mean
//!
//! Each counts for itself, and exactly. divan's bookkeeping allocates nothing, so that heaplens's figures are what they
//! are without it. What heaplens itself allocates inside of a benchmark counts for divan as the benchmark's: the work of
//! naming call stacks in `profile`, and one byte at the first measurement of a process; else
//! [`measure`](crate::measure) allocates nothing.
//!
//! They differ in two words. A reallocation is a freed and a new block for heaplens; for divan it is the difference of the
//! sizes, under `grow` or `shrink`. The peak of a scope is what it holds at once; divan's `max alloc` is that of a whole
//! sample, whose outputs divan keeps to its end, divided by the iterations of the sample.
//!
//! In the other order, `Heaplens::wrapping(AllocProfiler::system())`, divan counts the eight bytes as well that heaplens
//! adds to each block.
//!
//! # Cost
//!
//! divan's own: a few additions for each allocation. Its frames are left out of call stacks as all of the allocator's are.

#![forbid(unsafe_code)]

pub use ::divan::AllocProfiler;
