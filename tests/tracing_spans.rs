//! Memory by span: what is inside of a span, on whatever thread, is the span's, and nothing else is.
//!
//! The table is that of the process, so that each test uses names of its own.

#[path = "support/held.rs"]
mod held;

use heaplens::tracing::MemoryLayer;
use heaplens::{MemoryScope, MemoryStats, SpanRow, exclude, measure, span_table};
use held::Held;
use std::sync::{Barrier, Once};
use std::task::Poll;
use std::thread;
use tracing::{Instrument, info_span, instrument};
use tracing_subscriber::prelude::*;

heaplens::install!();

/// One subscriber for the process: tasks and threads find it by themselves.
fn install_layer() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| tracing_subscriber::registry().with(MemoryLayer::new()).init());
}

fn row(name: &str) -> SpanRow {
    span_table().row(name).unwrap_or_else(|| panic!("no span {name}")).clone()
}

/// Bytes and blocks, inclusive and of its own.
fn totals(name: &str) -> [(u64, u64); 2] {
    let row = row(name);
    [(row.total_bytes, row.total_blocks), (row.self_bytes, row.self_blocks)]
}

/// Once for what the registry allocates the first time on each thread.
fn warm_up() {
    install_layer();
    info_span!("warm_up").in_scope(|| info_span!("warm_up_below").in_scope(|| {}));
}

#[test]
fn an_empty_span_is_exactly_nothing() {
    install_layer();
    for _ in 0..3 {
        info_span!("empty").in_scope(|| {});
    }
    let row = row("empty");
    assert_eq!(row.count, 3);
    assert_eq!([row.total_bytes, row.total_blocks, row.peak_bytes, row.live_at_close_bytes], [0; 4]);
    assert_eq!((row.refused, row.incomplete, row.unattached_threads), (0, 0, 0));
}

#[test]
fn the_target_is_the_module() {
    install_layer();
    info_span!("with_target").in_scope(|| {});
    assert_eq!(row("with_target").target, module_path!());
}

#[test]
fn a_span_includes_those_below_and_has_figures_of_its_own() {
    warm_up();
    info_span!("nested_outer").in_scope(|| {
        let kept = Held::new(1_000);
        for size in [200, 300] {
            info_span!("nested_inner").in_scope(|| drop(Held::new(size)));
        }
        drop(kept);
        drop(Held::new(50));
    });
    assert_eq!(totals("nested_outer"), [(1_550, 4), (1_050, 2)]);
    assert_eq!(totals("nested_inner"), [(500, 2), (500, 2)]);
    assert_eq!((row("nested_outer").peak_bytes, row("nested_outer").peak_blocks), (1_300, 2));
    assert_eq!((row("nested_inner").peak_bytes, row("nested_inner").count), (300, 2));
}

#[test]
fn what_a_span_leaves_is_live_at_its_close() {
    warm_up();
    let kept: Vec<Held> = exclude(|| Vec::with_capacity(2));
    let mut kept = kept;
    for size in [70, 30] {
        info_span!("leaves").in_scope(|| kept.push(Held::new(size)));
    }
    let row = row("leaves");
    assert_eq!((row.live_at_close_bytes, row.live_at_close_blocks, row.peak_bytes), (100, 2, 70));
}

#[test]
fn a_span_that_is_never_entered_is_counted_with_nothing() {
    install_layer();
    drop(info_span!("never_entered"));
    assert_eq!((row("never_entered").count, totals("never_entered")), (1, [(0, 0); 2]));
}

#[test]
fn a_disabled_span_is_in_no_row() {
    let layer = MemoryLayer::new().with_filter(tracing_subscriber::filter::filter_fn(|data| data.name() != "disabled"));
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
        info_span!("enabled").in_scope(|| info_span!("disabled").in_scope(|| drop(Held::new(33))));
    });
    assert!(span_table().row("disabled").is_none());
    assert_eq!(totals("enabled")[1].0, totals("enabled")[0].0);
    assert!(totals("enabled")[0].0 >= 33);
}

#[test]
fn two_threads_inside_of_one_span_both_count() {
    warm_up();
    let span = info_span!("two_threads");
    let both = Barrier::new(2);
    thread::scope(|threads| {
        for size in [4_000, 5_000] {
            let (span, both) = (&span, &both);
            threads.spawn(move || {
                span.in_scope(|| {
                    both.wait();
                    let held = Held::new(size);
                    both.wait();
                    drop(held);
                });
            });
        }
    });
    drop(span);
    let row = row("two_threads");
    assert_eq!((row.total_bytes, row.total_blocks, row.peak_bytes), (9_000, 2, 9_000));
    assert_eq!((row.count, row.incomplete), (1, 0));
}

