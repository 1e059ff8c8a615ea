//! Blocks whose tag is not what was written there: overwritten, or looked for in the wrong place. Nothing crashes, no
//! figure turns negative, and what is not believed is counted as foreign.
//!
//! The check bits are keyed by address and size, eight of them: one wrong tag in 256 passes. What passes lands in the
//! range of every field.

#[path = "support/claims.rs"]
mod claims;
#[path = "support/process_per_case.rs"]
mod process_per_case;
#[path = "support/random.rs"]
#[allow(dead_code, reason = "each test binary draws its own kinds of numbers")]
mod random;

use heaplens::{Heaplens, Measurement};
use random::Random;
use std::alloc::{GlobalAlloc, Layout, System};

heaplens::install!();

claims::claims!(
    c6_random_tags_are_not_believed,
    c6_a_flipped_bit_is_noticed_or_changes_a_field_within_its_range,
    c8_a_free_with_a_wrong_size_counts_as_foreign,
);

static ROOMY: Heaplens<Roomy> = Heaplens::wrapping(Roomy);

/// The system's allocator, with room around every block, so that a tag can be looked for beside its place.
struct Roomy;

/// Bytes before and behind every block.
const ROOM: usize = 128;

fn with_room(layout: Layout) -> Layout {
    Layout::from_size_align(layout.size().next_multiple_of(1_024) + 2 * ROOM, layout.align()).expect("a valid layout")
}

// SAFETY: a block is the middle of one of the system's allocator, aligned like it because the room is a multiple of the
// alignments in use here, 16 at most.
unsafe impl GlobalAlloc for Roomy {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the size is not zero.
        let start = unsafe { System.alloc_zeroed(with_room(layout)) };
        assert!(!start.is_null(), "a test this small finds memory");
        // SAFETY: the block is more than twice as long as the room.
        unsafe { start.add(ROOM) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: `alloc` moved the start by as much.
        let start = unsafe { block.sub(ROOM) };
        // SAFETY: the sizes that are freed here wrongly are rounded to the size that was allocated.
        unsafe { System.dealloc(start, with_room(layout)) };
    }
}

const SIZE: usize = 256;
const LAYOUT: Layout = Layout::new::<[u8; SIZE]>();

fn allocate() -> *mut u8 {
    // SAFETY: the size is not zero.
    unsafe { ROOMY.alloc(LAYOUT) }
}

fn free_as(block: *mut u8, size: usize) {
    let layout = Layout::array::<u8>(size).expect("a valid layout");
    // SAFETY: not the layout that the block was allocated with, where a claim is about that. `Roomy` frees the block
    // all the same, and the tag is looked for inside the room.
    unsafe { ROOMY.dealloc(block, layout) };
}

fn tag_of(block: *mut u8) -> *mut u64 {
    // SAFETY: there is room behind the block.
    unsafe { block.add(SIZE) }.cast()
}

/// Damages the tags of `rounds` times a thousand blocks and frees them. Blocks live at the same time have different
/// addresses, and so different check bits.
fn damage(rounds: u32, mut damaged: impl FnMut(u64) -> u64) -> Measurement {
    const AT_ONCE: usize = 1_000;
    let scope = heaplens::MemoryScope::enter("damaged");
    for _ in 0..rounds {
        let blocks: [*mut u8; AT_ONCE] = core::array::from_fn(|_| allocate());
        for block in blocks {
            // SAFETY: the tag was written when the block was allocated.
            let tag = unsafe { tag_of(block).read_unaligned() };
            // SAFETY: there is room for a tag behind the block.
            unsafe { tag_of(block).write_unaligned(damaged(tag)) };
        }
        for block in blocks {
            free_as(block, SIZE);
        }
    }
    scope.finish()
}

#[track_caller]
fn assert_conserved(process: &heaplens::MemoryStats) {
    assert_eq!(process.total_blocks.checked_sub(process.freed_blocks), Some(process.live_blocks));
    assert_eq!(process.total_bytes.checked_sub(process.freed_bytes), Some(process.live_bytes));
}

fn c6_random_tags_are_not_believed() {
    let mut numbers = Random::of_seed(6);
    let used = damage(1_000, |_| numbers.number());
    let detected = used.completeness().foreign_frees;
    println!("{detected} of {} detected", used.total_blocks);
    assert_eq!(used.total_blocks, 1_000_000);
    assert!(detected * 1_000 >= used.total_blocks * 996, "{detected} of a million");
    assert_conserved(&heaplens::stats());
}

fn c6_a_flipped_bit_is_noticed_or_changes_a_field_within_its_range() {
    const CHECK_BITS: core::ops::Range<u32> = 56..64;
    for bit in 0..u64::BITS {
        let used = damage(8, |tag| tag ^ 1 << bit);
        let detected = used.completeness().foreign_frees;
        if CHECK_BITS.contains(&bit) {
            assert_eq!(detected, used.total_blocks, "bit {bit} is a check bit");
        }
        assert!(used.freed_blocks <= used.total_blocks, "bit {bit}");
        assert!(used.freed_bytes <= used.total_bytes, "bit {bit}");
        assert_conserved(&heaplens::stats());
    }
}

fn c8_a_free_with_a_wrong_size_counts_as_foreign() {
    const BLOCKS: usize = 10_000;
    let mut blocks = Vec::with_capacity(BLOCKS);
    let (mut freed, mut detected) = (0_u64, 0_u64);
    for off in 1..=64 {
        for wrong_size in [SIZE - off, SIZE + off] {
            blocks.extend((0..BLOCKS).map(|_| allocate()));
            let scope = heaplens::MemoryScope::enter("wrong size");
            for block in blocks.drain(..) {
                free_as(block, wrong_size);
            }
            freed += BLOCKS as u64;
            detected += scope.finish().completeness().foreign_frees;
        }
    }
    println!("{detected} of {freed} detected");
    // The blocks and what lies behind them are zeroes, which are a tag of no site and no scope, so that nothing but the
    // check bits tells: 255 in 256.
    assert!(detected * 1_000 >= freed * 995, "{detected} of {freed}");
    assert_conserved(&heaplens::stats());
}
