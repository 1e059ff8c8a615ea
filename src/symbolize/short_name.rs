//! What a function is called where there is little room: its type and name, and apart from them where it is defined.
//!
//! The compiler's name says everything: every module, the trait, the arguments of every generic type. A person looks for
//! the function first. Generic arguments are left out, so that all instances of a function have one short name.
//!
//! ```text
//! <&mut serde_json::ser::Serializer<W,F> as serde_core::ser::Serializer>::serialize_str::{{closure}}
//!       module---------  owner           implemented-----------------     own-------------------
//! ```

use crate::symbolize::{Frame, Origin};

/// How deep types in types are followed. Names are foreign input, and nothing of them may exhaust the stack.
const DEPTH: usize = 4;
/// Stands for what is left out.
const ELLIPSIS: &str = "…";

/// The parts of a function's name, each as short as it can be said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ShortName {
    /// The name of the function itself: `new`, `advect::{closure}`.
    pub(crate) own: String,
    /// The type that it belongs to; empty for a free function.
    owner: String,
    /// The trait whose function it is; empty where there is none.
    implemented: String,
    /// Where it is defined: `syn::buffer`; empty where the name does not say.
    module: String,
}

impl ShortName {
    /// Scopes, threads, remarks, and names that follow no rule of Rust are not shortened.
    pub(crate) fn of(frame: &Frame) -> Self {
        let name = frame.to_string();
        let parts = match frame.origin {
            Origin::Scope | Origin::Thread | Origin::Marker => None,
            Origin::User | Origin::Dependency | Origin::Runtime => parts(&name, 0),
        };
        parts.unwrap_or(Self { own: name, ..Self::default() })
    }

    /// Type and function: `TokenBuffer::new`.
    pub(crate) fn with_owner(&self) -> String {
        joined(&self.owner, &self.own)
    }

    /// The crate where it is defined: `syn`. For a function of a trait, the crate of the type.
    pub(crate) fn crate_name(&self) -> Option<String> {
        let first = self.module.split("::").next().filter(|first| !first.is_empty());
        first.map(str::to_owned)
    }

    /// Where it is defined: `syn::buffer`. For a function of a trait, the module of the type.
    pub(crate) fn module_path(&self) -> Option<String> {
        (!self.module.is_empty()).then(|| self.module.clone())
    }

    /// Everything, what matters most first: `Item::parse as Parse in syn::item`.
    pub(crate) fn with_place(&self) -> String {
        let mut text = self.with_owner();
        // The trait of a function without a type stands in the place of the type.
        if !self.implemented.is_empty() && self.implemented != self.owner {
            text = format!("{text} as {}", self.implemented);
        }
        if self.module.is_empty() { text } else { format!("{text} in {}", self.module) }
    }
}

fn joined(outer: &str, inner: &str) -> String {
    if outer.is_empty() { inner.to_owned() } else { format!("{outer}::{inner}") }
}

/// The parts of a name, or `None` for one that is not built as Rust's are.
fn parts(name: &str, depth: usize) -> Option<ShortName> {
    let segments = split(name, "::")?;
    let is_code =
        |place: &usize| !segments[*place].starts_with('{') && (*place == 0 || !is_turbofish(segments[*place]));
    let last = (0..segments.len()).rfind(is_code).filter(|last| *last > 0 || !segments[0].starts_with('<'))?;
    let mut short = ShortName { own: without_arguments(segments[last]).to_owned(), ..ShortName::default() };
    if let Some(inner) = segments[last + 1..].iter().find(|segment| segment.starts_with('{')) {
        short.own += "::";
        short.own += if inner.contains("closure") { "{closure}" } else { inner };
    }
    let outer: Vec<&str> = (0..last).filter(is_code).map(|place| segments[place]).collect();
    if let Some(owner) = outer.last().filter(|owner| is_type(owner)) {
        (short.owner, short.implemented) = owner_and_trait(owner, depth);
    }
    short.module = match outer.first() {
        Some(first) if first.starts_with('<') => module_of_type(first)?,
        _ => outer.iter().take_while(|segment| !is_type(segment)).copied().collect::<Vec<_>>().join("::"),
    };
    (!short.own.is_empty()).then_some(short)
}

