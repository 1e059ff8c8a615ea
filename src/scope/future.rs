//! Futures in scopes: inside on each poll, outside between polls, on whatever thread polls.

use super::error::ScopeError;
use super::handle::ScopeHandle;
use super::measurement::Measurement;
use super::opened::Opened;
use super::polled::{HandleScope, OwnScope};
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use pin_project_lite::pin_project;
use std::borrow::Cow;

const POLLED_AGAIN: &str = "a future is polled after it was ready";

/// Measures futures, and runs them in scopes, under any executor.
///
/// ```
/// use heaplens::MeasureFuture;
///
/// heaplens::install!();
///
/// # fn block_on<F: Future>(future: F) -> F::Output {
/// #     let mut future = std::pin::pin!(future);
/// #     let mut context = std::task::Context::from_waker(std::task::Waker::noop());
/// #     loop {
/// #         if let std::task::Poll::Ready(output) = future.as_mut().poll(&mut context) {
/// #             return output;
/// #         }
/// #     }
/// # }
/// fn main() {
///     let load = async { vec![0_u8; 4_096] };
///     let (bytes, used) = block_on(load.measured("load"));
///     assert_eq!(bytes.len(), 4_096);
///     assert_eq!((used.total_blocks, used.live_bytes), (1, 4_096));
/// }
/// ```
pub trait MeasureFuture: Future + Sized {
    /// Measures the future: its output comes with the figures of everything that its polls allocated.
    ///
    /// The scope is opened here, inside of the one that the thread is in; it is entered on each poll and left after it,
    /// also when the poll panics. It ends when the future is ready, which is dropped inside of the scope. A future that is
    /// dropped unfinished closes its scope. Tasks that it spawns are not part of it: give them a scope of their own,
    /// or [`in_scope`](Self::in_scope).
    ///
    /// # Cost
    ///
    /// Some ten nanoseconds for each poll. The scopes around it are shared from here on, see [`ScopeHandle`].
    ///
    /// # Panics
    ///
    /// Where [`try_measured`](Self::try_measured) gives an error, with its text.
    #[track_caller]
    fn measured(self, name: impl Into<Cow<'static, str>>) -> Measured<Self> {
        match self.try_measured(name) {
            Ok(measured) => measured,
            Err(error) => panic!("{error}"),
        }
    }

    /// As [`measured`](Self::measured), with what stands in the way as an error.
    ///
    /// # Errors
    ///
    /// [`ScopeError`] says why it cannot be measured, and what to do.
    fn try_measured(self, name: impl Into<Cow<'static, str>>) -> Result<Measured<Self>, ScopeError> {
        Measured::of(self, name.into(), false)
    }

    /// Runs the future in the scope of a handle: each poll enters it and leaves it again.
    ///
    /// ```
    /// use heaplens::{MeasureFuture, MemoryScope};
    ///
    /// heaplens::install!();
    ///
    /// # fn block_on<F: Future>(future: F) -> F::Output {
    /// #     let mut future = std::pin::pin!(future);
    /// #     let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    /// #     loop {
    /// #         if let std::task::Poll::Ready(output) = future.as_mut().poll(&mut context) {
    /// #             return output;
    /// #         }
    /// #     }
    /// # }
    /// fn main() {
    ///     let scope = MemoryScope::enter("request");
    ///     let task = async { String::from("as a task of an executor").len() }.in_scope(&scope.handle());
    ///     let worker = std::thread::spawn(|| block_on(task));
    ///     assert_eq!(worker.join().expect("it ends well"), 24);
    ///     assert!(scope.finish().total_bytes >= 24);
    /// }
    /// ```
    fn in_scope(self, handle: &ScopeHandle) -> InScope<Self> {
        InScope { future: Some(self), scope: HandleScope::new(handle.clone()) }
    }
}

impl<F: Future> MeasureFuture for F {}

pin_project! {
    /// A future that is measured, see [`MeasureFuture::measured`].
    #[must_use = "futures do nothing unless polled"]
    #[derive(Debug)]
    pub struct Measured<F> {
        #[pin]
        future: Option<F>,
        // `None` when it is finished.
        scope: Option<OwnScope>,
    }

    impl<F> PinnedDrop for Measured<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if this.future.is_some() {
                let _inside = this.scope.as_mut().map(OwnScope::enter);
                this.future.set(None);
            }
        }
    }
}

impl<F> Measured<F> {
    fn of(future: F, name: Cow<'static, str>, stacks: bool) -> Result<Self, ScopeError> {
        let scope = OwnScope::new(Opened::detached(name, stacks)?);
        Ok(Self { future: Some(future), scope: Some(scope) })
    }

    /// Measures the future, with call stacks where they can be captured.
    #[cfg(feature = "macros")]
    pub(crate) fn with_stacks(future: F, name: &'static str) -> Result<Self, ScopeError> {
        Self::of(future, Cow::Borrowed(name), cfg!(feature = "stacks"))
    }

    /// A handle of the future's scope; `None` when it is finished.
    ///
    /// What the future's tasks do inside of it counts for the future. Several threads may be inside from here on.
    #[must_use]
    pub fn handle(&mut self) -> Option<ScopeHandle> {
        self.scope.as_ref().map(OwnScope::handle)
    }
}

impl<F: Future> Future for Measured<F> {
    type Output = (F::Output, Measurement);

    /// # Panics
    ///
    /// If it is polled after it was ready.
    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let Some(scope) = this.scope.as_mut() else { panic!("{POLLED_AGAIN}") };
        let inside = scope.enter();
        let Some(future) = this.future.as_mut().as_pin_mut() else { panic!("{POLLED_AGAIN}") };
        let output = ready!(future.poll(task));
        this.future.set(None);
        drop(inside);
        let Some(scope) = this.scope.take() else { panic!("{POLLED_AGAIN}") };
        Poll::Ready((output, scope.finish()))
    }
}

pin_project! {
    /// A future that runs in the scope of a handle, see [`MeasureFuture::in_scope`].
    #[must_use = "futures do nothing unless polled"]
    #[derive(Debug)]
    pub struct InScope<F> {
        #[pin]
        future: Option<F>,
        scope: HandleScope,
    }

    impl<F> PinnedDrop for InScope<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if this.future.is_some() {
                let _inside = this.scope.enter();
                this.future.set(None);
            }
        }
    }
}

impl<F: Future> Future for InScope<F> {
    type Output = F::Output;

    /// # Panics
    ///
    /// If it is polled after it was ready.
    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let _inside = this.scope.enter();
        let Some(future) = this.future.as_mut().as_pin_mut() else { panic!("{POLLED_AGAIN}") };
        let output = ready!(future.poll(task));
        this.future.set(None);
        Poll::Ready(output)
    }
}
