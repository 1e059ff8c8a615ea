//! Threads that come and go by the ten thousand, threads that allocate while they die, and readers beside threads that
//! pass blocks on. The witness is an inner allocator that counts for itself.

#[path = "support/claims.rs"]
mod claims;
mod counting_inner;
#[path = "support/process_per_case.rs"]
mod process_per_case;

use counting_inner::{Accounts, CountingInner};
use heaplens::{Heaplens, MemoryStats, ScopeError};
use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Barrier, mpsc};
use std::thread::{self, LocalKey};

#[global_allocator]
static HEAP: Heaplens<CountingInner> = counting_inner::heaplens_around_the_witness();

claims::claims!(
    r4_destructors_of_thread_locals_allocate_and_every_block_is_counted,
    l3_no_reading_beside_running_threads_is_torn_or_negative,
    l5_a_hundred_thousand_threads_take_no_more_memory_than_those_alive_at_once,
    l5_a_thread_that_ends_with_scopes_open_leaves_nothing_behind,
    l5_threads_beyond_the_last_slot_count_and_cannot_measure_in_silence,
    l5_a_thread_whose_first_event_is_a_call_of_the_library_counts_none_of_its_work,
);

/// Destructors that ran to their end.
static DESTROYED: AtomicU64 = AtomicU64::new(0);

/// A value whose destructor allocates, and touches another thread-local, perhaps for the first time.
struct Dying {
    number: usize,
    held: Vec<u8>,
}

impl Drop for Dying {
    fn drop(&mut self) {
        let sum: usize = (1..=4_usize).map(|length| vec![0_u8; length].len()).sum();
        self.held.extend_from_slice(&[1; 100]);
        touch(self.number + 1);
        DESTROYED.fetch_add(u64::from(sum == 10), Ordering::Relaxed);
    }
}

/// Touches a thread-local by its number, if there is one.
fn touch(number: usize) {
    if let Some(local) = LOCALS.get(number) {
        let _ = local.try_with(|dying| {
            let mut dying = dying.borrow_mut();
            dying.number = number;
            dying.held.push(3);
        });
    }
}

macro_rules! locals {
    ($($name:ident)+) => {
        thread_local! {
            $(static $name: RefCell<Dying> = RefCell::new(Dying { number: usize::MAX - 1, held: vec![2; 10] });)+
        }
        static LOCALS: [LocalKey<RefCell<Dying>>; 64] = [$($name),+];
    };
}

locals!(
    L00 L01 L02 L03 L04 L05 L06 L07 L08 L09 L10 L11 L12 L13 L14 L15
    L16 L17 L18 L19 L20 L21 L22 L23 L24 L25 L26 L27 L28 L29 L30 L31
    L32 L33 L34 L35 L36 L37 L38 L39 L40 L41 L42 L43 L44 L45 L46 L47
    L48 L49 L50 L51 L52 L53 L54 L55 L56 L57 L58 L59 L60 L61 L62 L63
);

fn r4_destructors_of_thread_locals_allocate_and_every_block_is_counted() {
    const THREADS: u64 = 10_000;
    const DESTRUCTORS: u64 = 64;
    let before = Accounts::now();
    for _ in 0..THREADS / 4 {
        let group = [(); 4].map(|()| thread::spawn(|| touch(0)));
        group.into_iter().for_each(|thread| thread.join().expect("no panic"));
    }
    let blocks = Accounts::now().agreed_blocks_since(&before);
    assert_eq!(DESTROYED.load(Ordering::Relaxed), THREADS * DESTRUCTORS);
    assert!(blocks >= THREADS * DESTRUCTORS * 6, "{blocks} blocks");
    println!("{THREADS} threads, {DESTRUCTORS} destructors each, {blocks} blocks");
}

