//! Lines that are copied with something before and behind each: a prefix on the screen, `\n` as JSON has it.
//!
//! A command prints a million lines of seven letters. A call for each piece of each would cost more than all else that is done with them, so
//! short pieces are copied as sixteen bytes, and what is too much is overwritten by the next.

/// So many bytes are copied at once.
const SHORT: usize = 16;

/// In so many bytes newlines are looked for at once: a bit for each.
const PIECE: usize = u64::BITS as usize;

/// Adds each line of `text` to `out`, with `before` in front of it and `end` in place of its `\n`. What follows the last `\n` is a line
/// without an end; where nothing does, there is none.
pub fn put(out: &mut Vec<u8>, text: &[u8], before: &[u8], end: &[u8]) {
    let lines = count(text) + 1;
    let mut at = out.len();
    out.resize(at + text.len() + lines * (before.len() + end.len()) + SHORT, 0);
    let padded = |piece: &[u8]| [piece, &[0; SHORT]].concat();
    let between = [end, before].concat();
    let long_between = padded(&between);
    at = copy(out, at, &padded(before), before.len());
    let mut start = 0;
    for newline in newlines(text) {
        at = copy(out, at, &text[start..], newline - start);
        at = copy(out, at, &long_between, between.len());
        start = newline + 1;
    }
    if start < text.len() {
        at = copy(out, at, &text[start..], text.len() - start);
    } else {
        // What stands before a line that does not come.
        at -= before.len();
    }
    out.truncate(at);
}

/// How many newlines there are.
fn count(text: &[u8]) -> usize {
    // A sum that fits in a byte is made of many bytes at once.
    let few = text.chunks(usize::from(u8::MAX));
    few.map(|few| usize::from(few.iter().map(|&byte| u8::from(byte == b'\n')).sum::<u8>())).sum()
}

/// The places of all newlines. A search for the next one, however fast, costs more than a line of seven letters.
fn newlines(text: &[u8]) -> impl Iterator<Item = usize> {
    let (pieces, rest) = text.as_chunks::<PIECE>();
    let mut last = [0; PIECE];
    last[..rest.len()].copy_from_slice(rest);
    let marks = pieces.iter().map(marks).chain(std::iter::once(marks(&last)));
    marks.enumerate().flat_map(|(number, mut marks)| {
        std::iter::from_fn(move || {
            let at = number * PIECE + marks.trailing_zeros() as usize;
            let has_more = marks != 0;
            marks &= marks.wrapping_sub(1);
            has_more.then_some(at)
        })
    })
}

/// A bit for each byte that is a newline, from the lowest; by eight bytes at a time, which every processor can.
fn marks(piece: &[u8; PIECE]) -> u64 {
    const LOW: u64 = u64::MAX / 0xff * 0x7f;
    const NEWLINES: u64 = u64::MAX / 0xff * b'\n' as u64;
    let (words, _) = piece.as_chunks::<8>();
    words.iter().rev().fold(0, |marks, word| {
        let differs = u64::from_le_bytes(*word) ^ NEWLINES;
        // The highest bit of each byte in which nothing differs.
        let same = !(((differs & LOW) + LOW) | differs | LOW);
        // Those eight bits, side by side.
        marks << 8 | (same >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
    })
}

/// Copies the first `length` bytes of `from` to `at`, and maybe more; gives the place behind them.
fn copy(out: &mut [u8], at: usize, from: &[u8], length: usize) -> usize {
    let place = out.get_mut(at..).and_then(<[u8]>::first_chunk_mut::<SHORT>);
    match (place, from.first_chunk::<SHORT>()) {
        (Some(place), Some(piece)) if length <= SHORT => *place = *piece,
        _ => out[at..at + length].copy_from_slice(&from[..length]),
    }
    at + length
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn each_line_has_what_stands_before_and_behind_it(
            there in "[a-c]{0,20}",
            lines in proptest::collection::vec("[a-c]{0,40}", 0..8),
            rest in "[a-c]{0,40}",
            before in "[0-9]{0,20}",
            end in "[x-z]{0,20}",
            times in prop::sample::select(vec![1, 300]),
        ) {
            let lines = vec![lines; times].concat();
            let text: String = lines.iter().map(|line| format!("{line}\n")).collect::<String>() + &rest;
            let mut expected = there.clone();
            lines.iter().for_each(|line| expected.push_str(&format!("{before}{line}{end}")));
            if !rest.is_empty() {
                expected.push_str(&format!("{before}{rest}"));
            }
            let mut out = there.into_bytes();
            put(&mut out, text.as_bytes(), before.as_bytes(), end.as_bytes());
            prop_assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }
}
