//! Which blocks a thread may free on its short and its traced path: those whose end concerns nothing else.

use super::slot::Slot;
use super::tag::{Accepted, Tag};
use core::sync::atomic::Ordering;

impl Slot {
    /// Chooses the tags whose blocks the short and the traced path may free: all of other threads and this one outside of
    /// scopes, those of the innermost scope inside of one. None before the thread's first free, which is looked at.
    #[inline(always)]
    pub(super) fn accept_for_context(&self) {
        self.accept(match self.context() {
            _ if self.newcomer.is_one() => Accepted::NONE,
            context if context.scope().is_some() => Accepted::of(context),
            _ => Accepted::PLAIN,
        });
    }

    /// Chooses the tags whose blocks the short and the traced path may free.
    #[inline(always)]
    pub(super) fn accept(&self, accepted: Accepted) {
        self.accepted_mask.store(accepted.mask, Ordering::Relaxed);
        self.accepted_bits.store(accepted.bits, Ordering::Relaxed);
    }

    #[inline(always)]
    fn accepted(&self) -> Accepted {
        Accepted { mask: self.accepted_mask.load(Ordering::Relaxed), bits: self.accepted_bits.load(Ordering::Relaxed) }
    }

    /// Whether the end of a block without a site concerns only what this thread counts by itself.
    #[inline(always)]
    pub(crate) fn accepts_plain(&self, tag: Tag) -> bool {
        self.accepted().is_without_site(tag)
    }

    /// Whether the end of a block concerns, but for its site, only what this thread counts by itself.
    #[cfg(feature = "stacks")]
    #[inline(always)]
    pub(crate) fn accepts(&self, tag: Tag) -> bool {
        self.accepted().is(tag)
    }
}
