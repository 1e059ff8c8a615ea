//! An open scope, whoever holds it: a guard, a future, a span.

use super::error::ScopeError;
use super::handle::ScopeHandle;
use super::measurement::Measurement;
use crate::record::own_work::OwnWork;
use crate::record::scope_figures::ScopeFigures;
use crate::record::scope_ref::ScopeRef;
use crate::record::scopes;
use crate::record::slot::Slot;
use crate::record::slots;
use crate::stats::MemoryStats;
use std::borrow::Cow;
use std::time::{Duration, Instant};

#[cfg(feature = "stacks")]
use crate::record::{scope_events::SitesOf, site_reader};

/// An open scope. It is closed when this is dropped.
#[derive(Debug)]
pub(crate) struct Opened {
    scope: ScopeRef,
    name: Cow<'static, str>,
    began: Instant,
    is_open: bool,
}

impl Opened {
    /// Opens a scope on this thread, which is inside of it from here on. Panics where [`try_here`](Self::try_here) gives an
    /// error.
    ///
    /// PERF: by itself, so that what is opened is written where it stays; `benches/scopes`.
    #[track_caller]
    pub(super) fn here(name: Cow<'static, str>, stacks: bool) -> Self {
        match Self::with(name, |slot, name| scopes::open(slot, name, stacks)) {
            Ok(opened) => opened,
            Err(error) => panic!("{error}"),
        }
    }

    /// Opens a scope on this thread, which is inside of it from here on.
    pub(super) fn try_here(name: Cow<'static, str>, stacks: bool) -> Result<Self, ScopeError> {
        Self::with(name, |slot, name| scopes::open(slot, name, stacks))
    }

    /// Opens a scope that one thread at a time will be inside of.
    pub(crate) fn detached(name: Cow<'static, str>, stacks: bool) -> Result<Self, ScopeError> {
        Self::with(name, |slot, name| scopes::create(slot, name, stacks))
    }

    #[inline(always)]
    fn with(
        name: Cow<'static, str>,
        open: impl FnOnce(&'static Slot, &str) -> Result<ScopeRef, scopes::Refused>,
    ) -> Result<Self, ScopeError> {
        ScopeError::check()?;
        let slot = slots::current_for_library().ok_or(ScopeError::NotInstalled)?;
        let scope = open(slot, &name)?;
        Ok(Self { scope, name, began: Instant::now(), is_open: true })
    }

    pub(crate) fn scope(&self) -> ScopeRef {
        self.scope
    }

    pub(crate) fn handle(&self) -> ScopeHandle {
        ScopeHandle::of(self.scope)
    }

    /// The figures up to here. Allocates nothing.
    pub(crate) fn stats(&self) -> MemoryStats {
        slots::current().map_or_else(MemoryStats::default, |slot| scopes::read(slot, self.scope).stats())
    }

    /// The figures and call sites up to here.
    pub(crate) fn checkpoint(&self) -> Measurement {
        let _own = OwnWork::begin();
        let elapsed = self.began.elapsed();
        let read = match slots::current_for_library() {
            Some(slot) => scopes::read_with_sites(slot, self.scope, copy_sites),
            None => Default::default(),
        };
        measurement(self.name.clone(), elapsed, read)
    }

    /// Closes the scope.
    pub(crate) fn finish(mut self) -> Measurement {
        let elapsed = self.began.elapsed();
        self.is_open = false;
        let closed = match slots::current_for_library() {
            Some(slot) => scopes::close(slot, self.scope, copy_sites),
            None => Default::default(),
        };
        measurement(core::mem::take(&mut self.name), elapsed, closed)
    }
}

#[inline(always)]
fn measurement(
    name: Cow<'static, str>,
    elapsed: Duration,
    (figures, _sites): (ScopeFigures, Option<Sites>),
) -> Measurement {
    Measurement {
        name,
        stats: figures.stats(),
        elapsed,
        completeness: figures.completeness,
        unattached_threads: figures.unattached_threads,
        unattached_blocks: figures.unattached_blocks,
        #[cfg(feature = "stacks")]
        sites: _sites,
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        if self.is_open
            && let Some(slot) = slots::current_for_library()
        {
            scopes::close_unread(slot, self.scope);
        }
    }
}

/// The call sites of a scope, with their figures.
#[cfg(feature = "stacks")]
type Sites = Vec<(crate::record::tag::SiteId, crate::record::counter::Figures)>;
#[cfg(not(feature = "stacks"))]
type Sites = ();

#[cfg(feature = "stacks")]
fn copy_sites(of: SitesOf) -> Sites {
    let _own = OwnWork::begin();
    site_reader::sites_of_scope(of.level, of.instance, of.epoch).collect()
}

#[cfg(not(feature = "stacks"))]
fn copy_sites(_: crate::record::scope_events::SitesOf) {}
