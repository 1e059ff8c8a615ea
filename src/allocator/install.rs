//! Putting the allocator into a program, and asking whether it is there.

use crate::record::{own_work::OwnWork, reader};
use core::sync::atomic::{AtomicBool, Ordering};

/// Makes [`Heaplens`](crate::Heaplens) the global allocator of the program (or test binary) that it stands in.
///
/// Without an argument it wraps the system's allocator; with one, the allocator named. `install!(divan)`, or
/// `install!(divan, Inner)`, puts it inside of divan's allocation profiler (feature `divan`).
///
/// ```
/// heaplens::install!();
///
/// fn main() {
///     let (squares, used) = heaplens::measure("squares", || (0..1_000_u64).map(|n| n * n).collect::<Vec<_>>());
///     assert_eq!(squares.len(), 1_000);
///     assert_eq!((used.total_blocks, used.peak_bytes), (1, 8_000));
/// }
/// ```
///
/// ```
/// use std::alloc::System;
///
/// heaplens::install!(System);
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! install {
    () => {
        #[global_allocator]
        static HEAPLENS: $crate::Heaplens = $crate::Heaplens::new();
    };
    (divan) => {
        #[global_allocator]
        static HEAPLENS: $crate::divan::AllocProfiler<$crate::Heaplens> =
            $crate::divan::AllocProfiler::new($crate::Heaplens::new());
    };
    (divan, $inner:path) => {
        #[global_allocator]
        static HEAPLENS: $crate::divan::AllocProfiler<$crate::Heaplens<$inner>> =
            $crate::divan::AllocProfiler::new($crate::Heaplens::wrapping($inner));
    };
    ($inner:path) => {
        #[global_allocator]
        static HEAPLENS: $crate::Heaplens<$inner> = $crate::Heaplens::wrapping($inner);
    };
}

/// Whether this program's allocations reach [`Heaplens`](crate::Heaplens), the standard library's included.
///
/// The first call allocates once to find out; later ones cost a load.
#[must_use]
pub fn is_installed() -> bool {
    static KNOWN: AtomicBool = AtomicBool::new(false);
    if KNOWN.load(Ordering::Relaxed) {
        return true;
    }
    let _own = OwnWork::begin();
    let before = reader::blocks_here();
    #[cfg_attr(
        not(test),
        expect(clippy::disallowed_types, reason = "this is no event of the allocator: it makes one")
    )]
    drop(core::hint::black_box(Box::new(0_u8)));
    let reached = before.is_some() && reader::blocks_here() != before;
    KNOWN.store(reached, Ordering::Relaxed);
    reached
}
