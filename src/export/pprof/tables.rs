//! What the samples of a pprof profile refer to by a number: strings, functions, locations.
//!
//! ```text
//! Sample --ids, leaf first--> Location --id--> Function --places--> strings
//!    '--labels: places of a key and a text ------------------------'
//! ```

use std::collections::HashMap;

use crate::export::frame_table::NO_STACK;
use crate::export::pprof::fields;
use crate::export::pprof::protobuf::Message;
use crate::symbolize::{Frame, Origin, visible};

/// What stands between scopes in scopes.
const INSIDE: &str = "<";
/// What a name has in place of it.
const NOT_INSIDE: &str = "‹";

/// Where a sample was taken, by the numbers of the tables.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Place {
    /// Ids of locations, leaf first.
    pub(super) locations: Vec<u64>,
    /// The text of the label, as its place among the strings; zero without one.
    pub(super) scope: u64,
    /// The same of the thread.
    pub(super) thread: u64,
}

/// Everything that samples refer to by a number: strings from 0, of which the first is empty, the others from 1.
#[derive(Default)]
pub(super) struct Tables {
    strings: Numbered<String>,
    /// Name and file.
    functions: Numbered<(u64, u64)>,
    /// Function and line.
    locations: Numbered<(u64, u64)>,
    /// The ids of the locations by the frames' addresses: the profile holds each distinct frame once.
    known: HashMap<*const Frame, u64>,
}

impl Tables {
    pub(super) fn new() -> Self {
        let mut tables = Self::default();
        tables.string("");
        tables
    }

    /// The place of a text among the strings.
    pub(super) fn string(&mut self, text: &str) -> u64 {
        self.strings.number(text.to_owned())
    }

    pub(super) fn value_type(&mut self, name: &str, unit: &str) -> Message {
        let mut value_type = Message::default();
        value_type.number(fields::value_type::TYPE, self.string(name));
        value_type.number(fields::value_type::UNIT, self.string(unit));
        value_type
    }

    /// Where a site is: its frames as locations, and its scopes and its thread as labels.
    pub(super) fn place(&mut self, frames: &[&Frame]) -> Place {
        let is_label = |frame: &&&Frame| matches!(frame.origin, Origin::Scope | Origin::Thread);
        let code = frames.iter().filter(|frame| !is_label(frame));
        let mut locations: Vec<u64> = code.map(|frame| self.known_location(frame)).collect();
        if locations.is_empty() {
            locations.push(self.location(&Frame::marker(NO_STACK)));
        }
        let [scope, thread] = [Origin::Scope, Origin::Thread].map(|origin| self.string(&nested(frames, origin)));
        Place { locations, scope, thread }
    }

    /// The location of a frame of the profile, whose names are looked up but once.
    fn known_location(&mut self, frame: &Frame) -> u64 {
        let address = core::ptr::from_ref(frame);
        if let Some(id) = self.known.get(&address) {
            return *id;
        }
        let id = self.location(frame);
        self.known.insert(address, id);
        id
    }

    fn location(&mut self, frame: &Frame) -> u64 {
        let name = self.string(&frame.shown_name());
        let file = self.string(&visible(frame.file.as_deref().unwrap_or_default()));
        let function = self.functions.number((name, file)) + 1;
        self.locations.number((function, frame.line.unwrap_or_default().into())) + 1
    }

    /// Writes the locations and the functions.
    pub(super) fn write_places(&self, message: &mut Message) {
        for (id, (function, line)) in (1..).zip(&self.locations.items) {
            let (mut location, mut of_location) = (Message::default(), Message::default());
            of_location.number(fields::line::FUNCTION_ID, *function).number(fields::line::LINE, *line);
            location.number(fields::location::ID, id).message(fields::location::LINE, &of_location);
            message.message(fields::profile::LOCATION, &location);
        }
        for (id, (name, file)) in (1..).zip(&self.functions.items) {
            let mut function = Message::default();
            function.number(fields::function::ID, id).number(fields::function::NAME, *name);
            function.number(fields::function::FILENAME, *file);
            message.message(fields::profile::FUNCTION, &function);
        }
    }

    /// Writes the strings, once nothing asks for another.
    pub(super) fn write_strings(&self, message: &mut Message) {
        for text in &self.strings.items {
            message.text(fields::profile::STRING_TABLE, text);
        }
    }
}

/// The scopes, or threads, of a stack as one text, from the innermost to the outermost: `index < request`.
///
/// A name in which the sign stands as a word of its own has another in its place, so that the text has one meaning.
fn nested(frames: &[&Frame], origin: Origin) -> String {
    let names = frames.iter().filter(|frame| frame.origin == origin).map(|frame| {
        let name = frame.shown_name();
        let words: Vec<&str> = name.split(' ').map(|word| if word == INSIDE { NOT_INSIDE } else { word }).collect();
        words.join(" ")
    });
    names.collect::<Vec<_>>().join(&format!(" {INSIDE} "))
}

/// Distinct things, numbered from 0 in the order in which they came.
pub(super) struct Numbered<T> {
    pub(super) items: Vec<T>,
    numbers: HashMap<T, u64>,
}

impl<T: Clone + Eq + core::hash::Hash> Numbered<T> {
    pub(super) fn number(&mut self, item: T) -> u64 {
        if let Some(number) = self.numbers.get(&item) {
            return *number;
        }
        let number = self.items.len() as u64;
        self.items.push(item.clone());
        self.numbers.insert(item, number);
        number
    }
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Self { items: Vec::new(), numbers: HashMap::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_in_scopes_are_one_text_with_one_meaning() {
        let [inner, outer, thread] = [Frame::scope("a < b"), Frame::scope("Vec<u8>"), Frame::thread("io")];
        let main = Frame::code("app::main".to_owned(), None, None);
        let frames = [&main, &inner, &outer, &thread];
        assert_eq!(nested(&frames, Origin::Scope), "a ‹ b < Vec<u8>");
        assert_eq!(nested(&frames, Origin::Thread), "io");
        assert_eq!(nested(&[&main], Origin::Scope), "");
        assert_eq!(nested(&[&Frame::scope("<"), &Frame::scope("< a")], Origin::Scope), "‹ < ‹ a");
    }
}
