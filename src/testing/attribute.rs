//! What `#[heaplens::budget]` and `#[heaplens::baseline]` expand to: the body of a test runs in a scope with call stacks, and what it
//! used is compared with the test's budget or baseline. Not for use by hand.
//!
//! ```text
//! MeasuredTest ──run──▶ Ran: how the body ended, and what came of the check ──▶ what the test returns, or its failure
//! ```
//!
//! A violation is told after the body, and never in place of what the body itself failed with. Where a panic is expected, a
//! violation is printed and no panic: it cannot be taken for the expected one.

use super::baseline::Baseline;
use super::budget::Budget;
use super::failure::BudgetFailure;
use crate::record::own_work::OwnWork;
use crate::scope::{Measured, Measurement, MemoryScope, ScopeError};
use core::future::{Future, poll_fn};
use core::pin::pin;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread;

/// What the measurement of a test is checked against.
pub trait MeasurementCheck {
    /// # Errors
    ///
    /// If the measurement does not pass.
    fn check(&self, measurement: &Measurement) -> Result<(), BudgetFailure>;
}

impl MeasurementCheck for Budget {
    fn check(&self, measurement: &Measurement) -> Result<(), BudgetFailure> {
        self.check(measurement)
    }
}

impl MeasurementCheck for Baseline {
    fn check(&self, measurement: &Measurement) -> Result<(), BudgetFailure> {
        self.check(measurement)
    }
}

/// A test function that is measured.
#[derive(Debug)]
#[must_use = "a test does nothing unless it is run"]
pub struct MeasuredTest<C> {
    name: &'static str,
    check: C,
    expects_panic: bool,
}

/// How the body of a test ended, and what came of its check.
#[derive(Debug)]
#[must_use = "a failure is told by `returned` or `after_panic`"]
pub struct Ran<R>(Outcome<R>);

#[derive(Debug)]
enum Outcome<R> {
    /// The body did not run.
    NotMeasured(BudgetFailure),
    /// A panic is kept where one is expected.
    Ended(thread::Result<R>, Result<(), BudgetFailure>),
}

impl<C: MeasurementCheck> MeasuredTest<C> {
    /// A test, by its name.
    pub fn new(name: &'static str, check: C) -> Self {
        Self { name, check, expects_panic: false }
    }

    /// Its body is expected to panic.
    pub fn expecting_panic(self) -> Self {
        Self { expects_panic: true, ..self }
    }

    /// Runs the body.
    pub fn run<R>(&self, body: impl FnOnce() -> R) -> Ran<R> {
        let scope = MemoryScope::builder(self.name);
        #[cfg(feature = "stacks")]
        let scope = scope.stacks();
        Ran(match scope.try_enter() {
            Err(error) => self.not_measured(&error),
            Ok(scope) => {
                let ended = self.ended(body);
                Outcome::Ended(ended, self.check.check(&scope.finish()))
            }
        })
    }

    /// Runs the body so many times for nothing, and then once more.
    pub fn run_warm<R>(&self, warmups: u32, body: impl Fn() -> R) -> Ran<R> {
        if ScopeError::check().is_ok() {
            (0..warmups).for_each(|_| drop(self.ended(&body)));
        }
        self.run(body)
    }

    /// Runs the body of an `async fn`.
    pub async fn run_future<R>(&self, body: impl AsyncFnOnce() -> R) -> Ran<R> {
        Ran(match Measured::with_stacks(self.future_ended(body()), self.name) {
            Err(error) => self.not_measured(&error),
            Ok(measured) => {
                let (ended, used) = measured.await;
                Outcome::Ended(ended, self.check.check(&used))
            }
        })
    }

    /// Runs the body of an `async fn` so many times for nothing, and then once more.
    pub async fn run_future_warm<R>(&self, warmups: u32, body: impl AsyncFn() -> R) -> Ran<R> {
        if ScopeError::check().is_ok() {
            for _ in 0..warmups {
                drop(self.future_ended(body()).await);
            }
        }
        self.run_future(body).await
    }

    fn not_measured<R>(&self, error: &ScopeError) -> Outcome<R> {
        let _own = OwnWork::begin();
        Outcome::NotMeasured(BudgetFailure::not_measured(self.name, error))
    }

    fn ended<R>(&self, body: impl FnOnce() -> R) -> thread::Result<R> {
        // What an expected panic leaves broken is the test's, as if nobody had caught it.
        if self.expects_panic { catch_unwind(AssertUnwindSafe(body)) } else { Ok(body()) }
    }

    async fn future_ended<R>(&self, body: impl Future<Output = R>) -> thread::Result<R> {
        let mut body = pin!(body);
        poll_fn(|task| match self.ended(|| body.as_mut().poll(task)) {
            Ok(poll) => poll.map(Ok),
            Err(panic) => core::task::Poll::Ready(Err(panic)),
        })
        .await
    }
}

impl<R> Ran<R> {
    /// What the body returned. Of a body that returned an error this is the error, whatever its check says.
    ///
    /// # Panics
    ///
    /// If the check fails, or nothing was measured.
    #[track_caller]
    pub fn returned(self, is_error: impl FnOnce(&R) -> bool) -> R {
        match self.0 {
            Outcome::Ended(Ok(result), Ok(())) => result,
            Outcome::Ended(Ok(result), Err(failure)) if is_error(&result) => {
                print(&failure);
                result
            }
            Outcome::NotMeasured(failure) | Outcome::Ended(Ok(_), Err(failure)) => panic!("{failure}"),
            Outcome::Ended(Err(panic), _) => resume_unwind(panic),
        }
    }
}

impl Ran<()> {
    /// Goes on with the panic of the body, if the check passes. Else there is none, which fails a test that expects one.
    pub fn after_panic(self) {
        match self.0 {
            Outcome::Ended(Err(panic), Ok(())) => resume_unwind(panic),
            Outcome::Ended(Ok(()), Ok(())) => (),
            Outcome::NotMeasured(failure) | Outcome::Ended(_, Err(failure)) => print(&failure),
        }
    }
}

/// On the standard error, which the test harness shows for tests that fail.
fn print(failure: &BudgetFailure) {
    let _own = OwnWork::begin();
    eprintln!("{failure}");
}

/// What a test returned. Whether that is an error is asked by a method that only a `Result` has itself; all other types have the
/// one of [`NoResult`].
#[derive(Debug)]
pub struct Returned<'a, R>(pub &'a R);

impl<T, E> Returned<'_, Result<T, E>> {
    /// Whether it is an error.
    pub fn is_error_of_test(&self) -> bool {
        self.0.is_err()
    }
}

/// What is no `Result`.
pub trait NoResult {
    /// It is not an error.
    fn is_error_of_test(&self) -> bool {
        false
    }
}

impl<R> NoResult for Returned<'_, R> {}
