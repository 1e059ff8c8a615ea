//! Profiles by scope: what each scope allocated, by itself and with the scopes in it, equals a naive model; the parts add up
//! to the whole, and each is a profile like any other.
#![cfg(feature = "stacks")]

#[path = "support/random.rs"]
mod random;

use heaplens::{Metric, Profile, ProfilePart, Profiler, SiteStats, measure, profile};
use random::Random;
use std::collections::HashSet;
use std::hint::black_box;
use std::thread;

heaplens::install!();

/// Names that a random plan opens scopes of, one inside of the other, also several times.
const NAMES: [&str; 4] = ["apple", "birch", "cedar", "date"];
/// The scope around each plan.
const ROOT: &str = "plan";
const DEPTH: usize = 7;
const BLOCKS: usize = 40;

#[derive(Clone, Copy)]
enum Step {
    Enter(usize),
    Leave,
    /// A block of so many bytes at this place; what was there is freed first.
    Allocate(usize, usize),
    Free(usize),
}

fn plan(seed: u64) -> Vec<Step> {
    let mut random = Random::of_seed(seed);
    let (mut steps, mut depth) = (Vec::new(), 0);
    for _ in 0..2_000 {
        steps.push(if depth < DEPTH && random.once_in(8) {
            Step::Enter(random.below(NAMES.len()))
        } else if depth > 0 && random.once_in(8) {
            Step::Leave
        } else if random.once_in(3) {
            Step::Free(random.below(BLOCKS))
        } else {
            Step::Allocate(random.below(BLOCKS), random.size(12))
        });
        depth = match steps[steps.len() - 1] {
            Step::Enter(_) => depth + 1,
            Step::Leave => depth - 1,
            _ => depth,
        };
    }
    steps.extend((0..depth).map(|_| Step::Leave));
    steps
}

/// Does what the plan says, up to the end of the scope that is open.
fn follow(steps: &mut core::slice::Iter<'_, Step>, held: &mut [Option<Vec<u8>>]) {
    while let Some(step) = steps.next() {
        match *step {
            Step::Enter(name) => measure(NAMES[name], || follow(steps, held)).0,
            Step::Leave => return,
            Step::Allocate(place, size) => {
                held[place] = None;
                held[place] = Some(black_box(vec![1_u8; size]));
            }
            Step::Free(place) => held[place] = None,
        }
    }
}

/// What a block belongs to: the scopes around it, outermost first.
type Chain = Vec<&'static str>;

/// Everything that the plan allocates, block by block, with what becomes of it.
struct Block {
    chain: Chain,
    size: u64,
    is_freed: bool,
    at_peak: bool,
}

/// What follows from a plan.
fn model(steps: &[Step]) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut held = [None; BLOCKS];
    let (mut chain, mut live, mut peak) = (vec![ROOT], 0, 0);
    for step in steps {
        if let Step::Allocate(place, _) | Step::Free(place) = step
            && let Some(old) = held[*place].take()
        {
            let old: &mut Block = &mut blocks[old];
            old.is_freed = true;
            live -= old.size;
        }
        match *step {
            Step::Enter(name) => chain.push(NAMES[name]),
            Step::Leave => drop(chain.pop()),
            Step::Free(_) => {}
            Step::Allocate(place, size) => {
                live += size as u64;
                held[place] = Some(blocks.len());
                blocks.push(Block { chain: chain.clone(), size: size as u64, is_freed: false, at_peak: false });
                if live > peak {
                    peak = live;
                    blocks.iter_mut().for_each(|block| block.at_peak = !block.is_freed);
                }
            }
        }
    }
    blocks
}

/// The figures that both the model and a profile have: blocks and bytes, freed and at the peak.
type Sum = [u64; 6];

fn sum_of<'b>(blocks: impl Iterator<Item = &'b Block>) -> Sum {
    let mut sum = [0; 6];
    for block in blocks {
        let figures = [
            1,
            block.size,
            block.is_freed.into(),
            u64::from(block.is_freed) * block.size,
            block.at_peak.into(),
            u64::from(block.at_peak) * block.size,
        ];
        sum.iter_mut().zip(figures).for_each(|(sum, figure)| *sum += figure);
    }
    sum
}

fn sum(stats: &SiteStats) -> Sum {
    [
        stats.total_blocks,
        stats.total_bytes,
        stats.freed_blocks,
        stats.freed_bytes,
        stats.live_at_peak_blocks,
        stats.live_at_peak_bytes,
    ]
}

