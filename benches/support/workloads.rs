//! The work that is timed, the same source in every variant of the allocator.

use std::collections::{BTreeMap, HashMap};
use std::hint::black_box;

/// Frames that `syn-deep` puts below its work.
const DEEPER: usize = 100;

/// The work of a name, or nothing if no work has it. `source` is the file that the workloads with `syn` parse; the
/// others do one part in `divisor` of their full size.
pub(crate) fn named(name: &str, source: Option<&str>, divisor: usize) -> Option<Box<dyn FnMut()>> {
    Some(match name {
        "ring" => Box::new(move || ring(2_000_000 / divisor)),
        "ring-two-threads" => Box::new(move || on_two_threads(&|| ring(2_000_000 / divisor))),
        "json" => {
            let text = json_text(3_000_000 / divisor);
            Box::new(move || json(&text))
        }
        "syn" | "syn-table" => {
            let text = std::fs::read_to_string(source?).ok()?;
            Box::new(move || syn(&text))
        }
        "syn-deep" => {
            let text = std::fs::read_to_string(source?).ok()?;
            Box::new(move || deeper(DEEPER, &|| syn(&text)))
        }
        "string-map" => Box::new(move || string_map(150_000 / divisor)),
        "hash-map" => Box::new(move || hash_map(200_000 / divisor)),
        "boxes" => Box::new(move || boxes(20_000 / divisor)),
        "two-threads" => {
            let text = json_text(3_000_000 / divisor);
            Box::new(move || on_two_threads(&|| mixed(&text, divisor)))
        }
        _ => return None,
    })
}

fn on_two_threads(work: &(dyn Fn() + Sync)) {
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(work);
        }
    });
}

/// Does the work that many calls further down. Each call has something left to do, so that each keeps its frame.
#[inline(never)]
fn deeper(calls: usize, work: &dyn Fn()) {
    if calls == 0 {
        work();
    } else {
        deeper(calls - 1, work);
    }
    black_box(calls);
}

fn mixed(text: &str, divisor: usize) {
    boxes(20_000 / divisor);
    json(text);
    string_map(150_000 / divisor);
}

fn syn(text: &str) {
    drop(black_box(syn::parse_file(text)));
}

fn json(text: &str) {
    drop(black_box(serde_json::from_str::<serde_json::Value>(text)));
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
fn string_map(steps: usize) {
    let mut map = BTreeMap::new();
    let mut random = Random(11);
    for step in 0..steps {
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
fn hash_map(steps: usize) {
    let mut map: HashMap<u64, Vec<u64>> = HashMap::new();
    let mut random = Random(13);
    for step in 0..steps as u64 {
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

/// Fills and drops a vector of boxes, twenty times.
fn boxes(count: usize) {
    for round in 0..20_u64 {
        let boxes: Vec<Box<[u64; 4]>> = (0..count as u64).map(|number| Box::new([number + round; 4])).collect();
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
