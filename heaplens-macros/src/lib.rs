//! The attributes of [heaplens](https://docs.rs/heaplens), which exports them with its feature `macros`.
//!
//! ```text
//! #[budget(..)]    ─arguments─▶ Arguments ─┐
//! #[baseline(..)]  ─slack─────▶ Slacks ────┤
//! fn ..            ─function──▶ Function ──┴─expand─▶ tokens, or errors beside the function as it was
//! ```

mod arguments;
mod expand;
mod figure;
mod function;
mod size;
mod slack;
mod warmup;

use proc_macro::TokenStream;
use syn::spanned::Spanned;
use syn::{Error, Result};

/// Limits what the body of a test function may use.
///
/// The body runs in a scope with call stacks that is called like the function. After it the figures of the scope are compared with
/// every condition; where one does not hold the test fails with the text of a `heaplens::testing::BudgetFailure`, which names the
/// call sites. What the function returns is still live when the figures are taken.
///
/// ```
/// heaplens::install!();
///
/// fn index(text: &str) -> Vec<String> {
///     text.split_whitespace().map(str::to_owned).collect()
/// }
///
/// #[heaplens::budget(peak_bytes <= "1 KiB", total_blocks <= 8, live_bytes == 0)]
/// #[test]
/// fn an_index_takes_a_block_for_each_word() {
///     assert_eq!(index("to be or not to be").len(), 6);
/// }
///
/// #[heaplens::budget(per_item(words, total_blocks <= 2), each_site(total_bytes <= KIB))]
/// fn an_index_of(words: u64, text: &str) {
///     assert_eq!(index(text).len() as u64, words);
/// }
///
/// fn main() {
///     an_index_of(6, "to be or not to be");
///     # #[heaplens::budget(peak_bytes <= "1 KiB", total_blocks <= 8, live_bytes == 0)]
///     # fn an_index_takes_a_block_for_each_word() {
///     #     assert_eq!(index("to be or not to be").len(), 6);
///     # }
///     # an_index_takes_a_block_for_each_word();
/// }
/// ```
///
/// # Arguments
///
/// | argument | is about |
/// |---|---|
/// | `peak_bytes <= 8 * MIB` | the whole body |
/// | `per_item(rows, total_blocks <= 2)` | the whole body, for each of so many items |
/// | `each_site(total_bytes <= 64 * KIB)` | each call site by itself |
/// | `in_crate("serde_json", total_blocks <= 10)` | what code of a crate allocates |
/// | `warmup = 1` | how often the body runs before it is measured; what it returns then is dropped |
///
/// A condition is a figure, one of `==`, `<=`, `<`, `>=`, `>`, and a limit. The figures are those of `heaplens::testing::figures`:
/// `peak_bytes`, `peak_blocks`, `total_bytes`, `total_blocks`, `live_bytes`, `live_blocks`, `freed_bytes`, `freed_blocks`,
/// `temporary_blocks`, `largest_block_bytes`, `reallocations`, `moved_bytes`, `unattached_threads`, `unattached_blocks`.
///
/// A limit is an expression of type `u64`, in which `KIB`, `MIB`, `GIB` and the arguments of the function are known, or a size in
/// words: `"8 MiB"` (2^20), `"1.5 kB"` (10^3), `"512 B"`.
///
/// # Beside other attributes
///
/// Above or below `#[test]`, `#[ignore]`, `#[should_panic]`, `#[tokio::test]` and `#[rstest]`, as you like:
///
/// - A test that returns a `Result` uses `?` as ever. If it returns an error that is what fails; a violation is printed before it.
/// - A test that panics fails with its own panic, and nothing else.
/// - With `#[should_panic]` a violation never counts as the panic: it is printed, and the test fails for not having panicked. What
///   a panic allocates is the test's own: its message, what is printed of it, and with `RUST_BACKTRACE=1` some hundred kB for that.
/// - An `async fn` is measured on each poll, and the runtime around it is not. Tasks that it spawns count if they run
///   `in_scope(&handle)` of `ScopeHandle::current()`. Below the attribute of another runtime than tokio's it finds an ordinary
///   function, and measures that runtime as well: put it above.
/// - Above `#[rstest]`, fixtures are made before and do not count, and limits know the arguments. Below it each case is a function
///   without arguments which makes its own fixtures; that is the place for `warmup`, and for cases of which some panic.
///
/// # Errors of the compiler
///
/// Mistakes in the arguments, each at its place; functions that no test can be: `const`, generic, with `self`; `warmup` on a
/// function with arguments.
///
/// # Panics
///
/// The function, if a condition does not hold, or cannot be checked: heaplens is not installed (the body has not run then), work of
/// threads that were not attached, something missing from the figures.
#[allow(clippy::test_attr_in_doctest, reason = "the attribute is for tests")]
#[proc_macro_attribute]
pub fn budget(arguments: TokenStream, item: TokenStream) -> TokenStream {
    or_errors(item, |item| {
        let (arguments, function): (arguments::Arguments, _) = both(syn::parse(arguments), syn::parse(item))?;
        expanded(&arguments, function)
    })
}