/// The text between separators outside of all brackets; `None` if brackets do not match or nothing is between them.
fn split<'n>(name: &'n str, separator: &str) -> Option<Vec<&'n str>> {
    let (mut pieces, mut start, mut depth, mut position) = (Vec::new(), 0, 0_usize, 0);
    while let Some(character) = name[position..].chars().next() {
        let rest = &name[position..];
        if depth == 0 && rest.starts_with(separator) {
            pieces.push(&name[start..position]);
            position += separator.len();
            start = position;
            continue;
        }
        match character {
            // The arrow of a function type closes nothing.
            '-' if rest.starts_with("->") => position += 1,
            '<' | '(' | '[' | '{' => depth += 1,
            '>' | ')' | ']' | '}' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        position += character.len_utf8();
    }
    pieces.push(&name[start..]);
    (depth == 0 && pieces.iter().all(|piece| !piece.is_empty())).then_some(pieces)
}

/// `<u8>` or `<a::B>` after the name of a function, and not `<impl A for B>`.
fn is_turbofish(segment: &str) -> bool {
    segment.starts_with('<') && !segment.starts_with("<impl ")
}

/// Types begin with a capital, by custom; what is in angle brackets is one.
fn is_type(segment: &str) -> bool {
    segment.starts_with(|first: char| first == '<' || first.is_uppercase())
}

/// `Type` and `Trait` of `<Type as Trait>` and `<impl Trait for Type>`, `Type` alone of `<impl Type>`.
fn split_qualified(segment: &str) -> Option<(&str, Option<&str>)> {
    let inside = segment.strip_prefix('<')?.strip_suffix('>')?;
    if let Some(inside) = inside.strip_prefix("impl ") {
        return match split(inside, " for ")?.as_slice() {
            [implemented, owner] => Some((owner, Some(implemented))),
            _ => Some((inside, None)),
        };
    }
    match split(inside, " as ")?.as_slice() {
        [owner, implemented] => Some((owner, Some(implemented))),
        // `<alloc::vec::Vec<u8>>::push`: a path in brackets is a type.
        [owner] if owner.contains("::") => Some((owner, None)),
        _ => None,
    }
}

fn owner_and_trait(segment: &str, depth: usize) -> (String, String) {
    match split_qualified(segment) {
        // `F` says nothing; its trait does.
        Some((owner, Some(implemented))) if is_parameter(owner) => {
            let implemented = type_name(implemented, depth);
            (implemented.clone(), implemented)
        }
        Some((owner, implemented)) => {
            (type_name(owner, depth), implemented.map(|name| type_name(name, depth)).unwrap_or_default())
        }
        None => (without_arguments(segment).to_owned(), String::new()),
    }
}

/// A generic parameter by the customs of Rust: `T`, `R1`, `Self`.
fn is_parameter(name: &str) -> bool {
    let name = without_reference(name);
    name == "Self" || (name.len() <= 2 && name.starts_with(|first: char| first.is_ascii_uppercase()))
}

/// The name of a type without modules, references and arguments.
fn type_name(text: &str, depth: usize) -> String {
    let text = without_reference(text);
    if depth == DEPTH {
        return ELLIPSIS.to_owned();
    }
    if let Some(element) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
        let element = element.split(';').next().unwrap_or_default();
        return format!("[{}]", type_name(element, depth + 1));
    }
    if text.starts_with('(') {
        return format!("({ELLIPSIS})");
    }
    match parts(text, depth + 1) {
        // Of a path to a closure the function around it belongs to the name.
        Some(short) => short.own,
        None => without_arguments(text).to_owned(),
    }
}

/// The module of `<Type as Trait>`: that of the type, or of the trait where the type has none.
fn module_of_type(segment: &str) -> Option<String> {
    let (owner, implemented) = split_qualified(segment)?;
    let module = |path: &str| {
        let segments = split(without_reference(path), "::").unwrap_or_default();
        let outer = segments.len().saturating_sub(1);
        let modules = segments[..outer].iter().take_while(|segment| !is_type(segment) && !segment.starts_with('{'));
        modules.copied().collect::<Vec<_>>().join("::")
    };
    Some(
        [Some(owner), implemented]
            .into_iter()
            .flatten()
            .map(module)
            .find(|found| !found.is_empty())
            .unwrap_or_default(),
    )
}

