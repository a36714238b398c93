//! Finds patterns by four bytes of each, so that most of a text is hardly looked at.
//!
//! The forms of a hundred secrets are some thousands of patterns. A machine that takes each byte through a state
//! (Aho and Corasick) then waits for memory at every byte. Here a text is looked at only at every `stride`-th
//! byte: of each pattern as many grams, pieces of four bytes that follow each other, are known as the stride is
//! long, so that one of them stands where we look, wherever the pattern begins (the idea of Wu and Manber,
//! "A fast algorithm for multi-pattern searching", 1994, with samples in the place of shifts). A small set of
//! bits says for nearly every gram of a text that it belongs to no pattern. Where it does belong to some, those
//! patterns are compared.
//!
//! Which grams of a pattern are known is free. The ones that are rarest in logs are taken, for `post` of
//! `postgres://…` stands in every line, and `aB3d` in none.
//!
//! A text made for it, or a secret such as `aaaaaaaa`, could make each place worth thousands of comparisons. So
//! they are counted, and with too many the search gives up: the machine takes as long for any text.

use std::ops::Range;

/// Bytes of a gram.
pub(super) const GRAM: usize = 4;

/// Longer strides find little more to skip, and each step of one is a gram more for each pattern.
const LONGEST_STRIDE: usize = 8;

/// How much of a long pattern is looked at for a rare place.
const FURTHEST: usize = 512;

/// A set of grams, which may say yes to one that is not in it, but never no to one that is.
struct GramSet {
    bits: Vec<u64>,
    shift: u32,
}

impl GramSet {
    fn new(grams: impl ExactSizeIterator<Item = u32>) -> Self {
        // One bit in 32 is set at most, unless that would take more memory (128 KiB) than is near a processor.
        let width = (grams.len() * 32).next_power_of_two().ilog2().clamp(12, 20);
        let mut set = Self { bits: vec![0; 1 << (width - 6)], shift: 32 - width };
        for gram in grams {
            let (word, bit) = set.place(gram);
            set.bits[word] |= bit;
        }
        set
    }

    #[inline]
    fn may_have(&self, gram: u32) -> bool {
        let (word, bit) = self.place(gram);
        self.bits[word] & bit != 0
    }

    #[inline]
    fn place(&self, gram: u32) -> (usize, u64) {
        // Knuth's multiplicative hash: the upper bits depend on all bytes.
        let hash = gram.wrapping_mul(0x9e37_79b1) >> self.shift;
        ((hash >> 6) as usize, 1 << (hash & 63))
    }
}

/// The gram that `text` begins with.
#[inline]
fn gram(text: &[u8]) -> Option<u32> {
    text.first_chunk::<GRAM>().map(|bytes| u32::from_le_bytes(*bytes))
}

/// A known gram of a pattern.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Known {
    gram: u32,
    pattern: u32,
    /// Where in the pattern the gram is; at most `FURTHEST` and a stride.
    offset: u32,
}

/// What is known of a set of patterns.
pub(super) struct Grams {
    stride: usize,
    set: GramSet,
    /// Sorted.
    known: Vec<Known>,
}

/// The search was given up: too many places of the text look like a pattern.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooMany;

impl Grams {
    /// `None` where a pattern is shorter than a gram, or where there are more of them than anybody has memory for.
    pub(super) fn new(patterns: &[Vec<u8>]) -> Option<Self> {
        let shortest = patterns.iter().map(Vec::len).min()?;
        let stride = (shortest + 1).checked_sub(GRAM).filter(|stride| *stride > 0)?.min(LONGEST_STRIDE);
        let mut known: Vec<Known> = Vec::with_capacity(patterns.len() * stride);
        for (index, pattern) in patterns.iter().enumerate() {
            let first = rarest_place(pattern, stride);
            let pattern_index = u32::try_from(index).ok()?;
            known.extend((first..first + stride).filter_map(|offset| {
                let gram = gram(&pattern[offset..])?;
                Some(Known { gram, pattern: pattern_index, offset: u32::try_from(offset).ok()? })
            }));
        }
        known.sort_unstable();
        let set = GramSet::new(known.iter().map(|known| known.gram));
        Some(Self { stride, set, known })
    }

    /// All occurrences of `patterns`, which are those it was made from, in no order.
    pub(super) fn occurrences(
        &self,
        patterns: &[Vec<u8>],
        text: &[u8],
    ) -> Result<Vec<Range<usize>>, TooMany> {
        let mut found = Vec::new();
        // A comparison costs about as much as the machine's way through two bytes.
        let mut left = text.len() / 2 + 4_096;
        let mut at = 0;
        while let Some(gram) = text.get(at..).and_then(gram) {
            if self.set.may_have(gram) {
                for known in self.with(gram) {
                    let pattern = &patterns[known.pattern as usize];
                    left = left.checked_sub(1 + pattern.len() / 16).ok_or(TooMany)?;
                    if let Some(start) = at.checked_sub(known.offset as usize)
                        && text[start..].starts_with(pattern)
                    {
                        found.push(start..start + pattern.len());
                    }
                }
            }
            at += self.stride;
        }
        Ok(found)
    }

    fn with(&self, gram: u32) -> impl Iterator<Item = &Known> {
        let first = self.known.partition_point(|known| known.gram < gram);
        self.known[first..].iter().take_while(move |known| known.gram == gram)
    }
}

/// Where `stride` grams of `pattern` begin that together are as rare as can be.
fn rarest_place(pattern: &[u8], stride: usize) -> usize {
    let common: Vec<u32> = pattern.windows(GRAM).take(FURTHEST).map(how_common).collect();
    let places = common.windows(stride).map(|grams| grams.iter().sum::<u32>()).enumerate();
    places.min_by_key(|(_, sum)| *sum).map_or(0, |(place, _)| place)
}

