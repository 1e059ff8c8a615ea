//! What the child processes do, and how each of them ends.

use crate::count::count;
use std::hint::black_box;
use std::os::unix::process::CommandExt;
use std::process::{self, Command};
use std::thread;

/// Names the play in the environment.
pub(crate) const VARIABLE: &str = "HEAPLENS_TEST_PLAY";
/// Blocks that every play allocates at least.
pub(crate) const BLOCKS: u64 = 1_000;
/// Children of the play that has some.
pub(crate) const CHILDREN: usize = 3;

const PLAYS: [(&str, fn()); 12] = [
    ("return", work),
    ("exit", || end(|| process::exit(7))),
    // SAFETY: ends the process at once.
    ("_exit", || end(|| unsafe { libc::_exit(8) })),
    ("abort", || end(|| process::abort())),
    ("panic", || end(|| panic!("as planned"))),
    ("exec", || end(|| panic!("{}", Command::new("echo").arg("another program").exec()))),
    ("kill", || end(|| by_signal(libc::SIGKILL))),
    ("terminate", || end(|| by_signal(libc::SIGTERM))),
    ("interrupt", || end(|| by_signal(libc::SIGINT))),
    ("exit beside threads", exit_beside_threads),
    ("forks", forks),
    ("children that exit", children_that_exit),
];

/// Performs the play that the environment names. `false`: it names none.
pub(crate) fn run_the_one_asked_for() -> bool {
    let Ok(asked) = std::env::var(VARIABLE) else { return false };
    if asked == "list descriptors" {
        panic!("{}", Command::new("ls").arg("/proc/self/fd").exec());
    }
    let (_, play) = PLAYS.iter().find(|(name, _)| *name == asked).expect("the name of a play");
    play();
    true
}

fn work() {
    let blocks: Vec<Box<u64>> = (0..BLOCKS).map(Box::new).collect();
    println!("{} blocks", black_box(blocks).len());
}

fn end(how: impl FnOnce()) {
    work();
    how();
}

fn by_signal(signal: i32) {
    // SAFETY: a signal to this process.
    unsafe { libc::raise(signal) };
}

/// Four threads that allocate until the process ends.
fn threads_that_never_end() {
    for _ in 0..4 {
        thread::spawn(|| {
            loop {
                black_box(vec![1_u8; 100]);
            }
        });
    }
}

fn exit_beside_threads() {
    work();
    threads_that_never_end();
    process::exit(7);
}

/// Forks and waits for the end of the child, which does `childs_part`. Returns its status.
fn fork(childs_part: impl FnOnce()) -> i32 {
    // SAFETY: the child of a process with threads calls only what does not wait for them: the allocator under test,
    // whose inner one takes care of itself (glibc's `malloc` may be used in a forked child).
    let child = unsafe { libc::fork() };
    if child == 0 {
        childs_part();
        // SAFETY: ends the child at once.
        unsafe { libc::_exit(0) };
    }
    let mut status = -1;
    // SAFETY: a child of this process and a valid place for its status.
    unsafe { libc::waitpid(child, &mut status, 0) };
    status
}

/// Forks beside threads that allocate, so that each child begins in the middle of what they did.
fn forks() {
    let forks = count("HEAPLENS_FORKS", 200) as usize;
    std::panic::set_hook(Box::new(|_| {}));
    threads_that_never_end();
    let well = (0..forks).filter(|number| fork(|| allocate_in_a_child(*number)) == 0);
    assert_eq!(well.count(), forks);
}

/// A thousand blocks, a caught panic, and now and then a profile.
fn allocate_in_a_child(number: usize) {
    // A child that stalls is ended by this signal, and has not ended well.
    // SAFETY: sets a timer of this process.
    unsafe { libc::alarm(60) };
    let blocks: Vec<Box<u64>> = (0..BLOCKS).map(Box::new).collect();
    let (_, used) = heaplens::measure("in the child", || black_box(blocks.clone()));
    assert_eq!(used.total_blocks, BLOCKS + 1);
    let caught = std::panic::catch_unwind(|| panic!("in a child: {}", black_box(blocks.len())));
    assert!(caught.is_err());
    if number.is_multiple_of(100) {
        let (_, profile) = heaplens::profile("in the child", || black_box(blocks.clone()));
        assert_eq!(profile.stats().total_blocks, BLOCKS + 1);
    }
}

fn children_that_exit() {
    for _ in 0..CHILDREN {
        assert_eq!(fork(|| process::exit(0)), 0);
    }
}
