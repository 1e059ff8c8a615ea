//! Compiles the C frames of `c/`: what Rust has no words for, from `alloca` to `longjmp`.
//!
//! They are optimised and have no frame pointer unless they need one, in every profile, as C code usually is.

fn main() {
    println!("cargo::rerun-if-changed=c");
    cc::Build::new()
        .files(["c/frames.c", "c/jumps.c", "c/fibers.c"])
        .include("c")
        .opt_level(2)
        .debug(false)
        .force_frame_pointer(false)
        .compile("stress_frames");
}