/// About how often a gram stands in logs, compared to others.
fn how_common(gram: &[u8]) -> u32 {
    let weight = |byte: &u8| match byte {
        // A backslash belongs to `\u003c` and the like where logs are JSON.
        b'a'..=b'z' | b' ' | b'\\' => 8,
        b'.' | b'-' | b'_' | b'/' | b':' | b'=' | b'"' | b',' => 6,
        b'0'..=b'9' => 5,
        b'A'..=b'Z' => 3,
        _ => 2,
    };
    // Rulers, indentation, zeros.
    let repeated = if gram.windows(2).all(|two| two[0] == two[1]) { 64 } else { 1 };
    gram.iter().map(weight).fold(repeated, |product, weight| product * weight)
}

/// What patterns begin with.
pub(super) struct Beginnings {
    set: GramSet,
    /// The first gram of each pattern and how long the longest is that begins so; sorted.
    longest: Vec<(u32, usize)>,
}

impl Beginnings {
    pub(super) fn new(patterns: &[Vec<u8>]) -> Self {
        let mut longest: Vec<(u32, usize)> =
            patterns.iter().filter_map(|pattern| Some((gram(pattern)?, pattern.len()))).collect();
        // Of those with the same gram the longest comes first and stays.
        longest.sort_unstable_by_key(|(gram, length)| (*gram, usize::MAX - length));
        longest.dedup_by_key(|(gram, _)| *gram);
        Self { set: GramSet::new(longest.iter().map(|(gram, _)| *gram)), longest }
    }

    /// Whether some pattern begins with the gram that `tail` begins with and is longer than `tail`. False where
    /// `tail` is shorter than a gram.
    #[inline]
    pub(super) fn may_have(&self, tail: &[u8]) -> bool {
        gram(tail).is_some_and(|gram| {
            self.set.may_have(gram)
                && self
                    .longest
                    .binary_search_by_key(&gram, |(gram, _)| *gram)
                    .is_ok_and(|at| self.longest[at].1 > tail.len())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns(texts: &[&str]) -> Vec<Vec<u8>> {
        texts.iter().map(|text| text.as_bytes().to_vec()).collect()
    }

    #[test]
    fn the_stride_is_as_long_as_the_shortest_pattern_allows() {
        let stride = |texts: &[&str]| Grams::new(&patterns(texts)).map(|grams| grams.stride);
        assert_eq!(stride(&[]), None);
        assert_eq!(stride(&["abc", "abcdef"]), None);
        assert_eq!(stride(&["abcd", "abcdef"]), Some(1));
        assert_eq!(stride(&["abcdefg"]), Some(4));
        assert_eq!(stride(&["abcdefghijklmnopqrstuvwxyz"]), Some(LONGEST_STRIDE));
    }

    #[test]
    fn a_rare_place_is_taken_where_there_is_one() {
        assert_eq!(rarest_place(b"postgres://web:AB3D-word", 2), 14);
        assert_eq!(rarest_place(b"00000000abcdefgh", 1), 5);
        assert_eq!(rarest_place(b"abcd", 1), 0);
    }

    #[test]
    fn a_pattern_is_found_wherever_it_begins() {
        for length in GRAM..40 {
            let pattern: Vec<u8> = (b'0'..).take(length).collect();
            let all = [pattern.clone()];
            let grams = Grams::new(&all).expect("grams");
            for (before, after) in (0..20).flat_map(|before| [(before, 0), (before, 1), (before, 9)]) {
                let text = [vec![b'.'; before], pattern.clone(), vec![b'.'; after]].concat();
                let found = grams.occurrences(&all, &text).expect("not too many");
                let [found] = found.as_slice() else { panic!("{before} {length}: {found:?}") };
                assert_eq!(*found, before..before + length);
                let cut = &text[..before + length - 1];
                assert_eq!(grams.occurrences(&all, cut), Ok(Vec::new()), "{before} {length}");
            }
        }
    }

    #[test]
    fn a_set_has_what_was_put_in_and_little_else() {
        let numbers =
            |count: u32, seed: u32| (0..count).map(move |n| n.wrapping_mul(seed).rotate_left(9) ^ seed);
        let members: Vec<u32> = numbers(3_000, 0x2545_f491).collect();
        let set = GramSet::new(members.iter().copied());
        assert!(members.iter().all(|gram| set.may_have(*gram)));
        let others = numbers(100_000, 0x1234_5677).filter(|gram| set.may_have(*gram)).count();
        assert!(others < 5_000, "{others}");
    }

    #[test]
    fn a_beginning_counts_only_where_the_pattern_goes_on() {
        let beginnings = Beginnings::new(&patterns(&["abc", "abcdef", "abcdefgh", "abcdefg", "bcdef"]));
        let may_have = |tail: &str| beginnings.may_have(tail.as_bytes());
        assert_eq!(
            ["abcdxyz", "abcdefgh", "bcde", "bcdef", "abc", "cdef"].map(may_have),
            [true, false, true, false, false, false]
        );
    }

    #[test]
    fn a_text_that_is_all_beginnings_is_given_up() {
        let all: Vec<Vec<u8>> = (4..400).map(|length| vec![b'a'; length]).collect();
        let grams = Grams::new(&all).expect("grams");
        assert_eq!(grams.occurrences(&all, &[b'a'; 10_000]), Err(TooMany));
        assert_eq!(grams.occurrences(&all, &[b'b'; 10_000]), Ok(Vec::new()));
    }
}
