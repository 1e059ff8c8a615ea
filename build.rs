//! Decides how call stacks are captured: by unwind rules of our own where they are known to work, else by the platform's
//! unwinder. `RUSTFLAGS="--cfg heaplens_portable"` forces the latter.
//!
//! The `links` key, which also asks for this script, makes cargo refuse two versions of heaplens in one program.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(heaplens_rules)");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    let tables_are_known = is("CARGO_CFG_TARGET_ARCH", "x86_64")
        && is("CARGO_CFG_TARGET_OS", "linux")
        && is("CARGO_CFG_TARGET_ENV", "gnu")
        && is("CARGO_CFG_TARGET_POINTER_WIDTH", "64");
    let stacks = env::var_os("CARGO_FEATURE_STACKS").is_some();
    let portable = env::var_os("CARGO_CFG_HEAPLENS_PORTABLE").is_some();
    if stacks && tables_are_known && !portable {
        println!("cargo::rustc-cfg=heaplens_rules");
    }
}