fn sum_of_profile(profile: &Profile) -> Sum {
    let stats = profile.stats();
    [stats.total_blocks, stats.total_bytes, stats.freed_blocks, stats.freed_bytes, stats.peak_blocks, stats.peak_bytes]
}

fn add(sums: impl Iterator<Item = Sum>) -> Sum {
    sums.fold([0; 6], |mut all, one| {
        all.iter_mut().zip(one).for_each(|(all, one)| *all += one);
        all
    })
}

fn profile_of(steps: &[Step]) -> Profile {
    let mut held: Vec<Option<Vec<u8>>> = (0..BLOCKS).map(|_| None).collect();
    let (_, profile) = profile(ROOT, || follow(&mut steps.iter(), &mut held));
    assert!(profile.completeness().is_complete(), "{}", profile.completeness());
    profile
}

fn find<'p>(parts: &'p [ProfilePart<'p>], name: &str) -> &'p ProfilePart<'p> {
    parts.iter().find(|part| part.name() == Some(name)).unwrap_or_else(|| panic!("no scope {name}"))
}

#[test]
fn the_figures_of_every_scope_equal_the_model() {
    for seed in 1..=5 {
        let steps = plan(seed);
        let (blocks, profile) = (model(&steps), profile_of(&steps));
        assert_eq!(sum_of_profile(&profile), sum_of(blocks.iter()), "seed {seed}");
        let scopes = profile.scopes();
        let expected: HashSet<&str> = blocks.iter().flat_map(|block| block.chain.clone()).collect();
        assert_eq!(scopes.iter().filter_map(ProfilePart::name).collect::<HashSet<_>>(), expected);
        for name in expected {
            let scope = find(&scopes, name);
            let below = || blocks.iter().filter(|block| block.chain.contains(&name));
            let own = || blocks.iter().filter(|block| block.chain.last() == Some(&name));
            assert_eq!(sum(scope.inclusive()), sum_of(below()), "seed {seed}, {name}");
            assert_eq!(sum(scope.own()), sum_of(own()), "seed {seed}, {name}");
            let part = profile.in_scope(name).expect("it is there");
            assert_eq!(sum_of_profile(&part), sum_of(below()), "seed {seed}, {name}");
            assert_eq!(sum_of_profile(&scope.own_sites()), sum_of(own()), "seed {seed}, {name}");
        }
    }
}

#[test]
fn the_parts_add_up_to_the_whole_and_the_largest_is_first() {
    let profile = profile_of(&plan(11));
    let scopes = profile.scopes();
    assert_eq!(add(scopes.iter().map(|scope| sum(scope.own()))), sum_of_profile(&profile));
    assert_eq!(add(scopes.iter().map(|scope| sum_of_profile(&scope.own_sites()))), sum_of_profile(&profile));
    let bytes: Vec<u64> = scopes.iter().map(|scope| scope.inclusive().total_bytes).collect();
    assert!(bytes.is_sorted_by(|a, b| a >= b), "{bytes:?}");
    assert_eq!((scopes[0].name(), scopes[0].inclusive().total_bytes), (Some(ROOT), profile.stats().total_bytes));
}

#[test]
fn a_part_of_a_part_is_what_both_have() {
    let steps = plan(12);
    let (blocks, profile) = (model(&steps), profile_of(&steps));
    let part = profile.in_scope("apple").and_then(|apple| apple.in_scope("birch")).expect("both are there");
    let both = |block: &&Block| ["apple", "birch"].iter().all(|name| block.chain.contains(name));
    assert_eq!(sum_of_profile(&part), sum_of(blocks.iter().filter(both)));
    assert_eq!(part.part().as_deref(), Some("in scope [apple], in scope [birch]"));
    assert_eq!(part.whole_stats(), profile.stats());
    assert_eq!(part.outside_scopes().stats().total_blocks, 0);
}

#[test]
fn a_recursion_of_one_name_counts_once() {
    fn walk(depth: usize) {
        let _scope = heaplens::MemoryScope::enter("walk");
        drop(black_box(vec![1_u8; 100]));
        if depth > 1 {
            walk(depth - 1);
        }
    }
    let (_, profile) = profile("recursion", || walk(5));
    let scopes = profile.scopes();
    let walk = find(&scopes, "walk");
    assert_eq!((walk.inclusive().total_bytes, walk.own().total_bytes), (500, 500));
    assert_eq!(profile.in_scope("walk").expect("it is there").stats().total_bytes, 500);
}

