#[heaplens::budget(peak_bytes = 100)]
fn one_equals_sign() {}

#[heaplens::budget(peak_bytes != 100)]
fn unequal() {}

#[heaplens::budget(peak_bytes =< 100)]
fn letters_turned() {}

#[heaplens::budget(peak_bytes => 100)]
fn an_arrow() {}

#[heaplens::budget(peak_bytes << 100)]
fn doubled() {}

#[heaplens::budget(peak_bytes)]
fn no_operator() {}

#[heaplens::budget(peak_bytes <= , total_blocks == 1)]
fn no_limit() {}

#[heaplens::budget(each_site(peak_bytes + 100))]
fn inside() {}

fn main() {}
