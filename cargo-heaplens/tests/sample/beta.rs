//! Package `beta`: a baseline, and a test that has nothing to do with memory.

heaplens::install!();

#[cfg(test)]
mod tests {
    use heaplens::MemoryScope;

    #[test]
    fn notes() {
        let scope = MemoryScope::builder("all notes").stacks().enter();
        let notes = vec![0_u8; 500];
        heaplens::assert_baseline!(scope.finish());
        drop(notes);
    }

    #[test]
    #[ignore = "runs where it is asked for"]
    fn ignored() {
        let scope = MemoryScope::builder("ignored").stacks().enter();
        let notes = vec![0_u8; 50];
        heaplens::assert_baseline!(scope.finish());
        drop(notes);
    }

    /// A check that fails in a test that passes, if it is told to.
    #[test]
    fn expected() {
        if std::env::var_os("SAMPLE_EXPECTS").is_some() {
            let (_, used) = heaplens::measure("too much", || vec![0_u8; 100]);
            let failed = std::panic::catch_unwind(|| heaplens::assert_memory!(used, total_blocks <= 0));
            assert!(failed.is_err());
        }
    }

    #[test]
    fn unmeasured() {
        assert!(std::env::var_os("SAMPLE_FAILS").is_none(), "as it was told to");
    }
}
