//! A program without heaplens as its allocator: the layer changes nothing, and the table says why it is empty.

use heaplens::span_table;
use heaplens::tracing::MemoryLayer;
use tracing_subscriber::prelude::*;

#[test]
fn spans_that_cannot_be_measured_are_counted_with_the_remedy() {
    tracing_subscriber::registry().with(MemoryLayer::new()).init();
    for _ in 0..3 {
        tracing::info_span!("request").in_scope(|| drop(vec![0_u8; 100]));
    }
    let table = span_table();
    let row = table.row("request").expect("it is counted");
    assert_eq!((row.refused, row.count, row.total_bytes), (3, 0, 0));
    assert!(table.refusal().is_some_and(|remedy| remedy.contains("heaplens::install!()")));
    let text = table.to_string();
    assert!(text.contains("3 spans not measured") && text.contains("heaplens::install!()"), "{text}");
}
