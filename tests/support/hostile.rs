//! Profiles with names that mean something to the formats they are written in.
//!
//! They are made from a fixed sequence of pseudo-random numbers, so that a failure repeats itself.

use heaplens::Profile;
use serde_json::{Value, json};

/// Parts that hostile names are made of: what JSON, folded stacks, XML and terminals give a meaning to.
const PARTS: [&str; 24] = [
    "",
    " ",
    ";",
    "\"",
    "'",
    "\\",
    "<",
    ">",
    "&",
    "]]>",
    "--",
    "\n",
    "\r\n",
    "\0",
    "\u{1b}[2J",
    "\u{9b}",
    "\u{202e}",
    "\u{ffff}",
    "größe",
    "漢字",
    "# ",
    " 12",
    "_[k]",
    "f::<[u8; 8]>",
];

/// The generator of Marsaglia's "Xorshift RNGs" (2003) with his shifts for 64 bits.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }

    fn name(&mut self) -> String {
        (0..self.below(5)).map(|_| PARTS[self.below(PARTS.len())]).collect()
    }
}

/// A sound profile with hostile names, by its file format.
fn profile(seed: u64) -> Profile {
    let mut numbers = Numbers(seed);
    let origins = ["user", "dependency", "runtime", "scope", "marker", "thread"];
    let frames: Vec<Value> = (0..8)
        .map(|number| {
            let mut frame = json!({ "function": numbers.name(), "origin": origins[numbers.below(6)], "line": number });
            if numbers.below(2) == 0 {
                frame["file"] = json!(format!("/home/me/{}.rs", numbers.name()));
            }
            frame
        })
        .collect();
    let mut whole = empty_figures();
    let sites: Vec<Value> = (0..12)
        .map(|_| {
            let stack: Vec<usize> = (0..numbers.below(6)).map(|_| numbers.below(frames.len())).collect();
            let blocks = numbers.below(1000) as u64 + 1;
            let bytes = blocks * (numbers.below(5000) as u64 + 1);
            for (figure, value) in [
                ("total_blocks", blocks),
                ("total_bytes", bytes),
                ("peak_blocks", blocks),
                ("peak_bytes", bytes),
                ("live_blocks", blocks),
                ("live_bytes", bytes),
            ] {
                whole[figure] = json!(whole[figure].as_u64().expect("a figure") + value);
            }
            json!({ "frames": stack, "stats": {
                "total_blocks": blocks, "total_bytes": bytes, "freed_blocks": 0, "freed_bytes": 0,
                "live_at_peak_blocks": blocks, "live_at_peak_bytes": bytes, "temporary_blocks": 0,
            }})
        })
        .collect();
    let header = json!({
        "name": numbers.name(), "command": numbers.name(), "directory": numbers.name(), "pid": 1,
        "started_unix_seconds": u64::MAX, "elapsed_nanoseconds": u64::MAX, "heaplens_version": numbers.name(),
        "overhead_bytes": u64::MAX,
    });
    let text = json!({
        "format": "heaplens-profile", "version": 1, "header": header, "stats": whole,
        "completeness": heaplens::Completeness::default(), "notes": [numbers.name(), numbers.name()],
        "frames": frames, "sites": sites,
    });
    Profile::read_json(text.to_string().as_bytes()).expect("sound figures")
}

/// The figures of a program that allocated nothing, in the form of a profile file.
pub(crate) fn empty_figures() -> Value {
    serde_json::to_value(heaplens::MemoryStats::default()).expect("plain figures")
}

/// Two hundred of them.
pub(crate) fn profiles() -> impl Iterator<Item = Profile> {
    (1..=200_u64).map(|seed| profile(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
}
