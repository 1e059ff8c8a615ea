//! What an attribute makes of a function: the same function, whose body is handed to `heaplens::testing::attribute`.
//!
//! ```text
//! fn parse() -> Result<(), Error> {
//!     let test = { /* the budget, or the baseline */ };
//!     test.run(|| -> Result<(), Error> { /* the body */ }).returned(/* is it an error? */)
//! }
//! ```
//!
//! Every path is an absolute one, and the one name that is bound is not to be seen from the body.

use crate::arguments::{Arguments, Condition, Limit, Subject};
use crate::function::{Function, with_future_replaced};
use crate::slack::{Slack, Slacks};
use crate::warmup::Warmup;
use proc_macro2::{Delimiter, Group, Ident, Literal, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{ReturnType, Type};

/// What a measurement is checked against, as an expression.
pub(crate) trait Check {
    /// Of a test, whose path is such an expression.
    fn check(&self, path: &TokenStream) -> TokenStream;

    fn warmup(&self) -> Option<&Warmup>;
}

/// The function, measured and checked.
pub(crate) fn expand(check: &impl Check, mut function: Function) -> TokenStream {
    let test = Ident::new("test", Span::mixed_site());
    let measured_test = measured_test(check, &function);
    let warmup = check.warmup();
    let body = match with_future_replaced(&function.body, |block| braces(&run(&test, warmup, &function, block, true))) {
        Some(body) => body.stream(),
        None => run(&test, warmup, &function, &function.body, function.signature.asyncness.is_some()),
    };
    function.body = braces(&quote! {
        let #test = #measured_test;
        #body
    });
    function.into_token_stream()
}

fn braces(tokens: &TokenStream) -> Group {
    Group::new(Delimiter::Brace, tokens.clone())
}

/// The test, with its names.
fn measured_test(check: &impl Check, function: &Function) -> TokenStream {
    let name = function.signature.ident.to_string();
    let name = name.strip_prefix("r#").unwrap_or(&name);
    let check = check.check(&quote!(::core::concat!(::core::module_path!(), "::", #name)));
    let expecting_panic = expects_panic(function).then(|| quote!(.expecting_panic()));
    quote! {{
        #[allow(unused_imports)]
        use ::heaplens::testing::{GIB, KIB, MIB};
        ::heaplens::testing::attribute::MeasuredTest::new(#name, #check) #expecting_panic
    }}
}

impl Check for Arguments {
    fn check(&self, path: &TokenStream) -> TokenStream {
        let conditions = self.conditions.iter().map(condition);
        quote!(::heaplens::testing::Budget::new().of_test(#path) #(.with(#conditions))*)
    }

    fn warmup(&self) -> Option<&Warmup> {
        self.warmup.as_ref()
    }
}

impl Check for Slacks {
    fn check(&self, path: &TokenStream) -> TokenStream {
        let slacks = self.slacks.iter().map(|Slack { figure, amount }| {
            let figure = &figure.name;
            quote!(.slack(::heaplens::testing::figures::#figure, #amount))
        });
        quote!(::heaplens::__baseline!(#path) #(#slacks)*)
    }

    fn warmup(&self) -> Option<&Warmup> {
        self.warmup.as_ref()
    }
}

fn condition(condition: &Condition) -> TokenStream {
    let Condition { subject, figure, comparison, limit } = condition;
    let figure = &figure.name;
    let comparison = Ident::new(comparison, Span::call_site());
    let limit = match limit {
        Limit::Expression(expression) => expression.to_token_stream(),
        Limit::Bytes(bytes, span) => {
            let mut literal = Literal::u64_suffixed(*bytes);
            literal.set_span(*span);
            literal.to_token_stream()
        }
    };
    let subject = match subject {
        Subject::Whole => TokenStream::new(),
        Subject::Items(items) => quote!(.per_item(#items)),
        Subject::EachSite => quote!(.each_site()),
        Subject::InCrate(name) => quote!(.in_crate(#name)),
    };
    quote! {
        ::heaplens::testing::Condition::new(
            ::heaplens::testing::figures::#figure,
            ::heaplens::testing::Comparison::#comparison,
            #limit,
        ) #subject
    }
}

/// The body as an argument of what measures it.
fn run(test: &Ident, warmup: Option<&Warmup>, function: &Function, body: &Group, is_future: bool) -> TokenStream {
    let output = match &function.signature.output {
        ReturnType::Default => quote!(-> ()),
        // What is not named is what the body returns.
        ReturnType::Type(_, of) if matches!(**of, Type::ImplTrait(_)) => TokenStream::new(),
        output => output.to_token_stream(),
    };
    let body = match (output.is_empty(), is_future) {
        (true, false) => quote!(|| #body),
        (false, false) => quote!(|| #output #body),
        (_, true) => quote!(async move || #output #body),
    };
    let times = warmup.map(|warmup| warmup.times);
    let call = match (is_future, times) {
        (false, None) => quote!(run(#body)),
        (false, Some(times)) => quote!(run_warm(#times, #body)),
        (true, None) => quote!(run_future(#body).await),
        (true, Some(times)) => quote!(run_future_warm(#times, #body).await),
    };
    // A failure is located at the name of the function.
    let place = function.signature.ident.span();
    if expects_panic(function) {
        let after_panic = quote_spanned!(place=> .after_panic());
        return quote!(#test.#call #after_panic);
    }
    let returned = quote_spanned! {place=>
        .returned(|result| {
            #[allow(unused_imports)]
            use ::heaplens::testing::attribute::NoResult as _;
            ::heaplens::testing::attribute::Returned(result).is_error_of_test()
        })
    };
    quote!(#test.#call #returned)
}

fn expects_panic(function: &Function) -> bool {
    function.attribute("should_panic").is_some()
}
