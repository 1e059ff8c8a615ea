//! The messages of pprof's `profile.proto`, decoded by a library that shares nothing with the writer.

use flate2::read::GzDecoder;
use prost::Message;
use std::fmt::Write as _;
use std::io::Read;

#[derive(Clone, PartialEq, Message)]
pub(crate) struct PprofProfile {
    #[prost(message, repeated, tag = "1")]
    pub(crate) sample_type: Vec<ValueType>,
    #[prost(message, repeated, tag = "2")]
    pub(crate) sample: Vec<Sample>,
    #[prost(message, repeated, tag = "4")]
    pub(crate) location: Vec<Location>,
    #[prost(message, repeated, tag = "5")]
    pub(crate) function: Vec<Function>,
    #[prost(string, repeated, tag = "6")]
    pub(crate) string_table: Vec<String>,
    #[prost(int64, tag = "9")]
    pub(crate) time_nanos: i64,
    #[prost(int64, tag = "10")]
    pub(crate) duration_nanos: i64,
    #[prost(message, optional, tag = "11")]
    pub(crate) period_type: Option<ValueType>,
    #[prost(int64, tag = "12")]
    pub(crate) period: i64,
    #[prost(int64, repeated, tag = "13")]
    pub(crate) comment: Vec<i64>,
    #[prost(int64, tag = "14")]
    pub(crate) default_sample_type: i64,
}

#[derive(Clone, Copy, PartialEq, Message)]
pub(crate) struct ValueType {
    #[prost(int64, tag = "1")]
    pub(crate) name: i64,
    #[prost(int64, tag = "2")]
    pub(crate) unit: i64,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Sample {
    #[prost(uint64, repeated, tag = "1")]
    pub(crate) location_id: Vec<u64>,
    #[prost(int64, repeated, tag = "2")]
    pub(crate) value: Vec<i64>,
    #[prost(message, repeated, tag = "3")]
    pub(crate) label: Vec<Label>,
}

#[derive(Clone, Copy, PartialEq, Message)]
pub(crate) struct Label {
    #[prost(int64, tag = "1")]
    pub(crate) key: i64,
    #[prost(int64, tag = "2")]
    pub(crate) str: i64,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Location {
    #[prost(uint64, tag = "1")]
    pub(crate) id: u64,
    #[prost(message, repeated, tag = "4")]
    pub(crate) line: Vec<Line>,
}

#[derive(Clone, Copy, PartialEq, Message)]
pub(crate) struct Line {
    #[prost(uint64, tag = "1")]
    pub(crate) function_id: u64,
    #[prost(int64, tag = "2")]
    pub(crate) line: i64,
}

#[derive(Clone, Copy, PartialEq, Message)]
pub(crate) struct Function {
    #[prost(uint64, tag = "1")]
    pub(crate) id: u64,
    #[prost(int64, tag = "2")]
    pub(crate) name: i64,
    /// Left empty: pprof shortens names that equal it.
    #[prost(int64, tag = "3")]
    pub(crate) system_name: i64,
    #[prost(int64, tag = "4")]
    pub(crate) filename: i64,
}

impl PprofProfile {
    /// The message in a file. It has no field but those above: prost passes over others, which would then be missed here.
    pub(crate) fn of_file(file: &[u8]) -> Self {
        let mut bytes = Vec::new();
        GzDecoder::new(file).read_to_end(&mut bytes).expect("gzip");
        let message = Self::decode(bytes.as_slice()).expect("the message of profile.proto");
        assert_eq!(message.encoded_len(), bytes.len(), "a field that is not declared here");
        message
    }

    pub(crate) fn string(&self, place: i64) -> &str {
        &self.string_table[usize::try_from(place).expect("a place in the table of strings")]
    }

    /// Function, file and line of a location.
    pub(crate) fn frame(&self, id: u64) -> (&str, &str, i64) {
        let mut locations = self.location.iter().filter(|location| location.id == id);
        let (Some(location), None) = (locations.next(), locations.next()) else { panic!("not one location {id}") };
        let [line] = location.line[..] else { panic!("not one line: {location:?}") };
        let mut functions = self.function.iter().filter(|function| function.id == line.function_id);
        let (Some(function), None) = (functions.next(), functions.next()) else { panic!("not one function: {line:?}") };
        assert!(id != 0 && function.id != 0, "zero is no id");
        assert_eq!(function.system_name, 0, "pprof would cut what is between < and > out of {function:?}");
        (self.string(function.name), self.string(function.filename), line.line)
    }

    /// The whole message as text.
    #[allow(dead_code)]
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        let of_type = |value: &ValueType| format!("{}/{}", self.string(value.name), self.string(value.unit));
        let types: Vec<String> = self.sample_type.iter().map(of_type).collect();
        let period = self.period_type.as_ref().map(of_type).unwrap_or_default();
        writeln!(text, "{}; default {}", types.join(" "), self.string(self.default_sample_type)).expect("memory");
        writeln!(text, "period {period} {}", self.period).expect("memory");
        writeln!(text, "time {} ns, duration {} ns", self.time_nanos, self.duration_nanos).expect("memory");
        self.comment.iter().for_each(|place| writeln!(text, "comment: {}", self.string(*place)).expect("memory"));
        for sample in &self.sample {
            let values: Vec<String> = sample.value.iter().map(ToString::to_string).collect();
            writeln!(text, "\n{}", values.join(" ")).expect("memory");
            for label in &sample.label {
                writeln!(text, "  {}: {}", self.string(label.key), self.string(label.str)).expect("memory");
            }
            for (function, file, line) in sample.location_id.iter().map(|id| self.frame(*id)) {
                writeln!(text, "    {function} {file}:{line}").expect("memory");
            }
        }
        text
    }
}
