//! Scopes, handles and guards that are used as they should not be: each has a clear outcome that is counted, and nothing
//! that the program allocates fails or panics for it.

#[path = "support/claims.rs"]
mod claims;
#[path = "support/held.rs"]
mod held;
#[path = "support/process_per_case.rs"]
mod process_per_case;

use heaplens::{Completeness, MemoryScope, ScopeError, ScopeHandle, measure};
use held::Held;
use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::{mem, thread};

heaplens::install!();

claims::claims!(
    a_handle_after_the_end_of_its_scope_is_harmless_and_counted,
    work_by_a_late_handle_counts_in_the_scope_around,
    a_thread_that_is_inside_at_the_close_is_counted_and_passes_on,
    entered_guards_may_end_in_any_order,
    later_entered_guards_end_with_the_second_one_out_of_order,
    a_forgotten_guard_ends_with_the_scope_around_it,
    a_forgotten_guard_ends_with_its_thread,
    forgotten_entered_guards_leave_the_next_thread_outside,
    a_forgotten_entered_guard_closes_no_scope_of_another_thread,
    a_guard_out_of_order_closes_no_guard_of_another_thread,
    a_scope_in_a_thread_local_destructor_is_measured_or_refused,
    a_guard_in_a_thread_local_ends_with_its_thread,
    a_scope_in_a_signal_handler_is_measured_or_refused,
    a_handle_of_a_scope_that_was_closed_with_the_one_around_it_is_late,
    handles_that_outlive_their_scopes_give_back_their_places,
    ten_thousand_scopes_are_open_at_once,
    a_guard_that_escapes_excluded_work_says_so,
);

fn counted() -> Completeness {
    heaplens::completeness()
}

fn a_handle_after_the_end_of_its_scope_is_harmless_and_counted() {
    let scope = MemoryScope::enter("short");
    let handle = scope.handle();
    let used = scope.finish();
    assert_eq!(used.total_blocks, 0);
    let block = handle.run(|| Held::new(77));
    let (_, next) = measure("next", || handle.run(|| drop(Held::new(5))));
    assert_eq!((next.total_blocks, next.completeness().late_entries), (0, 1), "{next}");
    drop((block, handle));
    assert_eq!(counted().late_entries, 2);
}

fn work_by_a_late_handle_counts_in_the_scope_around() {
    let outer = MemoryScope::enter("outer");
    let inner = MemoryScope::enter("inner");
    let handle = inner.handle();
    drop(inner);
    let block = handle.run(|| Held::new(300));
    assert_eq!((outer.stats().live_bytes, outer.stats().total_blocks), (300, 1));
    drop(block);
    let used = outer.finish();
    assert_eq!((used.live_bytes, used.peak_bytes), (0, 300));
}

fn a_thread_that_is_inside_at_the_close_is_counted_and_passes_on() {
    let outer = MemoryScope::enter("outer");
    let scope = MemoryScope::enter("closed early");
    let handle = scope.handle();
    let (told, telling) = mpsc::sync_channel::<()>(0);
    let (arrived, arrives) = mpsc::sync_channel::<()>(0);
    let worker = thread::spawn(move || {
        handle.run(|| {
            let first = Held::new(1_000);
            arrived.send(()).expect("somebody waits");
            telling.recv().expect("somebody tells");
            let second = Held::new(20_000);
            drop(first);
            second
        })
    });
    arrives.recv().expect("the worker arrives");
    let used = scope.finish();
    assert!(used.live_bytes >= 1_000);
    assert_eq!(used.completeness().attached_at_close, 1);
    assert!(used.to_string().contains("still inside of a scope when it was closed"), "{used}");
    let before = outer.stats();
    told.send(()).expect("the worker waits");
    let block = worker.join().expect("the worker ends well");
    let after = outer.stats();
    assert!(after.total_bytes - before.total_bytes >= 20_000, "the scope around it goes on");
    drop(block);
    assert!(after.live_bytes - outer.stats().live_bytes >= 20_000);
}

fn entered_guards_may_end_in_any_order() {
    let first = MemoryScope::enter("first");
    let first_handle = first.handle();
    let second = MemoryScope::enter("second");
    let second_handle = second.handle();
    heaplens::exclude(|| {
        let in_first = first_handle.enter();
        let in_second = second_handle.enter();
        drop(in_first);
        drop(Held::new(10));
        drop(in_second);
        drop(Held::new(1_000));
        assert!(ScopeHandle::current().is_none(), "the thread is where it was before both");
    });
    assert_eq!((second.finish().total_bytes, first.finish().total_bytes), (10, 10));
    assert_eq!(counted().misplaced_guards, 1);
}

