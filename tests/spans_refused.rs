//! More spans open than there can be scopes: those beyond are counted, and the service goes on.

use heaplens::span_table;
use heaplens::tracing::MemoryLayer;
use tracing_subscriber::prelude::*;

heaplens::install!();

#[test]
fn spans_over_the_limit_are_counted_and_those_below_them_have_what_they_allocate() {
    tracing_subscriber::registry().with(MemoryLayer::new()).init();
    let first = tracing::info_span!("first").entered();
    let open: Vec<_> = (0..17_000).map(|_| tracing::info_span!("open")).collect();
    let refused = span_table().row("open").expect("it is counted").refused;
    assert!((616..1_000).contains(&refused), "{refused} refused");
    let last = open.last().expect("there are some");
    std::thread::scope(|threads| {
        threads.spawn(|| last.in_scope(|| drop(std::hint::black_box(vec![0_u8; 123_456]))));
    });
    drop(open);
    let again = tracing::info_span!("again");
    again.in_scope(|| drop(std::hint::black_box(vec![0_u8; 1_000])));
    drop((again, first));
    let table = span_table();
    assert_eq!(table.row("open").expect("closed").count, 17_000 - refused);
    assert_eq!(table.row("again").expect("closed").total_bytes, 1_000);
    let first = table.row("first").expect("closed");
    assert!(first.self_bytes >= 123_456, "{first:?}");
    assert!(table.to_string().contains("16,384 memory scopes are open"), "{table}");
    assert_eq!(table.open_spans(), 0);
}
