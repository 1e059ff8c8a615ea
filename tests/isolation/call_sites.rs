//! Call sites: those of a scope with stacks are of its own test, and the blocks of the test are exact at theirs.

use crate::own::{Blocks, Own, TESTS, UNIT, assert_whole};
use heaplens::{Measurement, MemoryScope, Metric, Profile, measure, profile};
use std::sync::Barrier;
use std::thread;

const WORKERS: usize = 3;
/// Once: naming the frames takes longer than all other tests together.
pub(crate) const ROUNDS: usize = 1;

/// The function that allocates the large blocks of all tests.
const BLOCKS_COME_FROM: &str = "Own::large_block";

fn assert_sites(own: Own, profile: &Profile, blocks: Blocks) {
    assert!(profile.completeness().is_complete(), "{}", profile.completeness());
    let (mut total, mut live, mut at_peak) = (0, 0, 0);
    for site in profile.sites(Metric::TotalBlocks) {
        let (stats, bytes) = (site.stats(), own.large_bytes() as u64);
        let names: Vec<&str> = site.frames().iter().map(|frame| frame.function.as_str()).collect();
        if names.iter().any(|name| name.ends_with(BLOCKS_COME_FROM)) {
            total += stats.total_blocks;
            live += stats.live_blocks();
            at_peak += stats.live_at_peak_blocks;
            assert_eq!(stats.total_bytes, bytes * stats.total_blocks, "{names:?}");
            assert_eq!(stats.freed_bytes, bytes * stats.freed_blocks, "{names:?}");
            assert_eq!(stats.live_at_peak_bytes, bytes * stats.live_at_peak_blocks, "{names:?}");
        } else {
            assert!(stats.total_bytes < UNIT as u64, "{} bytes at {names:?}", stats.total_bytes);
        }
        let others = (0..TESTS).filter(|number| *number != own.number).map(|number| Own { number });
        let is_anothers = |test: Own| [test.bytes(), test.large_bytes()].contains(&(site.mean_size() as usize));
        assert_eq!(others.into_iter().find(|test| is_anothers(*test)).map(|test| test.number), None, "{names:?}");
        let of_tests = names.iter().filter_map(|name| name.rsplit_once("::test_"));
        of_tests.for_each(|(_, number)| assert!(number.starts_with(&format!("{:03}", own.number)), "{names:?}"));
    }
    let expected = [blocks.total, blocks.live, blocks.at_peak].map(|blocks| blocks as u64);
    assert_eq!([total, live, at_peak], expected, "blocks in all, live, and live at the peak: {}", profile.summary());
}

fn assert_call_sites(own: Own, used: &Measurement, blocks: Blocks) {
    assert_whole(used);
    assert_sites(own, &used.sites().expect("stacks were on"), blocks);
}

/// A profile of work on the test's own thread, with scopes in it.
pub(crate) fn of_own_thread(own: Own) {
    let (kept, profile) = profile("profile", || {
        let first = own.large_block();
        let (second, _) = measure("inner", || own.large_block());
        thread::yield_now();
        drop(first);
        drop(own.large_block());
        second
    });
    assert_eq!(profile.stats().total_blocks, 3);
    assert_sites(own, &profile, Blocks { total: 3, live: 1, at_peak: 2 });
    drop(kept);
}

/// Call sites of workers that are attached, beside those of a worker that is not.
pub(crate) fn of_workers(own: Own) {
    let scope = MemoryScope::builder("workers").stacks().enter();
    let handle = scope.handle();
    let all_hold = Barrier::new(WORKERS);
    thread::scope(|threads| {
        for _ in 0..WORKERS {
            handle.spawn_scoped(threads, || {
                let held = own.large_block();
                all_hold.wait();
                drop(held);
            });
        }
        heaplens::exclude(|| threads.spawn(|| drop(own.large_block())));
    });
    assert_call_sites(own, &scope.finish(), Blocks { total: WORKERS, live: 0, at_peak: WORKERS });
}

/// Call sites of tasks on the runtime that the tests share.
pub(crate) fn of_tasks(own: Own) {
    use heaplens::MeasureFuture;
    use tokio::task::yield_now;

    let runtime = crate::tasks::shared();
    let scope = MemoryScope::builder("tasks").stacks().enter();
    let handle = scope.handle();
    let task = move || async move {
        let first = own.large_block();
        yield_now().await;
        let second = own.large_block();
        drop(first);
        yield_now().await;
        second
    };
    let first = runtime.block_on(runtime.spawn(task().in_scope(&handle))).expect("it ends well");
    let second = runtime.block_on(runtime.spawn(task().in_scope(&handle))).expect("it ends well");
    drop(second);
    assert_call_sites(own, &scope.finish(), Blocks { total: 4, live: 1, at_peak: 3 });
    drop(first);
}
