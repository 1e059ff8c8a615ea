//! The three tables: ratios, added time, resident memory.

use crate::tools::{BARE, STACKS, Tool};

/// A workload's figures, one for each tool.
pub(crate) struct Row {
    pub(crate) workload: &'static str,
    pub(crate) nanoseconds: Vec<f64>,
    pub(crate) resident_kib: Vec<f64>,
}

impl Row {
    fn added(&self, tool: usize) -> f64 {
        self.nanoseconds[tool] - self.nanoseconds[BARE]
    }

    /// The time that a tool adds, as a multiple of what heaplens adds with stacks; infinite if that is nothing.
    fn multiple(&self, tool: usize) -> f64 {
        if self.added(STACKS) <= 0.0 { f64::INFINITY } else { self.added(tool) / self.added(STACKS) }
    }
}

/// Prints the tables.
pub(crate) fn print(tools: &[Tool], rows: &[Row]) {
    println!("\ntime, as a ratio to the bare allocator (bare in ms)");
    table(tools, rows, |row, tool| match tool {
        BARE => format!("{:.2}", row.nanoseconds[BARE] / 1e6),
        _ => format!("{:.2}", row.nanoseconds[tool] / row.nanoseconds[BARE]),
    });
    println!("\nadded time, as a multiple of what heaplens's stacks add");
    table(tools, rows, |row, tool| match tool {
        BARE => "-".to_owned(),
        _ => format!("{:.2}", row.multiple(tool)),
    });
    for (place, tool) in tools.iter().enumerate() {
        if let Some(least) = tool.least {
            let lowest = rows.iter().map(|row| row.multiple(place)).fold(f64::INFINITY, f64::min);
            let verdict = if lowest >= least { "met" } else { "MISSED" };
            println!("{} adds at least {lowest:.1} times as much; wanted at least {least}: {verdict}", tool.name);
        }
    }
    println!("\npeak of resident memory (MiB)");
    table(tools, rows, |row, tool| format!("{:.1}", row.resident_kib[tool] / 1_024.0));
}

fn table(tools: &[Tool], rows: &[Row], cell: impl Fn(&Row, usize) -> String) {
    print!("{:<12}", "workload");
    tools.iter().for_each(|tool| print!("{:>12}", tool.name));
    println!();
    for row in rows {
        print!("{:<12}", row.workload);
        (0..tools.len()).for_each(|tool| print!("{:>12}", cell(row, tool)));
        println!();
    }
}
