//! Recordings of the whole process after others, beside others, and at the memory limit: what was there before, what
//! found no room, and what another recording left behind changes no figure of this one.

#[path = "support/claims.rs"]
mod claims;
#[path = "support/process_per_case.rs"]
mod process_per_case;

use heaplens::{MemoryScope, Metric, Profile, Profiler, exclude, measure, stats};
use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread;

/// Room for the size that a block was allocated with, before the block.
const FRONT: usize = 4_096;

/// Blocks that came back with another size than they were allocated with.
static WRONG_LAYOUTS: AtomicUsize = AtomicUsize::new(0);

/// The system's allocator, which remembers in front of each block how large it was asked to be.
struct Remembering;

impl Remembering {
    fn front(layout: Layout) -> usize {
        layout.align().max(16)
    }

    fn larger(layout: Layout) -> Layout {
        let size = layout.size() + Self::front(layout);
        Layout::from_size_align(size, Self::front(layout)).expect("small blocks of small alignments")
    }
}

// SAFETY: a block is the inner part of one of the system's; `realloc` and `alloc_zeroed` are made of these two.
unsafe impl GlobalAlloc for Remembering {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        assert!(layout.align() <= FRONT);
        // SAFETY: the size is not zero.
        let whole = unsafe { System.alloc(Self::larger(layout)) };
        if whole.is_null() {
            return whole;
        }
        // SAFETY: the block begins behind the front, which is part of the whole.
        let block = unsafe { whole.add(Self::front(layout)) };
        // SAFETY: the eight bytes before the block are part of the front.
        let place = unsafe { block.sub(8) };
        // SAFETY: as above, and aligned to eight because the front is a multiple of sixteen.
        unsafe { place.cast::<usize>().write(layout.size()) };
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: written by `alloc`.
        let place = unsafe { block.sub(8) };
        // SAFETY: as above.
        let size = unsafe { place.cast::<usize>().read() };
        if size != layout.size() {
            WRONG_LAYOUTS.fetch_add(1, Ordering::Relaxed);
        }
        let as_it_was = Layout::from_size_align(size, layout.align()).expect("as it was allocated");
        // SAFETY: the front lies before the block.
        let whole = unsafe { block.sub(Self::front(layout)) };
        // SAFETY: allocated by `alloc` with this layout.
        unsafe { System.dealloc(whole, Self::larger(as_it_was)) };
    }
}

#[global_allocator]
static ALLOCATOR: heaplens::Heaplens<Remembering> = heaplens::Heaplens::wrapping(Remembering);

claims::claims!(
    what_an_earlier_recording_left_over_the_limit_is_live_before_this_one,
    an_exact_peak_holds_what_another_thread_had_held_back,
    the_bound_of_the_lifetime_peak_survives_a_recording,
    a_scope_at_the_limit_has_a_profile_with_all_of_its_bytes,
    a_higher_limit_makes_room_again,
    names_of_scopes_that_found_no_room_find_it_under_a_higher_limit,
    the_largest_block_of_a_recording_is_one_of_its_own,
    a_guard_that_leaves_exclude_says_that_its_figures_are_not_complete,
    c5_every_block_has_a_tag_at_the_memory_limit_on_every_thread,
    the_largest_block_of_a_scope_survives_the_start_of_a_recording,
);

/// Fills the recorder's memory up to a limit that is below what it takes already.
fn at_the_limit() -> Profiler {
    let first = Profiler::start().expect("none runs");
    drop(black_box(vec![1_u8; 8]));
    drop(first);
    let profiler = Profiler::builder().memory_limit(1).start().expect("none runs");
    // More different stacks than fit into pages that are in use.
    descend(300);
    profiler
}

#[inline(never)]
fn descend(levels: usize) -> usize {
    if levels == 0 {
        return 0;
    }
    let block = black_box(vec![1_u8; 8]);
    block.len() + descend(levels - 1)
}

fn over_the_limit(profile: &Profile) -> u64 {
    let sites = profile.sites(Metric::TotalBytes);
    let over = |site: &&heaplens::Site<'_>| site.frames()[0].function == "(over the memory limit)";
    sites.iter().filter(over).map(heaplens::Site::value).sum()
}

fn what_an_earlier_recording_left_over_the_limit_is_live_before_this_one() {
    let first = at_the_limit();
    let held = black_box(vec![1_u8; 10_000_000]);
    let first = first.stop();
    assert!(over_the_limit(&first) >= 10_000_000, "{}", first.full_report(5));
    let second = Profiler::start().expect("none runs");
    let block = black_box(vec![1_u8; 1_000]);
    let live = stats().live_bytes;
    let profile = second.stop();
    let seen = profile.stats();
    assert_eq!((seen.peak_bytes, seen.live_bytes, seen.peak_error_bytes), (live, live, 0), "{seen}");
    drop((held, block));
}

fn an_exact_peak_holds_what_another_thread_had_held_back() {
    let (orders, received) = channel::<usize>();
    let (done, finished) = channel();
    let worker = thread::spawn(move || {
        let mut held = Vec::with_capacity(4);
        for size in received {
            held.push(vec![1_u8; size]);
            done.send(()).expect("the test waits");
        }
    });
    // Less than a batch, so that the thread has handed nothing over.
    orders.send(15_000).expect("the worker waits");
    finished.recv().expect("the worker works");
    let profiler = Profiler::builder().exact_peak().start().expect("none runs");
    let block = black_box(vec![1_u8; 50_000]);
    let top = stats().live_bytes;
    drop(block);
    orders.send(1).expect("the worker waits");
    finished.recv().expect("the worker works");
    let profile = profiler.stop();
    let seen = profile.stats();
    assert!(seen.peak_bytes >= top, "{seen} where {top} bytes were live");
    drop(orders);
    worker.join().expect("the worker ends well");
}

