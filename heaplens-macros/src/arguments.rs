//! What stands in the parentheses of `#[heaplens::budget]`.
//!
//! ```text
//! argument  = condition | per_item(expression, condition) | each_site(condition) | in_crate(expression, condition)
//!           | warmup = integer
//! condition = figure operator limit
//! operator  = == | <= | < | >= | >
//! limit     = expression | "8 MiB"
//! ```
//!
//! What is read and makes no sense is kept until everything is read, so that every mistake is told at once.

use crate::figure::Figure;
use crate::size;
use crate::warmup::Warmup;
use proc_macro2::{Ident, Span};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{Error, Expr, ExprLit, Lit, Result, Token, parenthesized};

/// The arguments of the attribute.
pub(crate) struct Arguments {
    pub(crate) conditions: Vec<Condition>,
    pub(crate) warmup: Option<Warmup>,
}

/// A condition, with what it is about.
pub(crate) struct Condition {
    pub(crate) subject: Subject,
    pub(crate) figure: Figure,
    /// The variant of `Comparison` in heaplens.
    pub(crate) comparison: &'static str,
    pub(crate) limit: Limit,
}

pub(crate) enum Subject {
    Whole,
    Items(Box<Expr>),
    EachSite,
    InCrate(Box<Expr>),
}

pub(crate) enum Limit {
    /// Bytes that were written in words, where they were.
    Bytes(u64, Span),
    Expression(Box<Expr>),
}

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut arguments = Self { conditions: Vec::new(), warmup: None };
        let mut mistakes = Vec::new();
        while !input.is_empty() {
            if let Err(mistake) = arguments.take(input, &mut mistakes) {
                mistakes.push(mistake);
                break;
            }
            if input.is_empty() {
                break;
            }
            if let Err(mistake) = input.parse::<Token![,]>() {
                mistakes.push(mistake);
                break;
            }
        }
        if mistakes.is_empty() && arguments.conditions.is_empty() {
            let message = "a budget needs a condition, such as `peak_bytes <= 8 * MIB`";
            mistakes.push(Error::new(Span::call_site(), message));
        }
        let all = mistakes.into_iter().reduce(|mut all, more| {
            all.combine(more);
            all
        });
        all.map_or(Ok(arguments), Err)
    }
}

impl Arguments {
    /// Reads one argument. What can be read on after is a mistake for the list.
    fn take(&mut self, input: ParseStream<'_>, mistakes: &mut Vec<Error>) -> Result<()> {
        if !input.peek(Ident::peek_any) {
            return Err(input.error("a condition begins with the name of a figure, such as `peak_bytes <= 8 * MIB`"));
        }
        let word = input.call(Ident::parse_any)?;
        if input.peek(syn::token::Paren) {
            let condition = about_a_part(word, input)?;
            self.add(condition, mistakes);
            return Ok(());
        }
        if input.peek(Token![=]) && !input.peek(Token![==]) {
            return self.set(&word, input, mistakes);
        }
        let condition = condition(Subject::Whole, word, input)?;
        self.add(condition, mistakes);
        Ok(())
    }

    fn add(&mut self, condition: Result<Condition>, mistakes: &mut Vec<Error>) {
        match condition {
            Ok(condition) => self.conditions.push(condition),
            Err(mistake) => mistakes.push(mistake),
        }
    }

    /// `word = ..`, of which the word is read.
    fn set(&mut self, word: &Ident, input: ParseStream<'_>, mistakes: &mut Vec<Error>) -> Result<()> {
        if word != "warmup" {
            let reason = match Figure::of(word.clone()) {
                Ok(_) => Error::new(input.span(), "`=` compares no figure: use ==, <=, <, >= or >"),
                Err(_) => Error::new(word.span(), format!("there is no setting `{word}`, only `warmup = n`")),
            };
            return Err(reason);
        }
        input.parse::<Token![=]>()?;
        match Warmup::read(word, input, &mut self.warmup) {
            Err(mistake) if self.warmup.is_some() => mistakes.push(mistake),
            read => return read,
        }
        Ok(())
    }
}

