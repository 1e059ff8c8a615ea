//! The workloads over mod-alloc with its feature `backtraces`: at most eight frames of each stack, by frame pointers.
//! It counts what each site allocates, not what of it is live.

#[path = "../../../support/worker.rs"]
mod worker;

#[global_allocator]
static ALLOCATOR: mod_alloc::ModAlloc = mod_alloc::ModAlloc::new();

fn main() {
    worker::time(
        || (),
        |(), _| {
            let sites = ALLOCATOR.call_sites();
            let deepest = sites.iter().map(|site| u64::from(site.frame_count)).max().unwrap_or(0);
            assert!(deepest > 1, "it needs frame pointers");
            vec![("sites", sites.len() as u64), ("deepest", deepest)]
        },
    );
}
