//! Scopes on four threads at once: random guards, handles, futures and excluded work, blocks that go from hand to hand.
//! What the root scope allocates is counted beside it; nothing is negative, sums are consistent, everything drains, and
//! every record can be used again.

#[path = "support/held.rs"]
mod held;
#[path = "support/random.rs"]
mod random;
#[path = "support/resized.rs"]
mod resized;

use heaplens::{MeasureFuture, Measurement, MemoryScope, MemoryStats, ScopeHandle};
use held::Held;
use random::Random;
use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};
use std::thread;

heaplens::install!();

const THREADS: u64 = 4;
const ROUNDS: u64 = 12;
/// Random steps of each thread in a round.
const STEPS: usize = 2_000;
/// Calls that are in one another at most.
const DEPTH: u32 = 6;

type Task = Pin<Box<dyn Future<Output = Option<Measurement>> + Send>>;

/// What all threads can reach, and what they allocated inside of the root.
struct World {
    blocks: [Mutex<Option<Held>>; 64],
    handles: [Mutex<Option<ScopeHandle>>; 8],
    tasks: [Mutex<Option<Task>>; 8],
    blocks_allocated: AtomicU64,
    bytes_allocated: AtomicU64,
}

static WORLD: World = World {
    blocks: [const { Mutex::new(None) }; 64],
    handles: [const { Mutex::new(None) }; 8],
    tasks: [const { Mutex::new(None) }; 8],
    blocks_allocated: AtomicU64::new(0),
    bytes_allocated: AtomicU64::new(0),
};

thread_local! {
    /// How deep the thread is in excluded work.
    static EXCLUDED: Cell<u32> = const { Cell::new(0) };
}

/// A place that nobody else is at.
fn any<'a, T>(places: &'a [Mutex<T>], random: &mut Random) -> Option<MutexGuard<'a, T>> {
    places[random.below(places.len())].try_lock().ok()
}

fn outside<R>(work: impl FnOnce() -> R) -> R {
    EXCLUDED.set(EXCLUDED.get() + 1);
    let result = heaplens::exclude(work);
    EXCLUDED.set(EXCLUDED.get() - 1);
    result
}

/// Work in a scope of the root's, wherever it is done.
fn inside<R>(work: impl FnOnce() -> R) -> R {
    let before = EXCLUDED.replace(0);
    let result = work();
    EXCLUDED.set(before);
    result
}

fn count(size: usize) {
    if EXCLUDED.get() == 0 {
        WORLD.blocks_allocated.fetch_add(1, Ordering::Relaxed);
        WORLD.bytes_allocated.fetch_add(size as u64, Ordering::Relaxed);
    }
}

fn is_consistent(stats: &MemoryStats) {
    assert_eq!(stats.freed_blocks + stats.live_blocks, stats.total_blocks, "{stats}");
    assert_eq!(stats.freed_bytes + stats.live_bytes, stats.total_bytes, "{stats}");
    // One below nothing would be about 2^43 or 2^64.
    let figures = [stats.live_bytes, stats.peak_bytes, stats.peak_blocks, stats.moved_bytes, stats.largest_block_bytes];
    assert!(figures.into_iter().all(|figure| figure < 1 << 40), "{stats:?}");
    assert!(
        stats.largest_block_bytes <= stats.total_bytes && stats.temporary_blocks <= stats.total_blocks,
        "{stats:?}"
    );
}

fn steps(random: &mut Random, depth: u32) {
    for _ in 0..1 + random.below(6) {
        step(random, depth);
    }
}

fn step(random: &mut Random, depth: u32) {
    match random.below(100) {
        0..35 => allocate(random),
        35..50 => drop(any(&WORLD.blocks, random).and_then(|mut place| place.take())),
        50..58 => reallocate(random),
        58..70 if depth < DEPTH => guard(random, depth),
        70..76 if depth < DEPTH => {
            let handle = any(&WORLD.handles, random).and_then(|place| place.clone());
            if let Some(handle) = handle {
                inside(|| handle.run(|| steps(random, depth + 1)));
            }
        }
        76..78 => drop(any(&WORLD.handles, random).and_then(|mut place| place.take())),
        78..81 => outside(|| allocate(random)),
        81..86 if EXCLUDED.get() == 0 => start_task(random),
        86..96 if depth < DEPTH => poll_task(random),
        96..98 => {
            let task = any(&WORLD.tasks, random).and_then(|mut place| place.take());
            outside(|| drop(task));
        }
        _ => {}
    }
}

