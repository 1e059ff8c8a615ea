//! The workloads over the system's allocator, as a program without a profiler has it.

mod workload;

fn main() {
    workload::main();
}
