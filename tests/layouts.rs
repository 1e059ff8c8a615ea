//! Every layout that is valid, from no bytes to `isize::MAX`, at every alignment: what cannot be served is refused and
//! counts nothing; what is served is aligned and wholly the program's.

#[path = "support/claims.rs"]
mod claims;
#[path = "support/process_per_case.rs"]
mod process_per_case;

use std::alloc::{self, Layout};
use std::hint::black_box;

heaplens::install!();

claims::claims!(
    c1_sizes_near_isize_max_give_null,
    c1_a_refused_realloc_leaves_the_old_block_alone,
    c10_types_without_size_make_no_call,
    c11_every_size_and_alignment_is_aligned_and_keeps_its_bytes,
    c11_alignments_up_to_half_a_gigabyte_are_kept,
    c12_a_gigabyte_of_zeroes_touches_no_page_of_it,
    c12_zeroed_blocks_are_zero_where_dirty_ones_were,
);

/// The largest exponent of an alignment that is tried.
const MAX_ALIGN_BITS: u32 = 29;
/// How far below the largest size the tried sizes go.
const BELOW_LARGEST: usize = 24;

/// Every layout whose size is within [`BELOW_LARGEST`] of the largest that its alignment allows.
fn layouts_near_the_limit() -> impl Iterator<Item = Layout> {
    (0..=MAX_ALIGN_BITS).flat_map(|bits| {
        let align = 1_usize << bits;
        let largest = isize::MAX as usize + 1 - align;
        (0..=BELOW_LARGEST).map(move |below| Layout::from_size_align(largest - below, align).expect("a valid layout"))
    })
}

fn layout(size: usize, align: usize) -> Layout {
    Layout::from_size_align(size, align).expect("a valid layout")
}

fn c1_sizes_near_isize_max_give_null() {
    let before = heaplens::stats();
    let mut tried = 0;
    for layout in layouts_near_the_limit() {
        // SAFETY: the size of the layout is not zero.
        let block = unsafe { alloc::alloc(black_box(layout)) };
        assert!(black_box(block).is_null(), "alloc {layout:?}");
        // SAFETY: the size of the layout is not zero.
        let zeroed = unsafe { alloc::alloc_zeroed(black_box(layout)) };
        assert!(black_box(zeroed).is_null(), "alloc_zeroed {layout:?}");
        tried += 2;
    }
    assert_eq!(heaplens::stats(), before, "a failure changes no figure");
    println!("{tried} calls");
}

fn c1_a_refused_realloc_leaves_the_old_block_alone() {
    let before = heaplens::stats();
    let mut tried = 0;
    for huge in layouts_near_the_limit().filter(|layout| layout.align() <= 4_096) {
        let small = layout(40, huge.align());
        // SAFETY: the size of the layout is not zero.
        let block = unsafe { alloc::alloc(small) };
        assert!(!block.is_null());
        // SAFETY: a block of 40 bytes.
        unsafe { block.write_bytes(0x5A, small.size()) };
        // SAFETY: the block has this layout, and the new size makes a valid layout.
        let refused = unsafe { alloc::realloc(block, small, black_box(huge.size())) };
        assert!(black_box(refused).is_null(), "realloc to {huge:?}");
        // SAFETY: the block is still ours: 40 initialised bytes.
        let bytes = unsafe { core::slice::from_raw_parts(block, small.size()) };
        assert!(bytes.iter().all(|byte| *byte == 0x5A), "the old block of a failed realloc is intact");
        // SAFETY: the block has this layout.
        unsafe { alloc::dealloc(block, small) };
        tried += 1;
    }
    let after = heaplens::stats();
    assert_eq!(after.total_blocks - before.total_blocks, tried, "only the small blocks count");
    assert_eq!((after.live_blocks, after.live_bytes), (before.live_blocks, before.live_bytes));
    assert_eq!((after.reallocations, after.moved_bytes), (before.reallocations, before.moved_bytes));
}

fn c10_types_without_size_make_no_call() {
    let ((), used) = heaplens::measure("nothing", || {
        black_box(Box::new(()));
        black_box(Box::new([0_u64; 0]));
        black_box(vec![(); 1_000]);
        black_box(Vec::<u8>::new());
        black_box(String::new());
        black_box(std::collections::HashMap::<u8, u8>::new());
        black_box(std::collections::BTreeMap::<u8, u8>::new());
        black_box(Vec::<u8>::with_capacity(0).into_boxed_slice());
    });
    assert_eq!((used.total_blocks, used.freed_blocks), (0, 0));
}

