//! A function's name without what changes from one build to the next.
//!
//! Compilers number what has no name, and tell crates of one name apart by a hash:
//!
//! ```text
//! app[8f1c2a9b3d4e5f60]::parse::{closure#3}   ──▶   app::parse::{closure}      v0 mangling
//! app::parse::{{closure}}                     ──▶   app::parse::{closure}      legacy mangling
//! app::{impl#2}::next                         ──▶   app::{impl}::next
//! ```

/// The name by which a function of one build is that of another.
pub(super) fn stable_name(name: &str) -> String {
    let mut stable = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(letter) = rest.chars().next() {
        let skipped = match letter {
            '[' => hash(rest),
            '#' => number_in_braces(rest, &stable),
            _ => 0,
        };
        if skipped > 0 {
            rest = &rest[skipped..];
            continue;
        }
        stable.push(letter);
        rest = &rest[letter.len_utf8()..];
    }
    stable.replace("{{", "{").replace("}}", "}")
}

/// The length of a crate's hash at the start of a text: sixteen hexadecimal digits at most, in brackets, behind which the path
/// goes on or ends. The type of an array of so many elements looks otherwise: it has a type in front of the number.
fn hash(text: &str) -> usize {
    let digits = text[1..].bytes().take_while(u8::is_ascii_hexdigit).count();
    let is_hash = (8..=16).contains(&digits) && text[1 + digits..].starts_with(']');
    if is_hash { digits + 2 } else { 0 }
}

/// The length of `#12` at the start of a text, where a brace is open before and closed behind it.
fn number_in_braces(text: &str, before: &str) -> usize {
    let digits = text[1..].bytes().take_while(u8::is_ascii_digit).count();
    let is_open = before.rfind('{').is_some_and(|open| !before[open..].contains('}'));
    if digits > 0 && is_open && text[1 + digits..].starts_with('}') { digits + 1 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_hashes_of_a_build_are_left_out() {
        for (name, stable) in [
            ("app[8f1c2a9b3d4e5f60]::parse::{closure#3}", "app::parse::{closure}"),
            ("app::parse::{{closure}}::{{closure}}", "app::parse::{closure}::{closure}"),
            ("app::{impl#2}::next", "app::{impl}::next"),
            ("<app::Row<[u8; 16]> as Iterator>::next", "<app::Row<[u8; 16]> as Iterator>::next"),
            ("app::f::<[u64; 12345678]>", "app::f::<[u64; 12345678]>"),
            ("C#12", "C#12"),
            ("{#}", "{#}"),
            ("[deadbeef", "[deadbeef"),
            ("größe[#", "größe[#"),
        ] {
            assert_eq!(stable_name(name), stable);
        }
    }
}
