#[heaplens::budget(peak_bytes <= 100)]
struct NoFunction;

#[heaplens::budget(peak_bytes <= 100)]
const NO_FUNCTION: u64 = 7;

#[heaplens::budget(peak_bytes <= 100)]
mod no_function {}

#[heaplens::budget(peak_bytes <= 100)]
const fn constant() {}

#[heaplens::budget(peak_bytes <= 100)]
fn generic<T>(_: T) {}

#[heaplens::budget(peak_bytes <= 100)]
fn generic_by_a_number<const N: usize>() {}

struct Subject;

impl Subject {
    #[heaplens::budget(peak_bytes <= 100)]
    fn method(&self) {}
}

trait Trait {
    #[heaplens::budget(peak_bytes <= 100)]
    fn without_a_body();
}

#[heaplens::budget(peak_bytes <= 100, warmup = 1)]
fn runs_once(_: String) {}

#[heaplens::budget(peak_bytes <= 100, warmup = 1)]
async fn runs_once_as_well(_: String) {}

#[heaplens::budget(peak_byte <= 100)]
struct TwoMistakes;

fn main() {}
