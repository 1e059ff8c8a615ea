//! What each call site holds at the peak: exactly what the model says, and together the peak.
//!
//! Blocks of three kinds, each allocated by a function of its own, come and go at random. The model keeps what is live of
//! each kind, and remembers it whenever the sum is higher than ever.

#[path = "support/claims.rs"]
mod claims;
#[path = "support/held.rs"]
mod held;
#[path = "support/process_per_case.rs"]
mod process_per_case;
#[path = "support/random.rs"]
mod random;
#[path = "support/threads.rs"]
mod threads;

use heaplens::{Metric, Profile, Profiler};
use held::Held;
use random::Random;
use std::array;
use std::hint::black_box;
use std::sync::Mutex;

heaplens::install!();

claims::claims!(
    sites_at_the_peak_of_a_scope_equal_the_model,
    sites_at_the_peak_of_the_process_equal_the_model,
    sites_at_the_peak_of_eight_threads_equal_the_model_with_the_exact_peak,
    sites_at_the_peak_of_eight_threads_add_up_to_it,
);

const KINDS: usize = 3;
const MAX_BLOCKS: usize = 100;
const STEPS: usize = 3_000;

#[inline(never)]
fn allocate_apple(size: usize) -> Held {
    black_box(Held::new(black_box(size)))
}

#[inline(never)]
fn allocate_birch(size: usize) -> Held {
    black_box(Held::new(black_box(size)))
}

#[inline(never)]
fn allocate_cedar(size: usize) -> Held {
    black_box(Held::new(black_box(size)))
}

const ALLOCATE: [fn(usize) -> Held; KINDS] = [allocate_apple, allocate_birch, allocate_cedar];
const NAMES: [&str; KINDS] = ["allocate_apple", "allocate_birch", "allocate_cedar"];

/// What the model knows: live bytes by kind, and these at the peak.
#[derive(Clone, Copy, Default)]
struct Model {
    live: [u64; KINDS],
    at_peak: [u64; KINDS],
}

impl Model {
    fn allocated(&mut self, kind: usize, size: usize) {
        self.live[kind] += size as u64;
        if self.live.iter().sum::<u64>() > self.at_peak.iter().sum() {
            self.at_peak = self.live;
        }
    }
}

/// One thread's blocks, with their kinds.
struct Walker {
    random: Random,
    blocks: Vec<(usize, Held)>,
}

impl Walker {
    fn new(seed: u64) -> Self {
        Self { random: Random::of_seed(seed), blocks: Vec::with_capacity(MAX_BLOCKS) }
    }

    fn step(&mut self, model: &mut Model, rising: bool) {
        let grows = if rising { !self.random.once_in(3) } else { self.random.once_in(2) };
        if grows && self.blocks.len() < MAX_BLOCKS {
            let (kind, size) = (self.random.below(KINDS), self.random.size(17));
            self.blocks.push((kind, ALLOCATE[kind](size)));
            model.allocated(kind, size);
        } else if !self.blocks.is_empty() {
            let (kind, block) = self.blocks.swap_remove(self.random.below(self.blocks.len()));
            model.live[kind] -= block.size() as u64;
        }
    }

    fn walk(&mut self) -> Model {
        let mut model = Model::default();
        (0..STEPS).for_each(|step| self.step(&mut model, step < STEPS / 2));
        model
    }
}

/// What the sites of a kind held at the peak.
fn at_peak(profile: &Profile, name: &str) -> u64 {
    let sites = profile.sites(Metric::LiveAtPeakBytes);
    let of_kind = sites.iter().filter(|site| site.frames().iter().any(|frame| frame.function.contains(name)));
    of_kind.map(|site| site.value()).sum()
}

#[track_caller]
fn assert_adds_up(profile: &Profile) {
    let sum = |metric| profile.sites(metric).iter().map(|site| site.value()).sum::<u64>();
    let stats = profile.stats();
    assert_eq!(sum(Metric::LiveAtPeakBytes), stats.peak_bytes, "{stats}");
    assert_eq!(sum(Metric::TotalBytes), stats.total_bytes, "{stats}");
    assert_eq!(sum(Metric::LiveAtEndBytes), stats.live_bytes, "{stats}");
    assert!(profile.completeness().is_complete(), "{}", profile.completeness());
}

#[track_caller]
fn assert_equals(profile: &Profile, model: &Model) {
    assert_eq!(NAMES.map(|name| at_peak(profile, name)), model.at_peak);
}

fn sites_at_the_peak_of_a_scope_equal_the_model() {
    let mut walker = Walker::new(1);
    let (model, profile) = heaplens::profile("walk", || walker.walk());
    assert_equals(&profile, &model);
    assert_adds_up(&profile);
    assert_eq!((profile.stats().peak_bytes, profile.stats().peak_error_bytes), (model.at_peak.iter().sum(), 0));
}

fn sites_at_the_peak_of_the_process_equal_the_model() {
    let mut walker = Walker::new(2);
    let profiler = Profiler::start().expect("none runs");
    let before = heaplens::stats().live_bytes;
    let model = walker.walk();
    let profile = profiler.stop();
    assert_equals(&profile, &model);
    assert_adds_up(&profile);
    assert_eq!(profile.stats().peak_bytes, before + model.at_peak.iter().sum::<u64>());
    assert_eq!(profile.stats().peak_error_bytes, 0);
}

/// Eight threads that take turns, so that there is one order and one true peak. Returns the model, what was live before,
/// and the profile.
fn eight_threads(profiler: Profiler) -> (Model, u64, Profile) {
    let walkers: [Mutex<Walker>; 8] = array::from_fn(|index| Mutex::new(Walker::new(3 + index as u64)));
    let before = heaplens::stats().live_bytes;
    let model = Mutex::new(Model::default());
    threads::run_on::<8>(&|index| {
        let mut walker = walkers[index].lock().expect("one thread each");
        for step in 0..STEPS / 4 {
            walker.step(&mut model.lock().expect("no walker panics"), step < STEPS / 8);
        }
    });
    (model.into_inner().expect("no walker panics"), before, profiler.stop())
}

fn sites_at_the_peak_of_eight_threads_equal_the_model_with_the_exact_peak() {
    let profiler = Profiler::builder().exact_peak().start().expect("none runs");
    let (model, before, profile) = eight_threads(profiler);
    assert_equals(&profile, &model);
    assert_adds_up(&profile);
    assert_eq!(profile.stats().peak_bytes, before + model.at_peak.iter().sum::<u64>());
    assert_eq!(profile.stats().peak_error_bytes, 0);
}

fn sites_at_the_peak_of_eight_threads_add_up_to_it() {
    let (model, before, profile) = eight_threads(Profiler::start().expect("none runs"));
    assert_adds_up(&profile);
    let (peak, stats) = (before + model.at_peak.iter().sum::<u64>(), profile.stats());
    assert!(stats.peak_bytes <= peak, "{stats} has a peak above {peak}");
    assert!(stats.peak_bytes + stats.peak_error_bytes >= peak, "{stats} has a peak below {peak}");
    assert!(stats.peak_error_bytes < peak / 2, "{stats} says little");
}