fn allocate(random: &mut Random) {
    let size = random.size(10);
    if let Some(mut place) = any(&WORLD.blocks, random) {
        count(size);
        *place = Some(Held::new(size));
    }
}

fn reallocate(random: &mut Random) {
    let size = random.size(10);
    if let Some(mut place) = any(&WORLD.blocks, random)
        && let Some(held) = place.as_mut().filter(|held| held.size() != size)
    {
        count(size);
        held.resize(size);
    }
}

fn guard(random: &mut Random, depth: u32) {
    let name = ["a", "b", "c"][random.below(3)];
    let scope = MemoryScope::enter(name);
    for _ in 0..3 {
        steps(random, depth + 1);
        is_consistent(&scope.stats());
        if random.once_in(4)
            && let Some(mut place) = any(&WORLD.handles, random)
        {
            *place = Some(scope.handle());
        }
    }
    let used = scope.finish();
    // Threads that are inside at the close may be in the middle of an event.
    if used.completeness().attached_at_close == 0 {
        is_consistent(&used);
    }
}

fn start_task(random: &mut Random) {
    let Some(mut place) = any(&WORLD.tasks, random).filter(|place| place.is_none()) else { return };
    let (mut polls, mut own_random) = (1 + random.below(12), Random::of_seed(random.number()));
    let work = poll_fn(move |_| {
        inside(|| steps(&mut own_random, DEPTH - 2));
        polls -= 1;
        if polls == 0 { Poll::Ready(()) } else { Poll::Pending }
    });
    let current = ScopeHandle::current().filter(|_| random.once_in(3));
    let task: Task = match current {
        Some(handle) => {
            let attached = work.in_scope(&handle);
            outside(|| Box::pin(async move { (attached.await, None).1 }) as Task)
        }
        None => {
            let measured = work.measured("task");
            outside(|| Box::pin(async move { Some(measured.await.1) }) as Task)
        }
    };
    *place = Some(task);
}

fn poll_task(random: &mut Random) {
    let Some(mut place) = any(&WORLD.tasks, random) else { return };
    let Some(task) = place.as_mut() else { return };
    if let Poll::Ready(measured) = task.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        if let Some(measured) = measured {
            is_consistent(&measured);
        }
        let task = place.take();
        outside(|| drop(task));
    }
}

/// One round: everything that was allocated inside of the root is freed by its end.
fn round(number: u64, root: &ScopeHandle) {
    outside(|| {
        thread::scope(|threads| {
            for thread in 0..THREADS {
                let root = root.clone();
                threads.spawn(move || {
                    let mut random = Random::of_seed(number * THREADS + thread);
                    inside(|| root.run(|| (0..STEPS).for_each(|_| step(&mut random, 0))));
                });
            }
        });
        WORLD.handles.iter().for_each(|place| drop(place.lock().expect("no thread failed").take()));
        WORLD.tasks.iter().for_each(|place| drop(place.lock().expect("no thread failed").take()));
        WORLD.blocks.iter().for_each(|place| drop(place.lock().expect("no thread failed").take()));
    });
}

#[test]
fn sums_are_consistent_and_everything_drains() {
    for number in 1..=ROUNDS {
        let counted = [&WORLD.blocks_allocated, &WORLD.bytes_allocated];
        counted.iter().for_each(|figure| figure.store(0, Ordering::Relaxed));
        let scope = MemoryScope::enter("root");
        let root = scope.handle();
        round(number, &root);
        drop(root);
        let used = scope.finish();
        let [blocks, bytes] = counted.map(|figure| figure.load(Ordering::Relaxed));
        is_consistent(&used);
        assert_eq!((used.total_blocks, used.total_bytes), (blocks, bytes), "round {number}: {used}");
        assert_eq!((used.live_blocks, used.live_bytes), (0, 0), "round {number}: {used}");
        assert!((used.largest_block_bytes..=used.total_bytes).contains(&used.peak_bytes), "round {number}: {used}");
    }
    // No record is kept by anything.
    let mut all: Vec<MemoryScope> = (0..16_384).map(|_| MemoryScope::enter("one of all")).collect();
    while all.pop().is_some() {}
}