#[test]
fn scopes_of_one_name_on_many_threads_add_up_and_the_rest_is_outside() {
    let profiler = Profiler::start().expect("none runs");
    let work = || {
        let (inner, _) = measure("shared", || measure("inside", || black_box(vec![1_u8; 1_000])).0);
        (inner, black_box(vec![1_u8; 30]))
    };
    let blocks = thread::scope(|threads| {
        let started: Vec<_> = (0..8).map(|_| threads.spawn(work)).collect();
        started.into_iter().map(|thread| thread.join().expect("no panic")).collect::<Vec<_>>()
    });
    let profile = profiler.stop();
    let scopes = profile.scopes();
    assert_eq!(sum(find(&scopes, "shared").inclusive())[..2], [8, 8_000]);
    assert_eq!(sum(find(&scopes, "shared").own()), [0; 6]);
    assert_eq!(sum(find(&scopes, "inside").own())[..2], [8, 8_000]);
    let rest = scopes.last().expect("there is a rest");
    assert!(rest.name().is_none() && rest.own().total_bytes >= 240 && rest.own() == rest.inclusive());
    assert_eq!(sum_of_profile(&profile.outside_scopes()), sum(rest.own()));
    assert_eq!(profile.outside_scopes(), rest.own_sites());
    assert_eq!(add(scopes.iter().map(|scope| sum(scope.own()))), sum_of_profile(&profile));
    drop(blocks);
}

#[test]
fn a_part_is_a_profile_like_any_other() {
    let profile = profile_of(&plan(13)).with_runtime_frames(true);
    let part = profile.in_scope("cedar").expect("it is there");
    let sites = part.sites(Metric::TotalBytes);
    assert!(sites.iter().all(|site| site.frames().iter().any(|frame| frame.to_string() == "[cedar]")));
    assert!(sites[0].frames().iter().any(|frame| frame.function.contains("__rust_alloc")), "the setting is kept");
    assert_eq!(sites.iter().map(|site| site.value()).sum::<u64>(), part.stats().total_bytes);
    let shares: f64 = sites.iter().map(|site| site.share()).sum();
    assert!((shares - 1.0).abs() < 1e-9, "shares are of the part: {shares}");
    let mut text = Vec::new();
    part.write_json(&mut text).expect("memory can be written");
    let loaded = Profile::read_json(text.as_slice()).expect("sound").with_runtime_frames(true);
    assert_eq!(loaded, part);
    assert_eq!((loaded.part(), loaded.whole_stats()), (Some("in scope [cedar]".to_owned()), profile.stats()));
}

#[test]
fn an_unknown_scope_is_refused_with_those_that_there_are() {
    let (_, known) = profile("known", || drop(black_box(vec![1_u8; 1])));
    let error = known.in_scope("unknown").expect_err("no such scope").to_string();
    assert_eq!(error, "there is no scope \"unknown\": choose one of \"known\"");
    let error = Profile::default().in_scope("any").expect_err("no scope at all").to_string();
    assert!(error.contains("and no other") && error.contains("`heaplens::measure(name, || work)`"), "{error}");
    assert!(Profile::default().scopes().is_empty());
    assert!(Profile::default().scope_table(5).contains("no scope: `heaplens::measure"));
}

#[test]
fn a_part_says_that_what_is_missing_is_missing_from_it() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/orders.json");
    let orders = Profile::load(path).expect("the profile is part of the repository");
    let error = orders.in_scope("index").and_then(|part| part.on_thread("main")).expect_err("they never met");
    assert_eq!(
        error.to_string(),
        "of what was allocated in scope [index], nothing was on thread \"main\": \
         choose one of \"worker-1\", \"worker-0\""
    );
    let error = orders.on_thread("main").and_then(|part| part.in_scope("index")).expect_err("they never met");
    assert_eq!(
        error.to_string(),
        "of what was allocated on thread \"main\", nothing was in scope \"index\": \
         choose one of \"load the configuration of every region that orders can come from\""
    );
    let nothing = orders.in_scope("index").and_then(|part| part.outside_scopes().on_thread("main"));
    assert_eq!(
        nothing.expect_err("there is nothing").to_string(),
        "of what was allocated in scope [index], outside every scope, nothing was on thread \"main\""
    );
}
