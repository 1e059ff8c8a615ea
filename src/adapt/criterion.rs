//! Benchmarks of memory in place of time: measurements for [criterion](https://docs.rs/criterion).
//!
//! | measurement | figure of an iteration | loops |
//! |---|---|---|
//! | [`AllocatedBytes`] | bytes allocated | all of criterion's |
//! | [`AllocatedBlocks`] | blocks allocated | all of criterion's |
//! | [`PeakBytes`] | the most bytes that it holds at once | those of [`IterPeak`] |
//!
//! A file in `benches/`, with `harness = false`:
//!
//! ```no_run
//! use criterion::{Criterion, criterion_group, criterion_main};
//! use heaplens::criterion::{AllocatedBytes, IterPeak, PeakBytes, exact};
//!
//! heaplens::install!();
//!
//! fn words() -> Vec<String> {
//!     "one,two,three".split(',').map(str::to_owned).collect()
//! }
//!
//! fn allocated(criterion: &mut Criterion<AllocatedBytes>) {
//!     criterion.bench_function("words, allocated", |bencher| bencher.iter(words));
//! }
//!
//! fn peak(criterion: &mut Criterion<PeakBytes>) {
//!     criterion.bench_function("words, peak", |bencher| bencher.iter_peak(words));
//! }
//!
//! criterion_group! { name = bytes; config = exact(AllocatedBytes); targets = allocated }
//! criterion_group! { name = peaks; config = exact(PeakBytes); targets = peak }
//! criterion_main!(bytes, peaks);
//! ```
//!
//! It prints, under criterion's own heading:
//!
//! ```text
//! words, allocated        time:   [107.00 B 107.00 B 107.00 B]
//!                         change: [+0.0000% +0.0000% +0.0000%] (p = NaN > 0.05)
//!                         No change in performance detected.
//! ```
//!
//! # What counts
//!
//! What the benchmark's own thread allocates between criterion's start and end of a measurement, as in
//! [`measure`](crate::measure). Other threads, criterion's own work, and the inputs that `iter_batched` makes do not
//! count. Totals are the same whether a loop drops the outputs inside of the measurement, as `iter` does, or keeps them
//! until after it, as `iter_with_large_drop` and `iter_batched` do. Where iterations differ, the figure is their mean.
//!
//! With [`iter_custom`](::criterion::Bencher::iter_custom), return the sum over all iterations.
//!
//! # What criterion cannot do
//!
//! - **Plots of a comparison.** Where two runs have the same figure without variance, criterion 0.8.2 draws a density of
//!   no values, which panics; [`exact`] leaves plots out. The printed p is the quotient of zero and zero.
//! - **Zero.** A benchmark that allocates nothing "took zero time", says criterion, and saves no figure. Assert that in
//!   a test, with [`measure`](crate::measure).
//! - **`cargo criterion`** analyses figures by itself; it is not tested with these measurements.

#![forbid(unsafe_code)]

use crate::scope::MemoryScope;
use crate::stats::MemoryStats;
use ::criterion::measurement::{Measurement, ValueFormatter};
use ::criterion::{Bencher, Criterion, Throughput};
use core::convert::Infallible;
use std::hint::black_box;

/// Measures the bytes that an iteration allocates, freed or not. A reallocation counts with its whole new size.
///
/// Exact, in all loops of criterion. The module has an [example](self).
///
/// # Panics
///
/// The benchmark panics if heaplens is not installed, or if the figure would not be exact, as
/// [`Measurement::completeness`](crate::Measurement::completeness) tells.
#[derive(Clone, Copy, Debug, Default)]
pub struct AllocatedBytes;

/// Measures the blocks that an iteration allocates, freed or not. A reallocation counts as one.
///
/// Exact, in all loops of criterion; panics as [`AllocatedBytes`] does.
///
/// ```no_run
/// use criterion::{Criterion, criterion_group, criterion_main};
/// use heaplens::criterion::{AllocatedBlocks, exact};
///
/// heaplens::install!();
///
/// fn sorting(criterion: &mut Criterion<AllocatedBlocks>) {
///     let numbers: Vec<u32> = (0..1_000).rev().collect();
///     criterion.bench_function("stable sort", |bencher| {
///         bencher.iter_batched_ref(|| numbers.clone(), |numbers| numbers.sort(), criterion::BatchSize::SmallInput);
///     });
/// }
///
/// criterion_group! { name = blocks; config = exact(AllocatedBlocks); targets = sorting }
/// criterion_main!(blocks);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct AllocatedBlocks;

