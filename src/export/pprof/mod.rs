//! pprof profiles: the format of `go tool pprof`, which Pyroscope, Parca, speedscope and others take as well.
//!
//! The format is `perftools.profiles.Profile` of
//! <https://github.com/google/pprof/blob/main/proto/profile.proto>, compressed with gzip:
//!
//! ```text
//! Profile  sample types (name, unit), samples, locations, functions, strings; when, how long, comments
//! Sample   location ids, leaf first; one value for each sample type; labels
//! Location one line: a function id and a line        Function  name and file, as places among the strings
//! ```
//!
//! A [`Profile`] holds names and no addresses, so there are no mappings and no build ids, every location is one frame, and
//! a client has nothing to symbolize. Two traps of the format:
//!
//! - pprof takes a function whose `system_name` equals its `name` for one that was not demangled, and cuts everything
//!   between `<` and `>` out of it. The field is left empty, and names stay whole.
//! - Several labels with one key "should never be used", says the format, since most clients keep one of them. Scopes in
//!   scopes are therefore one label, and the figures of its texts add up.

mod fields;
mod protobuf;
mod tables;

use std::io::{self, Write};
use std::time::UNIX_EPOCH;

use flate2::{Compression, GzBuilder};

use crate::export::pprof::protobuf::Message;
use crate::export::pprof::tables::{Numbered, Place, Tables};
use crate::profile::{Metric, Profile, Site, SiteStats};
use crate::record::own_work::OwnWork;
use crate::symbolize::{command_line, visible};

/// What a sample has values of, and their units. The first four are named and ordered as in Go's heap profiles, which is
/// what clients know.
const SAMPLE_TYPES: [(&str, &str); 6] = [
    ("alloc_objects", "count"),
    ("alloc_space", "bytes"),
    ("inuse_objects", "count"),
    ("inuse_space", "bytes"),
    ("peak_objects", "count"),
    ("peak_space", "bytes"),
];
/// One value for each of [`SAMPLE_TYPES`].
type Values = [u64; SAMPLE_TYPES.len()];

fn values(stats: &SiteStats) -> Values {
    [
        stats.total_blocks,
        stats.total_bytes,
        stats.live_blocks(),
        stats.live_bytes(),
        stats.live_at_peak_blocks,
        stats.live_at_peak_bytes,
    ]
}

impl Profile {
    /// Writes a pprof profile, for `go tool pprof` and all that takes its format, such as Pyroscope, Parca and speedscope.
    /// By custom the name of such a file ends in `.pb.gz`.
    ///
    /// Its sample types, with figures that are exact and not scaled from samples:
    ///
    /// | sample type | unit | what |
    /// |---|---|---|
    /// | `alloc_objects`, `alloc_space` | blocks, bytes | all that was allocated |
    /// | `inuse_objects`, `inuse_space` | blocks, bytes | what was live at the end |
    /// | `peak_objects`, `peak_space` | blocks, bytes | what was live at the peak of the recording |
    ///
    /// Clients begin with `inuse_space`, or with `alloc_space` if nothing was live at the end:
    ///
    /// ```sh
    /// go tool pprof -top -sample_index=peak_space profile.pb.gz
    /// go tool pprof -top -diff_base before.pb.gz after.pb.gz
    /// go tool pprof -top -tagfocus='scope=\bparse\b' profile.pb.gz
    /// ```
    ///
    /// Scopes are no frames but the label `scope` of a sample, from the innermost to the outermost: `index < request`.
    /// Work outside of every scope has no such label: `-tagignore=scope=.` shows it. In a recording by thread the thread
    /// is the label `thread`. pprof takes a filter such as `7` or `7k` for a number: write `scope=\b7\b` for the scope `7`.
    ///
    /// A profile holds no addresses, so there are no mappings and no build ids; functions, files and lines are complete.
    /// What is missing from the recording, and what it is a [part](Profile::part) of, is in the comments, which
    /// `go tool pprof -comments` prints. A figure of more than 63 bits is written as the largest of 63. The same profile
    /// always gives the same bytes.
    ///
    /// The format is that of <https://github.com/google/pprof/blob/main/proto/profile.proto>.
    ///
    /// ```
    /// # let profile = heaplens::Profile::default();
    /// let mut file = Vec::new();
    /// profile.write_pprof(&mut file)?;
    /// # assert_eq!(file[..2], [0x1f, 0x8b]);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// What the writer says.
    pub fn write_pprof(&self, writer: impl Write) -> io::Result<()> {
        let _own = OwnWork::begin();
        // Without a name and a time in its head, the file depends on the profile alone.
        let mut encoder = GzBuilder::new().write(writer, Compression::default());
        encoder.write_all(message(self).as_bytes())?;
        encoder.finish()?.flush()
    }
}

