//! What is looked for, as a table that finds all of it in one pass.
//!
//! `Grams` are the usual way. Where they can't be used (a pattern that is shorter than a gram) or give up, a machine
//! of Aho and Corasick finds the same occurrences; it is built when it is first needed.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use super::grams::{Beginnings, GRAM, Grams};

/// An unchanging set of patterns, ready to search.
pub(super) struct Table {
    /// Sorted, for `begins`.
    patterns: Vec<Vec<u8>>,
    /// `None` where a pattern is too short.
    grams: Option<Grams>,
    /// `None` inside where it could not be built (over two thousand million states); then everything is masked.
    machine: OnceLock<Option<AhoCorasick>>,
    /// `begins` is asked at every byte of a stream's end and mostly answered by this.
    beginnings: Beginnings,
    longest: usize,
}

impl Table {
    pub(super) fn new(patterns: &BTreeSet<Vec<u8>>) -> Self {
        let patterns: Vec<Vec<u8>> = patterns.iter().cloned().collect();
        Self {
            grams: Grams::new(&patterns),
            machine: OnceLock::new(),
            beginnings: Beginnings::new(&patterns),
            longest: patterns.iter().map(Vec::len).max().unwrap_or(0),
            patterns,
        }
    }

    /// Where `text` holds secrets, in order; overlapping occurrences are one range.
    pub(super) fn ranges(&self, text: &[u8]) -> Vec<Range<usize>> {
        let found = self.grams.as_ref().and_then(|grams| grams.occurrences(&self.patterns, text).ok());
        match found {
            Some(mut occurrences) => {
                occurrences.sort_unstable_by_key(|occurrence| occurrence.start);
                let mut ranges: Vec<Range<usize>> = Vec::new();
                for occurrence in occurrences {
                    match ranges.last_mut().filter(|last| occurrence.start < last.end) {
                        Some(last) => last.end = last.end.max(occurrence.end),
                        None => ranges.push(occurrence),
                    }
                }
                ranges
            }
            None => self.ranges_by_machine(text),
        }
    }

    /// The same by the machine.
    fn ranges_by_machine(&self, text: &[u8]) -> Vec<Range<usize>> {
        // Left alone the crate takes a DFA for few patterns: 38 MB where this takes 2 for the forms of one
        // 4,000-byte key.
        let build =
            || AhoCorasick::builder().kind(Some(AhoCorasickKind::ContiguousNFA)).build(&self.patterns).ok();
        let Some(machine) = self.machine.get_or_init(build) else {
            return std::iter::once(0..text.len()).collect();
        };
        let mut ranges: Vec<Range<usize>> = Vec::new();
        // Occurrences come in the order of their ends, so each can only swallow the ranges just before it.
        for occurrence in machine.find_overlapping_iter(text) {
            let mut range = occurrence.range();
            while let Some(before) = ranges.pop_if(|before| before.end > range.start) {
                range.start = range.start.min(before.start);
            }
            ranges.push(range);
        }
        ranges
    }

    /// The first place from which all the rest of `text` may be the beginning of a secret that goes on; its
    /// length where there is none.
    pub(super) fn open_end(&self, text: &[u8]) -> usize {
        let earliest = text.len().saturating_sub(self.longest.saturating_sub(1));
        // Nearer to the end than a gram is long, nothing can be told by one.
        let last = text.len().saturating_sub(GRAM - 1).max(earliest);
        let with_gram =
            (earliest..last).find(|&at| self.beginnings.may_have(&text[at..]) && self.begins(&text[at..]));
        with_gram.or_else(|| (last..text.len()).find(|&at| self.begins(&text[at..]))).unwrap_or(text.len())
    }

