//! Measured futures and futures in scopes, under tokio's runtimes and by hand: what a poll allocates is the future's,
//! whatever thread polls, and nothing else is.

#[path = "support/held.rs"]
mod held;

use heaplens::{MeasureFuture, MemoryScope, ScopeHandle, measure};
use held::Held;
use std::cell::Cell;
use std::future::{Future, pending, poll_fn};
use std::panic::{self, AssertUnwindSafe};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use tokio::runtime::{Builder, Runtime};
use tokio::task::{JoinSet, LocalSet, yield_now};

heaplens::install!();

fn several_threads() -> Runtime {
    Builder::new_multi_thread().worker_threads(4).build().expect("a runtime")
}

fn this_thread() -> Runtime {
    Builder::new_current_thread().build().expect("a runtime")
}

/// Allocates `size` bytes `times` times, over as many polls, and keeps the first block until the end.
async fn work(size: usize, times: usize) {
    let first = Held::new(size);
    for _ in 1..times {
        again().await;
        drop(Held::new(size));
    }
    drop(first);
}

/// Ready when it is polled again, which it asks for at once. Unlike tokio's own, it allocates nothing.
async fn again() {
    let mut polled = false;
    poll_fn(|context| {
        context.waker().wake_by_ref();
        if std::mem::replace(&mut polled, true) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn a_measured_future_has_what_its_polls_allocate() {
    let mut measured = pin!(
        async {
            let kept = Held::new(100);
            let mut polled = false;
            poll_fn(|_| if std::mem::replace(&mut polled, true) { Poll::Ready(()) } else { Poll::Pending }).await;
            drop(Held::new(1_000));
            kept
        }
        .measured("by hand")
    );
    assert!(poll_once(measured.as_mut()).is_pending());
    drop(Held::new(50_000));
    let Poll::Ready((kept, used)) = poll_once(measured.as_mut()) else { panic!("it is ready") };
    assert_eq!((used.total_blocks, used.total_bytes, used.live_bytes), (2, 1_100, 100));
    assert_eq!((used.peak_bytes, used.peak_blocks, used.temporary_blocks), (1_100, 2, 1));
    assert!(used.completeness().is_complete(), "{used}");
    drop(kept);
}

#[test]
fn what_the_future_itself_frees_at_its_end_is_its_own() {
    let block = Held::new(10);
    let future = async move {
        let inside = Held::new(700);
        drop(block);
        pending::<()>().await;
        drop(inside);
    };
    let outer = MemoryScope::enter("outer");
    let mut measured = Box::pin(future.measured("dropped unfinished"));
    assert!(poll_once(measured.as_mut()).is_pending());
    assert_eq!(outer.stats().live_bytes, 700 + boxed_bytes(&measured));
    drop(measured);
    let used = outer.finish();
    assert_eq!((used.live_bytes, used.live_blocks), (0, 0));
}

fn boxed_bytes<T>(_: &Pin<Box<T>>) -> u64 {
    size_of::<T>() as u64
}

#[test]
fn tasks_on_several_threads_have_their_own_figures() {
    let runtime = several_threads();
    let tasks: Vec<_> = (1..=60).map(|number| runtime.spawn(work(1_000 + number, 20).measured("task"))).collect();
    runtime.block_on(async {
        for (task, number) in tasks.into_iter().zip(1_u64..) {
            let ((), used) = task.await.expect("the task ends well");
            let size = 1_000 + number;
            assert_eq!((used.total_blocks, used.total_bytes, used.live_bytes), (20, 20 * size, 0));
            assert_eq!((used.peak_bytes, used.largest_block_bytes), (2 * size, size));
            assert!(used.completeness().is_complete(), "{used}");
        }
    });
}

#[test]
fn tasks_in_one_scope_add_up() {
    for runtime in [several_threads(), this_thread()] {
        let scope = MemoryScope::enter("request");
        let handle = scope.handle();
        heaplens::exclude(|| {
            runtime.block_on(async {
                let mut tasks = JoinSet::new();
                for _ in 0..40 {
                    tasks.spawn(work(500, 10).in_scope(&handle));
                }
                while let Some(ended) = tasks.join_next().await {
                    ended.expect("the task ends well");
                }
            });
        });
        let used = scope.finish();
        assert_eq!((used.total_blocks, used.total_bytes), (400, 200_000));
        assert_eq!((used.live_blocks, used.live_bytes), (0, 0));
        assert!((1_000..=40_000).contains(&used.peak_bytes), "{used}");
        assert_eq!(used.peak_bytes % 500, 0);
        assert!(used.completeness().is_complete(), "{used}");
    }
}

#[test]
fn tasks_that_a_measured_future_spawns_are_its_own_by_its_handle() {
    let runtime = several_threads();
    let parent = async {
        let handle = ScopeHandle::current().expect("a poll is inside");
        let mut tasks = JoinSet::new();
        for _ in 0..8 {
            tasks.spawn(work(20_000, 5).in_scope(&handle));
        }
        tasks.join_all().await;
    };
    let ((), used) = runtime.block_on(async { tokio::spawn(parent.measured("parent")).await.expect("it ends well") });
    assert!(used.total_bytes >= 8 * 5 * 20_000 && used.total_bytes < 9 * 5 * 20_000, "{used}");
}

#[test]
fn a_cancelled_future_closes_its_scope_and_frees_inside() {
    let runtime = this_thread();
    let outer = MemoryScope::enter("outer");
    let handle = outer.handle();
    runtime.block_on(async {
        let slow = async {
            let _held = Held::new(3_000);
            pending::<()>().await;
        };
        tokio::select! {
            biased;
            _ = slow.measured("slow") => unreachable!("it is never ready"),
            ((), used) = work(10, 3).measured("quick") => assert_eq!(used.total_bytes, 30),
        }
    });
    drop(handle);
    // The runtime's own queues may have grown; what the futures held is gone.
    assert!(outer.stats().live_bytes < 3_000);
    drop(outer);
}

#[test]
fn an_aborted_task_leaves_nothing_behind() {
    let runtime = several_threads();
    let scope = MemoryScope::enter("scope");
    let handle = scope.handle();
    heaplens::exclude(|| {
        runtime.block_on(async {
            for _ in 0..50 {
                let task = async {
                    let _held = Held::new(900);
                    pending::<()>().await;
                };
                let task = tokio::spawn(task.in_scope(&handle));
                yield_now().await;
                task.abort();
                assert!(task.await.expect_err("it was aborted").is_cancelled());
            }
        });
    });
    let used = scope.finish();
    assert_eq!((used.live_blocks, used.live_bytes), (0, 0), "{used}");
    assert!(used.completeness().is_complete(), "{used}");
}

#[test]
fn a_poll_that_panics_leaves_the_scope() {
    let mut measured = pin!(
        async {
            drop(Held::new(60));
            panic::resume_unwind(Box::new("expected"))
        }
        .measured("panics")
    );
    let before = MemoryScope::enter("around");
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| poll_once(measured.as_mut())));
    drop(outcome.expect_err("it panics"));
    drop(Held::new(5));
    let used = before.finish();
    assert_eq!((used.total_bytes, used.total_blocks), (5, 1), "the future's scope was created outside of this one");
    assert!(ScopeHandle::current().is_none());
}

#[test]
fn the_scope_around_is_the_one_where_the_future_was_made() {
    let outer = MemoryScope::enter("made here");
    let future = async { drop(Held::new(400)) }.measured("future");
    heaplens::exclude(|| {
        let (_, elsewhere) = measure("polled here", || this_thread_polls(future));
        assert_eq!(elsewhere.total_bytes, 0, "{elsewhere}");
    });
    assert_eq!(outer.finish().total_bytes, 400);
}

fn this_thread_polls<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = poll_once(future.as_mut()) {
            return output;
        }
    }
}