/// The whole profile as one message.
fn message(profile: &Profile) -> Message {
    let mut tables = Tables::new();
    let mut message = Message::default();
    for (name, unit) in SAMPLE_TYPES {
        message.message(fields::profile::SAMPLE_TYPE, &tables.value_type(name, unit));
    }
    for (place, values) in samples(profile, &mut tables) {
        message.message(fields::profile::SAMPLE, &sample(&place, values, &mut tables));
    }
    tables.write_places(&mut message);
    describe(profile, &mut tables, &mut message);
    tables.write_strings(&mut message);
    message
}

/// What is said of the recording: when it was and how long it took, the comments, and with what a client begins.
fn describe(profile: &Profile, tables: &mut Tables, message: &mut Message) {
    let since_1970 = profile.started().duration_since(UNIX_EPOCH).unwrap_or_default();
    let nanoseconds = |time: core::time::Duration| i64::try_from(time.as_nanos()).unwrap_or(i64::MAX).unsigned_abs();
    message.number(fields::profile::TIME_NANOS, nanoseconds(since_1970));
    message.number(fields::profile::DURATION_NANOS, nanoseconds(profile.elapsed()));
    // One "sample" for each byte: nothing is to be scaled.
    message.message(fields::profile::PERIOD_TYPE, &tables.value_type("space", "bytes"));
    message.number(fields::profile::PERIOD, 1);
    message.numbers(fields::profile::COMMENT, comments(profile).iter().map(|comment| tables.string(comment)));
    let begin = if profile.total(Metric::LiveAtEndBytes) > 0 { "inuse_space" } else { "alloc_space" };
    message.number(fields::profile::DEFAULT_SAMPLE_TYPE, tables.string(begin));
}

/// What was measured by what, and what a reader of the figures has to know.
fn comments(profile: &Profile) -> Vec<String> {
    let mut comments = Vec::new();
    match command_line(profile.command()) {
        "" => {}
        command => comments.push(format!("command: {}", visible(command))),
    }
    comments.push(format!("heaplens {}", visible(profile.heaplens_version())).trim_end().to_owned());
    let part = profile.part();
    let of_what = if part.is_some() { " (of the whole)" } else { "" };
    comments.extend(part.map(|part| format!("only what was allocated {part}")));
    match profile.stats().peak_error_bytes {
        0 => {}
        error => comments.push(format!("the peak may be up to {error} bytes higher{of_what}")),
    }
    if !profile.completeness().is_complete() {
        comments.push(format!("incomplete: {}{of_what}", profile.completeness()));
    }
    comments
}

/// The samples and their values, in the order in which the view has their sites. Sites that a client could not tell apart
/// are one sample.
fn samples(profile: &Profile, tables: &mut Tables) -> Vec<(Place, Values)> {
    let mut places = Numbered::default();
    let mut sums: Vec<Values> = Vec::new();
    for site in sites(profile) {
        let sample = places.number(tables.place(site.frames())) as usize;
        if sample == sums.len() {
            sums.push(Values::default());
        }
        for (sum, value) in sums[sample].iter_mut().zip(values(site.stats())) {
            *sum = sum.saturating_add(value);
        }
    }
    places.items.into_iter().zip(sums).collect()
}

/// Every site that has any figure: none is larger than the totals, of which blocks without bytes have one alone.
fn sites(profile: &Profile) -> impl Iterator<Item = Site<'_>> {
    let without_bytes = profile.sites(Metric::TotalBlocks).into_iter().filter(|site| site.stats().total_bytes == 0);
    profile.sites(Metric::TotalBytes).into_iter().chain(without_bytes)
}

fn sample(place: &Place, values: Values, tables: &mut Tables) -> Message {
    let mut sample = Message::default();
    sample.numbers(fields::sample::LOCATION_ID, place.locations.iter().copied());
    sample.numbers(fields::sample::VALUE, values.map(|value| value.min(i64::MAX.unsigned_abs())));
    for (key, text) in [("scope", place.scope), ("thread", place.thread)] {
        if text != 0 {
            let mut label = Message::default();
            label.number(fields::label::KEY, tables.string(key)).number(fields::label::STR, text);
            sample.message(fields::sample::LABEL, &label);
        }
    }
    sample
}