/// `per_item(..)`, `each_site(..)` or `in_crate(..)`, of which the word is read.
fn about_a_part(word: Ident, input: ParseStream<'_>) -> Result<Result<Condition>> {
    let inside;
    parenthesized!(inside in input);
    let subject = match word.to_string().as_str() {
        "per_item" => Subject::Items(first(&inside)?),
        "each_site" => Subject::EachSite,
        "in_crate" => Subject::InCrate(crate_name(first(&inside)?)?),
        _ => {
            let message = format!(
                "`{word}(..)` is no condition: there are `per_item(number, ..)`, `each_site(..)` and `in_crate(\"name\", ..)`"
            );
            return Err(Error::new(word.span(), message));
        }
    };
    if !inside.peek(Ident::peek_any) {
        return Err(inside.error(format!("`{word}` needs a condition here, such as `total_blocks <= 2`")));
    }
    let figure = inside.call(Ident::parse_any)?;
    let condition = condition(subject, figure, &inside)?;
    inside.parse::<Option<Token![,]>>()?;
    if !inside.is_empty() {
        return Err(inside.error(format!("`{word}` has one condition: write a second one in another `{word}(..)`")));
    }
    Ok(condition)
}

/// The first of two.
fn first(inside: ParseStream<'_>) -> Result<Box<Expr>> {
    let expression = inside.parse()?;
    inside.parse::<Token![,]>()?;
    Ok(Box::new(expression))
}

/// # Errors
///
/// If it is written in a way that no crate has in call stacks.
fn crate_name(name: Box<Expr>) -> Result<Box<Expr>> {
    if let Some(literal) = text(&name)
        && literal.contains('-')
    {
        let known_as = literal.replace('-', "_");
        return Err(Error::new(name.span(), format!("in call stacks this crate is called `{known_as}`")));
    }
    Ok(name)
}

/// A condition whose figure is read. The outer error is one after which nothing can be read.
fn condition(subject: Subject, figure: Ident, input: ParseStream<'_>) -> Result<Result<Condition>> {
    let at = figure.span();
    // A figure that is none is the first thing to say, whatever follows.
    let figure = Figure::of(figure);
    let comparison = match (comparison(at, input), &figure) {
        (Ok(comparison), _) => comparison,
        (Err(mistake), Ok(_)) => return Err(mistake),
        (Err(_), Err(mistake)) => return Err(mistake.clone()),
    };
    if input.is_empty() || input.peek(Token![,]) {
        return Err(Error::new(at, "this has no limit: write one behind the operator, such as `8 * MIB` or \"8 MiB\""));
    }
    let limit: Expr = input.parse()?;
    Ok(figure.and_then(|figure| {
        if matches!(subject, Subject::EachSite | Subject::InCrate(_)) && !figure.is_of_sites() {
            let message = format!("`{}` is not recorded by call site: limit it for the whole", figure.name);
            return Err(Error::new(figure.name.span(), message));
        }
        let limit = self::limit(&figure, limit)?;
        Ok(Condition { subject, figure, comparison, limit })
    }))
}

/// The operator behind a figure, as the variant of `Comparison` in heaplens.
fn comparison(figure: Span, input: ParseStream<'_>) -> Result<&'static str> {
    // The longer ones first: each begins like a shorter one.
    if input.peek(Token![<<]) || input.peek(Token![>>]) || input.peek(Token![=>]) {
        return Err(input.error("this compares no figure: use ==, <=, <, >= or >"));
    }
    if input.parse::<Option<Token![==]>>()?.is_some() {
        return Ok("Exactly");
    }
    if input.parse::<Option<Token![<=]>>()?.is_some() {
        return Ok("AtMost");
    }
    if input.parse::<Option<Token![>=]>>()?.is_some() {
        return Ok("AtLeast");
    }
    if input.parse::<Option<Token![<]>>()?.is_some() {
        return Ok("Below");
    }
    if input.parse::<Option<Token![>]>>()?.is_some() {
        return Ok("Above");
    }
    match input.is_empty() || input.peek(Token![,]) {
        true => Err(Error::new(figure, "this is compared with nothing: write a limit behind it, such as `<= 8 * MIB`")),
        false => Err(input.error("this compares no figure: use ==, <=, <, >= or >")),
    }
}

/// # Errors
///
/// If it is a text that says no size, or a size that limits a count.
fn limit(figure: &Figure, limit: Expr) -> Result<Limit> {
    let Some(text) = text(&limit) else { return Ok(Limit::Expression(Box::new(limit))) };
    if !figure.is_bytes() {
        return Err(Error::new(
            limit.span(),
            format!("`{}` counts: its limit is a number without quotes", figure.name),
        ));
    }
    let bytes = size::bytes(&text).map_err(|reason| Error::new(limit.span(), reason))?;
    Ok(Limit::Bytes(bytes, limit.span()))
}

/// What a literal text says.
fn text(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
        _ => None,
    }
}
