//! Handing out numbers: thread slots, and scope records.

use crate::sys::free_bits::FreeBits;
use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

/// A slot that has one owner at a time, as long as the set gives its number to one at a time.
struct Slot {
    free: FreeBits<1>,
    figure: UnsafeCell<u32>,
}

impl Slot {
    /// A slot whose last owner wrote `figure`.
    fn left_with(figure: u32) -> Arc<Self> {
        let slot = Self { free: FreeBits::new(), figure: UnsafeCell::new(figure) };
        slot.free.put(0);
        Arc::new(slot)
    }

    /// Owns the slot for one change, if it is free, and returns what was there before.
    fn use_once(&self) -> Option<u32> {
        let number = self.free.take(0)?;
        // SAFETY: the slot is ours until it is put back. loom checks that nobody else is at it.
        let before = self.figure.with_mut(|figure| unsafe { core::mem::replace(&mut *figure, *figure + 1) });
        self.free.put(number);
        Some(before)
    }
}

#[test]
fn what_the_last_owner_wrote_is_seen_by_the_next() {
    loom::model(|| {
        let slot = Slot::left_with(10);
        let other = slot.clone();
        let theirs = thread::spawn(move || other.use_once());
        let mine = slot.use_once();
        let mut seen: Vec<u32> = [mine, theirs.join().unwrap()].into_iter().flatten().collect();
        seen.sort_unstable();
        assert!(seen == [10] || seen == [10, 11], "{seen:?}");
    });
}

#[test]
fn two_takers_never_get_the_same_number() {
    loom::model(|| {
        let set = Arc::new(FreeBits::<1>::new());
        set.put(3);
        set.put(5);
        let other = set.clone();
        let theirs = thread::spawn(move || other.take(0));
        let mine = set.take(0);
        let theirs = theirs.join().unwrap();
        assert_eq!((mine.is_some(), theirs.is_some()), (true, true), "there is one for each");
        assert_ne!(mine, theirs);
        assert_eq!(set.take(0), None);
    });
}

#[test]
fn a_number_put_beside_a_taker_is_not_lost() {
    loom::model(|| {
        let set = Arc::new(FreeBits::<1>::new());
        set.put(3);
        let other = set.clone();
        let puts = thread::spawn(move || other.put(5));
        let first = set.take(0).expect("one was there");
        puts.join().unwrap();
        let second = set.take(0).expect("one was put");
        assert_eq!(first + second, 8);
    });
}
