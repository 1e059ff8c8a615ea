//! Work as real programs do it: a parser, documents, trees and tables, sorting; on one thread and on two.

use crate::quota::Quota;
use crate::random::Random;
use serde_json::{Value, json};
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::thread;

/// Parses the sources of heaplens, file by file, into syntax trees.
pub(crate) fn syntax_trees(quota: &Quota) {
    let mut sources = Vec::new();
    read_sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../src"), &mut sources);
    assert!(!sources.is_empty(), "there are sources to parse");
    for source in sources.iter().cycle().take_while(|_| quota.is_left()) {
        drop(black_box(syn::parse_file(source).expect("a source file that compiles")));
    }
}

fn read_sources(folder: &Path, sources: &mut Vec<String>) {
    let entries = fs::read_dir(folder).expect("a folder of sources");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry of the folder").path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            read_sources(&path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push(fs::read_to_string(path).expect("a source file"));
        }
    }
}

/// Builds documents, writes them and reads them back.
pub(crate) fn documents(quota: &Quota) {
    let mut random = Random::of_seed(quota.seed());
    while quota.is_left() {
        let document = document(&mut random, 4);
        let text = serde_json::to_string(&document).expect("a document is written");
        let read: Value = serde_json::from_str(&text).expect("what was written is read");
        assert!(document == read, "a document comes back as it was");
    }
}

fn document(random: &mut Random, levels: usize) -> Value {
    match random.below(if levels == 0 { 3 } else { 6 }) {
        0 => json!(random.below(1_000_000)),
        1 => json!(format!("text {}", random.below(1_000))),
        2 => json!(null),
        3 => (0..random.below(6)).map(|_| document(random, levels - 1)).collect(),
        _ => (0..random.below(8)).map(|n| (format!("key {n}"), document(random, levels - 1))).collect(),
    }
}

/// Inserts into a search tree and a hash table and removes from them, at random.
pub(crate) fn maps(quota: &Quota) {
    let mut random = Random::of_seed(quota.seed());
    let mut tree: BTreeMap<String, String> = BTreeMap::new();
    let mut table: HashMap<u64, Vec<u64>> = HashMap::new();
    while quota.is_left() {
        for _ in 0..256 {
            let key = random.below(2_000);
            if random.once_in(3) {
                tree.remove(&format!("{key}"));
                table.remove(&(key as u64));
            } else {
                tree.insert(format!("{key}"), format!("value {key}"));
                table.entry(key as u64).or_default().push(random.number());
            }
        }
    }
    black_box((tree, table));
}

/// Sorts words by a key that is made anew for each comparison.
pub(crate) fn sorting(quota: &Quota) {
    let mut random = Random::of_seed(quota.seed());
    while quota.is_left() {
        let count = random.size(8);
        let mut words: Vec<String> = (0..count).map(|_| format!("Word {}", random.below(500))).collect();
        words.sort_by_key(|word| word.to_lowercase());
        words.sort_unstable_by_key(|word| Reverse(word.to_uppercase()));
        words.dedup();
        black_box(words.join(", "));
    }
}

/// Documents on one thread, and trees and tables on another beside it.
pub(crate) fn two_threads(quota: &Quota) {
    thread::scope(|scope| {
        let beside = scope.spawn(|| maps(quota));
        documents(quota);
        beside.join().expect("the other thread ends well");
    });
}