fn c11_every_size_and_alignment_is_aligned_and_keeps_its_bytes() {
    let pattern: Vec<u8> = (0..(1 << 20) + 64_usize).map(|byte| (byte % 251) as u8).collect();
    let mut tried = 0_u64;
    let ((), used) = heaplens::measure("matrix", || {
        for align_bits in 0..13 {
            for size in (0..=20).flat_map(|power| ((1_usize << power).saturating_sub(32))..=(1 << power) + 32) {
                if size == 0 {
                    continue;
                }
                keeps_its_bytes(layout(size, 1 << align_bits), &pattern[..size]);
                tried += 1;
            }
        }
    });
    assert_eq!((used.total_blocks, used.live_blocks), (tried, 0));
    assert!(used.completeness().is_complete(), "no tag was touched: {}", used.completeness());
    println!("{tried} layouts");
}

fn keeps_its_bytes(layout: Layout, pattern: &[u8]) {
    // SAFETY: the size of the layout is not zero.
    let block = unsafe { alloc::alloc(layout) };
    assert!(!block.is_null() && block.addr().is_multiple_of(layout.align()), "{layout:?}");
    // SAFETY: the block is as long as the pattern, and fresh.
    unsafe { block.copy_from_nonoverlapping(pattern.as_ptr(), pattern.len()) };
    // SAFETY: the bytes were written above.
    let bytes = unsafe { core::slice::from_raw_parts(block, pattern.len()) };
    assert!(bytes == pattern, "{layout:?}");
    // SAFETY: the block has this layout.
    unsafe { alloc::dealloc(block, layout) };
}

fn c11_alignments_up_to_half_a_gigabyte_are_kept() {
    let ((), used) = heaplens::measure("alignments", || {
        for align_bits in 0..=MAX_ALIGN_BITS {
            for size in [1, 7, 8, 4_096, 4_097] {
                keeps_its_bytes(layout(size, 1 << align_bits), &[0xC3; 4_097][..size]);
            }
        }
    });
    assert_eq!((used.total_blocks, used.live_blocks), (5 * u64::from(MAX_ALIGN_BITS + 1), 0));
    assert!(used.completeness().is_complete());
}

fn c12_a_gigabyte_of_zeroes_touches_no_page_of_it() {
    const GIGABYTE: usize = 1 << 30;
    const TOUCHED_AT_MOST: usize = 128 << 10;
    let layout = layout(GIGABYTE, 16);
    for _ in 0..4 {
        let before = resident_bytes();
        // SAFETY: the size of the layout is not zero.
        let block = unsafe { alloc::alloc_zeroed(layout) };
        assert!(!block.is_null(), "a gigabyte of address space");
        let touched = resident_bytes().saturating_sub(before);
        // SAFETY: the block has this layout.
        unsafe { alloc::dealloc(block, layout) };
        assert!(touched <= TOUCHED_AT_MOST, "{touched} bytes became resident");
    }
}

/// The process's own memory in RAM, by its page tables: the counter in `/proc/self/statm` is behind by up to 32 pages for each
/// processor, and pages of the program's file come in by sixteen when one is looked at.
fn resident_bytes() -> usize {
    let map = std::fs::read_to_string("/proc/self/smaps_rollup").expect("Linux tells it here");
    let line = map.lines().find_map(|line| line.strip_prefix("Anonymous:")).expect("the line with the sum");
    let kibibytes: usize = line.trim().trim_end_matches(" kB").parse().expect("a number of KiB");
    kibibytes << 10
}

fn c12_zeroed_blocks_are_zero_where_dirty_ones_were() {
    let zeroes = vec![0_u8; 1 << 20];
    for power in 0..=20 {
        let layout = layout(1 << power, 8);
        for _ in 0..8 {
            // SAFETY: the size of the layout is not zero.
            let dirty = unsafe { alloc::alloc(layout) };
            // SAFETY: a fresh block of this size.
            unsafe { dirty.write_bytes(0xFF, layout.size()) };
            // SAFETY: the block has this layout.
            unsafe { alloc::dealloc(black_box(dirty), layout) };
            // SAFETY: the size of the layout is not zero.
            let block = unsafe { alloc::alloc_zeroed(layout) };
            // SAFETY: `alloc_zeroed` initialised the block.
            let bytes = unsafe { core::slice::from_raw_parts(block, layout.size()) };
            assert!(bytes == &zeroes[..layout.size()], "{layout:?}");
            // SAFETY: the block has this layout.
            unsafe { alloc::dealloc(block, layout) };
        }
    }
}
