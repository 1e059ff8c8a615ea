//! The work that is timed, the same source in every variant of the allocator.
//!
//! A worker process runs one workload: once to warm up, then several times, and prints the median in nanoseconds.

use std::collections::{BTreeMap, HashMap};
use std::hint::black_box;
use std::time::Instant;

/// Timed runs of one process, after one that is not counted.
const RUNS: usize = 5;

/// Runs the workload that the arguments name: `<workload> [source file for syn]`.
pub(crate) fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let name = arguments.get(1).map_or("", String::as_str);
    // `cargo bench` starts every bench binary with `--bench`; the workers have nothing to say then.
    let Some(mut work) = workload(name, arguments.get(2).map(String::as_str)) else { return };
    work();
    let mut times: Vec<u128> = (0..RUNS)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed().as_nanos()
        })
        .collect();
    times.sort_unstable();
    println!("{}", times[RUNS / 2]);
}

fn workload(name: &str, source: Option<&str>) -> Option<Box<dyn FnMut()>> {
    Some(match name {
        "ring" => Box::new(|| ring(2_000_000)),
        "ring-two-threads" => Box::new(|| {
            std::thread::scope(|scope| {
                for _ in 0..2 {
                    scope.spawn(|| ring(2_000_000));
                }
            });
        }),
        "json" => {
            let text = json_text(3_000_000);
            Box::new(move || drop(black_box(serde_json::from_str::<serde_json::Value>(&text))))
        }
        "syn" | "syn-table" => {
            let text = std::fs::read_to_string(source?).ok()?;
            Box::new(move || drop(black_box(syn::parse_file(&text))))
        }
        "string-map" => Box::new(string_map),
        "hash-map" => Box::new(hash_map),
        "boxes" => Box::new(boxes),
        _ => return None,
    })
}

/// Replaces blocks of 16 to 527 bytes in a ring of 1,024.
fn ring(steps: usize) {
    let mut ring: Vec<Vec<u8>> = (0..1_024).map(|_| Vec::new()).collect();
    let mut random = Random(7);
    for _ in 0..steps {
        let number = random.next();
        ring[number as usize % 1_024] = Vec::with_capacity(16 + (number >> 32) as usize % 512);
    }
    black_box(ring);
}

/// Inserts and removes strings under strings.
fn string_map() {
    let mut map = BTreeMap::new();
    let mut random = Random(11);
    for step in 0..150_000_u64 {
        let key = random.next() % 20_000;
        if step % 3 == 2 {
            map.remove(&format!("key {key}"));
        } else {
            map.insert(format!("key {key}"), format!("value {step}"));
        }
    }
    black_box(map);
}

/// Grows and drops vectors under numbers, and sorts what is left.
fn hash_map() {
    let mut map: HashMap<u64, Vec<u64>> = HashMap::new();
    let mut random = Random(13);
    for step in 0..200_000_u64 {
        let key = random.next() % 4_096;
        if step % 16 == 0 {
            map.remove(&key);
        } else {
            map.entry(key).or_default().push(step);
        }
    }
    let mut lengths: Vec<usize> = map.values().map(Vec::len).collect();
    lengths.sort();
    black_box(lengths);
}

/// Fills and drops a vector of boxes.
fn boxes() {
    for round in 0..20_u64 {
        let boxes: Vec<Box<[u64; 4]>> = (0..20_000).map(|number| Box::new([number + round; 4])).collect();
        black_box(boxes);
    }
}

fn json_text(bytes: usize) -> String {
    let mut text = String::from("[");
    let mut random = Random(17);
    while text.len() < bytes {
        let number = random.next();
        text.push_str(&format!(
            "{{\"id\":{},\"name\":\"item {}\",\"tags\":[\"a{}\",\"b\",\"c\"],\"at\":{{\"x\":{}.5,\"y\":-{}}},\"on\":true}},",
            number % 1_000_000,
            number % 977,
            number % 31,
            number % 1_009,
            number % 503
        ));
    }
    text.push_str("null]");
    text
}

/// SplitMix64: <https://prng.di.unimi.it/splitmix64.c>.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }
}
