//! Tests within their limits.

use crate::{block, yield_now};
use rstest::{fixture, rstest};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::io;
use std::thread::LocalKey;

/// Runs of the body on this thread, counted without allocating.
type Runs = LocalKey<Cell<u32>>;

fn runs_once_more(runs: &'static Runs) -> u32 {
    runs.set(runs.get() + 1);
    runs.get()
}

#[test]
#[heaplens::budget(peak_bytes <= 1_000, total_blocks == 1, live_bytes == 0)]
fn below_test() {
    drop(block(1_000));
}

#[heaplens::budget(peak_bytes <= 1_000, total_blocks == 1, live_bytes == 0)]
#[test]
fn above_test() {
    drop(block(1_000));
}

#[heaplens::budget(peak_bytes == "1.5 kB", largest_block_bytes <= "1.5kB", total_bytes < 2 * KIB, moved_bytes >= 0)]
#[test]
fn sizes_in_words_and_constants() {
    drop(block(1_500));
}

#[heaplens::budget(per_item(10, total_blocks <= 1), each_site(total_bytes <= KIB))]
#[heaplens::budget(in_crate("budget_attribute", total_blocks == 10), in_crate("serde_json", total_blocks == 0),)]
#[cfg_attr(not(feature = "stacks"), ignore = "call sites are not recorded")]
#[test]
fn parts_of_the_whole() {
    (0..10).for_each(|_| drop(block(100)));
}

#[heaplens::budget(live_bytes == 100)]
fn a_block_that_is_returned() -> Vec<u8> {
    block(100)
}

#[test]
fn what_is_returned_is_still_live() {
    assert_eq!(a_block_that_is_returned().capacity(), 100);
}

#[heaplens::budget(total_blocks == 2, live_bytes == 100)]
fn a_closure_is_built<'a>(text: &'a str, mut all: Vec<&'a str>) -> impl Fn() -> usize + use<'a> {
    all.push(text);
    let kept = block(100 - text.len() + text.len());
    drop(block(1));
    move || kept.capacity() + text.len()
}

#[test]
fn arguments_may_be_moved_and_types_need_no_name() {
    assert_eq!(a_closure_is_built("four", Vec::with_capacity(4))(), 104);
}

#[heaplens::budget(total_blocks == 0)]
#[test]
fn returning_early() -> Result<(), io::Error> {
    if std::hint::black_box(true) {
        return Ok(());
    }
    Err(io::Error::other(String::from("the body goes on")))
}

#[test]
#[heaplens::budget(total_blocks <= 3)]
fn question_mark() -> Result<(), Box<dyn std::error::Error>> {
    let number: u32 = "7".parse()?;
    assert_eq!(number, 7);
    Ok(())
}

#[heaplens::budget(total_blocks == 0)]
#[test]
fn other_return_types() -> std::process::ExitCode {
    std::process::ExitCode::SUCCESS
}

thread_local! {
    static SYNC: Cell<u32> = const { Cell::new(0) };
    static ASYNC: Cell<u32> = const { Cell::new(0) };
    static PANICKING: Cell<u32> = const { Cell::new(0) };
}

#[heaplens::budget(total_blocks == 0, warmup = 2)]
#[test]
fn warmups_are_not_measured() {
    if runs_once_more(&SYNC) <= 2 {
        drop(block(100));
    }
    assert!(SYNC.get() <= 3);
}

#[test]
#[heaplens::budget(total_bytes <= 100 * MIB, warmup = 1)]
#[should_panic(expected = "the second run")]
fn a_panic_while_warming_up_is_not_the_expected_one() {
    let run = runs_once_more(&PANICKING);
    assert!(run != 1, "the first run");
    assert!(run != 2, "the second run");
}

#[heaplens::budget(total_bytes <= 100 * MIB)]
#[test]
#[should_panic]
fn above_should_panic() {
    panic!("as expected");
}

#[test]
#[should_panic(expected = "as expected")]
#[heaplens::budget(total_bytes <= 100 * MIB)]
fn below_should_panic() {
    panic!("as expected");
}

