//! The first of many, and how many more there are.

/// At most that many items and a line about the others, such as "and 7 more call sites". A single other is told itself: the line
/// about it would be as long.
pub(crate) fn shortlist(items: impl ExactSizeIterator<Item = String>, most: usize, what: &str) -> Vec<String> {
    let others = items.len().saturating_sub(most);
    if others <= 1 {
        return items.collect();
    }
    items.take(most).chain([format!("and {others} more {what}")]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_others_are_counted() {
        let of = |number: usize| shortlist((0..number).map(|item| item.to_string()), 2, "sites");
        assert_eq!(of(0), Vec::<String>::new());
        assert_eq!(of(3), ["0", "1", "2"]);
        assert_eq!(of(4), ["0", "1", "and 2 more sites"]);
    }
}