    /// Whether some pattern starts with `tail` and is longer. If any is, then also the first one that sorts
    /// after `tail`.
    fn begins(&self, tail: &[u8]) -> bool {
        let after = self.patterns.partition_point(|pattern| pattern.as_slice() <= tail);
        self.patterns.get(after).is_some_and(|pattern| pattern.starts_with(tail))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn table(patterns: &[&str]) -> Table {
        Table::new(&patterns.iter().map(|pattern| pattern.as_bytes().to_vec()).collect())
    }

    #[test]
    fn overlapping_occurrences_are_one_range_and_neighbours_are_two() {
        let table = table(&["hunter", "nterprise", "terp"]);
        assert_eq!(table.ranges(b"a hunterprise and a hunter"), [2..13, 20..26]);
        assert_eq!(table.ranges(b"hunterhunter"), [0..6, 6..12]);
        assert!(table.ranges(b"nothing").is_empty());
    }

    #[test]
    fn the_open_end_is_the_longest_tail_that_may_go_on() {
        let table = table(&["secret", "cretin", "t"]);
        assert_eq!(table.open_end(b"a se"), 2);
        assert_eq!(table.open_end(b"a secre"), 2);
        assert_eq!(table.open_end(b"a secret"), 4);
        assert_eq!(table.open_end(b"a cretin"), 8);
        assert_eq!(table.open_end(b"t"), 1);
        assert_eq!(table.open_end(b""), 0);
    }
    #[test]
    fn the_end_of_a_text_may_begin_a_long_secret() {
        let table = table(&["correct horse battery", "horsepower", "batter"]);
        for (text, open) in [
            ("a correct horse batter", 2),
            ("a correct horse battery", 23),
            ("a correct horsep", 10),
            ("a corr", 2),
            ("a cor", 2),
            ("a corn", 6),
            ("corr", 0),
            ("co", 0),
        ] {
            assert_eq!(table.open_end(text.as_bytes()), open.min(text.len()), "{text}");
        }
    }

    /// Patterns of few letters, most of them long enough for grams.
    fn patterns() -> impl Strategy<Value = Vec<String>> {
        proptest::collection::vec(prop_oneof![1 => "[ab]{1,12}", 9 => "[abc]{4,7}|[ab]{7,24}"], 1..6)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_024))]

        #[test]
        fn grams_find_what_the_machine_finds(patterns in patterns(), text in "[abc]{0,80}", inside in 0_usize..6) {
            let table = table(&patterns.iter().map(String::as_str).collect::<Vec<_>>());
            let inside = &patterns[inside % patterns.len()];
            for text in [text.clone(), format!("{inside}{text}"), format!("{text}{inside}{text}{inside}")] {
                prop_assert_eq!(table.ranges(text.as_bytes()), table.ranges_by_machine(text.as_bytes()));
            }
        }

        #[test]
        fn the_open_end_is_the_longest_tail_that_any_pattern_begins_with(
            patterns in patterns(),
            text in "[abc]{0,40}",
            cut in 0_usize..30,
        ) {
            let table = table(&patterns.iter().map(String::as_str).collect::<Vec<_>>());
            let text = format!("{text}{}", &patterns[0][..cut.min(patterns[0].len())]);
            let begins = |tail: &str| patterns.iter().any(|one| one.len() > tail.len() && one.starts_with(tail));
            let expected = (0..text.len()).find(|at| begins(&text[*at..])).unwrap_or(text.len());
            prop_assert_eq!(table.open_end(text.as_bytes()), expected);
        }
    }

    #[test]
    fn a_text_of_too_many_places_is_searched_all_the_same() {
        let all: Vec<String> = (4..200).map(|length| "a".repeat(length)).collect();
        let table = table(&all.iter().map(String::as_str).collect::<Vec<_>>());
        let text = format!("{} aaa {}", "a".repeat(9_000), "a".repeat(5_000));
        assert!(table.machine.get().is_none());
        assert_eq!(table.ranges(text.as_bytes()), [0..9_000, 9_005..14_005]);
        assert!(table.machine.get().is_some());
    }
}
