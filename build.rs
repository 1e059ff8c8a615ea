//! Decides how call stacks are captured: by unwind rules of our own where they are known to work, else by the platform's
//! unwinder. `RUSTFLAGS="--cfg heaplens_portable"` forces the latter.
//!
//! Says for baselines which compiler, target and build profile there are.
//!
//! The `links` key, which also asks for this script, makes cargo refuse two versions of heaplens in one program.

use std::env;
use std::process::Command;

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
    tell_how_it_is_built();
}

/// Compiler, target and build profile, for baselines: figures move with them.
fn tell_how_it_is_built() {
    let given = |name: &str| env::var(name).unwrap_or_default();
    let version = Command::new(given("RUSTC")).arg("--version").output();
    let version = version.ok().and_then(|output| String::from_utf8(output.stdout).ok()).unwrap_or_default();
    // `rustc 1.95.0 (59807616e 2026-04-14)`: the first two words.
    let compiler: Vec<&str> = version.split_whitespace().take(2).collect();
    println!("cargo::rustc-env=HEAPLENS_RUSTC={}", compiler.join(" "));
    println!("cargo::rustc-env=HEAPLENS_TARGET={}", given("TARGET"));
    println!("cargo::rustc-env=HEAPLENS_PROFILE={}, opt-level {}", given("PROFILE"), given("OPT_LEVEL"));
}
