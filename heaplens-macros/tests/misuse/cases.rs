use rstest::rstest;

#[heaplens::budget(peak_bytes <= 100, warmup = 1)]
#[rstest]
#[case(1)]
fn cases_with_arguments(#[case] _number: u64) {}

#[heaplens::budget(peak_bytes <= 100)]
#[rstest]
#[should_panic]
#[case(1)]
#[case(2)]
fn one_case_panics(#[case] _number: u64) {}

fn main() {}
