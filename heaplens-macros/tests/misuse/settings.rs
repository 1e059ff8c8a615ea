#[heaplens::budget]
fn nothing() {}

#[heaplens::budget()]
fn nothing_in_parentheses() {}

#[heaplens::budget(warmup = 1)]
fn no_condition() {}

#[heaplens::budget(peak_bytes <= 100, warmup = "1")]
fn a_text() {}

#[heaplens::budget(peak_bytes <= 100, warmup = -1)]
fn a_negative_number() {}

#[heaplens::budget(peak_bytes <= 100, warmup = 1.0)]
fn no_whole_number() {}

#[heaplens::budget(peak_bytes <= 100, warmup = 9_000_000_000)]
fn too_often() {}

#[heaplens::budget(peak_bytes <= 100, warmup = RUNS)]
fn a_constant() {}

#[heaplens::budget(warmup = 1, peak_bytes <= 100, warmup = 2)]
fn twice() {}

#[heaplens::budget(peak_bytes <= 100, warm_up = 1)]
fn no_such_setting() {}

fn main() {}
