//! Recordings by thread: every captured stack lies under the name of the thread that allocated, around its scopes, and
//! nothing of it is left in the recordings thereafter.

#[path = "support/claims.rs"]
mod claims;
#[path = "support/process_per_case.rs"]
mod process_per_case;

use heaplens::{Frame, MemoryScope, Metric, Origin, Profile, ProfileError, Profiler, exclude, measure};
use std::hint::black_box;
use std::process::Command;
use std::sync::mpsc::channel;
use std::thread::{self, Builder};

heaplens::install!();

claims::claims!(
    every_captured_stack_ends_in_its_thread,
    threads_of_one_name_add_up,
    a_thread_without_a_name_is_unnamed_and_the_first_one_is_main,
    a_long_name_is_found_although_the_system_cuts_it,
    scopes_lie_inside_of_their_thread,
    a_scope_open_across_the_start_of_a_recording_lies_inside_of_its_thread,
    a_scope_that_threads_share_lies_inside_of_each,
    a_profile_inside_of_a_recording_by_thread_names_its_thread,
    a_block_freed_elsewhere_stays_with_the_thread_that_allocated_it,
    a_renamed_thread_keeps_its_name_until_the_next_recording,
    a_recording_that_is_not_by_thread_has_no_threads_also_after_one_that_is,
    a_thread_that_takes_over_a_slot_has_a_name_of_its_own,
    names_beyond_those_that_fit_are_counted_and_those_of_scopes_are_not_among_them,
    the_figures_are_those_of_a_recording_that_is_not_by_thread,
    the_environment_asks_for_threads,
    a_wish_of_the_environment_that_is_not_known_is_said,
);

/// Names the play of a process that a claim starts.
const PLAY: &str = "HEAPLENS_TEST_PLAY";

fn by_thread() -> Profiler {
    Profiler::builder().by_thread().start().expect("none runs")
}

#[inline(never)]
fn make(size: usize) -> Vec<u8> {
    black_box(vec![1_u8; size])
}

fn scope<R>(name: &'static str, work: impl FnOnce() -> R) -> R {
    measure(name, work).0
}

fn on<R: Send>(name: &str, work: impl FnOnce() -> R + Send) -> R {
    thread::scope(|threads| {
        let thread = Builder::new().name(name.to_owned()).spawn_scoped(threads, work).expect("a thread");
        thread.join().expect("the work does not panic")
    })
}

/// Bytes that `make` made on threads of a name.
fn allocated(profile: &Profile, thread: &str) -> u64 {
    let part = profile.on_thread(thread).unwrap_or_else(|error| panic!("{error}"));
    let is_ours = |frame: &&&Frame| frame.function.ends_with("by_thread::make");
    let sites = part.sites(Metric::TotalBytes);
    sites.iter().filter(|site| site.frames().iter().find(is_ours).is_some()).map(|site| site.value()).sum()
}

/// The scopes and threads of the largest site, innermost first, as they are shown.
fn places(profile: &Profile) -> Vec<String> {
    let sites = profile.sites(Metric::TotalBytes);
    let frames = sites[0].frames().iter().filter(|frame| matches!(frame.origin, Origin::Scope | Origin::Thread));
    frames.map(ToString::to_string).collect()
}

fn every_captured_stack_ends_in_its_thread() {
    let profiler = by_thread();
    let blocks = (on("one", || make(1_000)), on("two", || make(2_000)), make(3_000));
    let profile = profiler.stop();
    assert_eq!(["one", "two", "main"].map(|name| allocated(&profile, name)), [1_000, 2_000, 3_000]);
    for site in profile.sites(Metric::TotalBlocks) {
        let outermost = site.frames().last().expect("no stack is empty");
        let captured = outermost.origin == Origin::Thread;
        assert!(captured || outermost.origin == Origin::Marker, "{outermost}");
        assert_eq!(site.frames().iter().filter(|frame| frame.origin == Origin::Thread).count(), usize::from(captured));
    }
    let threads = profile.threads().expect("recorded by thread");
    let sum = |of: fn(&heaplens::SiteStats) -> u64| threads.iter().map(|thread| of(thread.own())).sum::<u64>();
    assert_eq!(sum(|stats| stats.total_bytes), profile.stats().total_bytes);
    assert_eq!(sum(|stats| stats.live_at_peak_bytes), profile.stats().peak_bytes);
    drop(blocks);
}

