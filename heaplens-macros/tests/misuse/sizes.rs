#[heaplens::budget(peak_bytes <= "8 M")]
fn two_ways() {}

#[heaplens::budget(peak_bytes <= "8 KB", live_bytes == "64 k")]
fn two_ways_to_write_kilo() {}

#[heaplens::budget(peak_bytes <= "800")]
fn no_unit() {}

#[heaplens::budget(peak_bytes <= "8 apples")]
fn no_such_unit() {}

#[heaplens::budget(peak_bytes <= "a lot")]
fn no_number() {}

#[heaplens::budget(peak_bytes <= "0.3 KiB")]
fn parts_of_a_byte() {}

#[heaplens::budget(per_item(7, total_blocks <= "8 MiB"))]
fn bytes_for_a_count() {}

fn main() {}