/// Measures the most bytes that an iteration holds at once, in the loops of [`IterPeak`].
///
/// criterion measures many iterations as one and divides by their number, which is right for what adds up. A peak does
/// not: a thousand iterations one after the other need no more at once than one does. [`IterPeak`] therefore measures
/// each iteration by itself, and criterion's mean is that of their peaks. Criterion's own loops would print a fraction of
/// the peak.
///
/// # Panics
///
/// In every loop of criterion's own but [`iter_custom`](::criterion::Bencher::iter_custom), and as [`AllocatedBytes`].
#[derive(Clone, Copy, Debug, Default)]
pub struct PeakBytes;

/// A [`Criterion`] for figures without variance: no plots, and every change counts, however small.
///
/// It is `Criterion::default().with_measurement(measurement).without_plots().noise_threshold(0.0)`, and can be set
/// further from there.
///
/// ```
/// use heaplens::criterion::{AllocatedBlocks, exact};
///
/// let criterion = exact(AllocatedBlocks).sample_size(10);
/// # drop(criterion);
/// ```
#[must_use]
pub fn exact<M: Measurement>(measurement: M) -> Criterion<M> {
    Criterion::default().with_measurement(measurement).without_plots().noise_threshold(0.0)
}

/// The loops of a benchmark that measures [`PeakBytes`].
///
/// ```no_run
/// use criterion::{Criterion, criterion_group, criterion_main};
/// use heaplens::criterion::{IterPeak, PeakBytes, exact};
///
/// heaplens::install!();
///
/// fn peaks(criterion: &mut Criterion<PeakBytes>) {
///     criterion.bench_function("lines", |bencher| bencher.iter_peak(|| "line\n".repeat(1_000)));
///     criterion.bench_function("sort", |bencher| {
///         bencher.iter_peak_with_setup(|| vec![3, 1, 2], |mut numbers| numbers.sort());
///     });
/// }
///
/// criterion_group! { name = memory; config = exact(PeakBytes); targets = peaks }
/// criterion_main!(memory);
/// ```
pub trait IterPeak {
    /// Measures the peak of each call of `routine`. Its output is dropped outside of the measurement.
    fn iter_peak<O>(&mut self, routine: impl FnMut() -> O);

    /// Measures the peak of each call of `routine`, above what its input holds, which `setup` makes outside of the
    /// measurement.
    ///
    /// Where `routine` grows a block of the input, the whole block counts from then on.
    fn iter_peak_with_setup<I, O>(&mut self, setup: impl FnMut() -> I, routine: impl FnMut(I) -> O);
}

impl IterPeak for Bencher<'_, PeakBytes> {
    fn iter_peak<O>(&mut self, mut routine: impl FnMut() -> O) {
        self.iter_peak_with_setup(|| (), |()| routine());
    }

    fn iter_peak_with_setup<I, O>(&mut self, mut setup: impl FnMut() -> I, mut routine: impl FnMut(I) -> O) {
        let mut peak_bytes = || {
            let input = black_box(setup());
            let scope = open();
            let output = black_box(routine(input));
            let used = finish(scope);
            drop(output);
            used.peak_bytes
        };
        self.iter_custom(|iterations| (0..iterations).map(|_| peak_bytes()).sum());
    }
}

/// What the measurements have in common: values that add up.
macro_rules! sums {
    () => {
        type Value = u64;

        fn add(&self, one: &u64, other: &u64) -> u64 {
            one + other
        }

        fn zero(&self) -> u64 {
            0
        }

        fn to_f64(&self, value: &u64) -> f64 {
            *value as f64
        }
    };
}

impl Measurement for AllocatedBytes {
    type Intermediate = MemoryScope;
    sums!();

    fn start(&self) -> MemoryScope {
        open()
    }

    fn end(&self, scope: MemoryScope) -> u64 {
        finish(scope).total_bytes
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        &InBytes
    }
}

impl Measurement for AllocatedBlocks {
    type Intermediate = MemoryScope;
    sums!();

    fn start(&self) -> MemoryScope {
        open()
    }

    fn end(&self, scope: MemoryScope) -> u64 {
        finish(scope).total_blocks
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        &InBlocks
    }
}

impl Measurement for PeakBytes {
    type Intermediate = Infallible;
    sums!();

    fn start(&self) -> Infallible {
        panic!(
            "peaks do not add up over iterations, so that criterion's own loops would print a fraction of the peak: \
             write `iter_peak` or `iter_peak_with_setup` of `heaplens::criterion::IterPeak` in their place"
        )
    }

    fn end(&self, never: Infallible) -> u64 {
        match never {}
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        &InBytes
    }
}

fn open() -> MemoryScope {
    MemoryScope::enter("criterion")
}

fn finish(scope: MemoryScope) -> MemoryStats {
    let used = scope.finish();
    let missing = used.completeness();
    // A freed block of unknown origin changes no figure; these do.
    let is_exact = missing.uncaptured_events == 0 && missing.evicted_scopes == 0 && missing.abandoned_events == 0;
    assert!(is_exact, "the figures of this benchmark are not exact: {missing}");
    used.stats()
}

