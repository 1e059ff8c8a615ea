//! R8: allocations where a panic begins, while it unwinds, and where it ends the process.
//!
//! ```text
//! panic! ─▶ hook (allocates) ─▶ destructors (allocate, panic) ─▶ catch_unwind, or the end: same code as ever
//! ```
//!
//! The witness is an inner allocator that counts for itself.

#[path = "support/claims.rs"]
mod claims;
#[path = "support/count.rs"]
mod count;
mod counting_inner;
#[path = "support/process_per_case.rs"]
mod process_per_case;
#[path = "support/watchdog.rs"]
mod watchdog;

use counting_inner::{Accounts, CountingInner};
use heaplens::{Heaplens, Metric, Profile, Profiler};
use std::hint::black_box;
use std::panic;
use std::process::{Command, ExitCode};
use watchdog::{progress, watched};

#[global_allocator]
static HEAP: Heaplens<CountingInner> = counting_inner::heaplens_around_the_witness();

/// Names in the environment how a process is to end.
const ENDING: &str = "HEAPLENS_TEST_ENDING";

/// The binary is started to end in some way, for one claim, or for all of them.
fn main() -> ExitCode {
    match std::env::var(ENDING) {
        Ok(ending) => end(&ending),
        Err(_) => claims(),
    }
}

claims::claims!(
    fn claims;
    r8_a_hook_that_allocates_ten_thousand_blocks_is_recorded_to_the_block,
    r8_panics_in_destructors_are_recorded_to_the_block,
    r8_many_caught_panics_are_recorded_to_the_block,
    r8_every_end_by_a_panic_looks_the_same_while_recorded,
);

const BLOCKS_OF_HOOK: u64 = 10_000;

#[inline(never)]
fn ten_thousand_blocks() {
    let blocks: Vec<Box<u64>> = (0..BLOCKS_OF_HOOK).map(Box::new).collect();
    assert_eq!(black_box(blocks).len() as u64, BLOCKS_OF_HOOK);
}

/// Records some work: the profile, whose figures the witness confirms.
#[track_caller]
fn recorded(work: impl FnOnce()) -> Profile {
    let profiler = Profiler::builder().verify_every(64).start().expect("the first profiler");
    let before = Accounts::now();
    work();
    let blocks = Accounts::now().agreed_blocks_since(&before);
    let profile = profiler.stop();
    println!("{blocks} blocks");
    assert!(profile.completeness().is_complete(), "{}", profile.completeness());
    assert!(profile.total(Metric::TotalBlocks) >= blocks);
    profile
}

/// Blocks under call sites with a function.
fn blocks_below(profile: &Profile, function: &str) -> u64 {
    let sites = profile.sites(Metric::TotalBlocks);
    let has_it = |site: &&heaplens::Site<'_>| site.frames().iter().any(|frame| frame.function.ends_with(function));
    sites.iter().filter(has_it).map(heaplens::Site::value).sum()
}

fn r8_a_hook_that_allocates_ten_thousand_blocks_is_recorded_to_the_block() {
    const PANICS: u64 = 3;
    watched(|| {
        panic::set_hook(Box::new(|_| ten_thousand_blocks()));
        let profile = recorded(|| {
            for _ in 0..PANICS {
                assert!(panic::catch_unwind(|| panic!("as planned")).is_err());
                progress();
            }
        });
        // And the vector that holds them.
        assert_eq!(blocks_below(&profile, "::ten_thousand_blocks"), PANICS * (BLOCKS_OF_HOOK + 1));
    });
}

/// A value that allocates when it is dropped, and panics as well where that is not the end of the process.
struct Dying(Vec<u64>);

impl Drop for Dying {
    fn drop(&mut self) {
        black_box(vec![self.0.len(); 10]);
        if !std::thread::panicking() {
            panic!("in a destructor");
        }
    }
}

/// Panics in the destructor of the last value, and unwinds through those of the others.
#[inline(never)]
fn panic_in_destructors() {
    let values: [Dying; 5] = std::array::from_fn(|number| Dying(vec![number as u64; number + 1]));
    drop(black_box(values));
}

fn r8_panics_in_destructors_are_recorded_to_the_block() {
    const PANICS: u64 = 500;
    watched(|| {
        panic::set_hook(Box::new(|_| {}));
        let profile = recorded(|| {
            for _ in 0..PANICS {
                assert!(panic::catch_unwind(panic_in_destructors).is_err());
                progress();
            }
        });
        // Five values and what each of their destructors allocates; a panic takes some more.
        assert!(blocks_below(&profile, "::panic_in_destructors") >= PANICS * 10);
    });
}

/// Unwinds from some frames below, with values to drop on the way.
#[inline(never)]
fn panic_below(depth: u64) -> u64 {
    let held = black_box(vec![depth; 3]);
    if depth == 0 {
        panic::panic_any(depth);
    }
    panic_below(depth - 1) + held[0]
}

fn r8_many_caught_panics_are_recorded_to_the_block() {
    const DEPTH: u64 = 9;
    watched(|| {
        let panics = count::count("HEAPLENS_PANICS", 3_000);
        panic::set_hook(Box::new(|_| {}));
        let profile = recorded(|| {
            for number in 0..panics {
                let caught = panic::catch_unwind(|| panic_below(DEPTH));
                assert_eq!(caught.expect_err("it panics").downcast_ref(), Some(&0_u64));
                if number.is_multiple_of(64) {
                    progress();
                }
            }
        });
        assert!(blocks_below(&profile, "::panic_below") >= panics * (DEPTH + 1));
    });
}

const ENDINGS: [&str; 5] = ["panic", "panic while unwinding", "panic in the hook", "no unwinding", "out of memory"];

struct PanicsAnyway;

impl Drop for PanicsAnyway {
    fn drop(&mut self) {
        panic!("while unwinding: {}", black_box(String::from("as planned")));
    }
}

extern "C" fn must_not_unwind() {
    panic!("out of a function that cannot unwind: {}", black_box(String::from("as planned")));
}

/// Ends the process as asked.
fn end(ending: &str) -> ExitCode {
    match ending {
        "panic" => panic!("as planned"),
        "panic while unwinding" => {
            let _held = PanicsAnyway;
            panic!("as planned");
        }
        "panic in the hook" => {
            panic::set_hook(Box::new(|_| panic!("in the hook: {}", black_box(String::from("as planned")))));
            panic!("as planned");
        }
        "no unwinding" => must_not_unwind(),
        _ => {
            let layout = std::alloc::Layout::array::<u8>(1 << 62).expect("a valid size");
            std::alloc::handle_alloc_error(layout);
        }
    }
    ExitCode::SUCCESS
}

fn r8_every_end_by_a_panic_looks_the_same_while_recorded() {
    for ending in ENDINGS {
        let run = |recording: &str| {
            let mut command = Command::new(std::env::current_exe().expect("the path of this binary"));
            command.env(ENDING, ending).env("HEAPLENS", recording).env("RUST_BACKTRACE", "0");
            let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("panics");
            command.env("HEAPLENS_OUT", folder).output().expect("this binary starts")
        };
        let (plain, recorded) = (run(""), run("stacks"));
        assert!(!plain.status.success(), "{ending}");
        assert_eq!((recorded.status, recorded.stdout), (plain.status, plain.stdout), "{ending}");
        println!("{ending}: {}", plain.status);
    }
}
