//! The table of all mixes, and whether every one of them is well.

use crate::figures::Figures;
use crate::mixes::Mix;
use std::process::Output;

/// What was printed so far.
pub(crate) struct Table {
    total: Figures,
    mixes: u32,
    failures: u32,
}

impl Table {
    /// Prints the head.
    pub(crate) fn begin(seed: u64) -> Self {
        println!("seed {seed}");
        let [compared, mismatched, with_platform] = ["compared", "mismatches", "with libgcc"];
        println!("{:<24}|{compared:>12} |{mismatched:>11} |{with_platform:>12} | differing | truncated", "mix");
        Self { total: Figures::default(), mixes: 0, failures: 0 }
    }

    /// Prints the row of a mix, and beneath it what the mix says itself and what is wrong with it.
    pub(crate) fn row(&mut self, mix: &Mix, asked: u64, output: &Output) {
        let text = String::from_utf8_lossy(&output.stdout);
        let figures = text.lines().find_map(Figures::from_line);
        print_row(mix.name, figures.unwrap_or_default());
        text.lines().filter(|line| Figures::from_line(line).is_none()).for_each(|line| println!("    {line}"));
        let mut complaints = Vec::new();
        if !output.status.success() {
            complaints.push(format!("its process ended with {}", output.status));
        }
        match figures {
            Some(figures) => complaints.extend(figures.complaints(asked, mix.ends).iter().map(ToString::to_string)),
            None => complaints.push("it printed no figures".to_owned()),
        }
        complaints.iter().for_each(|complaint| println!("    FAILED: {complaint}"));
        self.total = self.total.plus(figures.unwrap_or_default());
        self.mixes += 1;
        self.failures += u32::from(!complaints.is_empty());
    }

    /// Prints the sums. Returns whether every mix is well.
    pub(crate) fn end(self) -> bool {
        print_row("total", self.total);
        let Figures { blocks, overflowed, uncaptured, .. } = self.total;
        println!("{blocks} blocks, {overflowed} over the memory limit, {uncaptured} at the end of their thread");
        println!("{} mixes, {} failed", self.mixes, self.failures);
        self.failures == 0
    }
}

fn print_row(name: &str, figures: Figures) {
    let Figures { compared, mismatched, with_platform, differing, .. } = figures;
    let truncated = figures.truncated_percent();
    println!("{name:<24}|{compared:>12} |{mismatched:>11} |{with_platform:>12} |{differing:>10} |{truncated:>8.3} %");
}
