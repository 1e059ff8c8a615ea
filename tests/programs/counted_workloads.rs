//! Small deterministic workloads that say what heaplens counted, for a comparison with another tool that watches the
//! same process from outside (`ci/valgrind.sh`).
//!
//! ```text
//! counted_workloads <growing|map|tree> <size>
//! ```
//!
//! prints blocks, bytes and reallocations.

use std::collections::BTreeMap;
use std::hint::black_box;

heaplens::install!();

/// Vectors and strings that grow by doubling, and shrink once.
fn growing(size: u64) {
    for length in 0..size {
        let mut numbers: Vec<u64> = (0..length).filter(|number| number % 3 != 0).collect();
        numbers.shrink_to_fit();
        let mut text = String::new();
        (0..length).for_each(|number| text.push_str(if number % 2 == 0 { "even" } else { "odd" }));
        black_box((numbers, text));
    }
}

/// A map whose entries come and go.
fn map(size: u64) {
    let mut map: BTreeMap<u64, Box<[u8]>> = BTreeMap::new();
    for number in 0..size * 50 {
        // Multiplying by an odd number visits the keys in another order.
        map.insert(number.wrapping_mul(2_654_435_761) % 1_000, vec![0; (number % 40) as usize].into());
        if number % 3 == 0 {
            map.remove(&(number % 1_000));
        }
    }
    black_box(map);
}

/// A binary tree, each node in a box.
#[derive(Default)]
struct Tree {
    left: Option<Box<Tree>>,
    right: Option<Box<Tree>>,
    label: String,
}

fn tree(size: u64) {
    let mut root = Tree::default();
    for number in 1..size * 20 {
        let mut place = &mut root;
        let mut path = number.wrapping_mul(0x9E37_79B9) & 0xFFF;
        while path > 1 {
            let next = if path & 1 == 0 { &mut place.left } else { &mut place.right };
            place = next.get_or_insert_with(Box::default);
            path >>= 1;
        }
        place.label = number.to_string();
    }
    black_box(root);
}

fn main() -> Result<(), String> {
    let words: Vec<String> = std::env::args().collect();
    let [_, workload, size] = words.as_slice() else { return Err("say which workload, and its size".to_owned()) };
    let size = size.parse().map_err(|error| format!("{size}: {error}"))?;
    match workload.as_str() {
        "growing" => growing(size),
        "map" => map(size),
        "tree" => tree(size),
        other => return Err(format!("{other} is none of growing, map, tree")),
    }
    let stats = heaplens::stats();
    println!("{} {} {}", stats.total_blocks, stats.total_bytes, stats.reallocations);
    Ok(())
}
