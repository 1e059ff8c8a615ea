//! R2, R3, S5: libraries that come and go at one address, beside threads that allocate, panic, and print backtraces.
//!
//! ```text
//! libhazard_a.so  hazard_a_entry ─▶ call_back ─▶ a block        the same bytes of code, and the same address:
//! libhazard_b.so  hazard_b_entry ─▶ call_back ─▶ a block        only the time tells which library it was
//! ```
//!
//! Who takes a lock of the loader or of the unwinder inside of an allocation stalls sooner or later; who remembers what
//! lies at an address takes one library for the other. `ci/loader-storm.sh` loads half a million times.

#[path = "support/claims.rs"]
mod claims;
#[path = "support/count.rs"]
mod count;
#[path = "loader_storm/library.rs"]
mod library;
#[path = "support/process_per_case.rs"]
mod process_per_case;
#[path = "support/watchdog.rs"]
mod watchdog;

use heaplens::{Metric, Profile, Profiler, Site};
use library::Libraries;
use std::backtrace::Backtrace;
use std::ffi::{c_int, c_void};
use std::hint::black_box;
use std::panic;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use watchdog::{progress, watched};

heaplens::install!();

claims::claims!(
    s5_of_two_libraries_at_one_address_each_call_is_recorded_under_its_own,
    s5_a_block_of_a_library_that_is_gone_is_freed_and_counted,
    r2_r3_a_storm_of_loading_panics_and_backtraces_neither_stalls_nor_mistakes_a_library,
);

/// How often libraries are loaded and closed in each claim.
fn cycles() -> u64 {
    count::count("HEAPLENS_LOADER_CYCLES", 500)
}

/// A size that nothing else in this program asks for.
const BLOCK_BYTES: usize = 1_237;

/// What the libraries call: one block that comes and goes.
extern "C-unwind" fn call_back(_: *mut c_void) -> c_int {
    drop(black_box(Vec::<u8>::with_capacity(black_box(BLOCK_BYTES))));
    0
}

/// One block that stays, left where the argument points to.
extern "C-unwind" fn call_back_and_keep(place: *mut c_void) -> c_int {
    // SAFETY: the caller passes a place for a vector, which nobody else uses meanwhile.
    let place = unsafe { &mut *place.cast::<Vec<u8>>() };
    *place = Vec::with_capacity(black_box(BLOCK_BYTES));
    0
}

/// Whether a call site has a frame of the library: by the function's name, or, as it is gone, by its file's.
fn names(site: &Site<'_>, library: &str) -> bool {
    let in_file = |file: &Option<String>| file.as_ref().is_some_and(|file| file.contains(library));
    site.frames().iter().any(|frame| frame.function.contains(library) || in_file(&frame.file))
}

/// Whether heaplens notes which library an address was in when the stack was captured. The portable capture knows
/// addresses only, and what is gone at the end of the recording has no name.
const KNOWS_WHAT_IS_GONE: bool =
    cfg!(all(target_arch = "x86_64", target_os = "linux", target_env = "gnu")) && !cfg!(heaplens_portable);