fn l3_no_reading_beside_running_threads_is_torn_or_negative() {
    const THREADS: usize = 4;
    const ROUNDS: u64 = 10_000;
    let before = Accounts::now();
    let running = AtomicU64::new(THREADS as u64);
    let readings = thread::scope(|threads| {
        // A ring: each thread frees what the one before it allocated.
        let (senders, receivers): (Vec<_>, Vec<_>) = (0..THREADS).map(|_| mpsc::sync_channel(8)).unzip();
        let mut handles = Vec::with_capacity(THREADS);
        for (index, receiver) in receivers.into_iter().enumerate() {
            let (sender, running) = (senders[(index + 1) % THREADS].clone(), &running);
            handles.push(threads.spawn(move || {
                pass_on(&sender, &receiver, ROUNDS);
                running.fetch_sub(1, Ordering::Relaxed);
            }));
        }
        drop(senders);
        let mut last = heaplens::stats();
        let mut readings = 0_u64;
        while running.load(Ordering::Relaxed) > 0 {
            let now = heaplens::stats();
            assert_is_sound(&now, &last);
            last = now;
            readings += 1;
        }
        join_all(handles);
        readings
    });
    let blocks = Accounts::now().agreed_blocks_since(&before);
    println!("{readings} readings beside {blocks} blocks");
}

/// Allocates blocks that the next thread frees, and frees those of the thread before.
fn pass_on(to: &mpsc::SyncSender<Box<[u8]>>, from: &mpsc::Receiver<Box<[u8]>>, rounds: u64) {
    let mut waiting = None;
    let mut received = 0;
    let mut sent = 0;
    while received < rounds || sent < rounds || waiting.is_some() {
        if waiting.is_none() && sent < rounds {
            waiting = Some(vec![7_u8; 1 + (sent % 300) as usize].into_boxed_slice());
            sent += 1;
        }
        if let Some(block) = waiting.take()
            && let Err(mpsc::TrySendError::Full(block)) = to.try_send(block)
        {
            waiting = Some(block);
        }
        match from.try_recv() {
            Ok(block) => {
                drop(block);
                received += 1;
            }
            // An empty channel, or one whose sender has sent everything.
            Err(_) => thread::yield_now(),
        }
    }
}

#[track_caller]
fn assert_is_sound(now: &MemoryStats, last: &MemoryStats) {
    assert_eq!(now.total_blocks.checked_sub(now.freed_blocks), Some(now.live_blocks), "{now:?}");
    assert_eq!(now.total_bytes.checked_sub(now.freed_bytes), Some(now.live_bytes), "{now:?}");
    assert!(now.total_blocks >= last.total_blocks && now.total_bytes >= last.total_bytes, "totals never fall");
    assert!(now.freed_blocks >= last.freed_blocks && now.freed_bytes >= last.freed_bytes, "totals never fall");
    assert!(now.peak_bytes >= now.live_bytes, "{now:?}");
}

fn l5_a_hundred_thousand_threads_take_no_more_memory_than_those_alive_at_once() {
    const AT_ONCE: usize = 8;
    const GROUPS: usize = 12_500;
    const GROWTH_AT_MOST: u64 = 256 << 10;
    let incomplete = AtomicBool::new(false);
    let group = || {
        thread::scope(|threads| {
            let handles = (0..AT_ONCE).map(|_| {
                threads.spawn(|| {
                    // A thread without a slot of its own would count nothing here.
                    let (_, used) = heaplens::measure("short", || vec![0_u8; 64]);
                    let whole = used.total_bytes == 64 && used.completeness().is_complete();
                    incomplete.fetch_or(!whole, Ordering::Relaxed);
                })
            });
            join_all(handles.collect());
        });
    };
    (0..200).for_each(|_| group());
    let (before, resident_before) = (Accounts::now(), resident_bytes());
    (0..GROUPS).for_each(|_| group());
    let blocks = Accounts::now().agreed_blocks_since(&before);
    let growth = resident_bytes().saturating_sub(resident_before);
    println!("{} threads, {blocks} blocks, {growth} bytes more in memory", GROUPS * AT_ONCE);
    assert!(!incomplete.into_inner(), "every thread has a slot of its own");
    assert!(growth <= GROWTH_AT_MOST, "{growth} bytes");
}

/// Waits for the very end of threads. Leaving their `thread::scope` does not: what a thread frees last may come later.
fn join_all(handles: Vec<thread::ScopedJoinHandle<'_, ()>>) {
    for handle in handles {
        handle.join().expect("no panic");
    }
}

