//! Names that mean something else where the attribute is used.

#![allow(non_camel_case_types, dead_code, unused_macros)]

mod heaplens {}
mod core {}
mod std {}

struct u64;
struct Result;
const KIB: &str = "not a number";
fn drop() {}
macro_rules! concat {
    () => {};
}
macro_rules! module_path {
    () => {};
}

#[::heaplens::budget(peak_bytes <= KIB)]
#[test]
fn names_of_the_user_are_not_taken_for_ours() {
    let test = crate::block(1_024);
    assert_eq!((test.capacity(), KIB), (1_024, "not a number"));
}