/// Checks that as many blocks as calls are under call sites of each library, and none under both. Where heaplens does not
/// know what is gone: that no block of a library is under both, and none is there that nobody made.
#[track_caller]
fn assert_recorded_under_its_own(profile: Profile, calls: [u64; 2]) {
    let profile = profile.with_runtime_frames(true);
    let sites = profile.sites(Metric::TotalBlocks);
    let blocks =
        |which: &dyn Fn(&Site<'_>) -> bool| -> u64 { sites.iter().filter(|site| which(site)).map(Site::value).sum() };
    let by_a = blocks(&|site| names(site, "hazard_a") && !names(site, "hazard_b"));
    let by_b = blocks(&|site| names(site, "hazard_b") && !names(site, "hazard_a"));
    let both = blocks(&|site| names(site, "hazard_a") && names(site, "hazard_b"));
    if KNOWS_WHAT_IS_GONE {
        assert_eq!((by_a, by_b, both), (calls[0], calls[1], 0), "blocks by A, by B, and by both");
    } else {
        assert!(by_a <= calls[0] && by_b <= calls[1] && both == 0, "{by_a} blocks by A, {by_b} by B, {both} by both");
    }
}

/// Loads the two in turn and calls through them. Returns the calls through each, and how often a library lay where the
/// other had been.
fn load_in_turn(libraries: &Libraries, cycles: u64) -> ([u64; 2], u64) {
    let mut calls = [0; 2];
    let (mut reused, mut last) = (0, 0);
    for cycle in 0..cycles {
        let which = (cycle % 2) as usize;
        let loaded = libraries.both[which].load();
        reused += u64::from(loaded.address() == last);
        last = loaded.address();
        for _ in 0..1 + cycle % 3 {
            loaded.call(call_back, std::ptr::null_mut());
            calls[which] += 1;
        }
        drop(loaded);
        if cycle % 64 == 0 {
            progress();
        }
    }
    (calls, reused)
}

fn s5_of_two_libraries_at_one_address_each_call_is_recorded_under_its_own() {
    let libraries = Libraries::build();
    watched(|| {
        let profiler = Profiler::builder().verify_every(4).start().expect("the first profiler");
        let (calls, reused) = load_in_turn(&libraries, cycles());
        let profile = profiler.stop();
        println!("{} cycles, {reused} at the address of the other, {calls:?} calls", cycles());
        assert!(reused > cycles() / 2, "the loader uses the address again");
        assert_eq!(profile.completeness().mismatched_stacks, 0);
        assert_recorded_under_its_own(profile, calls);
    });
}

fn s5_a_block_of_a_library_that_is_gone_is_freed_and_counted() {
    let libraries = Libraries::build();
    watched(|| {
        let profiler = Profiler::builder().verify_every(1).start().expect("the first profiler");
        let before = heaplens::stats();
        let mut kept = Vec::with_capacity(100);
        for cycle in 0..100 {
            let mut place = Vec::<u8>::new();
            let loaded = libraries.both[cycle % 2].load();
            loaded.call(call_back_and_keep, (&raw mut place).cast());
            drop(loaded);
            kept.push(place);
        }
        let held = heaplens::stats();
        drop(kept);
        let after = heaplens::stats();
        // The vector of vectors is a block as well.
        assert_eq!(held.live_blocks - before.live_blocks, 101);
        assert_eq!((after.live_blocks, after.live_bytes), (before.live_blocks, before.live_bytes));
        assert_eq!(after.total_blocks - before.total_blocks, 101);
        assert!(profiler.stop().completeness().is_complete());
    });
}

/// Blocks of many sizes from several depths.
fn allocate(depth: u64) -> u64 {
    if depth == 0 {
        return black_box(vec![1_u8; 10]).len() as u64;
    }
    let text = black_box(format!("{depth}"));
    allocate(depth - 1) + text.len() as u64
}

/// Runs `work` again and again until told to stop. Returns how often.
fn until(stop: &AtomicBool, mut work: impl FnMut()) -> u64 {
    let mut times = 0;
    while !stop.load(Ordering::Relaxed) {
        work();
        times += 1;
    }
    times
}

fn panic_and_catch() {
    let caught = panic::catch_unwind(|| {
        let held = black_box(vec![String::from("held while it unwinds")]);
        assert!(held.is_empty(), "as planned");
    });
    assert!(caught.is_err());
}

/// What the storm did: allocating rounds, panics, backtraces.
#[derive(Default)]
struct Weather {
    rounds: AtomicU64,
    panics: AtomicU64,
    backtraces: AtomicU64,
}

fn r2_r3_a_storm_of_loading_panics_and_backtraces_neither_stalls_nor_mistakes_a_library() {
    const LOADERS: u64 = 2;
    let libraries = Libraries::build();
    watched(|| {
        panic::set_hook(Box::new(|_| {}));
        let (stop, weather) = (AtomicBool::new(false), Weather::default());
        let profiler = Profiler::builder().verify_every(64).start().expect("the first profiler");
        let loading = thread::scope(|threads| {
            for _ in 0..2 {
                threads.spawn(|| {
                    weather.rounds.fetch_add(until(&stop, || assert_eq!(allocate(20), 41)), Ordering::Relaxed)
                });
            }
            threads.spawn(|| weather.panics.fetch_add(until(&stop, panic_and_catch), Ordering::Relaxed));
            threads.spawn(|| {
                let print = || drop(black_box(Backtrace::force_capture().to_string()));
                weather.backtraces.fetch_add(until(&stop, print), Ordering::Relaxed)
            });
            let loaders: [_; LOADERS as usize] =
                std::array::from_fn(|_| threads.spawn(|| load_in_turn(&libraries, cycles() / LOADERS)));
            let loading = loaders.map(|loader| loader.join().expect("no panic"));
            stop.store(true, Ordering::Relaxed);
            loading
        });
        let profile = profiler.stop();
        let calls = [0, 1].map(|which| loading.iter().map(|(calls, _)| calls[which]).sum());
        let reused: u64 = loading.iter().map(|(_, reused)| reused).sum();
        println!(
            "{} cycles, {reused} at the address of the other, {calls:?} calls; {:?} rounds, {:?} panics, {:?} backtraces",
            cycles() / LOADERS * LOADERS,
            weather.rounds,
            weather.panics,
            weather.backtraces,
        );
        assert_eq!(profile.completeness().mismatched_stacks, 0);
        assert_recorded_under_its_own(profile, calls);
    });
}
