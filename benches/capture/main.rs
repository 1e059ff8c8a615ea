//! What one capture of a call stack costs: a box is allocated and freed in a loop, at several depths of the stack.
//!
//! `cargo bench --bench capture` prints the table of `benches/README.md`. One process without heaplens and one with it,
//! several times in turn; the one with heaplens measures with nothing but counting, then with stacks. Each figure is
//! the median of 15 batches of about 2 ms, and of the processes. Such a loop is a best case, as its sites are always warm:
//! real programs are in `benches/stacks`.

#[path = "../support/builds.rs"]
mod builds;
#[path = "../support/rounds.rs"]
mod rounds;

use rounds::Outcome;
use std::process::Command;

/// Depths, in frames from the loop to the outermost, and the highest acceptable nanoseconds of one capture there.
const DEPTHS: [(usize, f64); 3] = [(20, 16.0), (40, 24.0), (110, 43.0)];
/// Processes of each kind unless `HEAPLENS_BENCH_ROUNDS` says otherwise.
const ROUNDS: usize = 3;

fn main() {
    let programs =
        builds::programs(builds::cargo(&["bench", "--no-run", "--bench", "capture_bare", "--bench", "capture_stacks"]));
    let depths = DEPTHS.map(|(frames, _)| frames.to_string()).join(",");
    let worker = |name: &str| {
        let mut worker = Command::new(&programs[name]);
        worker.arg(format!("depths={depths}"));
        worker
    };
    let outcomes =
        rounds::interleaved(&mut [worker("capture_bare"), worker("capture_stacks")], rounds::asked_or(ROUNDS));
    println!("nanoseconds for one box, allocated and freed at one site, and what stacks add to it");
    println!(
        "{:>6}{:>8}{:>10}{:>8}{:>16}{:>9}  {:<7}{:>13}{:>18}",
        "frames", "bare", "counting", "stacks", "over counting", "at most", "", "over bare", "backtrace crate"
    );
    for (frames, limit) in DEPTHS {
        print_one_site(frames, limit, &outcomes[0], &outcomes[1]);
    }
    println!("\nnanoseconds for two boxes at alternating sites, one and three calls further down");
    println!("{:>6}{:>8}{:>10}{:>8}{:>16}{:>22}", "frames", "bare", "counting", "stacks", "over counting", "over bare");
    for (frames, _) in DEPTHS {
        print_two_sites(frames, &outcomes[0], &outcomes[1]);
    }
    let missing = |name: &str| outcomes[1].iter().map(|outcome| outcome.figure(name)).fold(0.0, f64::max);
    println!("\nstacks that end early: {}, over the memory limit: {}", missing("early"), missing("overflowed"));
}

fn print_one_site(frames: usize, limit: f64, bare: &[Outcome], heaplens: &[Outcome]) {
    let [without, counting, stacks] = medians("one-site", frames, bare, heaplens);
    let capture = stacks - counting;
    println!(
        "{frames:>6}{without:>8.1}{counting:>10.1}{stacks:>8.1}{capture:>16.1}{limit:>9.0}  {:<7}{:>13.1}{:>18.0}",
        if capture <= limit { "met" } else { "MISSED" },
        stacks - without,
        median(bare, &format!("backtrace-{frames}"))
    );
}

fn print_two_sites(frames: usize, bare: &[Outcome], heaplens: &[Outcome]) {
    let [without, counting, stacks] = medians("two-sites", frames, bare, heaplens);
    println!(
        "{frames:>6}{without:>8.1}{counting:>10.1}{stacks:>8.1}{:>16.1}{:>22.1}",
        stacks - counting,
        stacks - without
    );
}

/// Bare, counting, and recording stacks.
fn medians(what: &str, frames: usize, bare: &[Outcome], heaplens: &[Outcome]) -> [f64; 3] {
    [
        median(bare, &format!("bare-{what}-{frames}")),
        median(heaplens, &format!("counting-{what}-{frames}")),
        median(heaplens, &format!("stacks-{what}-{frames}")),
    ]
}

fn median(outcomes: &[Outcome], name: &str) -> f64 {
    let mut figures: Vec<f64> = outcomes.iter().map(|outcome| outcome.figure(name)).collect();
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
