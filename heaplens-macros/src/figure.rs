//! The figures that a condition can name. heaplens has the same names in `heaplens::testing::figures`.

use proc_macro2::Ident;
use syn::{Error, Result};

const ALL: [&str; 14] = [
    "peak_bytes",
    "peak_blocks",
    "total_bytes",
    "total_blocks",
    "live_bytes",
    "live_blocks",
    "freed_bytes",
    "freed_blocks",
    "temporary_blocks",
    "largest_block_bytes",
    "reallocations",
    "moved_bytes",
    "unattached_threads",
    "unattached_blocks",
];

/// Those that are known of the whole scope alone.
const OF_THE_WHOLE: [&str; 7] = [
    "peak_bytes",
    "peak_blocks",
    "largest_block_bytes",
    "reallocations",
    "moved_bytes",
    "unattached_threads",
    "unattached_blocks",
];

/// Those that a baseline does not keep: how much is moved depends on the allocator, and the others follow from what is kept.
const NOT_OF_BASELINES: [&str; 5] =
    ["freed_bytes", "freed_blocks", "moved_bytes", "unattached_threads", "unattached_blocks"];

/// A figure, where it was written.
pub(crate) struct Figure {
    pub(crate) name: Ident,
}

impl Figure {
    /// # Errors
    ///
    /// If no figure has this name, with those that there are.
    pub(crate) fn of(name: Ident) -> Result<Self> {
        let written = name.to_string();
        if ALL.contains(&written.as_str()) {
            return Ok(Self { name });
        }
        let near = nearest(&written).map_or_else(String::new, |near| format!(": did you mean `{near}`?"));
        Err(Error::new(
            name.span(),
            format!("no figure is called `{written}`{near}\nthe figures are {}", ALL.join(", ")),
        ))
    }

    /// Whether it is a number of bytes; else it counts.
    pub(crate) fn is_bytes(&self) -> bool {
        self.name.to_string().ends_with("_bytes")
    }

    /// Whether a baseline keeps it.
    pub(crate) fn is_of_baselines(&self) -> bool {
        !NOT_OF_BASELINES.contains(&self.name.to_string().as_str())
    }

    /// Whether it is known of each call site.
    pub(crate) fn is_of_sites(&self) -> bool {
        !OF_THE_WHOLE.contains(&self.name.to_string().as_str())
    }
}

/// The figure that was probably meant: one that has the word in it, or else differs in few letters.
fn nearest(written: &str) -> Option<&'static str> {
    let has_word = |figure: &&&str| written.len() > 3 && figure.split('_').any(|word| word == written);
    let near = || {
        let closest = ALL.iter().min_by_key(|figure| distance(written, figure))?;
        (distance(written, closest) <= 3).then_some(closest)
    };
    ALL.iter().find(has_word).or_else(near).copied()
}

/// Letters to change, leave out, or put in, to make one word of the other (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (place, letter) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = place + 1;
        for (column, against) in other.chars().enumerate() {
            let changed = diagonal + usize::from(letter != against);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[row.len() - 1]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_figure_is_found() {
        assert_eq!(nearest("peak_byte"), Some("peak_bytes"));
        assert_eq!(nearest("peek_bytes"), Some("peak_bytes"));
        assert_eq!(nearest("total_block"), Some("total_blocks"));
        assert_eq!(nearest("peak"), Some("peak_bytes"));
        assert_eq!(nearest("live"), Some("live_bytes"));
        assert_eq!(nearest("elephants"), None);
    }

    #[test]
    fn every_figure_is_one_of_heaplens() {
        let theirs: Vec<&str> = heaplens::testing::Figure::ALL.iter().map(|figure| figure.name()).collect();
        assert_eq!(theirs.len(), ALL.len());
        for figure in heaplens::testing::Figure::ALL {
            assert!(ALL.contains(&figure.name()), "{figure}");
            assert_eq!(figure.is_bytes(), figure.name().ends_with("_bytes"), "{figure}");
            assert_eq!(figure.is_by_site(), !OF_THE_WHOLE.contains(&figure.name()), "{figure}");
        }
    }
}
