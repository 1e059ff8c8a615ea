//! What stands in the parentheses of `#[heaplens::baseline]`.
//!
//! ```text
//! argument = figure = slack | warmup = integer
//! slack    = expression | "5 %" | "64 KiB"
//! ```

use crate::figure::Figure;
use crate::size;
use crate::warmup::Warmup;
use proc_macro2::{Literal, TokenStream};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{Error, Expr, ExprLit, Ident, Lit, Result, Token};

/// How far each figure may be from its baseline.
pub(crate) struct Slacks {
    pub(crate) slacks: Vec<Slack>,
    pub(crate) warmup: Option<Warmup>,
}

pub(crate) struct Slack {
    pub(crate) figure: Figure,
    pub(crate) amount: TokenStream,
}

impl Parse for Slacks {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut all = Self { slacks: Vec::new(), warmup: None };
        while !input.is_empty() {
            all.take(input)?;
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(all)
    }
}

impl Slacks {
    fn take(&mut self, input: ParseStream<'_>) -> Result<()> {
        if !input.peek(Ident::peek_any) {
            return Err(input.error("a slack begins with the name of a figure, such as `peak_bytes = \"5 %\"`"));
        }
        let word = input.call(Ident::parse_any)?;
        if !input.peek(Token![=]) || input.peek(Token![==]) || input.peek(Token![=>]) {
            let message = "a baseline has no limits: write how far the figure may be from it, such as `= \"5 %\"`";
            return Err(Error::new(word.span(), message));
        }
        input.parse::<Token![=]>()?;
        if word == "warmup" {
            return Warmup::read(&word, input, &mut self.warmup);
        }
        let figure = Figure::of(word)?;
        if !figure.is_of_baselines() {
            return Err(Error::new(figure.name.span(), format!("there is no baseline of `{}`", figure.name)));
        }
        let amount = amount(&figure, input.parse()?)?;
        self.slacks.push(Slack { figure, amount });
        Ok(())
    }
}

/// What heaplens reads again when the test runs.
///
/// # Errors
///
/// If it is a text that says neither a share nor a size, or a size for a count.
fn amount(figure: &Figure, amount: Expr) -> Result<TokenStream> {
    let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = &amount else { return Ok(amount.into_token_stream()) };
    let written = text.value();
    if let Some(percent) = written.trim_end().strip_suffix('%') {
        let is_share = percent.trim().parse::<f64>().is_ok_and(|percent| (0.0..=1_000_000.0).contains(&percent));
        return match is_share {
            true => Ok(text.into_token_stream()),
            false => Err(Error::new(amount.span(), format!("`{written}` is no share: write one such as \"5 %\""))),
        };
    }
    if !figure.is_bytes() {
        let message =
            format!("`{}` counts: its slack is a share such as \"5 %\", or a number without quotes", figure.name);
        return Err(Error::new(amount.span(), message));
    }
    let bytes = size::bytes(&written).map_err(|reason| Error::new(amount.span(), reason))?;
    let mut literal = Literal::u64_suffixed(bytes);
    literal.set_span(amount.span());
    Ok(literal.into_token_stream())
}
