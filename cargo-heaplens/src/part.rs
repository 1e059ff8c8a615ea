//! `--scope`, `--outside-scopes` and `--thread`: the part of a profile that a command is about.

use std::path::Path;

use clap::Args;
use heaplens::Profile;

use crate::failure::{Failure, load};

/// The most characters of a name that become part of a file's name.
const NAME_IN_FILE: usize = 40;

/// Which part of the profile; the whole unless given.
#[derive(Args)]
pub(crate) struct Part {
    /// Only what was allocated below scopes of this name
    #[arg(long, value_name = "NAME")]
    scope: Option<String>,
    /// Only what was allocated in no scope
    #[arg(long, conflicts_with = "scope")]
    outside_scopes: bool,
    /// Only what threads of this name allocated
    #[arg(long, value_name = "NAME")]
    thread: Option<String>,
}

impl Part {
    /// Loads the part of a profile.
    pub(crate) fn load(&self, file: &Path) -> Result<Profile, Failure> {
        let whole = load(file)?;
        let in_scopes = match &self.scope {
            Some(scope) => whole.in_scope(scope).map_err(|error| Failure::file(file, error))?,
            None if self.outside_scopes => whole.outside_scopes(),
            None => whole.clone(),
        };
        let Some(thread) = &self.thread else { return Ok(in_scopes) };
        // The whole recording is asked first: it knows whether there is such a thread at all.
        let on_thread = whole.on_thread(thread).map_err(|error| Failure::file(file, error))?;
        in_scopes.on_thread(thread).map_err(|_| never_met(file, &on_thread, &in_scopes))
    }

    /// The part in the name of a file, such as `.scope-parse.thread-io`; empty for the whole.
    pub(crate) fn in_file_name(&self) -> String {
        let named = |kind, name: &Option<String>| name.as_ref().map(|name| format!(".{kind}-{}", file_name(name)));
        let outside = self.outside_scopes.then(|| ".outside-scopes".to_owned());
        named("scope", &self.scope).into_iter().chain(outside).chain(named("thread", &self.thread)).collect()
    }
}

/// Both parts are there, and no call site is in both.
fn never_met(file: &Path, on_thread: &Profile, in_scopes: &Profile) -> Failure {
    let (thread, scopes) = (on_thread.part().unwrap_or_default(), in_scopes.part().unwrap_or_default());
    Failure::file(file, format!("nothing was allocated {thread} {scopes}"))
}

/// A name with nothing in it that a file system gives a meaning to.
fn file_name(name: &str) -> String {
    let harmless = |character: char| if character.is_alphanumeric() || character == '_' { character } else { '-' };
    name.chars().take(NAME_IN_FILE).map(harmless).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_becomes_a_harmless_part_of_a_file_name() {
        let part = |scope: &str, thread: Option<&str>| {
            let part = Part { scope: Some(scope.to_owned()), outside_scopes: false, thread: thread.map(str::to_owned) };
            part.in_file_name()
        };
        assert_eq!(part("parse größe_1", Some("io 7")), ".scope-parse-größe_1.thread-io-7");
        assert_eq!(part("../../etc/passwd\n", None), ".scope-------etc-passwd-");
        assert_eq!(part(&"x".repeat(300), None).chars().count(), ".scope-".len() + NAME_IN_FILE);
    }
}