#[heaplens::budget(total_blocks == 1, peak_bytes == 100)]
#[tokio::test]
async fn above_tokio() {
    let _held = block(100);
    yield_now().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
#[heaplens::budget(total_blocks == 1, peak_bytes == 100)]
async fn below_tokio() {
    let _held = block(100);
    yield_now().await;
}

#[tokio::test]
#[heaplens::budget(total_blocks == 1)]
async fn below_tokio_with_a_result() -> Result<(), io::Error> {
    drop(block(100));
    yield_now().await;
    Err(io::Error::from(io::ErrorKind::Other)).or(Ok(()))
}

#[heaplens::budget(total_blocks == 0, warmup = 1)]
#[tokio::test]
async fn above_tokio_with_warmup() {
    yield_now().await;
    if runs_once_more(&ASYNC) == 1 {
        drop(block(100));
    }
}

#[tokio::test]
#[heaplens::budget(total_blocks == 0, warmup = 1)]
async fn below_tokio_with_warmup() {
    thread_local!(static RUNS: Cell<u32> = const { Cell::new(0) });
    yield_now().await;
    if runs_once_more(&RUNS) == 1 {
        drop(block(100));
    }
}

#[heaplens::budget(total_bytes <= 100 * MIB)]
#[tokio::test]
#[should_panic(expected = "as expected")]
async fn above_tokio_and_should_panic() {
    yield_now().await;
    panic!("as expected");
}

#[tokio::test]
#[should_panic(expected = "as expected")]
#[heaplens::budget(total_bytes <= 100 * MIB)]
async fn below_tokio_and_should_panic() {
    yield_now().await;
    panic!("as expected");
}

#[heaplens::budget(total_blocks == 1, total_bytes == bytes as u64, per_item(count, total_bytes <= 100))]
#[rstest]
#[case(100, 1)]
#[case::large(900, 9)]
fn above_rstest(#[case] bytes: usize, #[case] count: u64) {
    drop(block(bytes));
}

#[rstest]
#[case(100)]
#[case::large(900)]
#[heaplens::budget(total_blocks == 1, total_bytes <= 900, warmup = 1)]
fn below_rstest(#[case] bytes: usize) {
    drop(block(bytes));
}

#[rstest]
#[case(false)]
#[should_panic(expected = "as expected")]
#[case::panics(true)]
#[heaplens::budget(total_bytes <= 100 * MIB)]
fn below_rstest_of_which_one_case_panics(#[case] panics: bool) {
    assert!(!panics, "as expected");
}

#[fixture]
fn prepared() -> Vec<u8> {
    block(5_000)
}

#[heaplens::budget(total_blocks == 0)]
#[rstest]
fn fixtures_above_which_it_stands_are_made_before(prepared: Vec<u8>) {
    assert_eq!(prepared.capacity(), 5_000);
}

#[rstest]
#[heaplens::budget(total_blocks == 1, total_bytes == 5_000)]
fn fixtures_below_which_it_stands_are_made_inside(prepared: Vec<u8>) {
    assert_eq!(prepared.capacity(), 5_000);
}

#[heaplens::budget(total_blocks == 1, total_bytes == bytes as u64)]
#[rstest]
#[case(100)]
#[tokio::test]
async fn above_rstest_and_tokio(#[case] bytes: usize) {
    let _held = block(bytes);
    yield_now().await;
}

#[rstest]
#[case(100)]
#[tokio::test]
#[heaplens::budget(total_blocks == 1, total_bytes == 100)]
async fn below_rstest_and_tokio(#[case] bytes: usize) {
    let _held = block(bytes);
    yield_now().await;
}

#[rstest]
#[case(100)]
#[heaplens::budget(total_blocks == 1, total_bytes == 100)]
#[tokio::test]
async fn between_rstest_and_tokio(#[case] bytes: usize) {
    let _held = block(bytes);
    yield_now().await;
}

/// Futures with call stacks that allocate at one line, by turns on one thread and on several: each has its own sites.
#[cfg(feature = "stacks")]
mod futures {
    use super::*;
    use tokio::runtime::{Builder, Runtime};

    const FEW: usize = 20;
    const MANY: usize = 50;

    #[heaplens::budget(total_blocks == 20, each_site(total_blocks <= 19), in_crate("budget_attribute", live_blocks == 20))]
    async fn few() -> Vec<Vec<u8>> {
        allocate(FEW).await
    }

    #[heaplens::budget(total_blocks == 50, each_site(total_blocks <= 49), in_crate("budget_attribute", live_blocks == 50))]
    async fn many() -> Vec<Vec<u8>> {
        allocate(MANY).await
    }

    async fn allocate(blocks: usize) -> Vec<Vec<u8>> {
        let mut all = Vec::with_capacity(blocks - 1);
        while all.len() < blocks - 1 {
            all.push(block(10));
            yield_now().await;
        }
        all
    }

    #[test]
    fn that_take_turns_on_one_thread_keep_their_call_sites_apart() {
        let runtime = Builder::new_current_thread().build().expect("a runtime");
        let all = runtime.block_on(async { tokio::join!(many(), few(), many()) });
        assert_eq!([all.0.len(), all.1.len(), all.2.len()], [MANY - 1, FEW - 1, MANY - 1]);
    }

    /// Polls of a future may come from any thread of the runtime.
    async fn of_tasks() {
        let tasks: Vec<_> =
            (0..6).map(|task| if task % 2 == 0 { tokio::spawn(few()) } else { tokio::spawn(many()) }).collect();
        for task in tasks {
            assert!(task.await.expect("its budget holds").len() >= FEW - 1);
        }
    }

    #[test]
    fn that_move_between_threads_keep_their_call_sites_apart() {
        let runtime: Runtime = Builder::new_multi_thread().worker_threads(3).build().expect("a runtime");
        (0..20).for_each(|_| runtime.block_on(of_tasks()));
    }
}

/// The words of a text, each with the lines that it stands in: the sample of docs/guide/budgets.md, whose figures it shows.
fn index(text: &str) -> BTreeMap<String, Vec<usize>> {
    let lines: Vec<String> = text.lines().map(str::to_lowercase).collect();
    let mut words: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (number, line) in lines.iter().enumerate() {
        for word in line.split_whitespace() {
            words.entry(word.to_owned()).or_default().push(number);
        }
    }
    words
}

#[heaplens::budget(peak_bytes == "13.472 kB", total_blocks == 734)]
#[test]
fn the_sample_of_the_guide_needs_what_the_guide_says() {
    assert_eq!(index(&"To be or not to be\n".repeat(100)).len(), 4);
}
