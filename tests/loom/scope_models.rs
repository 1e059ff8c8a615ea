//! Frees from other threads against the end of a scope and the next use of its record, a scope that becomes that of several
//! threads, and who is the last to need a record.

use crate::foreign::ForeignWord;
use crate::scope_life::Life;
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
        let live_at_close = word.close(OWNED, true);
        frees.join().unwrap();
        let left = word.read();
        assert!(left.closed);
        assert!(live_at_close == OWNED || live_at_close == OWNED - 3);
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
        assert_eq!(word.close(10, true), 3);
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
        word.close(10, true);
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
        word.close(2, true);
        let last = |word: &ForeignWord| word.free(GENERATION, 1).expect("the record is still ours").amount == 1;
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
        record.0.close(1, true);
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

/// The one thread inside makes the scope a shared one beside a late free, lets a second thread in, and both allocate.
#[test]
fn what_is_live_survives_the_hand_over_from_one_thread_to_two() {
    loom::model(|| {
        let word = word();
        let frees = {
            let word = word.clone();
            thread::spawn(move || word.free(GENERATION, 4).is_some())
        };
        // What the one thread has left of its own plain figures, in which the four are.
        word.share(10);
        let inside = {
            let word = word.clone();
            thread::spawn(move || word.allocate(3).expect("the scope is open"))
        };
        word.allocate(5).expect("the scope is open");
        inside.join().unwrap();
        assert!(frees.join().unwrap());
        assert_eq!(word.close(0, true), 10 - 4 + 3 + 5);
    });
}

/// A thread inside allocates beside the close: the block counts on one side of it, and the last free is told once.
#[test]
fn an_allocation_beside_the_close_counts_on_one_side() {
    loom::model(|| {
        let word = word();
        word.share(0);
        let inside = {
            let word = word.clone();
            thread::spawn(move || match word.allocate(1) {
                Some(_) => true,
                None => {
                    word.hold(GENERATION, 1).expect("the record is still ours");
                    false
                }
            })
        };
        let live = word.close(0, true);
        let was_open = inside.join().unwrap();
        assert_eq!(live == 1, was_open);
        assert_eq!(word.free(GENERATION, 1).expect("the record is still ours").amount, 1, "it is the last one");
    });
}

#[test]
fn exactly_one_of_those_who_let_go_is_the_last() {
    loom::model(|| {
        let life = Arc::new((Life::of_generation(GENERATION), UnsafeCell::new(0)));
        life.0.enter();
        let other = life.clone();
        let theirs = thread::spawn(move || {
            let last = other.0.leave();
            if last {
                // SAFETY: nobody else refers to the record. loom checks it.
                other.1.with_mut(|record| unsafe { *record += 1 });
            }
            last
        });
        // SAFETY: the other thread has no reason to write as long as this one has a hold. loom checks it.
        life.1.with(|record| unsafe { *record });
        let mine = life.0.release();
        if mine {
            // SAFETY: as above.
            life.1.with_mut(|record| unsafe { *record += 1 });
        }
        assert!(mine != theirs.join().unwrap(), "one of them, and not both");
    });
}

/// Who has no hold gets one only while the record is that scope's, and it stays that scope's until the hold is given up.
#[test]
fn a_hold_is_never_had_on_a_record_that_was_given_up() {
    loom::model(|| {
        let life = Arc::new((Life::of_generation(GENERATION), UnsafeCell::new(0)));
        let other = life.clone();
        let theirs = thread::spawn(move || {
            if !other.0.try_hold(GENERATION) {
                return false;
            }
            // SAFETY: nobody writes what somebody has a hold on. loom checks it.
            other.1.with(|record| unsafe { *record });
            let last = other.0.release();
            if last {
                // SAFETY: nobody else refers to the record. loom checks it.
                other.1.with_mut(|record| unsafe { *record += 1 });
            }
            last
        });
        let mine = life.0.release();
        if mine {
            // SAFETY: as above.
            life.1.with_mut(|record| unsafe { *record += 1 });
        }
        assert!(mine != theirs.join().unwrap(), "the record is given up once");
        life.0.end(GENERATION + 1);
        assert!(!life.0.try_hold(GENERATION) && !life.0.try_hold(GENERATION + 1), "nobody has opened it");
    });
}
