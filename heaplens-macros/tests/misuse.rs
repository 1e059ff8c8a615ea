//! Every mistake is told by the compiler, at its place, in our words. After a change of the texts:
//! `TRYBUILD=overwrite cargo test -p heaplens-macros --test misuse`.

#[test]
fn mistakes_are_told_at_their_place() {
    trybuild::TestCases::new().compile_fail("tests/misuse/*.rs");
}
