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
    fn unmeasured() {
        assert!(std::env::var_os("SAMPLE_FAILS").is_none(), "as it was told to");
    }
}