fn later_entered_guards_end_with_the_second_one_out_of_order() {
    let scope = MemoryScope::enter("scope");
    let handle = scope.handle();
    let other = handle.clone();
    heaplens::exclude(|| {
        let guards = [handle.enter(), other.enter(), handle.enter(), other.enter()];
        let [first, second, third, fourth] = guards;
        drop(first);
        drop(Held::new(10));
        drop(second);
        drop(Held::new(1_000));
        assert!(ScopeHandle::current().is_none(), "the thread is where it was before the first");
        let again = handle.enter();
        drop(third);
        drop(Held::new(100));
        drop(again);
        drop(fourth);
        assert!(ScopeHandle::current().is_none());
    });
    drop(Held::new(7));
    assert_eq!(scope.finish().total_bytes, 117);
    assert_eq!(counted().misplaced_guards, 2);
}

fn a_forgotten_guard_ends_with_the_scope_around_it() {
    let (_, outer) = measure("outer", || {
        mem::forget(MemoryScope::enter("forgotten"));
        drop(Held::new(10));
    });
    assert_eq!((outer.total_bytes, outer.completeness().misplaced_guards), (10, 1));
    let (_, next) = measure("next", || drop(Held::new(20)));
    assert_eq!((next.total_bytes, next.completeness().is_complete()), (20, true));
    assert_eq!(counted().misplaced_guards, 1);
}

fn a_forgotten_guard_ends_with_its_thread() {
    thread::spawn(|| mem::forget(MemoryScope::enter("forgotten"))).join().expect("the thread ends well");
    assert_eq!(counted().misplaced_guards, 1);
    let used = thread::spawn(|| measure("next", || drop(Held::new(20))).1.stats()).join().expect("it ends well");
    assert_eq!((used.total_bytes, used.total_blocks), (20, 1));
}

fn forgotten_entered_guards_leave_the_next_thread_outside() {
    let scope = MemoryScope::enter("scope");
    let handle = scope.handle();
    heaplens::exclude(|| {
        thread::spawn(move || mem::forget(handle.enter())).join().expect("the thread ends well");
        // The next thread takes over the place of the last one in the recorder.
        thread::spawn(|| {
            assert!(ScopeHandle::current().is_none());
            drop(Held::new(5_000));
        })
        .join()
        .expect("the thread ends well");
    });
    assert!(scope.finish().total_bytes < 5_000);
}

fn a_forgotten_entered_guard_closes_no_scope_of_another_thread() {
    let outer = MemoryScope::enter("outer");
    let scope = MemoryScope::enter("scope");
    let handle = scope.handle();
    thread::spawn(move || mem::forget(handle.enter())).join().expect("the thread ends well");
    drop(Held::new(5_000));
    let used = scope.finish();
    drop(Held::new(7_000));
    let outer = outer.finish();
    assert!(used.total_bytes >= 5_000, "{used}");
    assert!(outer.total_bytes >= 12_000, "{outer}");
}

fn a_guard_out_of_order_closes_no_guard_of_another_thread() {
    let outer = MemoryScope::enter("of this thread");
    let inside_outer = outer.handle();
    let (give, given) = mpsc::sync_channel(0);
    let (told, telling) = mpsc::sync_channel::<()>(0);
    let other = thread::spawn(move || {
        let _inside = inside_outer.enter();
        let inner = MemoryScope::enter("of the other thread");
        give.send(inner.handle()).expect("somebody takes it");
        telling.recv().expect("somebody tells");
        drop(Held::new(5_000));
        inner.finish()
    });
    let inside_inner = given.recv().expect("the other thread gives it");
    let inside = inside_inner.enter();
    drop(outer);
    drop(inside);
    told.send(()).expect("the other thread waits");
    let used = other.join().expect("the thread ends well");
    assert!(used.total_bytes >= 5_000, "{used}");
}

struct AtTheEnd;

impl Drop for AtTheEnd {
    fn drop(&mut self) {
        let outcome = heaplens::try_measure("in a destructor", || drop(Held::new(40)));
        let figure = match outcome {
            Ok(((), used)) => used.total_bytes,
            Err(error) => {
                assert_eq!(error, ScopeError::TooManyThreads);
                40
            }
        };
        SEEN.fetch_add(figure, Ordering::Relaxed);
    }
}

static SEEN: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static LAST: RefCell<Option<AtTheEnd>> = const { RefCell::new(None) };
    static GUARD: RefCell<Option<MemoryScope>> = const { RefCell::new(None) };
}

fn a_scope_in_a_thread_local_destructor_is_measured_or_refused() {
    const THREADS: u64 = 50;
    for _ in 0..THREADS {
        thread::spawn(|| LAST.set(Some(AtTheEnd))).join().expect("the thread ends well");
    }
    assert_eq!(SEEN.load(Ordering::Relaxed), 40 * THREADS, "exact where it is measured");
}