/// The process's memory in RAM.
fn resident_bytes() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").expect("Linux tells it here");
    let resident: u64 = pages.split(' ').nth(1).and_then(|pages| pages.parse().ok()).expect("a number of pages");
    // SAFETY: sysconf only reads a constant of the system.
    resident * unsafe { libc::sysconf(libc::_SC_PAGESIZE) } as u64
}

fn l5_a_thread_that_ends_with_scopes_open_leaves_nothing_behind() {
    // More than there are scope records, so that a record which is not given back would be missed.
    const THREADS: u32 = 20_000;
    let before = Accounts::now();
    for _ in 0..THREADS {
        let ended = thread::spawn(|| {
            let outer = heaplens::MemoryScope::enter("outer");
            let inner = heaplens::MemoryScope::enter("inner");
            std::mem::forget((outer, inner));
            vec![1_u8; 10]
        });
        assert_eq!(ended.join().expect("no panic").len(), 10);
    }
    Accounts::now().agreed_blocks_since(&before);
    let (_, used) = heaplens::measure("afterwards", || vec![0_u8; 5]);
    assert_eq!((used.total_blocks, used.total_bytes), (1, 5));
}

fn l5_threads_beyond_the_last_slot_count_and_cannot_measure_in_silence() {
    // There are 4,095 slots.
    const THREADS: usize = 4_300;
    let before = Accounts::now();
    let all_alive = Barrier::new(THREADS);
    let all_measured = Barrier::new(THREADS);
    let (whole, refused) = (AtomicU64::new(0), AtomicU64::new(0));
    thread::scope(|threads| {
        let mut handles = Vec::with_capacity(THREADS);
        for _ in 0..THREADS {
            let one = || {
                drop(vec![0_u8; 10]);
                all_alive.wait();
                let measured = heaplens::try_measure("one of many", || drop(vec![0_u8; 64]));
                all_measured.wait();
                match measured {
                    Ok((_, used)) => {
                        assert!(used.total_bytes == 64 && used.completeness().is_complete(), "wrong in silence");
                        whole.fetch_add(1, Ordering::Relaxed);
                    }
                    Err(error) => {
                        assert_eq!(error, ScopeError::TooManyThreads);
                        refused.fetch_add(1, Ordering::Relaxed);
                    }
                }
            };
            handles.push(thread::Builder::new().stack_size(64 << 10).spawn_scoped(threads, one).expect("a thread"));
        }
        join_all(handles);
    });
    // The main thread has a slot as well.
    assert_eq!((whole.into_inner(), refused.into_inner()), (4_094, THREADS as u64 - 4_094));
    Accounts::now().agreed_blocks_since(&before);
}

/// What the thread below found: blocks that the process counted while it asked, and the blocks of its scope.
static FOUND: [AtomicU64; 2] = [const { AtomicU64::new(u64::MAX) }; 2];

/// The main function of a thread that Rust knows nothing of, so that nothing was allocated on it.
extern "C" fn asks_first(_: *mut libc::c_void) -> *mut libc::c_void {
    let before = heaplens::stats().total_blocks;
    let ((), used) = heaplens::measure("first", || drop(std::hint::black_box(Box::new(1))));
    FOUND[0].store(heaplens::stats().total_blocks - before, Ordering::Relaxed);
    FOUND[1].store(used.total_blocks, Ordering::Relaxed);
    std::ptr::null_mut()
}

fn l5_a_thread_whose_first_event_is_a_call_of_the_library_counts_none_of_its_work() {
    let mut thread = 0;
    // SAFETY: the place for the result is valid, the function has the right type and does not unwind out of it.
    let started = unsafe { libc::pthread_create(&mut thread, std::ptr::null(), asks_first, std::ptr::null_mut()) };
    assert_eq!(started, 0);
    // SAFETY: the thread was started, and is joined once.
    assert_eq!(unsafe { libc::pthread_join(thread, std::ptr::null_mut()) }, 0);
    assert_eq!(FOUND.each_ref().map(|found| found.load(Ordering::Relaxed)), [1, 1]);
}
