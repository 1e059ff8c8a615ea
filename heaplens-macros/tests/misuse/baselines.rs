#[heaplens::baseline(peak_bytes <= 100)]
fn a_limit() {}

#[heaplens::baseline(peak_bytes = "5 parts")]
fn no_size() {}

#[heaplens::baseline(peak_bytes = "5 MB", total_blocks = "5 kB")]
fn bytes_of_a_count() {}

#[heaplens::baseline(total_blocks = "-1 %")]
fn no_share() {}

#[heaplens::baseline(moved_bytes = "5 %")]
fn not_kept() {}

#[heaplens::baseline(peak = "5 %")]
fn misspelt() {}

#[heaplens::baseline("5 %")]
fn of_nothing() {}

#[heaplens::baseline(warmup = 1, warmup = 2)]
fn warm_twice() {}

#[heaplens::baseline]
fn with_an_argument(_: u64) {}

#[heaplens::baseline]
#[rstest::rstest]
#[case(1)]
fn above_rstest(#[case] _number: u64) {}

#[heaplens::baseline]
struct NoFunction;

fn main() {}
