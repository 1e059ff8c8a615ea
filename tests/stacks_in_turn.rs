//! Stacks that come in an order of their own, again and again, on threads that take over each other's slot: every block is
//! counted under the path of calls that it came by, with the self-check off, as users record.
//!
//! ```text
//! zero ─┬─ three ─┬─ one     a path of functions for each number, some with frames of one size
//!       │         └─ six     blocks of a size of their own for each path
//!       └─ two ─ …
//! ```

#[path = "support/random.rs"]
mod random;

use heaplens::{Metric, Profiler};
use random::Random;
use std::collections::HashMap;
use std::hint::black_box;

heaplens::install!();

const PATHS: usize = 300;
const SMALLEST_BYTES: usize = 5_000;
const LONGEST_PATH: usize = 150;
const THREADS: u64 = 24;
const BLOCKS_PER_THREAD: u64 = 8_000;

/// Numbers of the functions that call each other.
type Path = Vec<u8>;

const FUNCTIONS: [fn(&[u8], usize); 8] = [zero, one, two, three, four, five, six, seven];

/// Functions that call the next one of a path, each with a frame of so many words. A block at the path's end.
macro_rules! frames {
    ($($name:ident $words:literal),+) => {$(
        #[inline(never)]
        fn $name(path: &[u8], bytes: usize) {
            let mut locals = [0_u64; $words];
            black_box(&mut locals);
            match path.split_first() {
                None => drop(black_box(Vec::<u8>::with_capacity(black_box(bytes)))),
                Some((next, rest)) => black_box(FUNCTIONS[usize::from(*next)])(rest, bytes),
            }
            // No two of these functions are the same code.
            black_box((&locals, stringify!($name)));
        }
    )+};
}

frames!(zero 2, one 2, two 2, three 2, four 9, five 9, six 40, seven 40);

/// Different paths, most of which differ from another in one decision.
fn paths(random: &mut Random) -> Vec<Path> {
    let mut paths: Vec<Path> = Vec::new();
    while paths.len() < PATHS {
        let mut path: Path = match paths.is_empty() || random.once_in(10) {
            true => (0..=random.below(LONGEST_PATH)).map(|_| random.below(8) as u8).collect(),
            false => paths[random.below(paths.len())].clone(),
        };
        let changed = random.below(path.len());
        path[changed] ^= 1 + random.below(7) as u8;
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    paths
}

/// Takes some paths in turn, over and over, and another one now and then.
fn allocate(random: &mut Random, paths: &[Path], blocks: &mut [u64; PATHS]) {
    let mut taken = 0;
    while taken < BLOCKS_PER_THREAD {
        let mut turn = [0; 12];
        let turn = &mut turn[..=random.below(11)];
        let (first, near) = (random.below(PATHS), 1 + random.below(40));
        turn.fill_with(|| (first + random.below(near)) % PATHS);
        let times = turn.len() * random.size(9);
        for step in 0..times {
            let number = if random.once_in(50) { random.below(PATHS) } else { turn[step % turn.len()] };
            FUNCTIONS[0](&paths[number], SMALLEST_BYTES + 8 * number);
            blocks[number] += 1;
        }
        taken += times as u64;
    }
}

#[test]
fn every_block_counts_under_its_own_path_in_whatever_order_paths_come() {
    let mut random = Random::of_seed(2_026);
    let paths = paths(&mut random);
    let mut blocks = [0; PATHS];
    let profiler = Profiler::builder().verify_every(0).start().expect("the only profiler");
    for _ in 0..THREADS {
        std::thread::scope(|scope| scope.spawn(|| allocate(&mut random, &paths, &mut blocks)).join())
            .expect("no panic");
    }
    let profile = profiler.stop();
    assert!(heaplens::completeness().is_complete(), "{:?}", heaplens::completeness());

    let mut found: HashMap<u64, Vec<u64>> = HashMap::new();
    for site in profile.sites(Metric::TotalBlocks) {
        let stats = site.stats();
        // Of blocks of several sizes the mean is no size of any path's, or their number is another.
        found.entry(stats.total_bytes / stats.total_blocks).or_default().push(stats.total_blocks);
        let is_ours = site.frames().iter().any(|frame| frame.function == "stacks_in_turn::zero");
        assert!(
            !is_ours || stats.total_bytes % stats.total_blocks == 0,
            "blocks of several paths: {:?}",
            site.frames()
        );
    }
    for (number, blocks) in blocks.iter().enumerate().filter(|(_, blocks)| **blocks != 0) {
        let bytes = (SMALLEST_BYTES + 8 * number) as u64;
        assert_eq!(found.get(&bytes), Some(&vec![*blocks]), "blocks of path {number}, by site");
    }
}
