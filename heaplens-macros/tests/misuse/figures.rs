#[heaplens::budget(peak_byte <= 100)]
fn misspelt() {}

#[heaplens::budget(elephants <= 100, peak <= 100, total_bytes <= 100)]
fn every_mistake_is_told() {}

#[heaplens::budget(each_site(reallocations <= 1), in_crate("a", largest_block_bytes <= 1))]
fn not_recorded_by_call_site() {}

#[heaplens::budget(100 >= peak_bytes)]
fn the_wrong_way_round() {}

#[heaplens::budget(peak_bytes <= 100 total_blocks == 1)]
fn without_a_comma() {}

#[heaplens::budget(per_items(7, peak_bytes <= 100))]
fn no_such_subject() {}

#[heaplens::budget(per_item(7))]
fn no_condition_for_items() {}

#[heaplens::budget(per_item(7, 100 <= peak_bytes))]
fn no_figure_for_items() {}

#[heaplens::budget(each_site(total_blocks <= 1, total_bytes <= 100))]
fn two_conditions_in_one() {}

#[heaplens::budget(in_crate("serde-json", total_blocks == 0))]
fn a_package_and_not_its_crate() {}

fn main() {}
