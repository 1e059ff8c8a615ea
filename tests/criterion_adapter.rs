//! criterion over heaplens: what it writes down is exactly what an iteration allocates, without a deviation, and it lives
//! through figures without variance, also where it compares them with an earlier run.

#[path = "support/claims.rs"]
mod claims;
#[path = "support/process_per_case.rs"]
mod process_per_case;

use criterion::measurement::Measurement;
use criterion::{BatchSize, Bencher, Criterion, SamplingMode};
use heaplens::criterion::{AllocatedBlocks, AllocatedBytes, IterPeak, PeakBytes, exact};
use serde_json::Value;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

heaplens::install!();

claims::claims!(
    bytes_are_exact_and_do_not_deviate,
    blocks_are_exact_and_do_not_deviate,
    peaks_are_those_of_one_iteration,
    inputs_are_no_part_of_a_peak,
    outputs_that_are_kept_change_no_total,
    batches_of_every_size_count_the_work_and_not_the_inputs,
    one_byte_more_is_seen_as_a_change,
    what_other_threads_allocate_is_not_measured,
    a_benchmark_that_allocates_nothing_has_no_figure,
    a_loop_that_would_print_a_fraction_of_the_peak_is_refused,
    a_figure_that_is_not_exact_is_refused,
);

/// Where criterion leaves the results of one test; goes when it is dropped.
struct Results(PathBuf);

impl Results {
    fn of(test: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("criterion-{test}-{}", std::process::id()));
        Self(folder)
    }

    /// Runs one benchmark as briefly as criterion can, and saves it as the baseline of the next.
    fn run<M: Measurement>(&self, measurement: M, mode: SamplingMode, mut work: impl FnMut(&mut Bencher<'_, M>)) {
        let mut criterion: Criterion<M> = exact(measurement)
            .output_directory(&self.0)
            .sample_size(10)
            .nresamples(100)
            .warm_up_time(Duration::from_millis(1))
            .measurement_time(Duration::from_millis(10));
        criterion.benchmark_group("group").sampling_mode(mode).bench_function("work", |bencher| work(bencher));
    }

    fn read(&self, file: &str) -> Option<Value> {
        let text = fs::read_to_string(self.0.join("group/work").join(file)).ok()?;
        Some(serde_json::from_str(&text).expect("criterion writes JSON"))
    }

    /// The mean of an iteration, which must be that of each sample.
    fn mean_without_deviation(&self) -> f64 {
        let estimates = self.read("new/estimates.json").expect("criterion wrote its estimates");
        let mean = number(&estimates, "/mean/point_estimate");
        for place in ["/mean/confidence_interval/lower_bound", "/mean/confidence_interval/upper_bound"] {
            assert_eq!(number(&estimates, place), mean, "{place}");
        }
        assert_eq!(number(&estimates, "/median/point_estimate"), mean);
        for place in ["/std_dev/point_estimate", "/mean/standard_error", "/median_abs_dev/point_estimate"] {
            assert_eq!(number(&estimates, place), 0.0, "{place}");
        }
        mean
    }

    /// By how much the mean of the last run differs from that of the run before it, as a share.
    fn change(&self) -> Option<f64> {
        Some(number(&self.read("change/estimates.json")?, "/mean/point_estimate"))
    }
}

