//! Futures and tasks: on a runtime with four workers that all these tests share, on one thread, and by hand.
//!
//! The runtime's own blocks count where its functions are called; the blocks of the test are told by their size.

use crate::ledger::Ledger;
use crate::own::{Blocks, Own, assert_exact};
use heaplens::{MeasureFuture, MemoryScope, ScopeHandle};
use std::future::{Future, pending};
use std::pin::pin;
use std::rc::Rc;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Waker};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Barrier, oneshot};
use tokio::task::{JoinSet, LocalSet, spawn_local, yield_now};

const TASKS: usize = 4;
/// How often a test does its work.
pub(crate) const ROUNDS: usize = 4;

/// The runtime of all these tests.
pub(crate) fn shared() -> &'static Runtime {
    static SHARED: LazyLock<Runtime> =
        LazyLock::new(|| Builder::new_multi_thread().worker_threads(4).build().expect("a runtime"));
    &SHARED
}

/// A task measures itself, on whatever thread it is polled.
pub(crate) fn measured_task(own: Own) {
    let task = async move {
        let first = own.large_block();
        yield_now().await;
        drop(own.large_block());
        yield_now().await;
        let second = own.large_block();
        yield_now().await;
        drop(first);
        second
    };
    let (kept, used) = shared().block_on(shared().spawn(task.measured("task"))).expect("it ends well");
    own.assert_large(&used, Blocks { total: 3, live: 1, at_peak: 2 });
    drop(kept);
}

/// Tasks that are measured beside each other, one in the other, share nothing.
pub(crate) fn measured_in_measured(own: Own) {
    let part = move |times: usize| async move {
        let mut kept = own.large_block();
        for _ in 1..times {
            yield_now().await;
            let next = own.large_block();
            yield_now().await;
            kept = next;
        }
        kept
    };
    let whole = async move {
        let (first, of_first) = part(2).measured("first").await;
        let (second, of_second) = part(3).measured("second").await;
        own.assert_large(&of_first, Blocks { total: 2, live: 1, at_peak: 2 });
        own.assert_large(&of_second, Blocks { total: 3, live: 1, at_peak: 2 });
        drop((first, second));
    };
    let (beside, whole) = shared().block_on(async {
        let beside = shared().spawn(part(5).measured("beside"));
        (beside.await.expect("it ends well"), shared().spawn(whole.measured("whole")).await.expect("it ends well").1)
    });
    own.assert_large(&beside.1, Blocks { total: 5, live: 1, at_peak: 2 });
    own.assert_large(&whole, Blocks { total: 5, live: 0, at_peak: 3 });
}

/// Tasks in the scope of a handle, each of which holds a block when all do.
pub(crate) fn tasks_in_a_scope(own: Own) {
    let runtime = shared();
    let scope = MemoryScope::enter("tasks");
    let handle = scope.handle();
    let all_hold = Arc::new(Barrier::new(TASKS));
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            let all_hold = Arc::clone(&all_hold);
            let task = async move {
                let first = own.large_block();
                all_hold.wait().await;
                drop(first);
                yield_now().await;
                own.large_block()
            };
            runtime.spawn(task.in_scope(&handle))
        })
        .collect();
    for task in tasks {
        drop(runtime.block_on(task).expect("it ends well"));
    }
    own.assert_large(&scope.finish(), Blocks { total: 2 * TASKS, live: 0, at_peak: TASKS });
}

/// A measured task starts others in its own scope.
pub(crate) fn join_set(own: Own) {
    let work = async move {
        let handle = ScopeHandle::current().expect("a scope");
        let mut tasks = JoinSet::new();
        for _ in 0..TASKS {
            let task = async move {
                yield_now().await;
                own.large_block()
            };
            tasks.spawn(task.in_scope(&handle));
        }
        let blocks = tasks.join_all().await;
        yield_now().await;
        blocks.into_iter().next()
    };
    let (kept, used) = shared().block_on(shared().spawn(work.measured("join set"))).expect("it ends well");
    own.assert_large(&used, Blocks { total: TASKS, live: 1, at_peak: TASKS });
    drop(kept);
}

