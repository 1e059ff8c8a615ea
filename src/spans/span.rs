//! One span: its scope, and what the spans below it allocated.

use super::closed::{self, Below, RowKey};
use super::stack;
use crate::record::scope_ref::ScopeRef;
use crate::record::visits;
use crate::scope::{Inside, Measurement, Opened, ScopeHandle};
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};

/// A span that is open. Whoever opened it holds this until it is closed.
#[derive(Debug)]
pub(crate) struct OpenSpan {
    /// `None`: it could not be measured.
    opened: Option<Opened>,
    /// Its own; or, if it could not be measured, the one it would have been part of.
    scope: Option<Arc<SpanScope>>,
}

/// What the threads inside of a span, and the spans below it, share.
#[derive(Debug)]
pub(crate) struct SpanScope {
    key: RowKey,
    handle: ScopeHandle,
    /// The nearest span around it of which it is a part.
    around: Option<Arc<SpanScope>>,
    bytes_below: AtomicU64,
    blocks_below: AtomicU64,
    unattached_threads_below: AtomicU64,
    /// Where threads were when they exited while a scope of theirs was open inside: the thread's slot, and that scope.
    left: Mutex<Vec<(u32, ScopeRef)>>,
    left_len: AtomicUsize,
}

/// Where a span is opened.
pub(crate) enum Place<'a> {
    /// In the scope that the thread is in.
    Here,
    /// In another span, unless the thread is inside of that anyway.
    Below(&'a SpanScope),
    /// Outside of the spans that the thread is in.
    OutsideOfSpans,
}

impl OpenSpan {
    /// Opens a span, or counts it as refused. `ancestors` are the measured spans around it, nearest first.
    pub(crate) fn open(key: RowKey, place: &Place<'_>, mut ancestors: impl Iterator<Item = Arc<SpanScope>>) -> Self {
        let _at = place.go_there();
        match Opened::detached(Cow::Borrowed(key.0), false) {
            Ok(opened) => {
                closed::opened();
                let around = ancestors.find(|ancestor| opened.scope().is_within(ancestor.scope()));
                let scope = Arc::new(SpanScope::new(key, opened.handle(), around));
                Self { opened: Some(opened), scope: Some(scope) }
            }
            Err(error) => {
                closed::refused(key, error);
                let stand_in = ScopeHandle::current().map(|handle| Arc::new(SpanScope::new(key, handle, None)));
                Self { opened: None, scope: stand_in }
            }
        }
    }

    /// Where a thread goes that enters the span.
    pub(crate) fn scope(&self) -> Option<&Arc<SpanScope>> {
        self.scope.as_ref()
    }

    /// The scope of the span, if it is measured.
    pub(crate) fn measured(&self) -> Option<&Arc<SpanScope>> {
        self.opened.as_ref().and(self.scope())
    }

    /// Closes the span and adds it to its row. The spans below it are closed.
    pub(crate) fn close(mut self) {
        if let (Some(opened), Some(scope)) = (self.opened.take(), self.scope.take()) {
            closed::gone();
            scope.close(&opened.finish());
        }
    }
}

impl Drop for OpenSpan {
    fn drop(&mut self) {
        if self.opened.is_some() {
            closed::gone();
        }
    }
}

impl Place<'_> {
    /// The thread is there until what this returns is dropped.
    fn go_there(&self) -> Option<Inside> {
        match self {
            Self::Here => None,
            Self::Below(span) => {
                let is_below = ScopeHandle::current().is_some_and(|current| current.scope().is_within(span.scope()));
                (!is_below).then(|| Inside::of(span.scope()))
            }
            Self::OutsideOfSpans => {
                let outside = stack::outside_of_spans()?;
                Some(outside.map_or_else(Inside::of_none, |scope| Inside::of(scope.scope())))
            }
        }
    }
}

impl SpanScope {
    fn new(key: RowKey, handle: ScopeHandle, around: Option<Arc<Self>>) -> Self {
        Self {
            key,
            handle,
            around,
            bytes_below: AtomicU64::new(0),
            blocks_below: AtomicU64::new(0),
            unattached_threads_below: AtomicU64::new(0),
            left: Mutex::new(Vec::new()),
            left_len: AtomicUsize::new(0),
        }
    }

    fn close(&self, measured: &Measurement) {
        self.give_up_left();
        if let Some(around) = &self.around {
            around.bytes_below.fetch_add(measured.total_bytes, Ordering::Relaxed);
            around.blocks_below.fetch_add(measured.total_blocks, Ordering::Relaxed);
            around.unattached_threads_below.fetch_add(measured.unattached_threads(), Ordering::Relaxed);
        }
        let below = Below {
            bytes: self.bytes_below.load(Ordering::Relaxed),
            blocks: self.blocks_below.load(Ordering::Relaxed),
            unattached_threads: self.unattached_threads_below.load(Ordering::Relaxed),
        };
        closed::closed(self.key, measured, &below);
    }

    pub(super) fn scope(&self) -> ScopeRef {
        self.handle.scope()
    }

    /// A thread is about to come inside. Returns where it begins: in the span's scope, or in one that it opened inside when
    /// it was there before, which is still open.
    pub(super) fn come(&self, slot: u32) -> ScopeRef {
        self.handle.note_entry();
        self.take_left(slot).unwrap_or(self.scope())
    }

    /// A thread is not inside any more. `left` is a scope that it opened inside and that is still open.
    pub(super) fn go(&self, slot: u32, left: Option<ScopeRef>) {
        if let Some(left) = left {
            let mut all = self.left.lock().unwrap_or_else(PoisonError::into_inner);
            all.retain(|(of, scope)| *of != slot && scope.is_open());
            all.push((slot, left));
            self.left_len.store(all.len(), Ordering::Relaxed);
        }
        self.scope().leave();
    }

    fn take_left(&self, slot: u32) -> Option<ScopeRef> {
        // A thread finds its own entry, which it wrote itself.
        if self.left_len.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let mut all = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let position = all.iter().position(|(of, _)| *of == slot)?;
        let (_, left) = all.swap_remove(position);
        self.left_len.store(all.len(), Ordering::Relaxed);
        left.is_open().then_some(left)
    }

    /// Scopes that were opened inside and are still open see nothing from here on.
    fn give_up_left(&self) {
        let mut all = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        all.drain(..).filter(|(_, left)| left.is_open()).for_each(|(of, left)| visits::left_open(of, left));
    }
}
