//! What scopes cost: to open and close one, to allocate inside of several, to poll a measured future.
//!
//! `cargo bench --bench scopes` prints the table of `benches/README.md`. Everything is measured in one process in batches
//! that take turns, and each figure is that of the fastest batch, so that a ratio compares like with like.

use heaplens::{MeasureFuture, MemoryScope, Profiler, ScopeHandle};
use std::future::Future;
use std::hint::black_box;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

heaplens::install!();

/// Batches of each kind.
const BATCHES: usize = 25;
/// Repetitions in a batch, but for the polls.
const REPETITIONS: u32 = 100_000;
/// Polls in a batch.
const POLLS: u32 = 1_000_000;

fn main() {
    // `cargo test` starts it without `--bench`.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    println!("{:<62}{:>10}{:>10}", "", "measured", "at most");
    entering_and_leaving();
    allocating_inside();
    polling("one poll of a measured future, one box in it", None);
    let recording = Profiler::start().expect("nothing else records");
    polling("the same with stacks on", Some(1.5));
    drop(recording);
}

fn entering_and_leaving() {
    let scope = || drop(black_box(MemoryScope::enter("scope")));
    let nested = || {
        let _outer = MemoryScope::enter("outer");
        repeat(|| drop(black_box(MemoryScope::enter("inner"))))
    };
    let shared = || {
        let outer = MemoryScope::enter("outer");
        let _shares = outer.handle();
        repeat(scope)
    };
    let measured = || drop(black_box(heaplens::measure("measured", || ())));
    let clock = || {
        black_box(Instant::now());
    };
    let by_handle = || {
        let outer = MemoryScope::enter("outer");
        let handle = outer.handle();
        heaplens::exclude(|| repeat(|| drop(black_box(handle.enter()))))
    };
    let [plain, inside, shared, closure, clock, by_handle] =
        fastest([&|| repeat(scope), &nested, &shared, &|| repeat(measured), &|| repeat(clock), &by_handle]);
    nanoseconds("open and close a scope", plain, Some(100.0));
    nanoseconds("open and close a scope in another one", inside, Some(100.0));
    nanoseconds("open and close a scope in one that has a handle", shared, Some(100.0));
    nanoseconds("enter and leave a scope by a handle", by_handle, Some(100.0));
    nanoseconds("measure nothing by a closure", closure, Some(100.0));
    nanoseconds("a clock reading, of which that has two", clock, None);
}

fn allocating_inside() {
    let outside = || repeat(allocate);
    let inside = || nested(4, &|| repeat(allocate));
    let shared = || {
        nested(4, &|| {
            let _shares = ScopeHandle::current();
            repeat(allocate)
        })
    };
    let [outside, inside, shared] = fastest([&outside, &inside, &shared]);
    nanoseconds("a box outside of every scope", outside, None);
    nanoseconds("a box inside of four scopes", inside, None);
    nanoseconds("a box inside of four scopes that have a handle", shared, None);
    ratio("inside of four scopes to outside", inside / outside, Some(1.2));
}

/// Time of what allocates inside of this many scopes.
fn nested(scopes: u32, work: &dyn Fn() -> f64) -> f64 {
    if scopes == 0 {
        return work();
    }
    let _scope = MemoryScope::enter("level");
    nested(scopes - 1, work)
}

fn polling(what: &str, at_most: Option<f64>) {
    let bare = || poll_all(Boxes { left: POLLS });
    let measured = || poll_all(Boxes { left: POLLS }.measured("polled"));
    let [bare, measured] = fastest([&bare, &measured]);
    ratio(what, measured / bare, at_most);
    println!("{:<62}{bare:>7.1} ns{measured:>7.1} ns", "  without and with the scope");
}

/// A future that allocates on each poll, and is ready after this many.
struct Boxes {
    left: u32,
}

impl Future for Boxes {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        allocate();
        self.left -= 1;
        if self.left == 0 { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// Nanoseconds for each poll.
#[inline(never)]
fn poll_all(future: impl Future) -> f64 {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    let start = Instant::now();
    while black_box(future.as_mut()).poll(&mut context).is_pending() {}
    start.elapsed().as_nanos() as f64 / f64::from(POLLS)
}

#[inline(never)]
fn allocate() {
    drop(black_box(Box::new([0_u64; 6])));
}

/// Nanoseconds for each repetition.
fn repeat(work: impl Fn()) -> f64 {
    let start = Instant::now();
    for _ in 0..REPETITIONS {
        work();
    }
    start.elapsed().as_nanos() as f64 / f64::from(REPETITIONS)
}

/// The fastest batch of each, in turns.
fn fastest<const KINDS: usize>(kinds: [&dyn Fn() -> f64; KINDS]) -> [f64; KINDS] {
    let mut fastest = [f64::INFINITY; KINDS];
    for _ in 0..BATCHES {
        for (kind, fastest) in kinds.iter().zip(&mut fastest) {
            *fastest = fastest.min(kind());
        }
    }
    fastest
}

fn nanoseconds(what: &str, figure: f64, at_most: Option<f64>) {
    line(what, figure, " ns", at_most);
}

fn ratio(what: &str, figure: f64, at_most: Option<f64>) {
    line(what, figure, "  x", at_most);
}

fn line(what: &str, figure: f64, unit: &str, at_most: Option<f64>) {
    let limit = match at_most {
        Some(limit) => format!("{limit:>7.1}{unit} {}", if figure <= limit { "met" } else { "MISSED" }),
        None => String::new(),
    };
    println!("{what:<62}{figure:>7.2}{unit}{limit}");
}