fn the_bound_of_the_lifetime_peak_survives_a_recording() {
    // A second thread makes the peak of the process uncertain by a batch for each.
    thread::spawn(|| drop(black_box(vec![1_u8; 1_000]))).join().expect("the thread ends well");
    drop(black_box(vec![1_u8; 1_000_000]));
    let before = stats();
    assert!(before.peak_error_bytes > 0);
    let profiler = Profiler::builder().exact_peak().start().expect("none runs");
    let block = black_box(vec![1_u8; before.peak_bytes as usize + 10]);
    let after = stats();
    assert!(after.peak_bytes >= before.peak_bytes);
    assert!(after.peak_bytes + after.peak_error_bytes >= before.peak_bytes + before.peak_error_bytes, "{after}");
    drop(block);
    drop(profiler);
}

fn a_scope_at_the_limit_has_a_profile_with_all_of_its_bytes() {
    // So that there is a page of records for scopes before memory is out.
    let ((), _) = measure("first", || ());
    let profiler = at_the_limit();
    let scope = MemoryScope::builder("at the limit").stacks().enter();
    let block = black_box(vec![1_u8; 10_000]);
    let used = scope.finish();
    let profile = used.sites().expect("stacks were on");
    assert_eq!((used.total_bytes, used.peak_bytes), (10_000, 10_000));
    let seen = profile.stats();
    assert_eq!((seen.total_bytes, seen.peak_bytes, seen.peak_error_bytes), (10_000, 10_000, 0), "{seen}");
    assert!(!used.completeness().is_complete(), "what found no room is counted");
    drop(block);
    drop(profiler);
}

fn a_higher_limit_makes_room_again() {
    let profiler = at_the_limit();
    for _ in 0..100_000 {
        drop(black_box(vec![1_u8; 8]));
    }
    drop(profiler);
    let profiler = Profiler::builder().memory_limit(256 << 20).start().expect("none runs");
    let block = black_box(vec![1_u8; 1_000]);
    let profile = profiler.stop();
    assert_eq!(over_the_limit(&profile), 0, "{}", profile.summary());
    drop(block);
}

fn names_of_scopes_that_found_no_room_find_it_under_a_higher_limit() {
    // More names than there can be.
    const NAMES: usize = 5_000;
    // So that there is a page of records for scopes before memory is out.
    let ((), _) = measure("first", || ());
    let profiler = at_the_limit();
    for number in 0..NAMES {
        let (_, used) = measure(format!("without room {number}"), || drop(black_box(vec![1_u8; 8])));
        assert_eq!(used.total_bytes, 8);
    }
    drop(profiler);
    let profiler = Profiler::builder().memory_limit(256 << 20).start().expect("none runs");
    let (_, used) = measure("with room", || drop(black_box(vec![1_u8; 1_000])));
    let profile = profiler.stop();
    let part = profile.in_scope("with room").unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((part.stats().total_bytes, used.total_bytes), (1_000, 1_000));
}

fn the_largest_block_of_a_recording_is_one_of_its_own() {
    drop(black_box(vec![1_u8; 50_000_000]));
    let profiler = Profiler::start().expect("none runs");
    drop(black_box(vec![1_u8; 1_000]));
    assert_eq!(profiler.stop().stats().largest_block_bytes, 1_000);
    assert_eq!(stats().largest_block_bytes, 50_000_000);
}

fn a_guard_that_leaves_exclude_says_that_its_figures_are_not_complete() {
    let ((), outer) = measure("outer", || {
        let escaped = exclude(|| MemoryScope::enter("escaped"));
        drop(black_box(vec![1_u8; 777]));
        let used = escaped.finish();
        assert_eq!(used.total_bytes, 0);
        assert!(!used.completeness().is_complete(), "{used}");
    });
    assert_eq!((outer.total_bytes, outer.live_bytes), (777, 0));
}

fn c5_every_block_has_a_tag_at_the_memory_limit_on_every_thread() {
    let profiler = at_the_limit();
    let block = black_box(vec![1_u8; 100]);
    let (sent, refused) = thread::spawn(move || {
        drop(block);
        let refused = heaplens::try_measure("without a slot", || ()).is_err();
        (vec![2_u8; 5_000], refused)
    })
    .join()
    .expect("the thread ends well");
    drop(sent);
    drop(profiler);
    assert!(refused, "a thread without a place of its own cannot measure");
    assert_eq!(WRONG_LAYOUTS.load(Ordering::Relaxed), 0, "blocks came back with another layout");
}

fn the_largest_block_of_a_scope_survives_the_start_of_a_recording() {
    let (_, used) = heaplens::measure("work", || {
        drop(vec![0_u8; 1_000_000]);
        let profiler = Profiler::start();
        drop(vec![0_u8; 10]);
        drop(profiler);
    });
    assert_eq!(used.largest_block_bytes, 1_000_000);
}