#[test]
fn spans_exited_out_of_order_keep_the_thread_in_the_innermost_one_left() {
    warm_up();
    let (first, second, third) = (info_span!("order_1"), info_span!(parent: None, "order_2"), info_span!("order_3"));
    let third = {
        let _inside = first.enter();
        drop(third);
        info_span!("order_3")
    };
    let in_first = first.enter();
    drop(Held::new(1));
    let in_second = second.enter();
    drop(Held::new(10));
    let in_third = third.enter();
    drop(Held::new(100));
    drop(in_first);
    drop(Held::new(1_000));
    drop(in_third);
    drop(Held::new(10_000));
    drop(in_second);
    drop(Held::new(100_000));
    drop((first, second, third));
    assert_eq!(totals("order_1"), [(1_101, 3), (1, 1)]);
    assert_eq!(totals("order_2"), [(10_010, 2); 2]);
    assert_eq!(totals("order_3"), [(1_100, 2); 2]);
    for name in ["order_1", "order_2", "order_3"] {
        assert_eq!(row(name).incomplete, 0, "{name}");
    }
}

#[test]
fn a_scope_open_inside_of_a_span_survives_an_exit_out_of_order() {
    warm_up();
    let (first, second) = (info_span!("around_1"), info_span!("around_2"));
    let in_first = first.enter();
    let in_second = second.enter();
    let scope = MemoryScope::enter("inside of the second");
    drop(in_first);
    drop(Held::new(77));
    let used = scope.finish();
    assert_eq!((used.total_bytes, used.completeness().is_complete()), (77, true));
    drop(in_second);
    drop((first, second));
    assert_eq!(totals("around_2"), [(77, 1); 2]);
    assert_eq!(totals("around_1"), [(0, 0); 2]);
}

#[test]
fn a_scope_open_over_an_exit_goes_on_when_the_thread_comes_back() {
    warm_up();
    let span = info_span!("comes_back");
    let scope = span.in_scope(|| MemoryScope::enter("over the exit"));
    drop(Held::new(5));
    span.in_scope(|| drop(Held::new(50)));
    let used = span.in_scope(|| scope.finish());
    assert_eq!(used.total_bytes, 50);
    drop(span);
    assert_eq!(totals("comes_back"), [(50, 1); 2]);
}

#[test]
fn a_measured_work_sees_the_spans_that_it_makes() {
    warm_up();
    info_span!("around_measure").in_scope(|| {
        let ((), used) = measure("work", || {
            info_span!("in_measure").in_scope(|| drop(Held::new(600)));
            info_span!(parent: None, "root_in_measure").in_scope(|| drop(Held::new(60)));
        });
        assert_eq!((used.total_bytes, used.total_blocks), (660, 2));
    });
    assert_eq!(totals("in_measure"), [(600, 1); 2]);
    assert_eq!(totals("around_measure")[0], (660, 2));
}

#[test]
fn an_excluded_span_is_not_part_of_those_around_it() {
    warm_up();
    info_span!("around_excluded").in_scope(|| {
        exclude(|| info_span!("excluded").in_scope(|| drop(Held::new(40))));
        drop(Held::new(4));
    });
    assert_eq!(totals("excluded"), [(40, 1); 2]);
    assert_eq!(totals("around_excluded"), [(4, 1); 2]);
}

#[test]
fn a_root_span_is_not_part_of_the_span_it_is_made_in() {
    warm_up();
    info_span!("around_root").in_scope(|| {
        info_span!(parent: None, "root").in_scope(|| drop(Held::new(40)));
    });
    assert_eq!((totals("root"), totals("around_root")), ([(40, 1); 2], [(0, 0); 2]));
}

#[test]
fn a_span_with_a_parent_elsewhere_is_part_of_that_parent() {
    warm_up();
    let parent = info_span!("parent_elsewhere");
    let of = parent.clone();
    thread::spawn(move || {
        warm_up();
        info_span!("thread_around").in_scope(|| {
            info_span!(parent: &of, "child_elsewhere").in_scope(|| drop(Held::new(90)));
        });
    })
    .join()
    .expect("the thread ends well");
    drop(parent);
    assert_eq!(totals("parent_elsewhere"), [(90, 1), (0, 0)]);
    assert_eq!(totals("thread_around"), [(0, 0); 2]);
}

