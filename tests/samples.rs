//! The tests that the README and the guide show hold, and are written here as they stand there: doctests compile such
//! samples and run no test of them.

heaplens::install!();

mod readme {
    fn parse(text: &str) -> Vec<String> {
        text.split(',').map(str::to_owned).collect()
    }

    #[test]
    fn parsing_stays_in_its_budget() {
        let (words, used) = heaplens::measure("parse", || parse("one,two,three"));
        assert_eq!(words.len(), 3);
        assert!(used.peak_bytes <= 200, "more than 200 bytes: {used}");
        assert!(used.total_blocks <= 5, "more than 5 blocks: {used}");
    }
}

mod guide {
    use std::collections::BTreeMap;

    fn index(text: &str) -> BTreeMap<String, usize> {
        let mut words = BTreeMap::new();
        for word in text.split_whitespace() {
            *words.entry(word.to_owned()).or_insert(0) += 1;
        }
        words
    }

    #[test]
    fn an_index_takes_one_block_for_each_word_and_few_for_itself() {
        let text = "to be or not to be";
        let (index, used) = heaplens::measure("index", || index(text));
        assert_eq!(index.len(), 4);
        assert!(used.total_blocks <= 7, "more than a block a word: {used}");
        assert!(used.peak_bytes <= 400, "more than 400 bytes: {used}");
    }
}

/// The lines of a text without their indentation and without blank ones.
fn lines(text: &str) -> Vec<&str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect()
}

#[test]
fn every_sample_stands_in_its_page_line_by_line() {
    let pages =
        [("readme", include_str!("../README.md")), ("guide", include_str!("../docs/guide/measure-one-test.md"))];
    for (module, page) in pages {
        let source = include_str!("samples.rs");
        let begin = format!("\nmod {module} {{\n");
        let (_, source) = source.split_once(&begin).expect("the module is in this file");
        let (source, _) = source.split_once("\n}\n").expect("it ends");
        let (samples, all) = (lines(source), lines(page));
        for part in samples.split(|line| line.starts_with("use ")).filter(|part| !part.is_empty()) {
            assert!(all.windows(part.len()).any(|shown| shown == part), "{module}: {part:#?}");
        }
    }
}
