//! The guard: a scope from a line to the end of a block.

use super::error::ScopeError;
use super::measurement::Measurement;
use crate::completeness::Completeness;
use crate::record::tag::ScopeId;
use crate::record::{reader, scopes, slots};
use crate::stats::MemoryStats;
use core::marker::PhantomData;
use std::borrow::Cow;
use std::time::Instant;

#[cfg(feature = "stacks")]
use crate::record::{own_work::OwnWork, site_reader};

/// A measured stretch of work on the current thread, from [`enter`](Self::enter) to [`finish`](Self::finish) or the
/// end of the block. Scopes nest; what is allocated inside counts in every scope around it.
///
/// It is neither `Send` nor `Sync`: it measures the thread that opened it. It closes when it is dropped, also by a
/// panic.
///
/// ```
/// use heaplens::MemoryScope;
///
/// heaplens::install!();
///
/// fn main() {
///     let scope = MemoryScope::enter("load");
///     let table: Vec<u64> = (0..100).collect();
///     assert_eq!(scope.stats().live_bytes, 800);
///     drop(table);
///     let used = scope.finish();
///     assert_eq!((used.live_bytes, used.peak_bytes), (0, 800));
/// }
/// ```
///
/// ```compile_fail
/// # use heaplens::MemoryScope;
/// let scope = MemoryScope::enter("here");
/// std::thread::spawn(move || scope.finish()); // a scope stays on its thread
/// ```
#[must_use = "a scope ends when it is dropped: bind it to a name"]
#[derive(Debug)]
pub struct MemoryScope {
    scope: ScopeId,
    name: Cow<'static, str>,
    opened: Instant,
    completeness_before: Completeness,
    is_open: bool,
    not_send: PhantomData<*const ()>,
}

/// Settings of a scope before it is opened.
#[must_use = "a scope is opened by `enter`"]
#[derive(Clone, Debug)]
pub struct ScopeBuilder {
    name: Cow<'static, str>,
    stacks: bool,
}

impl ScopeBuilder {
    /// Captures the call stack of every allocation inside the scope, for [`Measurement::sites`].
    ///
    /// # Cost
    ///
    /// Tens of nanoseconds for each allocation on x86_64 Linux with glibc, microseconds elsewhere.
    #[cfg(feature = "stacks")]
    pub fn stacks(mut self) -> Self {
        self.stacks = true;
        self
    }

    /// Opens the scope.
    ///
    /// # Panics
    ///
    /// Where [`try_enter`](Self::try_enter) gives an error, with its text.
    pub fn enter(self) -> MemoryScope {
        self.try_enter().unwrap_or_else(|error| panic!("{error}"))
    }

    /// Opens the scope.
    ///
    /// # Errors
    ///
    /// [`ScopeError`] says why it cannot be measured, and what to do.
    pub fn try_enter(self) -> Result<MemoryScope, ScopeError> {
        ScopeError::check()?;
        let slot = slots::current_for_library().ok_or(ScopeError::NotInstalled)?;
        let completeness_before = reader::completeness_of(slot);
        let scope = scopes::open(slot, &self.name, self.stacks)?;
        Ok(MemoryScope {
            scope,
            name: self.name,
            opened: Instant::now(),
            completeness_before,
            is_open: true,
            not_send: PhantomData,
        })
    }
}

impl MemoryScope {
    /// Opens a scope on the current thread.
    ///
    /// # Panics
    ///
    /// If heaplens is not installed or no more scopes can be opened; [`try_enter`](Self::try_enter) returns that as an
    /// error.
    pub fn enter(name: impl Into<Cow<'static, str>>) -> Self {
        Self::builder(name).enter()
    }

    /// Opens a scope on the current thread.
    ///
    /// # Errors
    ///
    /// [`ScopeError`] says why it cannot be measured, and what to do.
    pub fn try_enter(name: impl Into<Cow<'static, str>>) -> Result<Self, ScopeError> {
        Self::builder(name).try_enter()
    }

    /// A scope with settings.
    pub fn builder(name: impl Into<Cow<'static, str>>) -> ScopeBuilder {
        ScopeBuilder { name: name.into(), stacks: false }
    }

    /// The figures of the scope up to here. Allocates nothing.
    #[must_use]
    pub fn stats(&self) -> MemoryStats {
        scopes::read(self.scope).into()
    }

    /// Closes the scope and returns its figures.
    pub fn finish(mut self) -> Measurement {
        self.close()
    }

    fn close(&mut self) -> Measurement {
        let elapsed = self.opened.elapsed();
        self.is_open = false;
        let Some(slot) = slots::current() else { unreachable!("a scope is open on this thread") };
        let (figures, _sites) = scopes::close(slot, self.scope, copy_sites);
        let mut completeness = reader::completeness_of(slot).since(&self.completeness_before);
        completeness.evicted_scopes = figures.evicted_scopes;
        Measurement {
            name: core::mem::take(&mut self.name),
            stats: figures.into(),
            elapsed,
            completeness,
            #[cfg(feature = "stacks")]
            sites: _sites,
        }
    }
}

impl Drop for MemoryScope {
    fn drop(&mut self) {
        if self.is_open {
            drop(self.close());
        }
    }
}

#[cfg(feature = "stacks")]
fn copy_sites(of: scopes::SitesOf) -> Vec<(crate::record::tag::SiteId, crate::record::counter::Figures)> {
    let _own = OwnWork::begin();
    site_reader::sites_of_scope(of.level, of.instance, of.epoch).collect()
}

#[cfg(not(feature = "stacks"))]
fn copy_sites(_: scopes::SitesOf) {}