/// Decimal units, as everywhere in heaplens: 1 MB is 10^6 bytes.
struct InBytes;

struct InBlocks;

/// Units of bytes and how many bytes each is, from the smallest.
const BYTE_UNITS: [(f64, &str); 4] = [(1.0, "B"), (1e3, "kB"), (1e6, "MB"), (1e9, "GB")];

impl ValueFormatter for InBytes {
    fn scale_values(&self, typical_bytes: f64, values: &mut [f64]) -> &'static str {
        let fits = |unit: &&(f64, &str)| unit.0 <= typical_bytes;
        let (bytes, unit) = *BYTE_UNITS.iter().rev().find(fits).unwrap_or(&BYTE_UNITS[0]);
        values.iter_mut().for_each(|value| *value /= bytes);
        unit
    }

    /// Work done for each byte, or for each kB, MB or GB where that is less than one.
    fn scale_throughputs(&self, typical_bytes: f64, throughput: &Throughput, values: &mut [f64]) -> &'static str {
        let (work, units) = match *throughput {
            Throughput::Bits(bits) => (bits, ["b/B", "b/kB", "b/MB", "b/GB"]),
            Throughput::Bytes(bytes) | Throughput::BytesDecimal(bytes) => (bytes, ["B/B", "B/kB", "B/MB", "B/GB"]),
            Throughput::Elements(elements) | Throughput::ElementsAndBytes { elements, .. } => {
                (elements, ["elem/B", "elem/kB", "elem/MB", "elem/GB"])
            }
        };
        let is_one = |unit: &(f64, &str)| work as f64 * unit.0 >= typical_bytes;
        let place = BYTE_UNITS.iter().position(is_one).unwrap_or(BYTE_UNITS.len() - 1);
        values.iter_mut().for_each(|value| *value = work as f64 * BYTE_UNITS[place].0 / *value);
        units[place]
    }

    fn scale_for_machines(&self, _: &mut [f64]) -> &'static str {
        "B"
    }
}

impl ValueFormatter for InBlocks {
    fn scale_values(&self, _: f64, _: &mut [f64]) -> &'static str {
        "blocks"
    }

    /// Work done for each block.
    fn scale_throughputs(&self, _: f64, throughput: &Throughput, values: &mut [f64]) -> &'static str {
        let (work, unit) = match *throughput {
            Throughput::Bits(bits) => (bits, "b/block"),
            Throughput::Bytes(bytes) | Throughput::BytesDecimal(bytes) => (bytes, "B/block"),
            Throughput::Elements(elements) | Throughput::ElementsAndBytes { elements, .. } => (elements, "elem/block"),
        };
        values.iter_mut().for_each(|value| *value = work as f64 / *value);
        unit
    }

    fn scale_for_machines(&self, _: &mut [f64]) -> &'static str {
        "blocks"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_in_decimal_units() {
        let shown = [0.5, 107.0, 1_907.0, 12_345.0, 2_500_000.0, 7.25e12].map(|bytes| InBytes.format_value(bytes));
        assert_eq!(
            shown.map(|text| text.trim().to_owned()),
            ["0.5000 B", "107.00 B", "1.9070 kB", "12.345 kB", "2.5000 MB", "7250.0 GB"]
        );
    }

    #[test]
    fn blocks_are_not_scaled() {
        let shown = [3.0, 1_234_567.0].map(|blocks| InBlocks.format_value(blocks));
        assert_eq!(shown.map(|text| text.trim().to_owned()), ["3.0000 blocks", "1234567 blocks"]);
    }

    #[test]
    fn a_throughput_is_the_work_done_for_what_was_allocated() {
        let shown = |throughput, bytes| InBytes.format_throughput(&throughput, bytes).trim().to_owned();
        assert_eq!(shown(Throughput::Elements(1_000), 5_000.0), "200.00 elem/kB");
        assert_eq!(shown(Throughput::Bytes(6_000), 2_000.0), "3.0000 B/B");
        assert_eq!(shown(Throughput::Bits(1), 1e12), "0.0010 b/GB");
        let per_block = InBlocks.format_throughput(&Throughput::Elements(1_000), 4.0);
        assert_eq!(per_block.trim(), "250.00 elem/block");
    }

    #[test]
    fn machines_get_whole_bytes_and_blocks() {
        let mut values = [1_907.0];
        assert_eq!((InBytes.scale_for_machines(&mut values), values), ("B", [1_907.0]));
        assert_eq!((InBlocks.scale_for_machines(&mut values), values), ("blocks", [1_907.0]));
    }
}
