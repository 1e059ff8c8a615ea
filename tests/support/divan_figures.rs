//! What divan counts of a benchmark of this binary: divan prints its figures and gives them to nobody, so that the binary
//! starts itself and reads what it prints.

use std::env;
use std::process::{Command, exit};

/// Set in a process that was started to run a benchmark.
const VARIABLE: &str = "HEAPLENS_TEST_DIVAN";

/// The figures of each operation that divan counted: blocks and bytes of an iteration.
#[derive(Debug, PartialEq)]
pub(crate) struct DivanFigures(Vec<(String, [String; 2])>);

impl DivanFigures {
    /// Blocks and bytes of `alloc`, `grow`, `shrink`, `dealloc`, or `max alloc`, as divan writes them.
    pub(crate) fn of_operation(&self, name: &str) -> [&str; 2] {
        let found = self.0.iter().find(|(operation, _)| operation == name);
        let (_, [blocks, bytes]) = found.unwrap_or_else(|| panic!("no `{name}` in {self:?}"));
        [blocks, bytes]
    }

    /// Reads divan's table, in which the name of an operation stands above its blocks and those above its bytes.
    ///
    /// ```text
    /// ╰─ plain    1.2 µs      │ 9.9 µs      │ …
    ///             alloc:      │             │
    ///               2         │ 2           │ …
    ///               1.1 KB    │ 1.1 KB      │ …
    /// ```
    fn read(printed: &str) -> Self {
        let mut first_column = printed.lines().map(|line| line.split('│').next().unwrap_or("").trim());
        let mut figures = Vec::new();
        while let Some(cell) = first_column.next() {
            if let Some(operation) = cell.strip_suffix(':') {
                let mut next = || first_column.next().expect("a figure").to_owned();
                figures.push((operation.to_owned(), [next(), next()]));
            }
        }
        Self(figures)
    }
}

/// Runs one benchmark in a process of its own, with divan's own arguments.
///
/// That process arrives here too, by the same case, and ends when divan has run the benchmark.
pub(crate) fn of(benchmark: &str) -> DivanFigures {
    if env::var_os(VARIABLE).is_some() {
        divan::main();
        exit(0);
    }
    let output = Command::new(env::current_exe().expect("the path of this binary"))
        .args(["--bench", "--color", "never", "--sample-count", "4", "--sample-size", "1", benchmark])
        .env(VARIABLE, "1")
        .output()
        .expect("this binary starts");
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{printed}{}", String::from_utf8_lossy(&output.stderr));
    DivanFigures::read(&printed)
}