fn threads_of_one_name_add_up() {
    let profiler = by_thread();
    let ((wait, waits), (go, goes)) = (channel(), channel());
    // At the same time, and one after the other in the same slot.
    let first = Builder::new().name("pool".to_owned()).spawn(move || {
        let block = make(100);
        wait.send(()).expect("the test waits");
        goes.recv().expect("the test goes on");
        drop(block);
    });
    waits.recv().expect("the thread allocates");
    for _ in 0..3 {
        drop(on("pool", || make(1_000)));
    }
    go.send(()).expect("the thread waits");
    first.expect("a thread").join().expect("it does not panic");
    let profile = profiler.stop();
    assert_eq!(allocated(&profile, "pool"), 3_100);
    let threads = profile.threads().expect("recorded by thread");
    assert_eq!(threads.iter().filter(|thread| thread.name() == Some("pool")).count(), 1);
}

fn a_thread_without_a_name_is_unnamed_and_the_first_one_is_main() {
    let profiler = by_thread();
    let work = || {
        let nested = thread::spawn(|| drop(make(20)));
        nested.join().expect("it does not panic");
        drop(make(10));
    };
    thread::spawn(work).join().expect("it does not panic");
    on("named", work);
    drop(make(3));
    let profile = profiler.stop();
    assert_eq!(allocated(&profile, "main"), 3);
    // Linux hands the name of a thread down to those that it starts.
    let inherits = cfg!(target_os = "linux");
    assert_eq!(allocated(&profile, "(unnamed)"), if inherits { 30 } else { 50 });
    assert_eq!(allocated(&profile, "named"), if inherits { 30 } else { 10 });
}

fn a_long_name_is_found_although_the_system_cuts_it() {
    const NAME: &str = "a-name-that-is-longer-than-systems-keep-which-is-sixty-three-bytes-at-most";
    let profiler = by_thread();
    drop(on(NAME, || make(10)));
    let profile = profiler.stop();
    assert_eq!(allocated(&profile, NAME), 10);
    assert_eq!(allocated(&profile, &NAME[..if cfg!(target_os = "linux") { 15 } else { 63 }]), 10);
    let error = profile.on_thread("a-name-that").expect_err("it is another");
    assert!(
        error.to_string().contains("choose one of \"") && error.to_string().contains("\"a-name-that-is-"),
        "{error}"
    );
}

fn scopes_lie_inside_of_their_thread() {
    let profiler = by_thread();
    on("io", || {
        scope("load", || {
            drop(make(1_000));
            scope("parse", || drop(make(5_000)));
            exclude(|| drop(make(70)));
        })
    });
    let profile = profiler.stop();
    assert_eq!(places(&profile.in_scope("parse").expect("it is there")), ["[parse]", "[load]", "thread \"io\""]);
    assert_eq!(places(&profile.outside_scopes().on_thread("io").expect("it is there")), ["thread \"io\""]);
    let load = profile.in_scope("load").expect("it is there");
    assert_eq!((load.stats().total_bytes, allocated(&load, "io")), (6_000, 6_000));
    assert_eq!(allocated(&profile, "io"), 6_070);
}

fn a_scope_open_across_the_start_of_a_recording_lies_inside_of_its_thread() {
    on("io", || {
        let scope = MemoryScope::builder("across").stacks().enter();
        let before = make(1_000);
        let profiler = by_thread();
        let inside = make(2_000);
        let profile = profiler.stop();
        let after = make(4_000);
        let of_scope = scope.finish().sites().expect("stacks were on");
        assert_eq!(places(&profile.in_scope("across").expect("it is there")), ["[across]", "thread \"io\""]);
        assert_eq!(allocated(&profile, "io"), 2_000);
        assert_eq!(allocated(&of_scope, "io"), 2_000);
        assert_eq!(of_scope.stats().total_bytes, 7_000);
        assert_eq!(of_scope.in_scope("across").expect("it is there").stats().total_bytes, 7_000);
        drop((before, inside, after));
    });
}

