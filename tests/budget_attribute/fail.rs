//! Tests that have to fail, which `failures.rs` runs.

use crate::{block, yield_now};
use rstest::rstest;
use std::io;

#[heaplens::budget(peak_bytes <= 100, total_blocks == 2, live_bytes >= 1)]
#[test]
#[ignore = "has to fail"]
fn above_test() {
    drop(block(150));
}

#[test]
#[ignore = "has to fail"]
#[heaplens::budget(peak_bytes <= 100, total_blocks == 2, live_bytes >= 1)]
fn below_test() {
    drop(block(150));
}

#[heaplens::budget(total_blocks == 0)]
#[test]
#[ignore = "has to fail"]
fn returns_ok() -> Result<(), io::Error> {
    drop(block(100));
    Ok(())
}

#[heaplens::budget(total_blocks == 0)]
#[test]
#[ignore = "has to fail"]
fn returns_an_error() -> Result<(), io::Error> {
    Err(io::Error::other(String::from("the body's own error")))
}

#[heaplens::budget(total_blocks == 0)]
#[test]
#[ignore = "has to fail"]
fn panics() {
    drop(block(100));
    panic!("the body's own panic");
}

#[heaplens::budget(total_blocks == 0)]
#[test]
#[should_panic]
#[ignore = "has to fail"]
fn panics_as_expected_over_the_limit() {
    drop(block(100));
    panic!("as expected");
}

#[heaplens::budget(total_blocks == 0)]
#[test]
#[cfg_attr(all(), should_panic)]
#[ignore = "has to fail"]
fn panics_as_expected_by_a_condition() {
    drop(block(100));
    panic!("as expected");
}

#[test]
#[should_panic(expected = "memory budget")]
#[ignore = "has to fail"]
#[heaplens::budget(total_blocks == 0)]
fn expects_what_a_violation_says() {
    drop(block(100));
}

#[test]
#[should_panic]
#[ignore = "has to fail"]
#[heaplens::budget(total_blocks == 0)]
fn does_not_panic_within_the_limit() {}

#[test]
#[should_panic(expected = "this")]
#[ignore = "has to fail"]
#[heaplens::budget(total_bytes <= 10 * KIB)]
fn panics_with_another_text() {
    panic!("that");
}

#[heaplens::budget(total_blocks == 0)]
#[tokio::test]
#[ignore = "has to fail"]
async fn above_tokio() {
    yield_now().await;
    drop(block(100));
}

#[tokio::test]
#[ignore = "has to fail"]
#[heaplens::budget(total_blocks == 0)]
async fn below_tokio() {
    yield_now().await;
    drop(block(100));
}

#[tokio::test]
#[ignore = "has to fail"]
#[heaplens::budget(total_blocks == 0)]
async fn returns_an_error_below_tokio() -> Result<(), io::Error> {
    yield_now().await;
    Err(io::Error::other(String::from("the body's own error")))
}

#[tokio::test]
#[should_panic]
#[ignore = "has to fail"]
#[heaplens::budget(total_blocks == 0)]
async fn panics_as_expected_below_tokio() {
    yield_now().await;
    panic!("as expected {}", block(100).capacity());
}

#[heaplens::budget(total_bytes <= limit)]
#[rstest]
#[case::small(50, 50)]
#[case::large(100, 50)]
#[ignore = "has to fail"]
fn above_rstest(#[case] bytes: usize, #[case] limit: u64) {
    drop(block(bytes));
}

#[rstest]
#[case::small(50)]
#[case::large(100)]
#[ignore = "has to fail"]
#[heaplens::budget(total_bytes <= 50)]
fn below_rstest(#[case] bytes: usize) {
    drop(block(bytes));
}

#[rstest]
#[case::large(100)]
#[ignore = "has to fail"]
#[tokio::test]
#[heaplens::budget(total_bytes <= 50)]
async fn below_rstest_and_tokio(#[case] bytes: usize) {
    yield_now().await;
    drop(block(bytes));
}

#[heaplens::budget(unattached_blocks == 0)]
#[test]
#[ignore = "has to fail"]
fn leaves_a_thread_outside() {
    std::thread::spawn(|| drop(block(100))).join().expect("it ends well");
}

/// Not what tokio's attribute makes of a test, but as good as the same.
#[heaplens::budget(total_blocks == 0)]
#[test]
#[ignore = "has to fail"]
fn a_future_that_is_called_body() {
    fn block_on(body: impl Future<Output = ()>) {
        drop(body);
    }
    let body = async {};
    let large = block(100);
    block_on(body);
    drop(large);
}
