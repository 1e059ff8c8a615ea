//! Work on the test's own thread: every figure of every scope equals that of a naive model.

use crate::ledger::{Block, Ledger};
use crate::neighbour::Ends;
use crate::other_thread::OtherThread;
use crate::own::Own;
use crate::random::Random;
use heaplens::{MemoryScope, profile_memory_usage};
use std::array;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// How often a test does its work.
pub(crate) const ROUNDS: usize = 4;

/// Allocates and frees in one scope.
pub(crate) fn plain(own: Own) {
    let mut books = Ledger::new();
    let scope = books.open("plain");
    let first = books.allocate(own.bytes());
    let second = books.allocate(3 * own.bytes());
    books.free(first);
    let third = books.allocate(2 * own.bytes());
    books.free(third);
    thread::yield_now();
    let kept = books.allocate(5 * own.bytes());
    books.free(second);
    books.close(scope);
    books.free(kept);
}

/// Scopes in scopes: the inner ones free blocks of the outer ones and leave some of their own.
pub(crate) fn nested(own: Own) {
    let mut books = Ledger::new();
    let outer = books.open("outer");
    let outers = books.allocate(3 * own.bytes());
    let middle = books.open("middle");
    let middles = books.allocate(7 * own.bytes());
    let inner = books.open("inner");
    let left = books.allocate(own.bytes());
    books.free(outers);
    books.free(middles);
    books.close(inner);
    thread::yield_now();
    let beside = books.open("beside");
    let temporary = books.allocate(2 * own.bytes());
    books.free(temporary);
    books.free(left);
    books.close(beside);
    books.close(middle);
    books.close(outer);
}

/// Another thread frees blocks of the scope, while it is open and afterwards.
pub(crate) fn freed_on_another_thread(own: Own) {
    let other = OtherThread::start();
    let mut books = Ledger::new();
    let outer = books.open("outer");
    let inner = books.open("given away");
    let [first, second, third]: [Block; 3] = array::from_fn(|index| books.allocate((index + 1) * own.bytes()));
    books.free_elsewhere(third, |block| other.free(block));
    let fourth = books.allocate(2 * own.bytes());
    books.free_elsewhere(first, |block| other.free(block));
    books.close(inner);
    books.free_elsewhere(second, |block| other.free(block));
    books.close(outer);
    books.free_elsewhere(fourth, |block| other.free(block));
}

/// A child returns blocks and is over when they go; another one has its place by then.
pub(crate) fn outliving_blocks(own: Own) {
    let mut books = Ledger::new();
    let outer = books.open("outer");
    let returned: [Block; 6] = array::from_fn(|index| {
        let child = books.open("child");
        let block = books.allocate((index + 1) * own.bytes());
        books.close(child);
        block
    });
    let [first, second, rest @ ..] = returned;
    books.free(first);
    let last = books.open("last child");
    let own_block = books.allocate(9 * own.bytes());
    books.free(second);
    books.free(own_block);
    books.close(last);
    rest.into_iter().for_each(|block| books.free(block));
    books.close(outer);
}

/// Grows and shrinks its own blocks, one of the scope around, and one of nobody.
pub(crate) fn reallocations(own: Own) {
    let mut books = Ledger::new();
    let mut nobodys = books.allocate(own.bytes());
    let outer = books.open("outer");
    let mut outers = books.allocate(2 * own.bytes());
    let inner = books.open("inner");
    let mut inners = books.allocate(4 * own.bytes());
    books.resize(&mut inners, 11 * own.bytes());
    books.resize(&mut outers, 6 * own.bytes());
    books.resize(&mut nobodys, 3 * own.bytes());
    books.resize(&mut inners, own.bytes());
    books.free(inners);
    books.close(inner);
    books.resize(&mut outers, own.bytes());
    books.free(outers);
    books.close(outer);
    books.free(nobodys);
}

