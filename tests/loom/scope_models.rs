//! Frees from other threads against the end of a scope and the next use of its record.

use crate::foreign::ForeignWord;
use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

const GENERATION: u32 = 8_192;

fn word() -> Arc<ForeignWord> {
    Arc::new(ForeignWord::of_generation(GENERATION))
}

#[test]
fn a_free_beside_the_close_counts_once() {
    const OWNED: u64 = 10;
    loom::model(|| {
        let word = word();
        let frees = {
            let word = word.clone();
            thread::spawn(move || word.free(GENERATION, 3).expect("the record is still ours"))
        };
        let freed_before = word.close(OWNED);
        frees.join().unwrap();
        let left = word.read();
        assert!(left.closed);
        assert!(freed_before == 0 || freed_before == 3);
        assert_eq!(left.amount, OWNED - 3, "freed before the close or after it, but not lost");
    });
}

#[test]
fn two_frees_are_both_counted() {
    loom::model(|| {
        let word = word();
        let frees = {
            let word = word.clone();
            thread::spawn(move || word.free(GENERATION, 3).is_some())
        };
        assert!(word.free(GENERATION, 4).is_some());
        assert!(frees.join().unwrap());
        assert_eq!(word.close(10), 7);
    });
}

#[test]
fn a_late_free_never_debits_the_next_generation() {
    loom::model(|| {
        let word = word();
        let frees = {
            let word = word.clone();
            thread::spawn(move || word.free(GENERATION, 3).is_some())
        };
        word.close(10);
        word.renew(GENERATION + 1);
        frees.join().unwrap();
        let next = word.read();
        assert_eq!((next.generation, next.closed, next.amount), (GENERATION + 1, false, 0));
    });
}

#[test]
fn exactly_one_of_the_last_frees_drains_the_scope() {
    loom::model(|| {
        let word = word();
        word.close(2);
        let last = |word: &ForeignWord| word.free(GENERATION, 1).expect("the record is still ours").amount == 0;
        let theirs = {
            let word = word.clone();
            thread::spawn(move || last(&word))
        };
        let mine = last(&word);
        assert!(mine != theirs.join().unwrap(), "one of them, and not both");
    });
}

/// Who frees a block first reads the record (for the scope around it) and then counts the free; the owner who sees the
/// scope drained writes the record anew.
#[test]
fn a_drained_record_is_written_anew_only_after_its_last_reader() {
    const AROUND: u32 = 5;
    loom::model(|| {
        let record = Arc::new((ForeignWord::of_generation(GENERATION), UnsafeCell::new(AROUND)));
        record.0.close(1);
        // The thread that only looks is the second one: loom tries the looks before a change from those after it.
        let owner = {
            let record = record.clone();
            thread::spawn(move || {
                let word = record.0.read();
                if word.closed && word.amount == 0 {
                    // SAFETY: nobody reads a drained record. loom checks it.
                    record.1.with_mut(|around| unsafe { *around = 0 });
                }
            })
        };
        // SAFETY: read only while the block is live. loom checks that nobody writes meanwhile.
        let around = record.1.with(|around| unsafe { *around });
        assert_eq!(around, AROUND);
        assert!(record.0.free(GENERATION, 1).is_some());
        owner.join().unwrap();
    });
}
