//! `warmup = n`, which each attribute has.

use proc_macro2::{Ident, Span};
use syn::parse::ParseStream;
use syn::{Error, LitInt, Result};

/// How often the body runs before it is measured.
pub(crate) struct Warmup {
    pub(crate) span: Span,
    pub(crate) times: u32,
}

impl Warmup {
    /// Reads the number behind `warmup =`, which are read.
    pub(crate) fn read(word: &Ident, input: ParseStream<'_>, into: &mut Option<Self>) -> Result<()> {
        let no_number = |at: Span| Error::new(at, "`warmup` is a whole number below 2^32, such as `warmup = 1`");
        let times = input.parse::<LitInt>().map_err(|error| no_number(error.span()))?;
        let warmup = Self { span: word.span(), times: times.base10_parse().map_err(|_| no_number(times.span()))? };
        match into.replace(warmup) {
            Some(_) => Err(Error::new(word.span(), "`warmup` is given twice")),
            None => Ok(()),
        }
    }
}
