//! What is looked for, as a machine that finds all of it in one pass.

use std::collections::BTreeSet;
use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickKind};

/// An unchanging set of patterns, ready to search.
pub(super) struct Table {
    /// `None` where it could not be built (over two thousand million states); then everything is masked.
    automaton: Option<AhoCorasick>,
    /// Sorted, for `begins`.
    patterns: Vec<Vec<u8>>,
    /// Which pairs of bytes a pattern begins with. `begins` is asked at every byte of a stream and mostly
    /// answered by this.
    first_pairs: Vec<bool>,
    longest: usize,
}

impl Table {
    pub(super) fn new(patterns: &BTreeSet<Vec<u8>>) -> Self {
        // Left alone the crate takes a DFA for few patterns: 38 MB where this takes 2 for the forms of one
        // 4,000-byte key.
        let automaton =
            AhoCorasick::builder().kind(Some(AhoCorasickKind::ContiguousNFA)).build(patterns).ok();
        let mut first_pairs = vec![false; 1 << 16];
        for pattern in patterns {
            if let [first, second, ..] = pattern[..] {
                first_pairs[pair(first, second)] = true;
            }
        }
        let longest = patterns.iter().map(Vec::len).max().unwrap_or(0);
        Self { automaton, patterns: patterns.iter().cloned().collect(), first_pairs, longest }
    }

    /// Where `text` holds secrets, in order; overlapping occurrences are one range.
    pub(super) fn ranges(&self, text: &[u8]) -> Vec<Range<usize>> {
        let Some(automaton) = &self.automaton else { return std::iter::once(0..text.len()).collect() };
        let mut ranges: Vec<Range<usize>> = Vec::new();
        // Occurrences come in the order of their ends, so each can only swallow the ranges just before it.
        for occurrence in automaton.find_overlapping_iter(text) {
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
        (earliest..text.len()).find(|&at| self.begins(&text[at..])).unwrap_or(text.len())
    }

    /// Whether some pattern starts with `tail` and is longer. If any is, then also the first one that sorts
    /// after `tail`.
    fn begins(&self, tail: &[u8]) -> bool {
        if let [first, second, ..] = *tail
            && !self.first_pairs[pair(first, second)]
        {
            return false;
        }
        let after = self.patterns.partition_point(|pattern| pattern.as_slice() <= tail);
        self.patterns.get(after).is_some_and(|pattern| pattern.starts_with(tail))
    }
}

fn pair(first: u8, second: u8) -> usize {
    usize::from(u16::from_be_bytes([first, second]))
}

#[cfg(test)]
mod tests {
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
}
