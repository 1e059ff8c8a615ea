//! From the hash of a path to the number of its site, most of the time: a table in front of the call tree.
//!
//! ```text
//! bucket (one cache line): 8 words       word: upper 42 bits of the hash | site 22
//! ```
//!
//! It may forget and it may propose a wrong site; whoever asks compares the site's path with its own, frame by frame. So
//! nothing has to be moved when the table grows: a larger one begins empty and is filled by the lookups that miss.

use super::tag::MAX_SITES;
use crate::sys::arena::{self, Zeroed};
use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering};

const BUCKET_WORDS: usize = 8;
const SITE_MASK: u64 = MAX_SITES as u64 - 1;
const FIRST_BYTES: usize = 16 << 10;
const LARGEST_BYTES: usize = 4 << 20;
/// Each table is larger than the last by this factor.
const GROWTH: usize = 2;

/// A table.
struct Head {
    /// Number of buckets minus one; a power of two of them.
    mask: usize,
    buckets: *const Bucket,
    /// Words that were filled.
    filled: AtomicU32,
}

/// One cache line.
#[repr(C, align(64))]
struct Bucket([AtomicU64; BUCKET_WORDS]);

// SAFETY: integers, valid when zero, without a destructor.
unsafe impl Zeroed for Bucket {}

/// The table in use; null before the first site.
static TABLE: AtomicPtr<Head> = AtomicPtr::new(ptr::null_mut());

/// A site under this hash that `is_it` accepts.
#[cfg_attr(not(debug_assertions), inline(always))]
pub(super) fn find(hash: u64, mut is_it: impl FnMut(u32) -> bool) -> Option<u32> {
    let bucket = bucket_of(table()?, hash);
    for turn in 0..BUCKET_WORDS {
        let word = bucket.0[place_in_bucket(hash, turn)].load(Ordering::Relaxed);
        if word == 0 {
            return None;
        }
        let site = (word & SITE_MASK) as u32;
        if (word ^ hash) & !SITE_MASK == 0 && is_it(site) {
            return Some(site);
        }
    }
    None
}

/// Makes [`find`] propose a site for this hash.
#[cold]
pub(super) fn insert(hash: u64, site: u32) {
    let Some(head) = table_with_room() else { return };
    let bucket = bucket_of(head, hash);
    let word = hash & !SITE_MASK | u64::from(site);
    for turn in 0..BUCKET_WORDS {
        let place = &bucket.0[place_in_bucket(hash, turn)];
        // ORDERING: Relaxed, as the word is complete in itself: the site's entry is published by its own table.
        match place.compare_exchange(0, word, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => {
                head.filled.fetch_add(1, Ordering::Relaxed);
                return;
            }
            Err(known) if known == word => return,
            Err(_) => {}
        }
    }
    bucket.0[place_in_bucket(hash, 0)].store(word, Ordering::Relaxed);
}

#[inline(always)]
fn place_in_bucket(hash: u64, turn: usize) -> usize {
    ((hash >> 61) as usize ^ turn) % BUCKET_WORDS
}

#[inline(always)]
fn table() -> Option<&'static Head> {
    // ORDERING: Acquire, pairs with the Release in `replace`: the head is written.
    // SAFETY: null, or a piece of the arena that is filled in and lives for ever.
    unsafe { TABLE.load(Ordering::Acquire).as_ref() }
}

#[inline(always)]
fn bucket_of(head: &'static Head, hash: u64) -> &'static Bucket {
    // SAFETY: `replace` gave the table so many buckets, which live for ever.
    unsafe { &*head.buckets.wrapping_add(hash as usize & head.mask) }
}

/// The table, a larger one if it is three quarters full; the one at hand if there is no memory for it.
fn table_with_room() -> Option<&'static Head> {
    let Some(head) = table() else { return replace(ptr::null_mut(), FIRST_BYTES) };
    let words = (head.mask + 1) * BUCKET_WORDS;
    let bytes = words * size_of::<u64>() * GROWTH;
    if (head.filled.load(Ordering::Relaxed) as usize) < words / 4 * 3 || bytes > LARGEST_BYTES {
        return Some(head);
    }
    replace(ptr::from_ref(head).cast_mut(), bytes).or(Some(head))
}

/// Puts an empty table in the place of the one at hand. `None` if there is no memory.
#[cold]
fn replace(old: *mut Head, bytes: usize) -> Option<&'static Head> {
    let buckets = arena::take_bytes(bytes)?.cast::<Bucket>().as_ptr();
    let head = arena::take_bytes(size_of::<Head>())?.cast::<Head>().as_ptr();
    let mask = bytes / size_of::<Bucket>() - 1;
    // SAFETY: the piece is large enough for a head and nobody else's.
    unsafe { head.write(Head { mask, buckets, filled: AtomicU32::new(0) }) };
    // ORDERING: Release, pairs with the Acquire in `table`. The pieces of a thread that loses the race stay unused.
    let _ = TABLE.compare_exchange(old, head, Ordering::Release, Ordering::Relaxed);
    table()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_inserted_is_proposed_or_forgotten_but_never_changed() {
        let hash_of = |site: u32| u64::from(site).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let sites = 3..20_000;
        for site in sites.clone() {
            insert(hash_of(site), site);
        }
        let is_found = |site: &u32| find(hash_of(*site), |proposed| proposed == *site).is_some();
        // A table that grew is empty; the lookups that miss fill it.
        for _ in 0..3 {
            sites.clone().filter(|site| !is_found(site)).for_each(|site| insert(hash_of(site), site));
        }
        let found = sites.clone().filter(is_found).count();
        assert!(found > sites.len() * 99 / 100, "{found} of {}", sites.len());
        assert_eq!(find(hash_of(3), |_| false), None);
    }
}