/// Holds the body of a test function to what it used when somebody last agreed to it.
///
/// The body runs in a scope with call stacks that is called like the function. After it the figures of the scope are compared with
/// the test's entry in `memory-baselines/<suite>.json` beside the `Cargo.toml` of the package; `HEAPLENS_BLESS=1 cargo test` writes
/// it, for you to review and commit. What the function returns is still live when the figures are taken.
///
/// Numbers of blocks are to be the same and bytes within 1 %, if nothing else is said. Less than the baseline passes.
///
/// ```no_run
/// heaplens::install!();
///
/// #[heaplens::baseline(peak_bytes = "5 %", total_blocks = 2, warmup = 1)]
/// #[test]
/// fn squares() {
///     let squares: Vec<u64> = (0..1_000).map(|n| n * n).collect();
///     assert_eq!(squares[999], 998_001);
/// }
/// # fn main() {}
/// ```
///
/// # Arguments
///
/// None are needed: `#[heaplens::baseline]`.
///
/// | argument | is |
/// |---|---|
/// | `peak_bytes = "5 %"` | how far the figure may be from its baseline, as a share of it |
/// | `total_bytes = "64 KiB"`, `total_blocks = 2` | the same as an amount: a size in words, or an expression |
/// | `warmup = 1` | how often the body runs before it is measured; what it returns then is dropped |
///
/// There are baselines of `peak_bytes`, `peak_blocks`, `total_bytes`, `total_blocks`, `live_bytes`, `live_blocks`,
/// `reallocations`, `temporary_blocks` and `largest_block_bytes`.
///
/// # Beside other attributes
///
/// As [`macro@budget`], and beside it. The function has no arguments: below `#[rstest]` each case is such a function, with a name
/// and a baseline of its own.
///
/// # Panics
///
/// The function, if it needs more than its baseline, with the call sites that are new, grown or gone; if there is no baseline yet;
/// if the two cannot be compared.
#[allow(clippy::test_attr_in_doctest, reason = "the attribute is for tests")]
#[proc_macro_attribute]
pub fn baseline(arguments: TokenStream, item: TokenStream) -> TokenStream {
    or_errors(item, |item| {
        let (slacks, function): (slack::Slacks, function::Function) = both(syn::parse(arguments), syn::parse(item))?;
        let reason = "a baseline is of one piece of work, which arguments would make many";
        function.check_for_no_arguments(function.signature.inputs.span(), reason)?;
        expanded(&slacks, function)
    })
}

/// What an item is expanded to. With mistakes the function stays, so that nothing else is wrong in what uses it.
fn or_errors(item: TokenStream, expand: impl FnOnce(TokenStream) -> Result<TokenStream>) -> TokenStream {
    expand(item.clone()).unwrap_or_else(|error| {
        let mut tokens = TokenStream::from(error.into_compile_error());
        tokens.extend(item);
        tokens
    })
}

fn expanded(check: &impl expand::Check, function: function::Function) -> Result<TokenStream> {
    function.check(check.warmup())?;
    Ok(expand::expand(check, function).into())
}

/// Both, or the mistakes in both.
fn both<A, B>(one: Result<A>, other: Result<B>) -> Result<(A, B)> {
    match (one, other) {
        (Ok(one), Ok(other)) => Ok((one, other)),
        (Err(mut mistake), Err(other)) => {
            mistake.combine(other);
            Err(mistake)
        }
        (Err(mistake), _) | (_, Err(mistake)) => Err::<_, Error>(mistake),
    }
}
