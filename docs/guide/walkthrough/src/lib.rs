//! How much two texts have in common: by the sets of their runs of three letters.

use std::collections::HashSet;

/// The runs of three letters of a text.
pub fn shingles(text: &str) -> Vec<[char; 3]> {
    let letters = letters(text);
    let mut shingles = Vec::new();
    for window in letters.windows(3) {
        shingles.push([window[0], window[1], window[2]]);
    }
    shingles
}

fn letters(text: &str) -> Vec<char> {
    let mut letters = Vec::new();
    for letter in text.chars() {
        letters.push(letter);
    }
    letters
}

/// The part of all runs that two texts share, from 0 to 1.
pub fn similarity(one: &str, other: &str) -> f64 {
    let one: HashSet<[char; 3]> = shingles(one).into_iter().collect();
    let other: HashSet<[char; 3]> = shingles(other).into_iter().collect();
    let shared = one.intersection(&other).count();
    shared as f64 / (one.len() + other.len() - shared).max(1) as f64
}