fn without_reference(text: &str) -> &str {
    let mut text = text.trim();
    loop {
        let prefixes = ["&", "*const ", "*mut ", "mut ", "dyn ", "impl "];
        let shorter = match prefixes.iter().find_map(|prefix| text.strip_prefix(prefix)) {
            Some(rest) => rest,
            None if text.starts_with('\'') => text.split_once(' ').map_or("", |(_, rest)| rest),
            None => return text,
        };
        text = shorter.trim_start();
    }
}

/// `Vec` of `Vec<u8>`, and `Trait` of `Trait + Send`.
fn without_arguments(segment: &str) -> &str {
    let end = segment.find('<').filter(|position| *position > 0).unwrap_or(segment.len());
    segment[..end].split(" + ").next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn short(name: &str) -> ShortName {
        ShortName::of(&Frame::code(name.to_owned(), None, None))
    }

    fn assert_short(name: &str, with_owner: &str, with_place: &str) {
        assert_eq!((short(name).with_owner().as_str(), short(name).with_place().as_str()), (with_owner, with_place));
    }

    #[test]
    fn a_type_and_its_function_come_before_their_module() {
        assert_short("syn::buffer::TokenBuffer::new2", "TokenBuffer::new2", "TokenBuffer::new2 in syn::buffer");
        assert_short("app::main", "main", "main in app");
        assert_short("app::grid::step", "step", "step in app::grid");
        assert_short("<alloc::vec::Vec<u8>>::push", "Vec::push", "Vec::push in alloc::vec");
        assert_short("alloc::slice::<impl [T]>::to_vec", "[T]::to_vec", "[T]::to_vec in alloc::slice");
        assert_short(
            "syn::path::parsing::<impl syn::parse::Parse for syn::path::Path>::parse::named",
            "named",
            "named in syn::path::parsing",
        );
    }

    #[test]
    fn a_trait_is_named_and_stands_for_a_type_without_a_name() {
        assert_short(
            "<&mut serde_json::de::Deserializer<R> as serde_core::de::Deserializer>::deserialize_string",
            "Deserializer::deserialize_string",
            "Deserializer::deserialize_string in serde_json::de",
        );
        assert_short("<F as syn::parse::Parser>::parse2", "Parser::parse2", "Parser::parse2 in syn::parse");
        assert_short(
            "syn::item::parsing::<impl syn::parse::Parse for syn::item::Item>::parse",
            "Item::parse",
            "Item::parse as Parse in syn::item::parsing",
        );
        assert_eq!(short("<app::f::{{closure}} as core::ops::FnOnce<()>>::call").with_owner(), "f::{closure}::call");
    }

    #[test]
    fn generic_arguments_and_the_depth_of_closures_are_left_out() {
        let own = |name| short(name).own;
        assert_eq!(own("app::run::<fn(u8) -> u8>::{{closure}}::{{closure}}"), "run::{closure}");
        assert_eq!(own("app::run::{closure#3}"), "run::{closure}");
        assert_eq!(own("app::f::<[u8; 8]>"), "f");
        assert_eq!(own("app::generic::<alloc::string::String>::{closure#0}"), "generic::{closure}");
        assert_eq!(own("std::panic::catch_unwind::<std::rt::init::{closure#0}, <A as b::C>::D>"), "catch_unwind");
        assert_eq!(short("<a::Node<u8>>::new::<alloc::alloc::Global>").with_owner(), "Node::new");
        assert_eq!(own("app::grow_one<u8>"), "grow_one");
        assert_eq!(short("<Größe<T> as app::Maß>::größe").with_owner(), "Größe::größe");
    }

    #[test]
    fn names_of_other_languages_and_damaged_ones_stay_whole() {
        for name in ["SSL_read", "0x7f00", "operator<<", "a::<b", "::", "{{closure}}", "<>", "<a>", "a::::b", "->"] {
            assert_eq!(short(name).with_place(), name);
        }
        assert_eq!(ShortName::of(&Frame::scope("a::b")).with_place(), "[a::b]");
        assert_eq!(ShortName::of(&Frame::marker("(not captured)")).with_owner(), "(not captured)");
    }

    #[test]
    fn deep_nesting_does_not_exhaust_the_stack() {
        let deep = format!("<{}u8{} as a::B>::f", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(short(&deep).with_owner(), "[[[[…]]]]::f");
        let deep = format!("{}a as b::C>::f{}", "<".repeat(1_000), " as b::C>::f".repeat(999));
        assert!(!short(&deep).with_place().is_empty());
    }
}
