//! The arguments that choose among workloads, as in `cargo bench --bench stacks -- json`.

/// Whether the arguments name a workload, or name none at all.
pub(crate) fn chosen(workload: &str) -> bool {
    let mut names = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).peekable();
    names.peek().is_none() || names.any(|name| name == workload)
}
