//! Package `alpha` of the workspace that the tests of the command measure. What its tests need comes from the environment.

heaplens::install!();

/// That many rows of 1,000 bytes.
#[inline(never)]
pub fn rows(number: usize) -> Vec<[u8; 1_000]> {
    let mut rows = Vec::with_capacity(number);
    rows.resize(number, [0; 1_000]);
    rows
}

#[cfg(test)]
mod tests {
    use heaplens::MemoryScope;

    fn number(name: &str) -> usize {
        std::env::var(name).map_or(10, |number| number.parse().expect("a number"))
    }

    #[test]
    fn blessed() {
        let number = number("SAMPLE_ROWS");
        let scope = MemoryScope::builder("rows").stacks().enter();
        let rows: Vec<_> = (0..number).map(|_| crate::rows(1)).collect();
        heaplens::assert_baseline!(scope.finish());
        assert_eq!(rows.len(), number);
    }

    #[test]
    fn limited() {
        let (rows, used) = heaplens::measure("limit", || crate::rows(3));
        heaplens::assert_memory!(used, total_blocks <= number("SAMPLE_LIMIT") as u64);
        heaplens::assert_memory!(used, total_bytes == 3_000);
        drop(rows);
    }
}