#[test]
fn a_guard_that_is_held_over_an_await_is_inside_again_after_it() {
    static POLLS: AtomicUsize = AtomicUsize::new(0);
    let runtime = this_thread();
    let local = LocalSet::new();
    let inner = async {
        let guard = MemoryScope::enter("over an await");
        for _ in 0..3 {
            drop(Held::new(100));
            again().await;
            POLLS.fetch_add(1, Ordering::Relaxed);
        }
        guard.finish()
    };
    let other = async {
        for _ in 0..5 {
            drop(Held::new(7));
            again().await;
        }
    };
    let (first, second) = local.block_on(&runtime, async {
        let first = tokio::task::spawn_local(inner.measured("has a guard"));
        let second = tokio::task::spawn_local(other.measured("has none"));
        (first.await.expect("it ends well"), second.await.expect("it ends well"))
    });
    let (guarded, around) = first;
    assert_eq!((guarded.total_bytes, around.total_bytes, second.1.total_bytes), (300, 300, 35));
    assert!(guarded.completeness().is_complete() && around.completeness().is_complete());
    assert_eq!(POLLS.load(Ordering::Relaxed), 3);
}

#[test]
fn a_thousand_futures_polled_in_turn_keep_apart() {
    let mut futures: Vec<_> = (1..=1_000).map(|size| Box::pin(work_in_turn(size).measured("one of many"))).collect();
    let mut done = 0;
    while !futures.is_empty() {
        futures.retain_mut(|future| match poll_once(future.as_mut()) {
            Poll::Pending => true,
            Poll::Ready((size, used)) => {
                assert_eq!((used.total_blocks, used.total_bytes, used.peak_bytes), (4, 4 * size, size));
                done += 1;
                false
            }
        });
    }
    assert_eq!(done, 1_000);
}

