//! The text of a profile file: one JSON object that says what it is before anything else.
//!
//! ```text
//! {"format":"heaplens-profile","version":1,"header":{..},"stats":{..},"completeness":{..},"notes":[..],
//!  "part":{"chosen":[{"in-scope":..},..],"whole":{..}},                      of a part only
//!  "spans":{"rows":[{"name":..,"count":..,..},..],..},        only where spans were measured
//!  "frames":[{"function":..,"file":..,"line":..,"origin":..},..],
//!  "sites":[{"frames":[leaf, .., root],"stats":{..}},..]}
//! ```
//!
//! Sites name frames by their index. Fields that a reader does not know are passed over, so that a field can be added
//! without another version; the version changes when the meaning of a field does. A file has the lowest version that can
//! say what it holds:
//!
//! | version | since then |
//! |---|---|
//! | 1 | whole recordings, with scopes |
//! | 2 | parts, of which the figures at the peak are those at the peak of the whole; frames of the origin `thread` |
//!
//! Whatever is read is checked before it becomes a [`Profile`], since a file is foreign input.

use std::borrow::Cow;
use std::io::{self, BufWriter, Read, Write};

use serde::{Deserialize, Serialize};

use crate::completeness::Completeness;
use crate::profile::part::PartOf;
use crate::profile::{FrameId, Header, Profile, ProfileBuilder, ProfileError, Stack};
use crate::record::own_work::OwnWork;
use crate::spans::SpanTable;
use crate::stats::MemoryStats;
use crate::symbolize::{Frame, visible};

/// The latest version of the format that is written and read.
pub(super) const VERSION: u32 = 2;
/// The version of whole recordings without threads.
const FIRST_VERSION: u32 = 1;
/// The mark of a profile.
const FORMAT: &str = "heaplens-profile";
/// How a file of ours begins, if it was not formatted anew.
const BEGINNING: &[u8] = b"{\"format\":\"heaplens-profile\"";

/// What tells a profile from other JSON, and one version from another.
#[derive(Deserialize)]
struct Envelope {
    format: String,
    version: u32,
}

/// The whole file.
#[derive(Serialize, Deserialize)]
pub(super) struct Contents<'p> {
    format: Cow<'p, str>,
    version: u32,
    header: Cow<'p, Header>,
    pub(super) stats: MemoryStats,
    completeness: Completeness,
    notes: Cow<'p, [String]>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) part: Option<Cow<'p, PartOf>>,
    #[serde(default, skip_serializing_if = "is_empty")]
    pub(super) spans: Cow<'p, SpanTable>,
    pub(super) frames: Cow<'p, [Frame]>,
    #[serde(rename = "sites")]
    pub(super) stacks: Cow<'p, [Stack]>,
}

impl Profile {
    /// Writes the profile as JSON, the same text that [`save`](Profile::save) puts into a file.
    ///
    /// # Errors
    ///
    /// What the writer says.
    pub fn write_json(&self, writer: impl Write) -> io::Result<()> {
        let _own = OwnWork::begin();
        let contents = Contents {
            format: FORMAT.into(),
            version: self.file_version(),
            header: Cow::Borrowed(&self.header),
            stats: self.stats,
            completeness: self.completeness,
            notes: Cow::Borrowed(&self.notes),
            part: self.part.as_ref().map(Cow::Borrowed),
            spans: Cow::Borrowed(&self.spans),
            frames: Cow::Borrowed(&self.frames),
            stacks: Cow::Borrowed(&self.stacks),
        };
        // The JSON comes in pieces of a few bytes, each of which would cost a compressor or a file a call.
        let mut buffered = BufWriter::new(writer);
        serde_json::to_writer(&mut buffered, &contents).map_err(io::Error::from)?;
        buffered.flush()
    }

    /// The lowest version of the format that can say what the profile holds.
    fn file_version(&self) -> u32 {
        if self.part.is_some() || self.has_threads() { VERSION } else { FIRST_VERSION }
    }

    /// Reads a profile from JSON, as [`write_json`](Profile::write_json) writes it.
    ///
    /// ```
    /// let profile = heaplens::Profile::default();
    /// let mut text = Vec::new();
    /// profile.write_json(&mut text)?;
    /// assert_eq!(heaplens::Profile::read_json(text.as_slice())?, profile);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// What the reader says, or why the text is no sound profile.
    pub fn read_json(mut reader: impl Read) -> Result<Self, ProfileError> {
        let _own = OwnWork::begin();
        let mut text = Vec::new();
        reader.read_to_end(&mut text).map_err(|source| ProfileError::Io { path: None, source })?;
        Self::from_json(&text)
    }

    /// The profile in a text of unknown origin.
    pub(super) fn from_json(text: &[u8]) -> Result<Self, ProfileError> {
        let envelope: Envelope = serde_json::from_slice(text).map_err(|error| refusal(text, &error))?;
        if envelope.format != FORMAT {
            return Err(ProfileError::NotAProfile);
        }
        if envelope.version > VERSION {
            return Err(ProfileError::newer(envelope.version));
        }
        let contents: Contents<'_> = serde_json::from_slice(text).map_err(|error| refusal(text, &error))?;
        contents.check()?;
        Ok(contents.into_profile())
    }
}

impl Contents<'_> {
    /// Builds the profile anew, so that a file that was edited by hand is in order like any other.
    fn into_profile(self) -> Profile {
        let mut builder = ProfileBuilder::new(self.header.into_owned(), self.stats, self.completeness);
        let ids: Vec<FrameId> = self.frames.iter().map(|frame| builder.frame(frame)).collect();
        for stack in self.stacks.iter() {
            builder.stack(stack.frames.iter().map(|id| ids[id.0 as usize]).collect(), stack.stats);
        }
        for note in self.notes.iter() {
            builder.note(note.clone());
        }
        builder.spans(self.spans.into_owned());
        Profile { part: self.part.map(Cow::into_owned), ..builder.build() }
    }
}

/// Files without spans have no such field.
fn is_empty(spans: &SpanTable) -> bool {
    spans.is_empty()
}

/// Says why a text is not the JSON of a profile.
fn refusal(text: &[u8], error: &serde_json::Error) -> ProfileError {
    let ours = text.starts_with(BEGINNING) || BEGINNING.starts_with(text);
    match (error.is_eof(), ours) {
        (true, true) => ProfileError::Truncated,
        // The text quotes the file, which is foreign input.
        (false, true) => ProfileError::damaged(visible(&error.to_string())),
        (_, false) => ProfileError::NotAProfile,
    }
}