impl Drop for Results {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn number(json: &Value, place: &str) -> f64 {
    json.pointer(place).and_then(Value::as_f64).unwrap_or_else(|| panic!("{place} is a number in {json}"))
}

/// Allocates 1,750 bytes in 3 blocks, holds 1,250 of them at most, and gives back 250.
fn work() -> Vec<u8> {
    let kept = vec![1; 250];
    let first = vec![1_u8; 1_000];
    std::hint::black_box(first);
    std::hint::black_box(vec![1_u8; 500]);
    kept
}

const TOTAL_BYTES: f64 = 1_750.0;
const PEAK_BYTES: f64 = 1_250.0;
const BLOCKS: f64 = 3.0;

/// In both of criterion's ways to spread iterations over samples, and twice, so that the second run is compared.
fn is_exact_in_every_run<M: Measurement + Copy>(
    test: &str,
    measurement: M,
    expected: f64,
    mut work: impl FnMut(&mut Bencher<'_, M>),
) {
    for mode in [SamplingMode::Linear, SamplingMode::Flat] {
        let results = Results::of(test);
        results.run(measurement, mode, &mut work);
        assert_eq!(results.mean_without_deviation(), expected);
        assert_eq!(results.change(), None, "the first run has nothing to be compared with");
        results.run(measurement, mode, &mut work);
        assert_eq!(results.mean_without_deviation(), expected);
        assert_eq!(results.change(), Some(0.0));
    }
}

fn bytes_are_exact_and_do_not_deviate() {
    is_exact_in_every_run("bytes", AllocatedBytes, TOTAL_BYTES, |bencher| bencher.iter(work));
}

fn blocks_are_exact_and_do_not_deviate() {
    is_exact_in_every_run("blocks", AllocatedBlocks, BLOCKS, |bencher| bencher.iter(work));
}

fn peaks_are_those_of_one_iteration() {
    is_exact_in_every_run("peaks", PeakBytes, PEAK_BYTES, |bencher| bencher.iter_peak(work));
}

fn inputs_are_no_part_of_a_peak() {
    is_exact_in_every_run("peaks-setup", PeakBytes, PEAK_BYTES, |bencher| {
        bencher.iter_peak_with_setup(|| vec![1_u8; 10_000], |input| (work(), input));
    });
}

fn outputs_that_are_kept_change_no_total() {
    is_exact_in_every_run("large-drop", AllocatedBytes, TOTAL_BYTES, |bencher| bencher.iter_with_large_drop(work));
}

fn batches_of_every_size_count_the_work_and_not_the_inputs() {
    for size in [BatchSize::SmallInput, BatchSize::LargeInput, BatchSize::PerIteration, BatchSize::NumIterations(3)] {
        is_exact_in_every_run("batches", AllocatedBytes, TOTAL_BYTES, |bencher| {
            bencher.iter_batched(|| vec![1_u8; 10_000], |input| (work(), input), size);
        });
        is_exact_in_every_run("batches-ref", AllocatedBlocks, BLOCKS, |bencher| {
            bencher.iter_batched_ref(|| vec![1_u8; 10_000], |_| work(), size);
        });
    }
}

fn one_byte_more_is_seen_as_a_change() {
    let results = Results::of("change");
    for bytes in [1_000_usize, 1_001] {
        results.run(AllocatedBytes, SamplingMode::Flat, |bencher| bencher.iter(|| vec![1_u8; bytes]));
        assert_eq!(results.mean_without_deviation(), bytes as f64);
    }
    let change = results.change().expect("the second run is compared");
    assert!((change - 0.001).abs() < 1e-12, "{change}");
}

fn what_other_threads_allocate_is_not_measured() {
    static DONE: AtomicBool = AtomicBool::new(false);
    let beside = thread::spawn(|| {
        while !DONE.load(Ordering::Relaxed) {
            drop(std::hint::black_box(vec![1_u8; 100]));
        }
    });
    is_exact_in_every_run("threads", AllocatedBytes, TOTAL_BYTES, |bencher| bencher.iter(work));
    DONE.store(true, Ordering::Relaxed);
    beside.join().expect("no panic");
}

fn a_benchmark_that_allocates_nothing_has_no_figure() {
    let results = Results::of("nothing");
    results.run(AllocatedBytes, SamplingMode::Flat, |bencher| bencher.iter(|| 1));
    assert_eq!(results.read("new/estimates.json"), None, "criterion takes zero for a failure");
}

fn a_loop_that_would_print_a_fraction_of_the_peak_is_refused() {
    let text = refusal(|| Results::of("refused").run(PeakBytes, SamplingMode::Flat, |bencher| bencher.iter(work)));
    assert!(text.contains("write `iter_peak` or `iter_peak_with_setup`"), "{text}");
}

fn a_figure_that_is_not_exact_is_refused() {
    // More than there are records for, each with a live block, so that the oldest have to go.
    const SCOPES: usize = 1 << 14;
    let inexact = || (0..SCOPES).map(|_| heaplens::measure("inner", || Box::new(1)).0).collect::<Vec<_>>();
    let text = refusal(|| {
        Results::of("inexact").run(AllocatedBytes, SamplingMode::Flat, |bencher| bencher.iter(inexact));
    });
    assert!(text.contains("the figures of this benchmark are not exact"), "{text}");
}

/// What a panic says.
fn refusal(work: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(work)).expect_err("it is refused");
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).expect("a text")
}
