//! The function that the attribute is on.
//!
//! Its body stays what the user wrote, token by token: what is wrong in it is told by the compiler, at its place.

use crate::warmup::Warmup;
use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{Attribute, Error, GenericParam, LitStr, Result, Signature, Token, Visibility, braced};

pub(crate) struct Function {
    pub(crate) outer_attributes: Vec<Attribute>,
    pub(crate) inner_attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) signature: Signature,
    pub(crate) body: Group,
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let outer_attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        if !is_function(input) {
            return Err(input.error("this attribute is for functions: put it on a test"));
        }
        let signature = input.parse()?;
        if input.peek(Token![;]) {
            return Err(input.error("this attribute needs a function with a body"));
        }
        let content;
        let braces = braced!(content in input);
        let inner_attributes = content.call(Attribute::parse_inner)?;
        let mut body = Group::new(Delimiter::Brace, content.parse()?);
        body.set_span(braces.span.join());
        Ok(Self { outer_attributes, inner_attributes, visibility, signature, body })
    }
}

/// Whether a function comes next.
fn is_function(input: ParseStream<'_>) -> bool {
    let ahead = input.fork();
    while !ahead.is_empty() {
        if ahead.peek(Token![fn]) {
            return true;
        }
        let is_qualifier = ahead.peek(Token![const])
            || ahead.peek(Token![async])
            || ahead.peek(Token![unsafe])
            || ahead.peek(Token![extern])
            || ahead.peek(LitStr);
        if !is_qualifier || ahead.parse::<TokenTree>().is_err() {
            return false;
        }
    }
    false
}

impl Function {
    /// # Errors
    ///
    /// If the function is none that a test can be, or one whose body cannot run as often as is asked for.
    pub(crate) fn check(&self, warmup: Option<&Warmup>) -> Result<()> {
        let signature = &self.signature;
        if let Some(constant) = &signature.constness {
            return Err(Error::new(
                constant.span(),
                "a `const fn` cannot be measured: nothing allocates while it is compiled",
            ));
        }
        if let Some(receiver) = signature.receiver() {
            return Err(Error::new(
                receiver.span(),
                "a method cannot be measured: put the attribute on a test function",
            ));
        }
        if let Some(generic) = signature.generics.params.iter().find(|of| !matches!(of, GenericParam::Lifetime(_))) {
            return Err(Error::new(
                generic.span(),
                "a generic function cannot be measured: put the attribute on a test that calls it",
            ));
        }
        if let Some(warmup) = warmup {
            self.check_for_no_arguments(warmup.span, "the body cannot run twice, as its arguments are there once")?;
        }
        self.check_whether_all_cases_panic()
    }

    /// # Errors
    ///
    /// If the function has arguments, at this place and for this reason.
    pub(crate) fn check_for_no_arguments(&self, at: Span, reason: &str) -> Result<()> {
        if self.signature.inputs.is_empty() {
            return Ok(());
        }
        let remedy = match self.attribute("rstest") {
            Some(_) => "put this attribute below `#[rstest]`, where each case is a function without arguments",
            None => "put it on a function without arguments",
        };
        Err(Error::new(at, format!("{reason}: {remedy}")))
    }

    /// # Errors
    ///
    /// If it is not known whether a panic is expected.
    fn check_whether_all_cases_panic(&self) -> Result<()> {
        // rstest gives a case the attributes above it.
        let last_case = self.outer_attributes.iter().rposition(|attribute| is_named(attribute, "case")).unwrap_or(0);
        let above_a_case = &self.outer_attributes[..last_case];
        if let Some(of_a_case) = above_a_case.iter().find(|attribute| is_named(attribute, "should_panic")) {
            return Err(Error::new(
                of_a_case.span(),
                "put this attribute below `#[rstest]`, to know which case is expected to panic",
            ));
        }
        Ok(())
    }

    pub(crate) fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.outer_attributes.iter().find(|attribute| is_named(attribute, name))
    }
}

/// Whether the path of an attribute begins with this word: `#[case]`, and `#[case::name]` as well.
fn is_named(attribute: &Attribute, name: &str) -> bool {
    attribute.path().segments.first().is_some_and(|word| word.ident == name)
}

/// The future in what `#[tokio::test]` makes of a function, when that stands above `#[heaplens::budget]`:
///
/// ```text
/// { let body = async { .. }; .. .block_on(body); }
/// ```
///
/// These words all have the place of that attribute; those that somebody writes have a place each. Returns the body with another
/// block in place of that future's.
pub(crate) fn with_future_replaced(body: &Group, replace: impl FnOnce(&Group) -> Group) -> Option<Group> {
    let tokens: Vec<TokenTree> = body.stream().into_iter().collect();
    let future = tokens.get(4)?;
    let begins = tokens[..4].iter().map(ToString::to_string).eq(["let", "body", "=", "async"])
        && is_same_place(tokens[0].span(), tokens[3].span());
    let (TokenTree::Group(block), true) = (future, begins && runs_a_future(&tokens[5..])) else { return None };
    if block.delimiter() != Delimiter::Brace {
        return None;
    }
    let replaced = TokenTree::Group(replace(block));
    let stream = tokens[..4].iter().cloned().chain([replaced]).chain(tokens[5..].iter().cloned()).collect();
    let mut group = Group::new(Delimiter::Brace, stream);
    group.set_span(body.span());
    Some(group)
}

fn is_same_place(one: Span, other: Span) -> bool {
    let place = |span: Span| (span.unwrap().line(), span.unwrap().column());
    place(one) == place(other)
}

/// Whether `block_on(body)` is somewhere in it.
fn runs_a_future(tokens: &[TokenTree]) -> bool {
    let calls = tokens.windows(2).any(|pair| match pair {
        [TokenTree::Ident(name), TokenTree::Group(arguments)] => {
            name == "block_on" && arguments.stream().to_string() == "body"
        }
        _ => false,
    });
    let inside = |token: &TokenTree| match token {
        TokenTree::Group(group) => runs_a_future(&group.stream().into_iter().collect::<Vec<_>>()),
        _ => false,
    };
    calls || tokens.iter().any(inside)
}

impl ToTokens for Function {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.outer_attributes.iter().for_each(|attribute| attribute.to_tokens(tokens));
        self.visibility.to_tokens(tokens);
        self.signature.to_tokens(tokens);
        let inside = self.inner_attributes.iter().map(ToTokens::to_token_stream).chain([self.body.stream()]).collect();
        let mut body = Group::new(Delimiter::Brace, inside);
        body.set_span(self.body.span());
        body.to_tokens(tokens);
    }
}