fn a_guard_in_a_thread_local_ends_with_its_thread() {
    for _ in 0..50 {
        thread::spawn(|| {
            GUARD.set(Some(MemoryScope::enter("until the end")));
            drop(Held::new(30));
        })
        .join()
        .expect("the thread ends well");
    }
    let (_, next) = measure("next", || drop(Held::new(20)));
    assert_eq!((next.total_bytes, next.completeness().is_complete()), (20, true));
}

/// What the handler found: 1 for each scope that was measured exactly, 1,000 for each that was refused.
static HANDLED: AtomicU64 = AtomicU64::new(0);

extern "C" fn on_signal(_: libc::c_int) {
    let found = match MemoryScope::try_enter("in a handler") {
        Ok(scope) => {
            let stats = scope.stats();
            drop(scope);
            assert_eq!(stats.total_blocks, 0);
            1
        }
        Err(error) => {
            assert_eq!(error, ScopeError::InsideAnAllocation);
            1_000
        }
    };
    HANDLED.fetch_add(found, Ordering::Relaxed);
}

fn a_scope_in_a_signal_handler_is_measured_or_refused() {
    const SIGNALS: u64 = 2_000;
    // SAFETY: the handler calls nothing that is not async-signal-safe: scopes take no lock and allocate nothing.
    unsafe { libc::signal(libc::SIGUSR1, on_signal as *const () as libc::sighandler_t) };
    // SAFETY: the calling thread.
    let this = unsafe { libc::pthread_self() };
    let sender = thread::spawn(move || {
        for sent in 1..=SIGNALS {
            // SAFETY: the thread waits for this one.
            unsafe { libc::pthread_kill(this, libc::SIGUSR1) };
            while HANDLED.load(Ordering::Relaxed) % 1_000 + HANDLED.load(Ordering::Relaxed) / 1_000 < sent {
                thread::yield_now();
            }
        }
    });
    let (rounds, used) = measure("interrupted", || {
        let mut rounds = 0_u64;
        while !sender.is_finished() {
            let (_, inner) = measure("inner", || drop(Held::new(64)));
            assert_eq!((inner.total_bytes, inner.peak_bytes, inner.live_bytes), (64, 64, 0));
            rounds += 1;
        }
        rounds
    });
    sender.join().expect("the sender ends well");
    assert_eq!((used.total_bytes, used.total_blocks, used.peak_bytes), (64 * rounds, rounds, 64));
    assert!(HANDLED.load(Ordering::Relaxed) > 0);
}

fn a_handle_of_a_scope_that_was_closed_with_the_one_around_it_is_late() {
    let outer = MemoryScope::enter("outer");
    let inner = MemoryScope::enter("inner");
    let handle = inner.handle();
    let outer = outer.finish();
    assert_eq!(outer.completeness().misplaced_guards, 1);
    handle.run(|| drop(Held::new(10)));
    let inner = inner.finish();
    assert_eq!((inner.total_bytes, inner.completeness().misplaced_guards), (0, 1));
    assert_eq!(counted().late_entries, 1);
}

fn handles_that_outlive_their_scopes_give_back_their_places() {
    for _ in 0..3 {
        let handles: Vec<ScopeHandle> = (0..10_000).map(|_| MemoryScope::enter("short").handle()).collect();
        for handle in &handles {
            handle.run(|| drop(Held::new(1)));
        }
    }
    let open: Vec<MemoryScope> = (0..16_384).map(|_| MemoryScope::enter("open")).collect();
    assert_eq!(MemoryScope::try_enter("one more").err(), Some(ScopeError::TooManyScopes));
    drop(open);
}

fn ten_thousand_scopes_are_open_at_once() {
    const SCOPES: usize = 10_000;
    let mut scopes = Vec::with_capacity(SCOPES);
    let outer = MemoryScope::enter("outer");
    let handle = outer.handle();
    for size in 1..=SCOPES {
        let scope = heaplens::exclude(|| handle.run(|| MemoryScope::enter("one of many")));
        scopes.push(scope.handle());
        // The guard is this thread's; its scope stays open by nothing but that.
        mem::forget(scope);
        assert_eq!(size, scopes.len());
    }
    for (number, scope) in scopes.iter().enumerate() {
        scope.run(|| drop(Held::new(number + 1)));
    }
    drop(scopes);
    let total = (SCOPES * (SCOPES + 1) / 2) as u64;
    let used = outer.finish();
    assert_eq!((used.total_blocks, used.total_bytes, used.live_bytes), (SCOPES as u64, total, 0));
    assert_eq!(used.peak_bytes, SCOPES as u64);
}

fn a_guard_that_escapes_excluded_work_says_so() {
    let (escaped, outer) = measure("outer", || heaplens::exclude(|| MemoryScope::enter("escaped")));
    drop(Held::new(9));
    let escaped = escaped.finish();
    assert_eq!((escaped.total_blocks, escaped.completeness().evicted_scopes), (0, 1), "{escaped}");
    assert!(outer.completeness().is_complete(), "{outer}");
}
