//! The inside of a worker: a process that runs one workload over the allocator it is linked with.
//!
//! It is asked by arguments such as `workload=syn source=lib.rs runs=5`, runs the work once to warm up and then that
//! many times, and prints one `name=figure` a line: the median in nanoseconds, the peak of resident memory, and what
//! else is known of the tool that it carries.

use std::time::Instant;

#[path = "workloads.rs"]
mod workloads;

/// Timed runs of one process unless the request has `runs=`; the one to warm up is not counted.
const RUNS: usize = 5;

/// What a worker reports beside its time.
pub(crate) type Figures = Vec<(&'static str, u64)>;

/// Runs what the arguments ask for, if it is a workload, between the start of a tool and its end.
///
/// `finish` is told whether the request has `proof=1`: the tool then shows that it did record, which may take long.
pub(crate) fn time<T>(start: impl FnOnce() -> T, finish: impl FnOnce(T, bool) -> Figures) {
    let source = argument("source");
    // `cargo bench` starts every bench binary with `--bench`; a worker has nothing to say then.
    let Some(name) = argument("workload") else { return };
    let Some(mut work) = workloads::named(&name, source.as_deref(), number("divisor", 1)) else { return };
    let tool = start();
    work();
    let nanoseconds = median_of_runs(&mut *work, number("runs", RUNS));
    let resident = peak_resident_kib();
    let figures = finish(tool, number("proof", 0) == 1);
    println!("nanoseconds={nanoseconds}");
    println!("peak_resident_kib={resident}");
    for (name, figure) in figures {
        println!("{name}={figure}");
    }
}

fn median_of_runs(work: &mut dyn FnMut(), runs: usize) -> u128 {
    let mut times: Vec<u128> = (0..runs)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed().as_nanos()
        })
        .collect();
    times.sort_unstable();
    times[runs / 2]
}

/// The value of the argument `name=value`.
fn argument(name: &str) -> Option<String> {
    std::env::args().find_map(|argument| Some(argument.strip_prefix(name)?.strip_prefix('=')?.to_owned()))
}

fn number(name: &str, otherwise: usize) -> usize {
    argument(name).and_then(|value| value.parse().ok()).unwrap_or(otherwise)
}

/// The most memory that this process had in RAM, as Linux accounts for it (`VmHWM`); zero where it is not told.
fn peak_resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
