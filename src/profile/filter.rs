//! The part of a profile that belongs to a scope or a thread, as a profile of its own.

use crate::profile::named::{Kind, Named};
use crate::profile::part::Choice;
use crate::profile::{Profile, ProfileError};
use crate::record::own_work::OwnWork;

impl Profile {
    /// The part of the profile below scopes of this name, at any depth: see [`part`](Profile::part) for what its figures
    /// mean. A name is also found as reports show it, where control characters are escaped.
    ///
    /// ```
    /// # use heaplens::{measure, profile, Metric};
    /// heaplens::install!();
    ///
    /// fn main() -> Result<(), heaplens::ProfileError> {
    ///     let (_, profile) = profile("load", || measure("parse", || vec![7_u8; 200]));
    ///     let parse = profile.in_scope("parse")?;
    ///     assert_eq!(parse.sites(Metric::TotalBytes)[0].value(), 200);
    ///     let error = profile.in_scope("print").unwrap_err();
    ///     assert!(error.to_string().contains("\"load\", \"parse\""));
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ProfileError::UnknownScope`], which lists the scopes that there are.
    pub fn in_scope(&self, name: &str) -> Result<Self, ProfileError> {
        let _own = OwnWork::begin();
        self.choose_named(Kind::Scope, name).ok_or_else(|| ProfileError::UnknownScope {
            name: name.to_owned(),
            part: self.part(),
            known: self.names(Kind::Scope),
        })
    }

    /// The part of the profile that no scope is around; empty if there is none. See [`part`](Profile::part) for what its
    /// figures mean, and [`scopes`](Profile::scopes) for what counts as outside.
    ///
    /// ```
    /// # use heaplens::{measure, Profiler};
    /// heaplens::install!();
    ///
    /// fn main() -> Result<(), heaplens::ProfilerError> {
    ///     let profiler = Profiler::start()?;
    ///     let blocks = (vec![7_u8; 1_000], measure("parse", || vec![7_u8; 200]));
    ///     let profile = profiler.stop();
    ///     let (inside, outside) = (profile.scopes()[0].inclusive().total_bytes, profile.outside_scopes());
    ///     assert!(inside == 200 && outside.stats().total_bytes >= 1_000);
    ///     assert_eq!(inside + outside.stats().total_bytes, profile.stats().total_bytes);
    ///     drop(blocks);
    ///     Ok(())
    /// }
    /// ```
    #[must_use]
    pub fn outside_scopes(&self) -> Self {
        let _own = OwnWork::begin();
        let named = Named::of(self, Kind::Scope);
        self.choose(Choice::OutsideScopes, |stack| named.innermost(stack).is_none())
    }

    /// The part of the profile that threads of this name allocated: see [`part`](Profile::part) for what its figures mean,
    /// and [`by_thread`](crate::ProfilerBuilder::by_thread) for the names, of which the beginning is kept. `(unnamed)`
    /// stands for threads without one.
    ///
    /// ```
    /// # use heaplens::Profiler;
    /// heaplens::install!();
    ///
    /// fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     let profiler = Profiler::builder().by_thread().start()?;
    ///     let block = vec![7_u8; 1_000];
    ///     let profile = profiler.stop();
    ///     assert!(profile.on_thread("main")?.stats().total_bytes >= 1_000);
    ///     drop(block);
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ProfileError::UnknownThread`], which lists the threads that there are, and [`ProfileError::NoThreads`] if the
    /// recording did not tell threads apart.
    pub fn on_thread(&self, name: &str) -> Result<Self, ProfileError> {
        let _own = OwnWork::begin();
        self.choose_named(Kind::Thread, name).ok_or_else(|| match (self.part(), self.names(Kind::Thread)) {
            // A part without call sites has no thread, whether or not the recording told them apart.
            (part, known) if known.is_empty() && (part.is_none() || !self.stacks.is_empty()) => ProfileError::NoThreads,
            (part, known) => ProfileError::UnknownThread { name: name.to_owned(), part, known },
        })
    }

    /// The part that lies below frames of a name, if there are any.
    fn choose_named(&self, kind: Kind, name: &str) -> Option<Self> {
        let named = Named::of(self, kind);
        let groups = named.called(name);
        let chosen = named.names[*groups.first()?].to_owned();
        let choice = match kind {
            Kind::Scope => Choice::InScope(chosen),
            Kind::Thread => Choice::OnThread(chosen),
        };
        let part = self.choose(choice, |stack| named.around(stack).iter().any(|group| groups.contains(group)));
        (!part.stacks.is_empty()).then_some(part)
    }
}
