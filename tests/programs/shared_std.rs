//! A program whose standard library is a shared object, built with `-C prefer-dynamic` (hazard C7): blocks that heaplens
//! never saw reach it to be freed. It says so, stands aside, and the program runs as it would without it.

use std::collections::HashMap;
use std::fs;
use std::thread;

heaplens::install!();

/// Strings, maps, the environment, files and threads: much of it allocated inside of the standard library.
fn work(number: usize) -> usize {
    let variables: HashMap<String, String> =
        std::env::vars_os().map(|(name, value)| (format!("{name:?}"), format!("{value:?}"))).collect();
    let files = fs::read_dir("/proc/self").map_or(0, Iterator::count);
    let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let path = std::env::current_dir().unwrap_or_default().join(number.to_string());
    let mut words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    words.sort();
    words.dedup();
    variables.len() + files + words.len() + path.components().count()
}

fn main() {
    let sums: Vec<usize> = (0..8)
        .map(|number| thread::Builder::new().name(format!("worker {number}")).spawn(move || work(number)))
        .map(|thread| thread.expect("a thread").join().expect("no panic"))
        .collect();
    assert!(sums.iter().all(|sum| *sum > 0));
    let refused = heaplens::try_measure("nothing to see", || ()).err();
    let refused = refused == Some(heaplens::ScopeError::NotInstalled);
    println!("installed: {}, measuring refused: {refused}", heaplens::is_installed());
}