/// A branch of a `select!` is dropped while it holds a block.
pub(crate) fn cancelled_branch(own: Own) {
    let work = async move {
        tokio::select! {
            biased;
            never = async {
                let held = own.large_block();
                yield_now().await;
                pending::<()>().await;
                held
            } => Some(never),
            () = async {
                yield_now().await;
                drop(own.large_block());
                yield_now().await;
            } => None,
        }
    };
    let (cancelled, used) = shared().block_on(shared().spawn(work.measured("select"))).expect("it ends well");
    assert!(cancelled.is_none());
    own.assert_large(&used, Blocks { total: 2, live: 0, at_peak: 2 });
}

/// Tasks that are aborted, and a future that is dropped unfinished, free what they hold in their scope.
pub(crate) fn dropped_unfinished(own: Own) {
    let runtime = shared();
    let scope = MemoryScope::enter("unfinished");
    let handle = scope.handle();
    let (says, heard) = oneshot::channel();
    let held = async move {
        let block = own.large_block();
        let _ = says.send(());
        pending::<()>().await;
        block
    };
    let task = runtime.spawn(held.in_scope(&handle));
    runtime.block_on(heard).expect("the task says that it holds a block");
    assert_eq!(scope.stats().live_bytes as usize / own.large_bytes(), 1);
    task.abort();
    assert!(runtime.block_on(task).expect_err("it was aborted").is_cancelled());
    {
        let held = async move {
            let block = own.large_block();
            pending::<()>().await;
            block
        };
        let mut held = pin!(held.measured("dropped unfinished"));
        assert!(held.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        assert_eq!(scope.stats().live_bytes as usize / own.large_bytes(), 1);
    }
    own.assert_large(&scope.finish(), Blocks { total: 2, live: 0, at_peak: 1 });
}

/// Tasks that stay on the thread of a runtime of their own, in turns.
pub(crate) fn local_tasks(own: Own) {
    let runtime = Builder::new_current_thread().build().expect("a runtime");
    let local = LocalSet::new();
    let task = move |blocks: usize| async move {
        let shared = Rc::new(own.large_block());
        for _ in 1..blocks {
            let scope = MemoryScope::enter("over an await");
            let block = own.large_block();
            yield_now().await;
            drop(block);
            own.assert_large(&scope.finish(), Blocks { total: 1, live: 0, at_peak: 1 });
        }
        shared
    };
    let tasks = (2..6).map(|blocks| local.spawn_local(task(blocks).measured("local task"))).collect::<Vec<_>>();
    let outer = async {
        let block = own.large_block();
        let (inner, used) = spawn_local(task(3).measured("started by a task")).await.expect("it ends well");
        own.assert_large(&used, Blocks { total: 3, live: 1, at_peak: 2 });
        drop(inner);
        block
    };
    let (block, used) = local.block_on(&runtime, outer.measured("outer"));
    own.assert_large(&used, Blocks { total: 4, live: 1, at_peak: 3 });
    drop(block);
    for (blocks, task) in (2..6).zip(tasks) {
        let (kept, used) = local.block_on(&runtime, task).expect("it ends well");
        own.assert_large(&used, Blocks { total: blocks, live: 1, at_peak: 2 });
        drop(kept);
    }
}

/// A future on the test's own thread: every figure is that of a naive model.
pub(crate) fn on_the_tests_thread(own: Own) {
    let runtime = Builder::new_current_thread().build().expect("a runtime");
    let mut books = Ledger::new();
    let outer = books.enter();
    let inner = books.enter();
    let work = async {
        let first = books.allocate(3 * own.bytes());
        Turn::default().await;
        let second = books.allocate(2 * own.bytes());
        Turn::default().await;
        books.free(second);
        books.free(first);
        books.allocate(own.bytes())
    };
    let work = async { (work.measured("inner").await, Turn::default().await) };
    let (((kept, used), ()), used_in_all) = runtime.block_on(work.measured("outer"));
    books.abandon(inner);
    books.abandon(outer);
    assert_exact(&used, books.figures(inner));
    assert_exact(&used_in_all, books.figures(outer));
    books.free(kept);
}

/// Gives the others a turn, and allocates nothing.
#[derive(Default)]
struct Turn {
    is_over: bool,
}

impl Future for Turn {
    type Output = ();

    fn poll(mut self: std::pin::Pin<&mut Self>, task: &mut Context<'_>) -> std::task::Poll<()> {
        if self.is_over {
            return std::task::Poll::Ready(());
        }
        self.is_over = true;
        task.waker().wake_by_ref();
        std::task::Poll::Pending
    }
}
