//! What measuring spans takes does not grow with their number.

use heaplens::tracing::MemoryLayer;
use heaplens::{overhead_bytes, span_table, stats};
use tracing::info_span;
use tracing_subscriber::prelude::*;

heaplens::install!();

fn spans(number: usize) {
    for _ in 0..number {
        info_span!("request").in_scope(|| {
            info_span!("query").in_scope(|| drop(std::hint::black_box(vec![0_u8; 16])));
        });
    }
}

#[test]
fn a_hundred_thousand_spans_take_no_more_memory_than_a_hundred() {
    tracing_subscriber::registry().with(MemoryLayer::new()).init();
    spans(100);
    let (own, users) = (overhead_bytes(), stats());
    spans(50_000);
    assert_eq!(overhead_bytes(), own);
    assert_eq!(stats().live_bytes, users.live_bytes);
    assert_eq!(stats().total_bytes - users.total_bytes, 50_000 * 16);
    let table = span_table();
    let request = table.row("request").expect("they were closed");
    assert_eq!((request.count, request.total_bytes, request.self_bytes), (50_100, 50_100 * 16, 0));
}