fn a_scope_that_threads_share_lies_inside_of_each() {
    const THREADS: usize = 4;
    const ROUNDS: u64 = 2_000;
    let profiler = by_thread();
    let shared = MemoryScope::enter("shared");
    let handle = shared.handle();
    thread::scope(|threads| {
        for number in 0..THREADS {
            let handle = handle.clone();
            let work = move || {
                // In the scope and out of it again and again, as a pool is that works for several.
                for _ in 0..ROUNDS {
                    handle.run(|| {
                        drop(make(10));
                        scope("inside", || drop(make(1)));
                    });
                    drop(make(100));
                }
            };
            Builder::new().name(format!("pool {number}")).spawn_scoped(threads, work).expect("a thread");
        }
    });
    drop(make(3));
    drop(handle);
    let used = shared.finish();
    let profile = profiler.stop();
    assert_eq!(profile.completeness().overflowed_blocks, 0);
    for number in 0..THREADS {
        let name = format!("pool {number}");
        let part = profile.on_thread(&name).expect("it is there");
        let shared = part.in_scope("shared").expect("it is there");
        assert_eq!(allocated(&profile, &name), ROUNDS * 111);
        assert_eq!(allocated(&shared, &name), ROUNDS * 11);
        let inside = part.in_scope("inside").expect("it is there");
        assert_eq!(allocated(&inside, &name), ROUNDS);
        assert_eq!(inside.in_scope("shared").expect("it is around").stats(), inside.stats());
    }
    let shared = profile.in_scope("shared").expect("it is there");
    assert_eq!(shared.stats().total_bytes, used.total_bytes);
    assert_eq!(allocated(&shared, "main"), 3);
}

fn a_profile_inside_of_a_recording_by_thread_names_its_thread() {
    let profiler = by_thread();
    let inner = on("io", || heaplens::profile("inner", || drop(make(100))).1);
    drop(profiler);
    assert_eq!(places(&inner), ["[inner]", "thread \"io\""]);
    let (_, alone) = heaplens::profile("alone", || drop(make(100)));
    assert_eq!(places(&alone), ["[alone]"]);
    assert!(matches!(alone.threads(), Err(ProfileError::NoThreads)));
}

fn a_block_freed_elsewhere_stays_with_the_thread_that_allocated_it() {
    let profiler = by_thread();
    let block = on("giver", || make(1_000));
    on("taker", move || drop(block));
    let profile = profiler.stop();
    assert_eq!(allocated(&profile, "giver"), 1_000);
    let giver = profile.on_thread("giver").expect("it is there");
    assert_eq!((giver.stats().live_bytes, giver.stats().freed_bytes), (0, giver.stats().total_bytes));
}

/// Renames the calling thread.
fn rename(name: &std::ffi::CStr) {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    // SAFETY: the name ends in a NUL.
    unsafe {
        libc::prctl(libc::PR_SET_NAME, name.as_ptr());
    }
    #[cfg(target_vendor = "apple")]
    // SAFETY: the name ends in a NUL.
    unsafe {
        libc::pthread_setname_np(name.as_ptr());
    }
}

fn a_renamed_thread_keeps_its_name_until_the_next_recording() {
    on("first", || {
        let profiler = by_thread();
        drop(make(100));
        rename(c"second");
        drop(make(200));
        scope("scope", || drop(make(400)));
        let profile = profiler.stop();
        assert_eq!(allocated(&profile, "first"), 700);
        assert!(profile.on_thread("second").is_err());
        // Nothing of it is live, so that the next recording has the same number.
        let profiler = by_thread();
        drop(make(100));
        let profile = profiler.stop();
        assert_eq!(allocated(&profile, "second"), 100);
        assert!(profile.on_thread("first").is_err());
    });
}

fn a_recording_that_is_not_by_thread_has_no_threads_also_after_one_that_is() {
    for _ in 0..2 {
        let profile = {
            let profiler = Profiler::start().expect("none runs");
            scope("scope", || drop(make(100)));
            drop(make(30));
            profiler.stop()
        };
        assert!(profile.sites(Metric::TotalBlocks).iter().all(|site| is_without_thread(site)));
        let error = profile.on_thread("main").expect_err("no threads").to_string();
        assert!(error.contains("by_thread()") && error.contains("HEAPLENS_BY_THREAD=1"), "{error}");
        assert_eq!(profile.thread_table(9).expect_err("no threads").to_string(), error);
        let profiler = by_thread();
        drop(make(30));
        scope("scope", || drop(make(100)));
        let profile = profiler.stop();
        assert_eq!(allocated(&profile, "main"), 130);
        assert_eq!(places(&profile.in_scope("scope").expect("it is there")), ["[scope]", "thread \"main\""]);
    }
}

