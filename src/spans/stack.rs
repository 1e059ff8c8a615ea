//! The spans that a thread is in, innermost last.
//!
//! A span may be exited while one that was entered later is not: those later ones are left and entered again, so that the
//! thread is always in the scope of the innermost span it has not exited.

use super::span::SpanScope;
use crate::record::scope_ref::ScopeRef;
use crate::record::slots;
use crate::record::visits::Ended;
use crate::scope::{Inside, ScopeHandle};
use core::cell::RefCell;
use std::sync::Arc;

/// Which span: who measures it, and its number there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SpanKey {
    pub(crate) layer: u64,
    pub(crate) span: u64,
}

/// One entry of a span. A thread may be in a span more than once.
struct Entry {
    key: SpanKey,
    span: Arc<SpanScope>,
    inside: Option<Inside>,
    /// The scope that the thread was in before; known of the outermost entry only.
    before: Option<ScopeHandle>,
}

thread_local! {
    static ENTERED: RefCell<Vec<Entry>> = const { RefCell::new(Vec::new()) };
}

/// The thread enters a span. On a thread that is past its end it does not.
pub(crate) fn enter(key: SpanKey, span: &Arc<SpanScope>) {
    change(|entered| {
        let before = if entered.is_empty() { ScopeHandle::current() } else { None };
        let start = span.come(own_slot());
        entered.push(Entry { key, span: Arc::clone(span), inside: Some(Inside::of(start)), before });
    });
}

/// The thread exits a span that it entered, wherever it is among those.
pub(crate) fn exit(key: SpanKey) {
    change(|entered| {
        let Some(position) = entered.iter().rposition(|entry| entry.key == key) else { return };
        let mut later: Vec<Option<ScopeRef>> = Vec::new();
        for entry in entered[position + 1..].iter_mut().rev() {
            later.push(entry.step_out());
        }
        let mut exited = entered.remove(position);
        let left = exited.step_out();
        exited.span.go(own_slot(), left);
        for entry in &mut entered[position..] {
            entry.step_in(later.pop().flatten());
        }
        if let Some(outermost) = entered.first_mut()
            && position == 0
        {
            outermost.before = exited.before.take();
        }
    });
}

/// Where the thread would be without the spans that it is in: `Some` if it is in the scope of the innermost of them, and
/// not in one that was opened there.
pub(super) fn outside_of_spans() -> Option<Option<ScopeHandle>> {
    let current = ScopeHandle::current()?;
    let find = |entered: &RefCell<Vec<Entry>>| {
        let entered = entered.try_borrow().ok()?;
        let innermost = entered.last()?.span.scope();
        current.scope().is(innermost).then(|| entered.first().and_then(|outermost| outermost.before.clone()))
    };
    ENTERED.try_with(find).ok().flatten()
}

impl Entry {
    /// Returns the scope that the thread was in, if that is one that was opened inside.
    fn step_out(&mut self) -> Option<ScopeRef> {
        match self.inside.take()?.end() {
            Ended::LeftOpen(last) => Some(last),
            Ended::Back | Ended::Refused => None,
        }
    }

    fn step_in(&mut self, left: Option<ScopeRef>) {
        let start = left.filter(|left| left.is_open()).unwrap_or(self.span.scope());
        self.inside = Some(Inside::from(self.span.scope(), start));
    }
}

/// Also where a thread ends inside of spans.
impl Drop for Entry {
    fn drop(&mut self) {
        if let Some(inside) = self.inside.take() {
            drop(inside);
            self.span.go(own_slot(), None);
        }
    }
}

fn own_slot() -> u32 {
    slots::current().map_or(0, |slot| slot.index())
}

fn change(change: impl FnOnce(&mut Vec<Entry>)) {
    let _ = ENTERED.try_with(|entered| entered.try_borrow_mut().map(|mut entered| change(&mut entered)));
}
