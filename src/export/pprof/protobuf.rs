//! Protocol buffers on the wire, as far as an export needs them: numbers, texts, and messages in messages.
//!
//! ```text
//! field number << 3 | wire type, then  0: the number, seven bits to a byte, the lowest first
//!                                      2: the length in bytes, then so many bytes
//! ```
//!
//! The format is that of <https://protobuf.dev/programming-guides/encoding/>. A library for it would bring six crates and a
//! procedural macro into every program that records stacks, for what are the few lines below.

/// Wire type of a number.
const VARINT: u64 = 0;
/// Wire type of what has a length: texts, messages, and packed numbers.
const LENGTH_DELIMITED: u64 = 2;

/// One message, encoded field by field.
#[derive(Default)]
pub(super) struct Message {
    bytes: Vec<u8>,
}

impl Message {
    /// A number. Zero is what a reader assumes of a field that is not there, so that it is left out.
    pub(super) fn number(&mut self, field: u64, number: u64) -> &mut Self {
        if number != 0 {
            self.varint(field << 3 | VARINT);
            self.varint(number);
        }
        self
    }

    /// A list of numbers, packed. Zeros stay, as their places count.
    pub(super) fn numbers(&mut self, field: u64, numbers: impl IntoIterator<Item = u64>) -> &mut Self {
        let mut packed = Self::default();
        numbers.into_iter().for_each(|number| packed.varint(number));
        if packed.bytes.is_empty() { self } else { self.delimited(field, &packed.bytes) }
    }

    /// A text of a list, in which empty ones count.
    pub(super) fn text(&mut self, field: u64, text: &str) -> &mut Self {
        self.delimited(field, text.as_bytes())
    }

    /// A message of a list, in which empty ones count.
    pub(super) fn message(&mut self, field: u64, message: &Self) -> &mut Self {
        self.delimited(field, &message.bytes)
    }

    /// The message as it is written.
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn delimited(&mut self, field: u64, bytes: &[u8]) -> &mut Self {
        self.varint(field << 3 | LENGTH_DELIMITED);
        self.varint(bytes.len() as u64);
        self.bytes.extend_from_slice(bytes);
        self
    }

    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of the encoding's own documentation.
    #[test]
    fn the_examples_of_the_documentation_are_encoded_as_there() {
        assert_eq!(Message::default().number(1, 150).as_bytes(), [0x08, 0x96, 0x01]);
        assert_eq!(Message::default().text(2, "testing").as_bytes(), b"\x12\x07testing");
        let mut inner = Message::default();
        inner.number(1, 150);
        assert_eq!(Message::default().message(3, &inner).as_bytes(), [0x1a, 0x03, 0x08, 0x96, 0x01]);
        let packed = [0x32, 0x06, 0x03, 0x8e, 0x02, 0x9e, 0xa7, 0x05];
        assert_eq!(Message::default().numbers(6, [3, 270, 86_942]).as_bytes(), packed);
    }

    #[test]
    fn zero_is_left_out_by_itself_and_kept_in_a_list() {
        assert!(Message::default().number(1, 0).numbers(2, []).as_bytes().is_empty());
        assert_eq!(Message::default().numbers(2, [0, 0]).as_bytes(), [0x12, 2, 0, 0]);
        assert_eq!(Message::default().text(6, "").as_bytes(), [0x32, 0]);
    }

    #[test]
    fn the_largest_number_takes_ten_bytes() {
        let mut message = Message::default();
        message.number(1, u64::MAX);
        assert_eq!(message.as_bytes()[1..], [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]);
    }
}