fn is_without_thread(site: &heaplens::Site<'_>) -> bool {
    site.frames().iter().all(|frame| frame.origin != Origin::Thread)
}

fn a_thread_that_takes_over_a_slot_has_a_name_of_its_own() {
    let profiler = by_thread();
    for number in 0..100_usize {
        drop(on(&format!("thread {number}"), || make(1_000 + number)));
    }
    let profile = profiler.stop();
    for number in 0..100 {
        assert_eq!(allocated(&profile, &format!("thread {number}")), 1_000 + number);
    }
}

fn names_beyond_those_that_fit_are_counted_and_those_of_scopes_are_not_among_them() {
    const MOST: u64 = 4_096;
    const MORE: u64 = 10;
    let profiler = by_thread();
    on("stays", || {
        for number in 0..MOST + MORE {
            on(&format!("t{number}"), || drop(make(10)));
        }
    });
    scope("named", || drop(make(10)));
    let profile = profiler.stop();
    assert!(profile.in_scope("named").is_ok(), "scopes have names of their own");
    let unnamed = profile.completeness().unnamed_scopes;
    assert!((MORE..=MORE + 2).contains(&unnamed), "{}", profile.completeness());
    assert_eq!(allocated(&profile, "(other threads)"), unnamed * 10);
    assert!(profile.summary().contains("scopes and threads beyond the number of names"));
}

fn the_figures_are_those_of_a_recording_that_is_not_by_thread() {
    let work = || {
        scope("scope", || drop(make(50)));
        let blocks: Vec<Vec<u8>> = (1..100).map(make).collect();
        drop(blocks);
    };
    work();
    let figures = |profiler: Profiler| {
        work();
        let profile = profiler.stop();
        let stats = profile.stats();
        (stats.total_blocks, stats.total_bytes, stats.live_bytes, stats.peak_bytes, stats.temporary_blocks)
    };
    let plain = figures(Profiler::start().expect("none runs"));
    assert_eq!(figures(by_thread()), plain);
}

/// Runs a claim of this binary as a program that records itself because of the environment, and returns its profile and
/// what it said.
fn recorded(variables: &[(&str, &str)]) -> (Profile, String) {
    let folder = std::env::temp_dir().join(format!("heaplens-by-thread-{}", std::process::id()));
    let mut command = Command::new(std::env::current_exe().expect("the path of this binary"));
    command.env(PLAY, "allocate").env("HEAPLENS", "stacks").env("HEAPLENS_OUT", &folder);
    let output = command.envs(variables.iter().copied()).output().expect("this binary starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let mut profiles = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{error}: {said}"));
    let path = profiles.next().expect("a profile").expect("readable").path();
    let profile = Profile::load(path).expect("sound");
    std::fs::remove_dir_all(folder).expect("made by this test");
    (profile, said)
}

/// What the started process does: `true` if this is one.
fn plays() -> bool {
    let plays = std::env::var_os(PLAY).is_some();
    if plays {
        on("player", || drop(make(1_000)));
    }
    plays
}

fn the_environment_asks_for_threads() {
    if plays() {
        return;
    }
    let (profile, said) = recorded(&[("HEAPLENS_BY_THREAD", "1")]);
    assert_eq!(allocated(&profile, "player"), 1_000);
    assert_eq!(said.lines().count(), 1, "{said}");
    for off in ["", "0"] {
        let (profile, said) = recorded(&[("HEAPLENS_BY_THREAD", off)]);
        assert!(profile.threads().is_err());
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

fn a_wish_of_the_environment_that_is_not_known_is_said() {
    if plays() {
        return;
    }
    let (profile, said) = recorded(&[("HEAPLENS_BY_THREAD", "yes\n")]);
    assert!(profile.threads().is_err());
    assert!(said.starts_with("heaplens: HEAPLENS_BY_THREAD=yes\\n is not known: 1 keeps"), "{said}");
}