async fn work_in_turn(size: usize) -> u64 {
    for round in 0..4 {
        drop(Held::new(size));
        let mut left = round;
        poll_fn(|_| {
            left -= 1;
            if left < 0 { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
    size as u64
}

#[test]
fn a_future_that_ends_closes_no_guard_around_its_poll() {
    let mut future = std::future::ready(()).measured("future");
    let handle = future.handle().expect("it is not finished");
    let mut future = pin!(future);
    let used = handle.run(|| {
        let guard = MemoryScope::enter("guard");
        drop(Held::new(100));
        assert!(poll_once(future.as_mut()).is_ready());
        drop(Held::new(5_000));
        guard.finish()
    });
    assert_eq!((used.total_bytes, used.completeness().misplaced_guards), (5_100, 0), "{used}");
}

#[test]
fn a_poll_does_not_begin_in_the_scope_that_has_the_place_of_one_it_left_open() {
    let guard = Cell::new(None);
    let mut measured = pin!(
        async {
            guard.set(Some(MemoryScope::enter("inside")));
            pending_once().await;
            std::hint::black_box(Held::new(1_000))
        }
        .measured("future")
    );
    assert!(poll_once(measured.as_mut()).is_pending());
    drop(guard.take());
    // The next scope has the record of the one that ended.
    let other = MemoryScope::enter("other");
    let Poll::Ready((held, used)) = poll_once(measured.as_mut()) else { panic!("it is ready") };
    let other = other.finish();
    assert_eq!((used.total_bytes, other.total_bytes), (1_000, 0), "{used}; {other}");
    drop(held);
}

/// Pending once.
async fn pending_once() {
    let mut polled = false;
    poll_fn(|_| if std::mem::replace(&mut polled, true) { Poll::Ready(()) } else { Poll::Pending }).await;
}

#[test]
fn a_peak_after_a_poll_that_left_an_entered_guard_is_found() {
    let other = MemoryScope::enter("other");
    let handle = other.handle();
    let mut kept = Vec::with_capacity(2);
    heaplens::exclude(|| {
        let entered = Cell::new(None);
        let mut polls = 0;
        let future = poll_fn(|_| {
            polls += 1;
            match polls {
                1 => drop(Held::new(1_000)),
                2 => {
                    kept.push(Held::new(1_000));
                    entered.set(Some(handle.enter()));
                }
                3 => kept.push(Held::new(900)),
                _ => return Poll::Ready(()),
            }
            Poll::Pending
        });
        let mut future = pin!(future.measured("future"));
        assert!(poll_once(future.as_mut()).is_pending());
        assert!(poll_once(future.as_mut()).is_pending());
        drop(entered.take());
        assert!(ScopeHandle::current().is_none());
        assert!(poll_once(future.as_mut()).is_pending());
        let Poll::Ready(((), used)) = poll_once(future.as_mut()) else { panic!("it is ready") };
        assert_eq!((used.live_bytes, used.peak_bytes), (1_900, 1_900), "{used}");
    });
}