/// Lets others of the executor run. Tokio's own such future allocates.
async fn pending_once() {
    let mut was_polled = false;
    core::future::poll_fn(|task| {
        if core::mem::replace(&mut was_polled, true) {
            return Poll::Ready(());
        }
        task.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[instrument(name = "async_request")]
async fn request(number: usize) -> Held {
    let held = Held::new(2_000);
    pending_once().await;
    fetch(number).await;
    drop(Held::new(100));
    held
}

async fn fetch(number: usize) {
    let work = async move {
        drop(Held::new(300 + number));
        pending_once().await;
        drop(Held::new(400));
    };
    work.instrument(info_span!("async_fetch")).await;
}

#[test]
fn tasks_on_many_threads_count_in_their_spans() {
    install_layer();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).build().expect("a runtime");
    let tasks: Vec<_> = (0..50).map(|number| runtime.spawn(request(number))).collect();
    for task in tasks {
        drop(runtime.block_on(task).expect("the task ends well"));
    }
    let numbers: u64 = (0..50).sum();
    let (request, fetch) = (row("async_request"), row("async_fetch"));
    assert_eq!((fetch.count, fetch.total_bytes, fetch.total_blocks), (50, 50 * 700 + numbers, 100));
    assert_eq!(request.count, 50);
    assert_eq!(request.total_bytes - request.self_bytes, fetch.total_bytes);
    assert!(request.self_bytes >= 50 * 2_100, "{request:?}");
    assert_eq!((request.incomplete, fetch.incomplete), (0, 0));
}

#[test]
fn a_thread_that_ends_inside_of_a_span_leaves_it() {
    warm_up();
    let span = info_span!("thread_ends");
    let entered = span.clone();
    thread::spawn(move || {
        core::mem::forget(entered.entered());
        drop(Held::new(11));
    })
    .join()
    .expect("the thread ends well");
    drop(span);
    // The registry keeps a span for ever that a thread did not exit.
    assert!(span_table().row("thread_ends").is_none());
    assert!(span_table().open_spans() >= 1);
}

#[test]
fn a_thread_from_outside_counts_once_and_the_note_names_its_span() {
    warm_up();
    let worker = || thread::spawn(|| drop(Held::new(9))).join().expect("the thread ends well");
    info_span!("unseen_outer").in_scope(|| {
        info_span!("unseen_middle").in_scope(|| {
            info_span!("unseen_inner").in_scope(worker);
            info_span!("unseen_inner").in_scope(worker);
        });
        worker();
    });
    let unseen = |name| row(name).unattached_threads;
    assert_eq!([unseen("unseen_outer"), unseen("unseen_middle"), unseen("unseen_inner")], [1, 0, 2]);
    let table = span_table().to_string();
    let note = "note: 3 threads worked for spans from outside, 2 of them for unseen_inner: enter the span on them";
    assert!(table.contains(note), "{table}");
}

#[test]
fn a_second_layer_stands_aside() {
    let both = tracing_subscriber::registry().with(MemoryLayer::new()).with(MemoryLayer::new());
    tracing::subscriber::with_default(both, || info_span!("two_layers").in_scope(|| drop(Held::new(8))));
    assert_eq!((row("two_layers").count, row("two_layers").total_bytes), (1, 8));
}

#[test]
fn reading_the_table_allocates_nothing_of_the_users() {
    install_layer();
    info_span!("read").in_scope(|| {});
    let ((), used) = measure("reading", || drop(span_table()));
    assert_eq!(used.stats(), MemoryStats::default());
}

#[cfg(feature = "stacks")]
#[test]
fn a_recording_has_the_spans_that_closed_meanwhile_and_its_file_keeps_them() {
    warm_up();
    let before = info_span!("closed_in_recording");
    info_span!("closed_before").in_scope(|| {});
    let profiler = heaplens::Profiler::start().expect("no other recording");
    before.in_scope(|| drop(Held::new(300_000)));
    drop(before);
    let profile = profiler.stop();
    info_span!("closed_after").in_scope(|| {});
    let spans = profile.spans();
    assert!(spans.row("closed_before").is_none() && spans.row("closed_after").is_none());
    let row = spans.row("closed_in_recording").expect("it was closed meanwhile");
    assert_eq!((row.count, row.total_bytes), (1, 300_000));
    for text in [profile.summary(), profile.full_report(1)] {
        assert!(text.contains("\nspan "), "{text}");
    }
    assert!(profile.full_report(1).contains("\nclosed_in_recording "));
    assert!(profile.summary().lines().count() <= 25);
    let mut file = Vec::new();
    profile.write_json(&mut file).expect("memory can be written");
    let read = heaplens::Profile::read_json(file.as_slice()).expect("it is sound");
    assert_eq!(read, profile);
}
