//! `tracing`: every span a scope.

#![forbid(unsafe_code)]

use crate::record::own_work::OwnWork;
use crate::spans::{self, OpenSpan, Place, SpanKey, SpanScope};
use core::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use tracing_core::Subscriber;
use tracing_core::span::{Attributes, Id};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::{LookupSpan, SpanRef};

/// Numbers the layers, so that two of them never take each other's spans for their own.
static LAYERS: AtomicU64 = AtomicU64::new(0);

/// A layer that measures the memory of every span: one line, and an instrumented service tells where its memory goes.
///
/// ```
/// use tracing_subscriber::prelude::*;
///
/// heaplens::install!();
///
/// #[tracing::instrument]
/// fn load() -> Vec<u64> {
///     Vec::with_capacity(1_000)
/// }
///
/// fn main() {
///     tracing_subscriber::registry().with(heaplens::tracing::MemoryLayer::new()).init();
///     drop(load());
///     print!("{}", heaplens::span_table());
///     let table = heaplens::span_table();
///     let load = table.row("load").expect("it was called");
///     assert_eq!((load.count, load.total_bytes, load.total_blocks), (1, 8_000, 1));
/// }
/// ```
#[derive(Debug)]
pub struct MemoryLayer {
    number: u64,
}

/// What the registry keeps for us with a span.
struct Measured {
    layer: u64,
    open: OpenSpan,
}

impl MemoryLayer {
    /// A layer that measures every span it is shown.
    #[must_use]
    pub fn new() -> Self {
        Self { number: LAYERS.fetch_add(1, Ordering::Relaxed) }
    }

    fn key(&self, id: &Id) -> SpanKey {
        SpanKey { layer: self.number, span: id.into_u64() }
    }

    /// Something of what a span is to this layer.
    fn get<'a, S: LookupSpan<'a>>(
        &self,
        span: &SpanRef<'a, S>,
        of: fn(&OpenSpan) -> Option<&Arc<SpanScope>>,
    ) -> Option<Arc<SpanScope>> {
        let extensions = span.extensions();
        let measured = extensions.get::<Measured>()?;
        if measured.layer == self.number { of(&measured.open).cloned() } else { None }
    }
}

impl Default for MemoryLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for MemoryLayer {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let _own = OwnWork::begin();
        let Some(span) = context.span(id) else { return };
        if span.extensions().get::<Measured>().is_some() {
            // Another layer of the kind is at it.
            return;
        }
        let key = (attributes.metadata().name(), attributes.metadata().target());
        let ancestors = || span.scope().skip(1).filter_map(|around| self.get(&around, OpenSpan::measured));
        let parent = if attributes.parent().is_some() { ancestors().next() } else { None };
        let place = match &parent {
            Some(parent) => Place::Below(parent),
            None if attributes.is_root() => Place::OutsideOfSpans,
            None => Place::Here,
        };
        let open = OpenSpan::open(key, &place, ancestors());
        span.extensions_mut().insert(Measured { layer: self.number, open });
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        let _own = OwnWork::begin();
        if let Some(scope) = context.span(id).and_then(|span| self.get(&span, OpenSpan::scope)) {
            spans::enter(self.key(id), &scope);
        }
    }

    fn on_exit(&self, id: &Id, _: Context<'_, S>) {
        let _own = OwnWork::begin();
        spans::exit(self.key(id));
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let _own = OwnWork::begin();
        let Some(span) = context.span(&id) else { return };
        let mut extensions = span.extensions_mut();
        if extensions.get_mut::<Measured>().is_some_and(|measured| measured.layer == self.number)
            && let Some(measured) = extensions.remove::<Measured>()
        {
            measured.open.close();
        }
    }
}
