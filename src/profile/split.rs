//! The split of a profile by scope or by thread: which there are, with their figures.
//!
//! ```text
//! leaf                                       outermost
//! Vec::push | parse | main | [item] | [load] | thread "io"      [item]: own and inclusive, [load]: inclusive
//! ```
//!
//! Every stack has one innermost scope, or none, so that the own figures add up to the whole.

use core::cmp::Reverse;

use crate::profile::named::{Kind, Named};
use crate::profile::part::Choice;
use crate::profile::{Profile, ProfileError, SiteStats};
use crate::record::own_work::OwnWork;
use crate::symbolize::Frame;

/// What a profile has of the scopes of one name, of the threads of one name, or of neither.
///
/// Scopes and threads of one name add up, however many were open or ran. [`Profile::scopes`] and [`Profile::threads`] give
/// the parts.
///
/// ```
/// # use heaplens::{measure, profile};
/// heaplens::install!();
///
/// let (_blocks, profile) = profile("load", || (vec![7_u8; 800], measure("parse", || vec![7_u8; 200])));
/// for part in profile.scopes() {
///     assert_eq!(part.own_sites().stats().total_bytes, part.own().total_bytes);
///     println!("{:?}: {} bytes, {} of them by itself", part.name(), part.inclusive().total_bytes, part.own().total_bytes);
/// }
/// ```
#[derive(Clone, Debug)]
pub struct ProfilePart<'p> {
    profile: &'p Profile,
    kind: Kind,
    name: Option<&'p str>,
    own: SiteStats,
    inclusive: SiteStats,
}

impl<'p> ProfilePart<'p> {
    /// The name of the scopes or threads; `None` for what lies outside every scope, or on no known thread.
    #[must_use]
    pub fn name(&self) -> Option<&'p str> {
        self.name
    }

    /// The figures of call sites for which this is the innermost scope. Those of all parts add up to the whole profile.
    #[must_use]
    pub fn own(&self) -> &SiteStats {
        &self.own
    }

    /// The figures of all call sites below the scope, those below scopes nested in it included, each once. The same as
    /// [`own`](Self::own) for a thread, and for what has no name.
    #[must_use]
    pub fn inclusive(&self) -> &SiteStats {
        &self.inclusive
    }

    /// The call sites of the [`own`](Self::own) figures, as a profile: see [`Profile::part`] for what its figures mean.
    #[must_use]
    pub fn own_sites(&self) -> Profile {
        let _own = OwnWork::begin();
        let name = self.name.map(str::to_owned);
        let choice = match (self.kind, name) {
            (Kind::Scope, Some(name)) => Choice::DirectlyInScope(name),
            (Kind::Scope, None) => Choice::OutsideScopes,
            (Kind::Thread, Some(name)) => Choice::OnThread(name),
            (Kind::Thread, None) => Choice::OnNoThread,
        };
        let named = Named::of(self.profile, self.kind);
        self.profile.choose(choice, |stack| named.innermost(stack).map(|group| named.names[group]) == self.name)
    }

    /// The name as people read it.
    pub(crate) fn label(&self) -> String {
        match (self.name, self.kind) {
            (Some(name), _) => Frame::scope(name).shown_name().into_owned(),
            (None, Kind::Scope) => "(outside every scope)".to_owned(),
            (None, Kind::Thread) => "(on no known thread)".to_owned(),
        }
    }
}

impl Profile {
    /// The profile split by scope: a part for each name, by bytes allocated below it, the largest first; at the end what
    /// lies outside every scope, if anything does.
    ///
    /// A scope in which nothing was allocated is not there. Blocks without a stack, such as "(before recording)" and
    /// "(over the memory limit)", lie outside every scope. Names are kept to 256 bytes.
    ///
    /// Cost: one pass over all stacks.
    ///
    /// ```
    /// use heaplens::{measure, profile};
    ///
    /// heaplens::install!();
    ///
    /// fn main() {
    ///     let (_kept, profile) = profile("load", || {
    ///         let text = vec![7_u8; 1_000];
    ///         (text, measure("parse", || vec![7_u8; 200]))
    ///     });
    ///     let scopes = profile.scopes();
    ///     let figures = |scope: usize| (scopes[scope].inclusive().total_bytes, scopes[scope].own().total_bytes);
    ///     assert_eq!((scopes[0].name(), figures(0)), (Some("load"), (1_200, 1_000)));
    ///     assert_eq!((scopes[1].name(), figures(1)), (Some("parse"), (200, 200)));
    /// }
    /// ```
    #[must_use]
    pub fn scopes(&self) -> Vec<ProfilePart<'_>> {
        let _own = OwnWork::begin();
        self.split(Kind::Scope)
    }

    /// The profile split by thread: a part for each name, by bytes allocated, the largest first; at the end what no thread
    /// is known of, such as "(before recording)", if there is anything.
    ///
    /// Threads have the names that [`by_thread`](crate::ProfilerBuilder::by_thread) tells; the name is empty for those
    /// without one.
    ///
    /// ```
    /// # use heaplens::Profiler;
    /// heaplens::install!();
    ///
    /// fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     let profiler = Profiler::builder().by_thread().start()?;
    ///     let block = vec![7_u8; 1_000];
    ///     let profile = profiler.stop();
    ///     for thread in profile.threads()? {
    ///         println!("{:?}: {} bytes", thread.name(), thread.own().total_bytes);
    ///     }
    ///     drop(block);
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ProfileError::NoThreads`] if the recording did not tell threads apart.
    pub fn threads(&self) -> Result<Vec<ProfilePart<'_>>, ProfileError> {
        let _own = OwnWork::begin();
        let parts = self.split(Kind::Thread);
        if parts.iter().any(|part| part.name.is_some()) { Ok(parts) } else { Err(ProfileError::NoThreads) }
    }

    fn split(&self, kind: Kind) -> Vec<ProfilePart<'_>> {
        let named = Named::of(self, kind);
        let (mut own, mut rest) = (vec![SiteStats::default(); named.names.len()], None);
        let mut inclusive = own.clone();
        let mut is_used = vec![false; named.names.len()];
        for stack in &self.stacks {
            match named.innermost(stack) {
                Some(innermost) => own[innermost].add(&stack.stats),
                None => rest.get_or_insert_with(SiteStats::default).add(&stack.stats),
            }
            for group in named.around(stack) {
                inclusive[group].add(&stack.stats);
                is_used[group] = true;
            }
        }
        let part = |name, own, inclusive| ProfilePart { profile: self, kind, name, own, inclusive };
        let groups = (0..named.names.len()).filter(|group| is_used[*group]);
        let mut parts: Vec<ProfilePart<'_>> =
            groups.map(|group| part(Some(named.names[group]), own[group], inclusive[group])).collect();
        parts.sort_unstable_by_key(|part| (Reverse(part.inclusive.total_bytes), part.name));
        parts.extend(rest.map(|rest| part(None, rest, rest)));
        parts
    }

    /// The names as people read them, the largest first.
    pub(super) fn names(&self, kind: Kind) -> Vec<String> {
        self.split(kind).iter().filter(|part| part.name.is_some()).map(ProfilePart::label).collect()
    }
}