/// Leaves work out of two scopes, which opens one of its own.
pub(crate) fn excluded(own: Own) {
    let mut books = Ledger::new();
    let outer = books.open("outer");
    let inner = books.open("inner");
    let inners = books.allocate(3 * own.bytes());
    let not_counted = books.outside(|books| {
        let block = books.allocate(8 * own.bytes());
        let alone = books.open("outermost");
        let its_own = books.allocate(2 * own.bytes());
        books.free(inners);
        books.free(its_own);
        books.close(alone);
        block
    });
    let more = books.allocate(own.bytes());
    books.free(not_counted);
    books.close(inner);
    books.free(more);
    books.close(outer);
}

/// A panic closes two scopes; the one around them stays exact. The message and its like are left out.
pub(crate) fn panics(own: Own) {
    let mut books = Ledger::new();
    let outer = books.open("outer");
    let mut left = None;
    let caught = panic::catch_unwind(AssertUnwindSafe(|| {
        let places = [books.enter(), books.enter()];
        let _middle = MemoryScope::enter("middle");
        let _inner = MemoryScope::enter("inner");
        left = Some(books.allocate(6 * own.bytes()));
        books.abandon(places[1]);
        books.abandon(places[0]);
        heaplens::exclude(|| panic!("a test that fails in the middle of its scopes"));
    }));
    drop(caught.expect_err("it panicked"));
    let more = books.allocate(own.bytes());
    books.free(left.expect("it was allocated before the panic"));
    books.free(more);
    books.close(outer);
}

/// Measures beside a thread that panics in the middle of its scope, again and again.
pub(crate) fn beside_panics(own: Own) {
    let over = AtomicBool::new(false);
    thread::scope(|threads| {
        let _ends = Ends(&over);
        threads.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                let caught = panic::catch_unwind(|| {
                    let _scope = MemoryScope::enter("a sibling that fails");
                    let _block = own.large_block();
                    panic::resume_unwind(Box::new(()));
                });
                assert!(caught.is_err());
                thread::yield_now();
            }
        });
        for _ in 0..10 {
            plain(own);
            nested(own);
        }
    });
}

/// The memory before and after tells what the work needed, whatever the process does meanwhile.
pub(crate) fn before_and_after(own: Own) {
    let mut books = Ledger::new();
    let place = books.enter();
    let (kept, before, after) = profile_memory_usage("usage", || {
        let first = books.allocate(4 * own.bytes());
        thread::yield_now();
        let second = books.allocate(own.bytes());
        books.free(first);
        second
    });
    books.abandon(place);
    let used = books.figures(place);
    assert_eq!(after.peak_bytes - before.peak_bytes, used.peak_bytes);
    assert_eq!(after.peak_blocks - before.peak_blocks, used.peak_blocks);
    assert_eq!(after.live_bytes - before.live_bytes, used.live_bytes);
    assert_eq!(after.live_blocks - before.live_blocks, used.live_blocks);
    assert_eq!(after.total_bytes - before.total_bytes, used.total_bytes);
    assert_eq!(after.total_blocks - before.total_blocks, used.total_blocks);
    assert_eq!(after.temporary_blocks - before.temporary_blocks, used.temporary_blocks);
    books.free(kept);
}

/// Work at random that follows from the test's number.
pub(crate) fn random(own: Own) {
    let mut random = Random::of_seed(own.number as u64);
    let mut books = Ledger::new();
    let mut blocks: [Option<Block>; 16] = [const { None }; 16];
    for _ in 0..4 {
        let outer = books.open("outer");
        for _ in 0..4 {
            let inner = books.open("inner");
            for _ in 0..50 {
                let place = &mut blocks[random.below(16)];
                let size = own.bytes() * (1 + random.below(20));
                match place.take() {
                    None => *place = Some(books.allocate(size)),
                    Some(block) if random.once_in(2) => books.free(block),
                    Some(mut block) => {
                        if block.size() != size {
                            books.resize(&mut block, size);
                        }
                        *place = Some(block);
                    }
                }
            }
            books.close(inner);
            thread::yield_now();
        }
        books.close(outer);
    }
    blocks.into_iter().flatten().for_each(|block| books.free(block));
}
